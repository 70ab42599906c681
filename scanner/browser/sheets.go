package browser

import (
	"slices"

	"github.com/chromedp/cdproto/fetch"
)

const maxSheets = 100 // style sheets of a look

// keepSheet keeps a style sheet. The caller holds mu.
func (v *visit) keepSheet(e *fetch.EventRequestPaused, source []byte) {
	s := Sheet{URL: shortAddress(e.Request.URL), SHA384: digest(source), Size: len(source), Source: slices.Clone(source[:min(len(source), maxSource)])}
	if f, ok := v.frames[e.FrameID]; ok && f.parent != "" {
		s.Frame = shortAddress(f.url)
	}
	v.sources += len(s.Source)
	v.sheets[s.URL] = s
	if len(v.who.sheets) < maxSheets {
		v.who.sheets[s.URL] = s
	}
}

// tellSheets puts the style sheets into the look, in the order in which they were asked for. What a visitor has in store is not
// sent again.
func (v *visit) tellSheets() {
	seen := map[string]bool{}
	for _, r := range v.look.Requests {
		if r.Kind != "style" || r.Held != "" || seen[r.URL] || len(v.look.Sheets) >= maxSheets {
			continue
		}
		seen[r.URL] = true
		s, ok := v.sheets[r.URL]
		if !ok {
			s = v.who.sheets[r.URL]
		}
		s.URL = r.URL
		v.look.Sheets = append(v.look.Sheets, s)
	}
}
