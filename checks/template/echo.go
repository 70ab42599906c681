package template

import (
	"context"
	"encoding/json"
	"html"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// dropEchoes drops what rests only on values that the request itself said, in its query, headers or body, and the response
// repeats: it falls away when they are taken out of the response, and comes back when the site is asked with made-up values
// and its answer is read with the real ones in their place.
func (m *matched) dropEchoes(ctx context.Context) (dropped bool, err error) {
	other, values := m.withMadeUpValues()
	if len(values) == 0 {
		return false, nil
	}
	without := replacedIn(m.hop, m.hop, removed(values))
	if without == nil {
		return false, nil
	}
	rest := newLikeness()
	if err := m.alike(ctx, without, m.block.answers, rest); err != nil {
		return true, err
	}
	if !slices.ContainsFunc(m.claims(), func(claim string) bool { return !rest.has(claim) }) {
		return false, nil
	}
	ex, err := m.run.probe.Do(ctx, other)
	if err != nil {
		return true, m.unanswered(ctx, err)
	}
	plain, echoed := newLikeness(), newLikeness()
	a := &answer{exchange: ex}
	for hop := range a.hops {
		if err := m.alike(ctx, hop, m.block.answers, plain); err != nil {
			return true, err
		}
		if e := replacedIn(hop, m.hop, restored(values)); e != nil && hop.Status == m.hop.Status {
			if err := m.alike(ctx, e, m.block.answers, echoed); err != nil {
				return true, err
			}
		}
	}
	before := len(m.names)
	dropped = m.drop(func(claim string) bool { return !rest.has(claim) && !plain.has(claim) && echoed.has(claim) })
	if dropped || len(m.names) < before {
		m.run.probe.Suppress("the site only repeats what the request said")
	}
	return dropped, nil
}

// said is a value of a request, and the random word that a control has in its place.
type said struct{ value, word string }

// withMadeUpValues is the request with random words in place of its values, and which these are. Its name is one of them
// where the block asks for an error page.
func (m *matched) withMadeUpValues() (*web.Request, []said) {
	request := *m.block.sent[m.number-1].request
	u := *request.URL
	request.URL = &u
	w := &values{run: m.run, random: m.run.random()}
	u.RawQuery = w.pairs(u.RawQuery)
	request.Header = maps.Clone(request.Header)
	for _, name := range slices.Sorted(maps.Keys(request.Header)) {
		if !slices.Contains(protocolHeaders, name) && !strings.HasPrefix(name, "Accept") && !strings.HasPrefix(name, "X-Forwarded-") {
			request.Header[name] = []string{w.replaced(strings.Join(request.Header[name], ", "))}
		}
	}
	if body := string(request.Body); strings.HasPrefix(strings.TrimSpace(body), "{") {
		request.Body = []byte(jsonValue.ReplaceAllStringFunc(body, func(text string) string {
			at := strings.IndexByte(text, '"') + 1
			return text[:at] + w.replaced(text[at:len(text)-1]) + `"`
		}))
	} else if isForm(request.Header, body) {
		request.Body = []byte(w.pairs(body))
	}
	if m.block.block.expectsError && m.nameIsPlain(&request) && !m.block.sent[m.number-1].own {
		folder, name := lastSegment(u.Path)
		ext := path.Ext(strings.TrimSuffix(name, "/"))
		if stem, ok := strings.CutSuffix(strings.TrimSuffix(name, "/"), ext); ok {
			u.Path = folder + w.replaced(stem) + ext + name[len(stem)+len(ext):]
		}
	}
	return &request, w.list
}

// protocolHeaders say how to talk, where from and who is talking. What they are answered with is more than an echo.
var protocolHeaders = []string{"Authorization", "Content-Type", "Cookie", "Host", "Origin", "Range", "Referer", "Upgrade"}

var jsonValue = regexp.MustCompile(`:\s*"[^"\\]*"`)

func isForm(header http.Header, body string) bool {
	return body != "" && (strings.HasPrefix(header.Get("Content-Type"), "application/x-www-form-urlencoded") || header.Get("Content-Type") == "")
}

// values replaces values by random words.
type values struct {
	run    *run
	random func() string
	list   []said
}

// pairs replaces the values of a query or a form, and the names that stand without one.
func (w *values) pairs(text string) string {
	parts := strings.Split(text, "&")
	for i, part := range parts {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			name, value = "", part
		}
		plain, err := url.QueryUnescape(value)
		if err != nil {
			continue
		}
		if word := w.replaced(plain); word != plain {
			parts[i] = strings.TrimPrefix(name+"="+word, "=")
		}
	}
	return strings.Join(parts, "&")
}

// plainValue is text that has no meaning where it is repeated. One with marks may be a script, one with a dot a host.
var plainValue = regexp.MustCompile(`^[\p{L}\p{N}_ ,:{}-]{4,}$`)

// replaced is a random word for a value, or the value itself when repeating it may be the fault.
func (w *values) replaced(value string) string {
	if !plainValue.MatchString(value) || strings.Contains(value, "{{") || !strings.ContainsFunc(value, unicode.IsLetter) ||
		slices.ContainsFunc(w.run.madeUp, func(word string) bool { return strings.Contains(value, word) }) {
		return value
	}
	if i := slices.IndexFunc(w.list, func(s said) bool { return s.value == value }); i >= 0 {
		return w.list[i].word
	}
	w.list = append(w.list, said{value, w.random()})
	return w.list[len(w.list)-1].word
}

// random gives words that a control has in place of values, the same in every run.
func (v *run) random() func() string {
	random := scanner.RandFor("values "+v.check.id, v.probe.Target)
	return func() string { return scanner.Token(random, 12) }
}

// removed takes values out of a text, in the ways in which pages write them.
func removed(list []said) *strings.Replacer {
	var pairs []string
	for _, s := range list {
		for _, text := range cases(s.value) {
			inJSON, _ := json.Marshal(text) // a string can always be written
			for _, written := range []string{text, url.QueryEscape(text), url.PathEscape(text), html.EscapeString(text), strings.Trim(string(inJSON), `"`)} {
				pairs = append(pairs, written, "")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// restored puts values where a text has the random words that stood for them.
func restored(list []said) *strings.Replacer {
	var pairs []string
	for _, s := range list {
		pairs = append(pairs, renaming(s.word, s.value)...)
	}
	return strings.NewReplacer(pairs...)
}

// renamed puts a name where a text has another, in capitals where that is. It is nil when there is nothing to put.
func renamed(old, name string) *strings.Replacer {
	if old == "" || old == name {
		return nil
	}
	return strings.NewReplacer(renaming(old, name)...)
}

func renaming(old, name string) []string {
	var pairs []string
	to := cases(name)
	for i, from := range cases(old) {
		pairs = append(pairs, from, to[i])
		for _, slash := range []string{`\/`, "%2F", "&#x2F;"} {
			if strings.Contains(from, "/") {
				pairs = append(pairs, strings.ReplaceAll(from, "/", slash), strings.ReplaceAll(to[i], "/", slash))
			}
		}
	}
	return pairs
}

// cases are a text as it is, in lower case, in upper case, and with a capital.
func cases(text string) []string {
	capital := []rune(strings.ToLower(text))
	if len(capital) > 0 {
		capital[0] = unicode.ToUpper(capital[0])
	}
	return []string{text, strings.ToLower(text), strings.ToUpper(text), string(capital)}
}

// replacedIn is a response with texts replaced in its head and body, as the response to the request of asked; nil when
// there is nothing to replace.
func replacedIn(ex, asked *web.Exchange, replacer *strings.Replacer) *web.Exchange {
	changed := false
	replace := func(text string) string {
		out := replacer.Replace(text)
		changed = changed || out != text
		return out
	}
	header := make(http.Header, len(ex.Header))
	for name, list := range ex.Header {
		for _, value := range list {
			header[name] = append(header[name], replace(value))
		}
	}
	body := []byte(replace(string(ex.Body)))
	if !changed {
		return nil
	}
	return &web.Exchange{
		Request: asked.Request, Sent: asked.Sent, URL: asked.URL, Status: ex.Status, StatusLine: ex.StatusLine, Proto: ex.Proto, Header: header,
		Body: body, Started: ex.Started, Took: ex.Took, FirstByte: ex.FirstByte, Remote: ex.Remote, TLS: ex.TLS,
	}
}
