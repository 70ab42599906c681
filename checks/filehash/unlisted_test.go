package filehash

import (
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// newer is a shop of a release after the newest known one: some scripts and style sheets have a content that nobody knows.
func newer(release string, changed ...string) *shop {
	s := newShop(release, layout{})
	for _, name := range changed {
		s.files[s.at(name)] = "/* of a release that came later */\nvar later = '" + name + "';\n"
	}
	return s
}

// A shop of a release that came after the data is told as one, not as the newest that is known, and nobody is accused of
// having changed its scripts.
func TestReleaseNewerThanTheData(t *testing.T) {
	s := newer("4.3.0", "html/bundle/front.bundle.js", "html/template/default/assets/js/eccube.js", "html/template/default/assets/css/style.css",
		"html/template/default/assets/css/shop.css", "html/template/admin/assets/js/function.js", "html/template/default/assets/js/function.js",
		"html/template/admin/assets/css/app.css")
	l := look(t, s, "/")
	if len(l.findings) != 1 || l.findings[0].Hit.Certainty != scanner.Possible {
		t.Fatalf("%d findings, want the product alone, possible", len(l.findings))
	}
	if got := l.candidates(); len(got) > 0 {
		t.Errorf("candidates %v", got)
	}
	text, _ := l.value("range").(message.Message)
	if got := text.String(); got != "newer than this program's data (newest known: 4.3.0)" || l.value("unlisted") != "likely" || l.value("base4") != "/" {
		t.Errorf("range %q, values %v", got, l.findings[0].Hit.Values)
	}
	half := look(t, newer("4.3.0", "html/bundle/front.bundle.js", "html/template/default/assets/js/eccube.js", "html/template/default/assets/css/style.css",
		"html/template/default/assets/css/shop.css", "html/template/admin/assets/js/function.js"), "/")
	if text, _ := half.value("note").(message.Message); !strings.Contains(text.String(), "may be newer than this program's data (newest known: 4.3.0)") || half.findings[0].Hit.Certainty != scanner.Possible || len(half.findings) > 1 {
		t.Errorf("with half of the files known: %v", half.findings[0].Hit.Values)
	}
	if got := notes(l.findings[0].Hit); !strings.Contains(got, "has a content that no known release has") {
		t.Errorf("evidence:\n%s", got)
	}
}

// An advisory of such a shop is not determined, and never clean.
func TestAdvisoriesOfUnlistedReleases(t *testing.T) {
	const spans = `{introduced: 4.0.0, fixed: 4.2.0}`
	for name, c := range map[string]struct {
		fact map[string]string
		want string // the error; "" for a possible hit
	}{
		"newer":                     {map[string]string{"candidates": "", "unlisted": "likely", "newest": "4.3.0", "base": "/"}, "failed: the release of eccube is newer than this program's data (newest known: 4.3.0)"},
		"newer_with_a_claim":        {map[string]string{"candidates": "", "unlisted": "likely", "newest": "4.3.0", "claimed": "4.4.0", "base": "/"}, "failed: the release of eccube is newer than this program's data (newest known: 4.3.0)"},
		"perhaps_and_not_concerned": {map[string]string{"candidates": "4.3.0", "unlisted": "possible", "newest": "4.3.0", "base": "/"}, "failed: the release of eccube may be one that is not in this program's data; the known ones that it can be are not affected"},
		"perhaps_and_affected":      {map[string]string{"candidates": "4.1.0", "unlisted": "possible", "base": "/"}, ""},
	} {
		hits, _, err := rangeOf(t, spans, c.fact)
		switch {
		case c.want == "" && (err != nil || len(hits) != 1 || hits[0].Certainty != scanner.Possible):
			t.Errorf("%s: %v, %v, want a possible hit", name, hits, err)
		case c.want != "" && (len(hits) > 0 || err == nil || err.Error() != c.want):
			t.Errorf("%s: %d hits, error %v, want %s", name, len(hits), err, c.want)
		}
	}
}

// Where no script and no style sheet is as released but the pictures are, the server may change them: the release is not
// called one that nobody knows.
func TestServerThatChangesScripts(t *testing.T) {
	s := newShop("4.2.1", layout{})
	s.each(func(at string) bool { return isText(at) }, func(body string) string { return "var a=" + body })
	if l := look(t, s, "/"); l.value("unlisted") == "likely" || len(l.candidates()) == 0 || len(l.findings) != 1 {
		t.Errorf("values %v", l.value("candidates"))
	}
}
