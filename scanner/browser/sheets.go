package browser

import (
	"net/http"
	"slices"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"

	"sotomi/scanner/message"
)

const maxSheets = 100 // style sheets of a look

// takeSheet takes a style sheet as it was sent.
func (v *visit) takeSheet(e *fetch.EventRequestPaused) {
	self := v.browser.session("")
	onwards := func() { post(self, fetch.ContinueResponse, fetch.ContinueResponseParams{RequestID: e.RequestID}) }
	if len(v.sheets) >= maxSheets || v.sources > maxSources {
		v.miss(message.New(unseenSheets))
		onwards()
		return
	}
	ask(self, fetch.GetResponseBody, fetch.GetResponseBodyParams{RequestID: e.RequestID}, func(r fetch.GetResponseBodyResult, err error) {
		defer onwards()
		if err != nil {
			return
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		s := Sheet{URL: shortAddress(e.Request.URL), SHA384: digest(r.Body), Size: len(r.Body), Source: slices.Clone(r.Body[:min(len(r.Body), maxSource)])}
		if f, ok := v.frames[e.FrameID]; ok && f.parent != "" {
			s.Frame = shortAddress(f.url)
		}
		v.sources += len(s.Source)
		v.sheets[s.URL] = s
		if len(v.who.sheets) < maxSheets {
			v.who.sheets[s.URL] = s
		}
	})
}

// isSheet reports whether an answer is a style sheet that can be taken.
func isSheet(e *fetch.EventRequestPaused) bool {
	return e.ResourceType == network.ResourceTypeStylesheet && e.ResponseStatusCode == http.StatusOK
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
