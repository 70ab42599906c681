package browser

import (
	"strings"

	"github.com/chromedp/cdproto/emulation"
)

// agents are what the browser calls itself: as a visitor's does, for scripts that want to be seen by visitors only.
type agents struct {
	desktop, phone emulation.SetUserAgentOverrideParams
}

const languages = "ja,en-US;q=0.9,en;q=0.8"

// newAgents are those of a version such as HeadlessChrome/156.0.1.2.
func newAgents(product string) agents {
	_, version, _ := strings.Cut(product, "/")
	major, _, _ := strings.Cut(version, ".")
	name := func(system, mobile string) string {
		return "Mozilla/5.0 (" + system + ") AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" + major + ".0.0.0 " + mobile + "Safari/537.36"
	}
	data := func(platform string, mobile bool) *emulation.UserAgentMetadata {
		brands := []*emulation.UserAgentBrandVersion{{Brand: "Chromium", Version: major}, {Brand: "Google Chrome", Version: major}, {Brand: "Not?A_Brand", Version: "99"}}
		return &emulation.UserAgentMetadata{Brands: brands, Platform: platform, Mobile: mobile}
	}
	return agents{
		desktop: emulation.SetUserAgentOverrideParams{
			UserAgent: name("Windows NT 10.0; Win64; x64", ""), AcceptLanguage: languages, Platform: "Win32", UserAgentMetadata: data("Windows", false),
		},
		phone: emulation.SetUserAgentOverrideParams{
			UserAgent: name("Linux; Android 10; K", "Mobile "), AcceptLanguage: languages, Platform: "Linux armv81", UserAgentMetadata: data("Android", true),
		},
	}
}

// of is the one of a visit.
func (a agents) of(v Visit) emulation.SetUserAgentOverrideParams {
	if v == VisitPhone {
		return a.phone
	}
	return a.desktop
}
