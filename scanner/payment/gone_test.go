package payment_test

import (
	"slices"
	"testing"

	"sotomi/scanner/browser"
	"sotomi/scanner/payment"
)

const listed = `
scripts:
  - {url: "https://shop.example/assets/app-3f2a9c1b.js", integrity: hash, hashes: [sha384-app]}
  - {url: "https://shop.example/js/jquery-3.6.0.min.js", integrity: hash, hashes: [sha384-jq]}
  - {url: "https://shop.example/js/3f2a9c1b77aa01bc.js", integrity: hash, hashes: [sha384-b]}
  - {url: "https://js.stripe.com/**", integrity: vendor, owner: Stripe}
  - {url: "https://cdn.example/lib.js", integrity: sri}
  - {inline: data layer, integrity: shape, hashes: [sha384-gone], text: "var a = 1;"}
forms:
  - {to: "https://pay.example/in"}
frames:
  - {to: js.stripe.com}
headers:
  - {name: X-Frame-Options}
`

// whole is a page that has all that is listed, but for the inline script.
func whole() browser.Look {
	return browser.Look{
		Header: map[string][]string{"X-Frame-Options": {"DENY"}},
		Scripts: []browser.Script{
			{URL: "https://shop.example/assets/app-3f2a9c1b.js", Kind: "file", SHA384: "app"},
			{URL: "https://shop.example/js/jquery-3.6.0.min.js", Kind: "file", SHA384: "jq"},
			{URL: "https://shop.example/js/3f2a9c1b77aa01bc.js", Kind: "file", SHA384: "b"},
			{URL: "https://js.stripe.com/v3/", Kind: "file"},
			{URL: "https://cdn.example/lib.js", Kind: "file", Integrity: "sha384-x"},
		},
		Forms:  []browser.Form{{Action: "https://pay.example/in", Fields: []browser.Field{{Name: "card_number", Holds: "card"}}}},
		Frames: []browser.Frame{{URL: "https://js.stripe.com/v3/elements.html"}},
	}
}

// withoutScript is a look without the scripts whose address is given.
func withoutScript(l browser.Look, address string) browser.Look {
	l.Scripts = slices.DeleteFunc(slices.Clone(l.Scripts), func(s browser.Script) bool { return s.URL == address })
	return l
}

func readFile(t *testing.T, text string) *payment.File {
	t.Helper()
	f, err := payment.Read("payment.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestGone: what payment.yaml lists and the page no longer has is told, once, and what a build has replaced is not.
func TestGone(t *testing.T) {
	renamed := func(old, new string) browser.Look {
		l := withoutScript(whole(), old)
		l.Scripts = append(l.Scripts, browser.Script{URL: new, Kind: "file", SHA384: "other"})
		return l
	}
	noForm, noFrame, inline, elsewhere := whole(), whole(), whole(), whole()
	elsewhere.Forms = []browser.Form{{Action: "https://evil.example/in", Fields: []browser.Field{{Name: "card_number", Holds: "card"}}}}
	noForm.Forms = []browser.Form{{Action: "https://shop.example/order"}}
	noFrame.Frames = nil
	inline.Scripts = append(slices.Clone(inline.Scripts), browser.Script{Kind: "inline", Source: []byte("var a = 1; var b = 2;"), SHA384: "i"})
	const layer = "data layer"
	for name, c := range map[string]struct {
		look browser.Look
		want []string
	}{
		"the inline script":                    {whole(), []string{layer}},
		"a vendor's script":                    {withoutScript(whole(), "https://js.stripe.com/v3/"), []string{"https://js.stripe.com/**", layer}},
		"a script that an attribute protects":  {withoutScript(whole(), "https://cdn.example/lib.js"), []string{"https://cdn.example/lib.js", layer}},
		"a form target":                        {noForm, []string{layer, "https://pay.example/in"}},
		"a form target that another took":      {elsewhere, []string{layer}}, // the other is told
		"a frame":                              {noFrame, []string{layer, "js.stripe.com"}},
		"a build that renames its file":        {renamed("https://shop.example/assets/app-3f2a9c1b.js", "https://shop.example/assets/app-9e01bb7d.js"), []string{layer}},
		"a new release in the name":            {renamed("https://shop.example/js/jquery-3.6.0.min.js", "https://shop.example/js/jquery-3.7.1.min.js"), []string{layer}},
		"a name that is nothing but a hash":    {renamed("https://shop.example/js/3f2a9c1b77aa01bc.js", "https://shop.example/js/9e01bb7d00ff12ab.js"), []string{layer}},
		"an inline script that changed":        {inline, nil},
		"another file in the same folder":      {renamed("https://shop.example/assets/app-3f2a9c1b.js", "https://shop.example/assets/stats-9e01bb7d.js"), []string{"https://shop.example/assets/app-3f2a9c1b.js", layer}},
		"the same name on the host of another": {renamed("https://shop.example/assets/app-3f2a9c1b.js", "https://evil.example/assets/app-9e01bb7d.js"), []string{"https://shop.example/assets/app-3f2a9c1b.js", layer}},
	} {
		p := pageOf(c.look)
		var got []string
		for _, d := range readFile(t, listed).Missing([]*payment.Page{p}, now) {
			if d.Page != p {
				t.Errorf("%s: of another page", name)
			}
			got = append(got, d.What)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: gone are %q, want %q", name, got, c.want)
		}
		if len(p.Gone) != len(c.want) && name != "a form target that another took" {
			t.Errorf("%s: the page tells of %+v", name, p.Gone)
		}
	}
}

// TestGoneIsGraded: only what protected the page is more than a note.
func TestGoneIsGraded(t *testing.T) {
	l := withoutScript(withoutScript(whole(), "https://cdn.example/lib.js"), "https://js.stripe.com/v3/")
	got := map[string]payment.Kind{}
	for _, d := range readFile(t, listed).Missing([]*payment.Page{pageOf(l)}, now) {
		got[d.What] = d.Kind
	}
	if got["https://cdn.example/lib.js"] != payment.KindGoneGuarded || got["https://js.stripe.com/**"] != payment.KindGone {
		t.Errorf("%v", got)
	}
}

// TestGoneOfSeveralPages: an entry belongs to the pages that it names, else to any; pages of another site say nothing of it.
func TestGoneOfSeveralPages(t *testing.T) {
	with, without := pageOf(whole()), pageOf(withoutScript(whole(), "https://js.stripe.com/v3/"))
	without.URL = "https://shop.example/cart?step=2"
	inlineGone := len(readFile(t, listed).Missing([]*payment.Page{pageOf(whole())}, now))
	if got := readFile(t, listed).Missing([]*payment.Page{with, without}, now); len(got) != inlineGone {
		t.Errorf("a script of one of two pages: %+v", got)
	}
	for pages, want := range map[string]int{"https://shop.example/cart": 1, "https://shop.example/checkout": 0, "https://other.example/checkout": 0} {
		f := readFile(t, `scripts: [{url: "https://js.stripe.com/**", integrity: vendor, pages: ["`+pages+`"]}]`)
		if got := f.Missing([]*payment.Page{with, without}, now); len(got) != want {
			t.Errorf("on %s: %+v", pages, got)
		}
	}
}

// TestGoneIsSeen: what was not looked at in full says nothing of what is gone, and HTML nothing of what scripts bring in.
func TestGoneIsSeen(t *testing.T) {
	bare := browser.Look{Forms: []browser.Form{{Action: "https://shop.example/login"}}}
	for name, change := range map[string]func(*payment.Page){
		"another page in its place": func(p *payment.Page) { p.Unseen = append(p.Unseen, payment.LedAway) },
		"a visit that failed":       func(p *payment.Page) { p.Unseen = append(p.Unseen, payment.VisitFailed) },
		"an error page":             func(p *payment.Page) { p.Looks[0].Status = 503 },
		"an empty cart":             func(p *payment.Page) { p.Unseen = append(p.Unseen, payment.NotReached) },
	} {
		p := pageOf(bare)
		change(p)
		if got := readFile(t, listed).Missing([]*payment.Page{p}, now); len(got) > 0 {
			t.Errorf("%s: %+v", name, got)
		}
		if most := slices.Contains(p.Unseen, payment.LacksMost); most != (name == "an empty cart") {
			t.Errorf("%s: %q", name, p.Unseen)
		}
	}
	p := pageOf(bare)
	p.Looks[0].HTMLOnly = true
	var got []string
	for _, d := range readFile(t, listed).Missing([]*payment.Page{p}, now) {
		got = append(got, d.What)
	}
	if want := []string{"https://cdn.example/lib.js", "https://pay.example/in"}; !slices.Equal(got, want) {
		t.Errorf("HTML alone tells of %q, want %q", got, want)
	}
	if len(p.Gone) <= len(got) || !p.Gone[0].Unsure {
		t.Errorf("the page lists %+v", p.Gone)
	}
}

// TestAcceptNamesThePage: an entry says which page has it, so that a site that never had it does not tell of it.
func TestAcceptNamesThePage(t *testing.T) {
	cart := pageOf(whole())
	cart.URL = "https://shop.example/cart"
	text, _, err := payment.Add("payment.yaml", nil, []*payment.Page{cart, pageOf(whole())}, payment.Acceptance{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	f := readFile(t, string(text))
	other := pageOf(browser.Look{Forms: []browser.Form{{Fields: []browser.Field{{Name: "card_number", Holds: "card"}}}}})
	other.URL = "https://other.example/checkout"
	if got := f.Missing([]*payment.Page{other}, now); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	other.URL = "https://shop.example/checkout"
	if got := f.Missing([]*payment.Page{other}, now); len(got) < 5 {
		t.Errorf("%+v", got)
	}
}

// TestNewScriptsAreGraded: a new script is graver where there is something to steal.
func TestNewScriptsAreGraded(t *testing.T) {
	scripts := []browser.Script{{URL: "https://x.example/s.js", SHA384: "x"}, {Kind: "inline", Source: []byte("f()"), SHA384: "y"}}
	card := []browser.Form{{Fields: []browser.Field{{Name: "card_number", Holds: "card"}}}}
	stripe := []browser.Frame{{URL: "https://js.stripe.com/v3/elements.html"}}
	high := []payment.Kind{payment.KindForeignScript, payment.KindInlineScript}
	for name, c := range map[string]struct {
		look browser.Look
		want []payment.Kind
	}{
		"nothing to steal yet":    {browser.Look{Scripts: scripts}, []payment.Kind{payment.KindForeignEarly, payment.KindInlineEarly}},
		"fields for card data":    {browser.Look{Scripts: scripts, Forms: card}, high},
		"the frame of a provider": {browser.Look{Scripts: scripts, Frames: stripe}, high},
	} {
		f := &payment.File{Frames: []payment.Allowed{{To: "js.stripe.com"}}, Forms: []payment.Allowed{{To: "**"}}}
		if got := kinds(f.Judge(pageOf(c.look), now)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
