package payment_test

import (
	"slices"
	"strings"
	"testing"

	"sotomi/scanner/browser"
	"sotomi/scanner/payment"
)

func TestRead(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"good":            {"scripts:\n  - {url: \"https://js.example/**\", integrity: vendor, approved: {on: 2026-11-27, by: Sato}}\n", ""},
		"unknown key":     {"scripts:\n  - {url: a, integrity: vendor, owners: x}\n", "payment.yaml:2: "},
		"two names":       {"scripts:\n  - {url: a, inline: b, integrity: hash}\n", "payment.yaml:2: a script needs url, or inline"},
		"shape of a file": {"scripts:\n  - {url: a, integrity: shape, hashes: [sha384-x]}\n", "payment.yaml:2: integrity: shape is for inline scripts"},
		"no such day":     {"hosts:\n\n  - {to: a.example, until: tomorrow}\n", `payment.yaml:3: until: "tomorrow" is not a day`},
		"nobody":          {"frames:\n  - {to: a.example, approved: {on: 2026-11-27, by: \"\"}}\n", "payment.yaml:2: approved needs by"},
		"all hosts":       {"hosts:\n  - {to: \"**\"}\n", "payment.yaml:2: an entry needs to"},
	} {
		_, err := payment.Read("payment.yaml", []byte(c.text))
		if got := ""; err != nil {
			got = err.Error()
			if c.want == "" || !strings.Contains(got, c.want) {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		} else if c.want != "" {
			t.Errorf("%s: no mistake, want %q", name, c.want)
		}
	}
}

// pageOf is a page with what one look shows.
func pageOf(l browser.Look) *payment.Page {
	l.URL, l.Final, l.Visit, l.Status = "https://shop.example/checkout", "https://shop.example/checkout", browser.VisitFirst, 200
	return payment.NewPage(payment.WhyNamed, now, &l)
}

func TestAddKeepsWhatIsThere(t *testing.T) {
	before := "# ours\nscripts:\n    - url: https://js.stripe.com/** # card fields\n      integrity: vendor\n# of the forms\nforms:\n- to: https://pay.example/in\n"
	p := pageOf(browser.Look{
		Scripts: []browser.Script{{URL: "https://js.stripe.com/v3/", Kind: "file"}, {URL: "https://shop.example/assets/app-3f2a9c1b.js", Kind: "file", SHA384: "x"}},
		Forms:   []browser.Form{{Action: "https://pay.example/in"}, {Action: "https://crm.example/in"}},
		Workers: []browser.Worker{{Kind: "service", URL: "https://shop.example/sw.js"}},
	})
	text, added, err := payment.Add("payment.yaml", []byte(before), []*payment.Page{p}, payment.Acceptance{Now: now})
	if err != nil || added.Scripts != 1 || added.Others != 2 || added.Unjustified != 1 {
		t.Fatalf("%+v, %v", added, err)
	}
	for _, line := range strings.Split(strings.TrimSpace(before), "\n") {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("%q is gone from\n%s", line, text)
		}
	}
	f, err := payment.Read("payment.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Judge(p, now); len(got) > 0 {
		t.Errorf("not all was added: %+v", got)
	}
	again, added, err := payment.Add("payment.yaml", text, []*payment.Page{p}, payment.Acceptance{Now: now})
	if err != nil || string(again) != string(text) || added.Scripts+added.Others > 0 {
		t.Errorf("a second time %+v (%v):\n%s", added, err, again)
	}
}

func TestAnApprovalEnds(t *testing.T) {
	f, err := payment.Read("payment.yaml", []byte("scripts:\n  - {url: \"https://a.example/*\", integrity: vendor, until: 2026-11-26}\n  - {url: \"https://b.example/*\", integrity: vendor, until: 2026-11-27}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := pageOf(browser.Look{Scripts: []browser.Script{{URL: "https://a.example/a.js"}, {URL: "https://b.example/b.js"}}})
	got := f.Judge(p, now)
	if len(got) != 1 || got[0].Kind != payment.KindExpired || got[0].What != "https://a.example/*" {
		t.Errorf("%+v", got)
	}
}

// TestListenersOfBadScripts: a script that is not approved and is told what is typed is told once, as the graver of the two.
func TestListenersOfBadScripts(t *testing.T) {
	f := &payment.File{Scripts: []payment.Entry{{URL: "https://shop.example/own.js", Integrity: payment.ByHash, Hashes: []string{"sha384-own"}}}}
	card := browser.Field{Name: "card_number", Holds: "card"}
	p := pageOf(browser.Look{
		Scripts: []browser.Script{{URL: "https://shop.example/own.js", SHA384: "own"}, {URL: "https://x.example/s.js", SHA384: "x"}},
		Listeners: []browser.Listener{
			{Field: card, On: "field", Event: "input", Script: "https://shop.example/own.js"}, {Field: card, On: "document", Event: "input", Script: "https://x.example/s.js"},
		},
	})
	got := f.Judge(p, now)
	if len(got) != 1 || got[0].Kind != payment.KindListener || got[0].What != "https://x.example/s.js" || got[0].Seen != "card_number" {
		t.Errorf("%+v", got)
	}
}

// TestFramesOfProvidersAreTheirs: what runs in the frame of another site is not judged; the frame is.
func TestFramesOfProvidersAreTheirs(t *testing.T) {
	look := browser.Look{
		Frames:  []browser.Frame{{URL: "https://js.stripe.com/v3/elements.html"}},
		Scripts: []browser.Script{{URL: "https://js.stripe.com/v3/elements.js", Frame: "https://js.stripe.com/v3/elements.html"}},
		Forms:   []browser.Form{{Action: "https://js.stripe.com/pay", Frame: "https://js.stripe.com/v3/elements.html", Fields: []browser.Field{{Name: "cardnumber", Holds: "card"}}}},
	}
	f := &payment.File{}
	if got := kinds(f.Judge(pageOf(look), now)); len(got) != 1 || got[0] != payment.KindFrame {
		t.Errorf("%v", got)
	}
	f.Frames = []payment.Allowed{{To: "js.stripe.com"}}
	if got := f.Judge(pageOf(look), now); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

// TestStyles: a style sheet of another host is one that is listed, once any is; before, its host is enough.
func TestStyles(t *testing.T) {
	sheet := func(address, hash string) browser.Sheet { return browser.Sheet{URL: address, SHA384: hash} }
	theme, fonts := sheet("https://cdn.example/theme.css", "t"), sheet("https://fonts.googleapis.com/css2?family=Noto", "f")
	asked := []browser.Request{{URL: theme.URL, Kind: "style"}, {URL: fonts.URL, Kind: "style"}}
	good := pageOf(browser.Look{Sheets: []browser.Sheet{theme, fonts, sheet("https://shop.example/own.css", "o")}, Requests: asked})
	text, _, err := payment.Add("payment.yaml", nil, []*payment.Page{good}, payment.Acceptance{Now: now})
	if err != nil || strings.Count(string(text), "theme.css") != 1 || strings.Contains(string(text), "to: cdn.example") {
		t.Fatalf("%v\n%s", err, text)
	}
	const host = "hosts: [{to: cdn.example}, {to: fonts.googleapis.com}]\n"
	for name, c := range map[string]struct {
		file   string
		sheets []browser.Sheet
		want   []payment.Kind
	}{
		"as listed":                       {string(text), []browser.Sheet{theme, fonts}, nil},
		"other contents":                  {string(text), []browser.Sheet{sheet(theme.URL, "x"), fonts}, []payment.Kind{payment.KindChangedStyle}},
		"another of the same host":        {string(text), []browser.Sheet{theme, sheet("https://cdn.example/new.css", "n"), fonts}, []payment.Kind{payment.KindStyle}},
		"none is listed, but the host":    {host, []browser.Sheet{theme, fonts}, nil},
		"other fonts of a known service":  {string(text), []browser.Sheet{theme, sheet("https://fonts.googleapis.com/css?family=M", "g")}, nil},
		"in the frame of a vendor":        {string(text), []browser.Sheet{theme, {URL: "https://cdn.example/frame.css", Frame: "https://pay.example/badge"}}, nil},
		"another of the shop's own":       {string(text), []browser.Sheet{theme, fonts, sheet("https://shop.example/new.css", "n")}, nil},
		"contents that could not be read": {string(text), []browser.Sheet{sheet(theme.URL, ""), fonts}, nil},
	} {
		p := pageOf(browser.Look{Sheets: c.sheets, Requests: asked})
		if got := kinds(readFile(t, c.file).Judge(p, now)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
