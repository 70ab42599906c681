package match

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
	"unsafe"

	"sotomi/scanner/web"
)

// view is one exchange as the language sees it. All templates that judge the exchange share it: a thousand of them look at
// the same front page.
type view struct {
	ex   *web.Exchange
	body text

	headerOnce sync.Once
	head       text

	moreOnce sync.Once
	rest     *more
}

// more is what few templates need.
type more struct {
	allOnce    sync.Once
	whole      text
	utf8Once   sync.Once
	utf8       text
	fieldsOnce sync.Once
	byName     map[string]string

	pageOnce  sync.Once
	page      *web.Page
	partsLock sync.Mutex
	pageParts map[string]*text // those that were asked for

	responseOnce sync.Once
	response     string
	hashOnce     sync.Once
	hash         string
}

func (v *view) more() *more {
	v.moreOnce.Do(func() { v.rest = &more{} })
	return v.rest
}

// text is a string and what is derived from it on demand.
type text struct {
	s         string
	lowerOnce sync.Once
	low       *text // of the lower-cased string
	longS     bool  // holds the letter U+017F
	indexOnce sync.Once
	index     *trigrams
	popular   bool // many templates search it
}

func (t *text) lower() *text {
	t.lowerOnce.Do(func() {
		t.low = &text{s: strings.ToLower(t.s), popular: t.popular}
		t.longS = strings.Contains(t.s, "\u017f")
	})
	return t.low
}

func newView(ex *web.Exchange) *view {
	return &view{ex: ex, body: text{s: bodyText(ex), popular: true}}
}

func bodyText(ex *web.Exchange) string {
	if out, ok := ex.Transcoded(); ok {
		return out
	}
	// Not a copy: neither an exchange nor a string ever changes, and pages are large.
	return unsafe.String(unsafe.SliceData(ex.Body), len(ex.Body))
}

// header is the head of the response. Most templates look at the body or the status only, so all else is made on demand.
func (v *view) header() *text {
	v.headerOnce.Do(func() { v.head.s = headerText(v.ex) })
	return &v.head
}

// all is body and head.
func (v *view) all() *text {
	m := v.more()
	m.allOnce.Do(func() { m.whole.s = v.body.s + v.header().s })
	return &m.whole
}

// decoded is the body converted to UTF-8 when that changes it, else empty.
func (v *view) decoded() *text {
	m := v.more()
	m.utf8Once.Do(func() {
		if !utf8.Valid(v.ex.Body) || bytes.Contains(v.ex.Body, []byte("\x1b$")) { // ISO-2022-JP is ASCII
			m.utf8.s = v.ex.Text()
		}
	})
	return &m.utf8
}

// fields are the headers and cookies by the names that the language has for them.
func (v *view) fields() map[string]string {
	m := v.more()
	m.fieldsOnce.Do(func() {
		m.byName = make(map[string]string, len(v.ex.Header)+4)
		for _, c := range v.ex.Cookies() {
			m.byName[strings.ToLower(c.Name)] = c.Value
		}
		coded := wasCoded(v.ex)
		for name, values := range v.ex.Header {
			if coded && aboutCoding(name) {
				continue
			}
			m.byName[strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), "-", "_"))] = strings.Join(values, " ")
		}
	})
	return m.byName
}

// headerText is the head of the response: status line, then the fields by name.
func headerText(ex *web.Exchange) string {
	var b strings.Builder
	b.WriteString(ex.StatusLine)
	b.WriteString("\r\n")
	coded := wasCoded(ex)
	if !coded {
		for _, value := range ex.Header["Content-Length"] {
			fmt.Fprintf(&b, "Content-Length: %s\r\n", value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(ex.Header)) {
		if name == "Content-Length" || coded && aboutCoding(name) {
			continue
		}
		for _, value := range ex.Header[name] {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString("\r\n")
	return b.String()
}

// wasCoded reports whether the body came in a coding that the client asked for and undid by itself. Templates see neither the
// coding nor the length it had.
func wasCoded(ex *web.Exchange) bool {
	coding := ex.Header.Get("Content-Encoding")
	return (strings.EqualFold(coding, "gzip") || strings.EqualFold(coding, "br")) && len(ex.Body) > 0 &&
		(ex.Request == nil || ex.Request.Header["Accept-Encoding"] == nil)
}

// aboutCoding reports whether a header is about the body as it was sent.
func aboutCoding(name string) bool { return name == "Content-Encoding" || name == "Content-Length" }

// full is head and body.
func (v *view) full() string {
	m := v.more()
	m.responseOnce.Do(func() { m.response = v.header().s + v.body.s })
	return m.response
}

// faviconHash is the hash by which search engines for hosts know icons: MurmurHash3 of the base64 text with line breaks.
func (v *view) faviconHash() string {
	m := v.more()
	m.hashOnce.Do(func() { m.hash = murmur(base64Lines(v.body.s)) })
	return m.hash
}

// Parts are the variables of a response, for later blocks.
func Parts(ex *web.Exchange) Vars {
	v := viewOf(ex)
	vars := Vars{}
	for name, value := range v.fields() {
		vars[name] = value
	}
	for _, name := range []string{"body", "header", "all_headers", "response", "status_code", "content_length", "duration"} {
		vars[name], _ = v.value(name)
	}
	return vars
}

// value is a variable of the response by name.
func (v *view) value(name string) (any, bool) {
	switch name {
	case "body":
		return v.body.s, true
	case "header", "all_headers":
		return v.header().s, true
	case "response":
		return v.full(), true
	case "all":
		return v.all().s, true
	case "request":
		return v.ex.Sent.String(), true
	case "status_code":
		return v.ex.Status, true
	case "ip":
		if v.ex.Remote == nil {
			return "", true // through a proxy
		}
		host, _, _ := net.SplitHostPort(v.ex.Remote.String())
		return host, true
	case "content_length":
		if n, err := strconv.ParseInt(v.ex.Header.Get("Content-Length"), 10, 64); err == nil && !wasCoded(v.ex) {
			return n, true
		}
		return int64(len(v.ex.Body)), true
	case "duration":
		return v.ex.Took.Seconds(), true
	case "type":
		return "http", true
	case "matched":
		return v.ex.URL.String(), true
	case favicon:
		return v.faviconHash(), true
	case lowerBody:
		return v.body.lower().s, true
	case lowerHeader:
		return v.header().lower().s, true
	}
	s, ok := v.fields()[name]
	return s, ok
}

// Names that stand in expressions for what would otherwise be computed anew each time.
const (
	favicon     = "sotomi_favicon_hash"
	lowerBody   = "sotomi_lower_body"
	lowerHeader = "sotomi_lower_header"

	asText = "_sotomi_text" // behind the name of a body: its *meteredBody
)

// scope resolves names for one judgement: what was extracted, then the response, then the variables of the template.
type scope struct {
	data  *Data
	view  *view
	meter meter
	vars  Vars // nil until needed
	taken Vars
}

// Get implements govaluate.Parameters.
func (s *scope) Get(name string) (any, error) {
	if v, ok := s.lookup(name); ok {
		return v, nil
	}
	return nil, fmt.Errorf("no parameter %q found", name)
}

func (s *scope) lookup(name string) (any, bool) {
	if v, ok := s.taken[name]; ok {
		return v, true
	}
	if name == "host" {
		v, ok := s.names()["Input"] // the target as it was given
		return v, ok
	}
	if t := s.pagePart(name); t != nil {
		return t.s, true
	}
	if of, ok := strings.CutSuffix(name, asText); ok {
		if v, ok := s.bodyText(of); ok {
			return v, true
		}
	}
	if v, ok := s.view.value(name); ok {
		return v, true
	}
	if v, ok := s.names()[name]; ok {
		return v, true
	}
	return s.numbered(name)
}

// pagePart is a part of the page, unless the template gives the name to something else. A header cannot take its place.
func (s *scope) pagePart(name string) *text {
	if !strings.HasPrefix(name, "page_") {
		return nil
	}
	if _, named := s.names()[name]; named {
		return nil
	}
	return s.view.pagePart(name)
}

// bodyText is the body, or that in lower case, unless an extractor has its name.
func (s *scope) bodyText(name string) (any, bool) {
	if v, ok := s.taken["body"]; ok && (name == "body" || name == lowerBody) {
		if name == lowerBody {
			v = strings.ToLower(toString(v))
		}
		return v, true
	}
	switch name {
	case "body":
		return &meteredBody{&s.view.body, &s.meter}, true
	case lowerBody:
		return &meteredBody{s.view.body.lower(), &s.meter}, true
	}
	return nil, false
}

// meteredBody is a body as an argument of a function, which would know nothing of the judgement otherwise.
type meteredBody struct {
	*text
	meter *meter
}

// names are the variables of the template.
func (s *scope) names() Vars {
	if s.vars == nil && s.data.Vars != nil {
		s.vars = s.data.Vars()
	}
	return s.vars
}

// numbered is body_2 and the like: a value of the second response.
func (s *scope) numbered(name string) (any, bool) {
	at := strings.LastIndexByte(name, '_')
	if at < 0 {
		return nil, false
	}
	n, err := strconv.Atoi(name[at+1:])
	if err != nil || n < 1 || n > len(s.data.Earlier)+1 {
		return nil, false
	}
	ex := s.data.Exchange
	if n <= len(s.data.Earlier) {
		ex = s.data.Earlier[n-1]
	}
	if ex == nil {
		return nil, false
	}
	v := viewOf(ex)
	if t := v.pagePart(name[:at]); t != nil {
		return t.s, true
	}
	return v.value(name[:at])
}

// part is the text a matcher looks at; not ok when the response has no such part.
func (s *scope) part(name string) (*text, bool) {
	if _, taken := s.taken[name]; !taken {
		switch name {
		case "body":
			return &s.view.body, true
		case "all_headers":
			return s.view.header(), true
		case "all":
			return s.view.all(), true
		}
		if t := s.pagePart(name); t != nil {
			return t, true
		}
	}
	v, ok := s.lookup(name)
	if !ok {
		return nil, false
	}
	return &text{s: toString(v)}, true
}
