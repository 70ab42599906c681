package cacheleak

import (
	"crypto/sha256"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"sotomi/scanner/web"
)

// places say where in an answer a token stands.
type places uint8

const (
	placeBody      places = 1 << iota // anywhere in the body
	placeSeen                         // in what a reader of the page sees, or in an answer that is no HTML page
	placeHeader                       // in a header field
	placeSetCookie                    // the value of a cookie that is handed out
	placeData                         // in an inline script or a data- attribute
)

// token is where a token stands.
type token struct {
	places places
	at     int32 // of the first one in the body's text, in bytes
}

// tokens are the words of an answer by which it can be told from another.
type tokens map[string]token

// lasting are those that references still need when it is known what is whose: all but plain words, of which large pages
// have many.
func (t tokens) lasting() tokens {
	kept := tokens{}
	for text, at := range t {
		if strong(text) || at.places&placeSetCookie != 0 {
			kept[text] = at
		}
	}
	return kept
}

// What is kept of one answer. Real pages stay far below; pages made to exhaust memory do not.
const (
	maxTokens     = 8192      // of each kind: strong ones, and all others
	maxTokenBytes = 256 << 10 // of all tokens of a kind
	maxToken      = 256       // bytes of one token; the rest is replaced by its hash
)

// shortWord is the length below which words count only where they are seen: pages call their test users A and B, and
// scripts call everything so.
const shortWord = 3

// silentHeaders change with every answer, or speak of the cache and the hop instead of the visitor.
var silentHeaders = []string{
	"Accept-Ranges", "Age", "Alt-Svc", "Cache-Control", "Cache-Status", "Cdn-Cache-Control", "Connection", "Content-Encoding",
	"Content-Length", "Content-Type", "Date", "Expires", "Keep-Alive", "Last-Modified", "Nel", "Pragma", "Report-To", "Server",
	"Server-Timing", "Set-Cookie", "Strict-Transport-Security", "Surrogate-Control", "Transfer-Encoding", "Vary", "Via", "Warning", "X-Cache",
	"X-Cache-Hits", "X-Cache-Lookup", "X-Cache-Status", "X-Proxy-Cache", "X-Runtime", "X-Response-Time", "X-Timer", "X-Varnish", "X-Vinyl",
}

// affinityCookies tie a visitor to a server or count visits; who shares one gets nobody's page.
var affinityCookies = regexp.MustCompile(`(?i)^(AWSALB|AWSELB|ARRAffinity|SERVERID|BIGip|TS01|__cf|cf_|_ga|_gid|_gcl|_fbp|incap_|visid_incap|nlbi_|ak_|bm_|_abck|akaalb|route|lb|stick|INGRESSCOOKIE|GCLB|optimizely|_hj|ab_|lang|locale|theme|currency)`)

// sessionCookies are the names that sessions and log-ins usually have.
var sessionCookies = regexp.MustCompile(`(?i)(sess|sid|auth|token|jwt|login|user|uid|member|account|cart|csrf|xsrf|remember|identity|visitor|customer)`)

// tokenReader collects the tokens of one answer: strong ones and others within a limit each, the first ones first.
type tokenReader struct {
	tokens       tokens
	key          string // words that contain it are left out: a page may repeat its own address
	strong, weak budget
	cut          bool // something was left out
}

type budget struct {
	count, bytes int
	full         bool // something was left out
}

func (b *budget) take(size int) bool {
	if b.count == maxTokens || b.bytes+size > maxTokenBytes {
		b.full = true
		return false
	}
	b.count++
	b.bytes += size
	return true
}

// readTokens reads an answer: its head, what is seen of its page, what scripts are told, and then all of its body. page is
// nil when it is no HTML.
func readTokens(ex *web.Exchange, page *web.Page, m *markup, key string) *tokenReader {
	r := &tokenReader{tokens: tokens{}, key: key}
	for _, c := range sharedCookies(ex) {
		if len(c.Value) >= shortWord {
			r.keep(shortened(c.Value), placeSetCookie, 0)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ex.Header)) {
		if slices.Contains(silentHeaders, name) {
			continue
		}
		for _, v := range ex.Header[name] {
			r.add(v, placeHeader)
		}
	}
	if page == nil {
		text := ex.Text()
		r.add(text, placeBody|placeSeen)
		if plain := withoutEscapes(text); plain != text {
			r.add(plain, placeSeen)
		}
		return r
	}
	r.add(page.Title, placeSeen)
	for _, v := range page.Visible {
		r.add(v, placeSeen)
	}
	for _, f := range page.Forms {
		for _, field := range f.Fields {
			r.add(field.Value, placeSeen)
		}
	}
	for _, v := range m.data {
		r.add(v, placeData)
	}
	r.add(ex.Text(), placeBody)
	return r
}

// add keeps the words of a text: runs of letters, digits and the signs that addresses and identifiers hold together.
func (r *tokenReader) add(text string, where places) {
	for end := 0; end < len(text); {
		start := strings.IndexFunc(text[end:], inWord)
		if start < 0 {
			return
		}
		start += end
		end = len(text)
		if n := strings.IndexFunc(text[start:], func(c rune) bool { return !inWord(c) }); n >= 0 {
			end = start + n
		}
		w := strings.TrimLeft(text[start:end], ".-+")
		at := end - len(w)
		w = strings.TrimRight(w, ".-+")
		if w == "" || len(w) < shortWord && where&placeSeen == 0 || r.key != "" && strings.Contains(w, r.key) {
			continue
		}
		r.keep(shortened(w), where, at)
	}
}

func inWord(c rune) bool {
	return unicode.IsLetter(c) || unicode.IsNumber(c) || strings.ContainsRune("_@.+-", c)
}

func (r *tokenReader) keep(text string, where places, at int) {
	t, ok := r.tokens[text]
	if !ok {
		kind := &r.weak
		if strong(text) {
			kind = &r.strong
		}
		if !kind.take(len(text)) {
			r.cut = true
			return
		}
	}
	if t.places&where == where {
		return
	}
	if where&placeBody != 0 {
		t.at = int32(at)
	}
	t.places |= where
	r.tokens[strings.Clone(text)] = t // a part of the body, as the new key or in the place of the old one, would hold all of it
}

// shortened is a token of bounded length that differs where the whole does. The hash is written in letters, which do not
// change the class.
func shortened(text string) string {
	if len(text) <= maxToken {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	b := []byte(text[:maxToken])
	for _, c := range sum[:8] {
		b = append(b, 'a'+c>>4, 'a'+c&15)
	}
	return string(b)
}

// sharedCookies are those handed out by an answer that would join two visitors if both got them.
func sharedCookies(ex *web.Exchange) []*http.Cookie {
	var list []*http.Cookie
	for _, c := range ex.Cookies() {
		if c.MaxAge < 0 || affinityCookies.MatchString(c.Name) || !sessionCookies.MatchString(c.Name) && !c.HttpOnly {
			continue
		}
		list = append(list, c)
	}
	return list
}
