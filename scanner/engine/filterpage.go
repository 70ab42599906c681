package engine

import (
	"encoding/binary"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sotomi/scanner/web"
)

// A filterSign is one kind of page or answer with which a filter replaces that of the site. All that is given must be true.
// Signs describe the answer as a whole: that a site stands behind a product, or that a page writes about one, is no sign.
type filterSign struct {
	name     string // of the product
	statuses []int  // empty for any
	header   string // "Name: pattern"
	needle   string // stands in the body as it is; needed for all signs but those of header and status alone
	title    string // pattern of the whole title, in any case
	text     string // pattern in what a reader sees, spaces as one, in any case; without title and code
	raw      string // pattern in the body
	most     int    // bytes that a reader sees at most; 0 for textOfFilter
}

// How much of an answer is a filter's page at most, in bytes. Those that name themselves are short, some with large pictures.
const (
	bodyOfFilter = 64 << 10
	textOfFilter = 2500
)

// filterPattern is a filterSign that can be compared.
type filterPattern struct {
	filterSign
	headerName           string
	header, title, inner *regexp.Regexp // nil for any
	raw                  *regexp.Regexp
}

var filterPatterns = sync.OnceValue(func() []filterPattern {
	pattern := func(before, text, after string) *regexp.Regexp {
		if text == "" {
			return nil
		}
		return regexp.MustCompile(before + text + after)
	}
	list := make([]filterPattern, len(filterSigns))
	for i, s := range filterSigns {
		name, value, _ := strings.Cut(s.header, ": ")
		if s.most == 0 {
			s.most = textOfFilter
		}
		list[i] = filterPattern{
			filterSign: s, headerName: name,
			header: pattern("(?i)", value, ""), title: pattern("(?is)^(?:", s.title, ")$"), inner: pattern("(?is)", s.text, ""), raw: pattern("", s.raw, ""),
		}
	}
	return list
})

// needleTable finds the needles of all signs in one reading of a body: by a hash of their first bytes.
type needleTable struct {
	needles []string
	at      [1 << needleBits][]uint8 // indexes of needles
}

const (
	needleBits  = 12
	needleStart = 4 // bytes that are hashed; no needle is shorter
)

var filterNeedles = sync.OnceValue(func() *needleTable {
	t := &needleTable{}
	for _, p := range filterPatterns() {
		if p.needle != "" && !slices.Contains(t.needles, p.needle) {
			h := needleHash([]byte(p.needle))
			t.at[h] = append(t.at[h], uint8(len(t.needles)))
			t.needles = append(t.needles, p.needle)
		}
	}
	return t
})

func needleHash(b []byte) uint32 {
	return binary.LittleEndian.Uint32(b) * 2654435761 >> (32 - needleBits) // the golden ratio, as Knuth has it
}

// in lists the needles that stand in a body.
func (t *needleTable) in(body []byte) []string {
	var found []string
	for ; len(body) >= needleStart; body = body[1:] {
		for _, i := range t.at[needleHash(body)] {
			if needle := t.needles[i]; len(body) >= len(needle) && string(body[:len(needle)]) == needle && !slices.Contains(found, needle) {
				found = append(found, needle)
			}
		}
	}
	return found
}

// filterOf is the product that gave an answer in place of the site, "" when that is not known.
func filterOf(ex *web.Exchange) string {
	if ex == nil {
		return ""
	}
	var seen *pageText
	var needles []string
	if len(ex.Body) <= bodyOfFilter {
		needles = filterNeedles().in(ex.Body)
	}
	for i := range filterPatterns() {
		p := &filterPatterns()[i]
		if p.needle != "" && !slices.Contains(needles, p.needle) || !p.head(ex) {
			continue
		}
		if p.needle == "" && p.title == nil {
			return p.name
		}
		if seen == nil {
			seen = textOf(ex)
		}
		if p.body(ex, seen) {
			return p.name
		}
	}
	return ""
}

// head reports whether status and header are the filter's.
func (p *filterPattern) head(ex *web.Exchange) bool {
	if len(p.statuses) > 0 && !slices.Contains(p.statuses, ex.Status) {
		return false
	}
	return p.header == nil || slices.ContainsFunc(ex.Header[http.CanonicalHeaderKey(p.headerName)], p.header.MatchString)
}

func (p *filterPattern) body(ex *web.Exchange, seen *pageText) bool {
	return len(seen.text) <= p.most && (p.title == nil || p.title.MatchString(seen.title)) &&
		(p.inner == nil || p.inner.MatchString(seen.text)) && (p.raw == nil || p.raw.Match(ex.Body))
}

// pageText is what a reader sees of an answer, spaces as one.
type pageText struct {
	title, text string
	page        *web.Page // nil when it is no HTML
}

func textOf(ex *web.Exchange) *pageText {
	page, err := web.ParsePage(ex)
	if err != nil {
		return &pageText{text: oneSpace(ex.Text())}
	}
	return &pageText{title: oneSpace(page.Title), text: oneSpace(strings.Join(page.Visible, " ")), page: page}
}

func oneSpace(text string) string { return strings.Join(strings.Fields(text), " ") }
