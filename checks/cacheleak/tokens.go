package cacheleak

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"sotomi/scanner/web"
)

// tokenPlace says where in an answer a token stands.
type tokenPlace uint8

const (
	placeBody      tokenPlace = 1 << iota // anywhere in the body
	placeSeen                             // in what a reader of the page sees, or in an answer that is no HTML page
	placeHeader                           // in a header field
	placeSetCookie                        // the value of a cookie that is handed out
)

// tokens are the words of an answer by which it can be told from another, and where they stand.
type tokens map[string]tokenPlace

// word is a run of letters, digits and the signs that addresses and identifiers hold together.
var word = regexp.MustCompile(`[\p{L}\p{N}_@.+\-]+`)

// silentHeaders change with every answer, or speak of the cache and the hop instead of the visitor.
var silentHeaders = []string{
	"Accept-Ranges", "Age", "Alt-Svc", "Cache-Control", "Cache-Status", "Cdn-Cache-Control", "Connection", "Content-Encoding",
	"Content-Length", "Content-Type", "Date", "Expires", "Keep-Alive", "Last-Modified", "Nel", "Pragma", "Report-To", "Server",
	"Server-Timing", "Strict-Transport-Security", "Surrogate-Control", "Transfer-Encoding", "Vary", "Via", "Warning", "X-Cache",
	"X-Cache-Hits", "X-Cache-Lookup", "X-Cache-Status", "X-Proxy-Cache", "X-Runtime", "X-Response-Time", "X-Timer", "X-Varnish", "X-Vinyl",
}

// affinityCookies tie a visitor to a server or count visits; who shares one gets nobody's page.
var affinityCookies = regexp.MustCompile(`(?i)^(AWSALB|AWSELB|ARRAffinity|SERVERID|BIGip|TS01|__cf|cf_|_ga|_gid|_gcl|_fbp|incap_|visid_incap|nlbi_|ak_|bm_|_abck|akaalb|route|lb|stick|INGRESSCOOKIE|GCLB|optimizely|_hj|ab_|lang|locale|theme|currency)`)

// sessionCookies are the names that sessions and log-ins usually have.
var sessionCookies = regexp.MustCompile(`(?i)(sess|sid|auth|token|jwt|login|user|uid|member|account|cart|csrf|xsrf|remember|identity|visitor|customer)`)

// shortWord is the length below which words count only where they are seen: pages call their test users A and B, and
// scripts call everything so.
const shortWord = 3

// tokensOf reads an answer. Words that contain our own key are left out: a page may repeat its address.
func tokensOf(ex *web.Exchange, key string) tokens {
	t := tokens{}
	add := func(text string, place tokenPlace) {
		for _, w := range word.FindAllString(text, -1) {
			w = strings.Trim(w, ".-+")
			if w == "" || len(w) < shortWord && place&placeSeen == 0 || key != "" && strings.Contains(w, key) {
				continue
			}
			t[w] |= place
		}
	}
	text := ex.Text()
	if page, err := web.ParsePage(ex); err == nil {
		add(text, placeBody)
		add(page.Title, placeSeen)
		for _, v := range page.Visible {
			add(v, placeSeen)
		}
		for _, f := range page.Forms {
			for _, field := range f.Fields {
				add(field.Value, placeSeen)
			}
		}
	} else {
		add(text, placeBody|placeSeen)
	}
	for name, values := range ex.Header {
		if name == "Set-Cookie" || slices.Contains(silentHeaders, name) {
			continue
		}
		for _, v := range values {
			add(v, placeHeader)
		}
	}
	for _, c := range sharedCookies(ex.Header) {
		if len(c.Value) >= 3 {
			t[c.Value] |= placeSetCookie
		}
	}
	return t
}

// sharedCookies are those handed out by an answer that would join two visitors if both got them.
func sharedCookies(h http.Header) []*http.Cookie {
	var list []*http.Cookie
	for _, c := range (&http.Response{Header: h}).Cookies() {
		if c.MaxAge < 0 || affinityCookies.MatchString(c.Name) || !sessionCookies.MatchString(c.Name) && !c.HttpOnly {
			continue
		}
		list = append(list, c)
	}
	return list
}

// markerClass says what a token looks like; the value itself is never shown.
func markerClass(token string) string {
	letters, digits := 0, 0
	for _, r := range token {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsLetter(r):
			letters++
		}
	}
	at := strings.IndexByte(token, '@')
	switch {
	case at > 0 && strings.Contains(token[at:], "."):
		return "mail address"
	case timeLike.MatchString(token):
		return "time"
	case len(token) >= 16 && digits > 0 && letters > 0 || len(token) >= 24 && digits == 0 && mixedCase(token):
		return "identifier"
	case digits >= 6:
		return "number"
	}
	return "word"
}

var timeLike = regexp.MustCompile(`^(\d{4}-?\d{2}-?\d{2}([T_ ].*)?|\d{1,2}[A-Z][a-z]{2}\d{4}.*|1[5-9]\d{8}(\.\d+)?|1[5-9]\d{11}|1[5-9]\d{14}|1[5-9]\d{17})$`)

// mixedCase reports whether capitals stand among small letters, as in base64 and not as in sentences.
func mixedCase(s string) bool {
	changes := 0
	for i := 1; i < len(s); i++ {
		if unicode.IsLower(rune(s[i-1])) && unicode.IsUpper(rune(s[i])) {
			changes++
		}
	}
	return changes >= 3
}

// strong reports whether a token by itself says whose answer it stands in.
func strong(token string) bool {
	switch markerClass(token) {
	case "mail address", "identifier", "number":
		return true
	}
	return false
}

// volatile reports whether a token is made anew for an answer, as request ids and form tokens are. Times are not: two
// answers of the same moment share them.
func volatile(token string) bool { return markerClass(token) == "identifier" }

// preference are words about how a page looks and not about whom it is for.
var preference = regexp.MustCompile(`(?i)^(dark|light|auto|system|default|theme|mode|contrast|high|low|small|medium|large|compact|grid|list|left|right|on|off|yes|no|true|false|[a-z]{2}([-_][a-z]{2})?|jpy|usd|eur|gbp|cny|krw|english|japanese|日本語|red|green|blue|black|white|variant|[a-z]*[-_.]?(theme|mode|dark|light|variant|locale|lang)[-_.]?[a-z0-9]*)$`)

// named reports whether a weak token can be a name: it is seen on the page and speaks of no preference.
func named(token string, place tokenPlace) bool {
	return place&(placeSeen|placeHeader|placeSetCookie) != 0 && !preference.MatchString(token) && markerClass(token) == "word"
}
