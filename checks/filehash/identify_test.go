package filehash

import (
	"strings"
	"testing"
)

// alike are releases that a shop cannot be told apart from outside, in the usual layout of their line.
var alike = map[string][]string{"4.0.6-p1": {"4.0.6-p1", "4.0.6-p2"}, "4.0.6-p2": {"4.0.6-p1", "4.0.6-p2"}}

// Every release is told exactly, wherever the shop is and whatever became of its line ends.
func TestEveryReleaseIsIdentified(t *testing.T) {
	for name, c := range map[string]struct {
		layout layout
		change func(*shop)
	}{
		"document_root":     {},
		"folder":            {layout: layout{folder: "/ec1/shop/"}},
		"package_is_root":   {layout: layout{nested: true}},
		"package_in_folder": {layout: layout{folder: "/shop/", nested: true}},
		"line_ends_crlf":    {change: func(s *shop) { s.each(isText, crlf) }},
	} {
		for _, release := range releaseNames {
			if strings.HasPrefix(release, "pre ") {
				continue
			}
			t.Run(name+"/"+release, func(t *testing.T) {
				t.Parallel()
				s := newShop(release, c.layout)
				if c.change != nil {
					c.change(s)
				}
				l := look(t, s, s.base)
				want := alike[release]
				if want == nil {
					want = []string{release}
				}
				wantCandidates(t, l, want...)
				if l.value("base") != s.base {
					t.Errorf("base %v, want %s", l.value("base"), s.base)
				}
				if len(l.findings) != 1 || l.findings[0].Hit.Certainty != "confirmed" || l.findings[0].Hit.URL != s.base {
					t.Errorf("findings %+v, want the product alone, confirmed, at %s", l.findings, s.base)
				}
				if n := len(s.asked); n > 20 {
					t.Errorf("%d requests", n)
				}
			})
		}
	}
}
