package match

import (
	"strings"
	"testing"
)

// TestNeedsOf: only what every page with a result holds may be asked for.
func TestNeedsOf(t *testing.T) {
	for query, want := range map[string]string{
		"//h1":   "<h1",
		"//H1/a": "<h1 <a",
		"(//h1[starts-with(.,'Index of /')]/following-sibling::*//a[starts-with(@href,'?C=N;O=')])[1]": "<h1 index <a",
		"(/html[starts-with(normalize-space(head/title),'Index of /')]/body[count(*)<=3]/ul/li)[1]":    "index <ul <li",
		"//form[.//input[@name='(]']]//input[@id=\"]\"]":                                               "<form <input",
		"(//*[local-name()='ListBucketResult' or local-name()='listbucketresult']/*)[1]":               "listbucketresult|listbucketresult",
		"//*[local-name()='one' or local-name()='two']":                                                "one|two",
		"//*[@id='pma_navigation' and contains(.,'x y')]/a[.=\"Log in, please\"]":                      "pma_navigation <a log please",
		"/html[.//*[@id='ui' or @id='ui-container']]//*[self::script or self::link]":                   "",
		"/html[.//*[@id='swagger-ui' or @id='other'][@class='both']]/a[@b='' or @c='word']":            "swagger-ui|other <a",
		"//a[@href][not(.='this')][.!='that'][translate(.,'ABC','abc')='abc']":                         "<a",
		"//a[position()='last'][name()='tbody'][matches(.,'a.*bcd')][count(b)='two']":                  "<a",
		"//a[local-name()='tbody'][string-length(.)='long'][(@b or @c='word') and @d='word']":          "<a",
		"//tbody/tr/td/a/@href":        "<td <a",
		"//pre/text()":                 "<pre",
		"//img | //video":              "",
		"//h1 = //h2":                  "",
		"count(//h1) = 0":              "",
		"not(//h1)":                    "",
		"//svg:rect":                   "",
		"(//h1)[1]/a":                  "",
		"//h1[":                        "",
		"//*":                          "",
		"string(//title)":              "",
		"//ancestor-or-self::div[@id]": "<div",
	} {
		var got []string
		for _, any := range needsOf(query) {
			got = append(got, strings.Join(any, "|"))
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
}

// What the parser of HTML makes up is found too, and the case of a name does not matter.
func TestQueriesThatArePossible(t *testing.T) {
	for name, c := range map[string]struct {
		block, body string
		want        bool
	}{
		"upper_case":        {`matchers: [{type: xpath, xpath: ['//h1/a']}]`, "<H1><A HREF=x>x</A></H1>", true},
		"rows_made_up":      {`matchers: [{type: xpath, xpath: ['//table/tbody/tr/td']}]`, "<table><td>x", true},
		"image":             {`matchers: [{type: xpath, xpath: ['//img']}]`, "<image src=x>", true},
		"paragraph_made_up": {`matchers: [{type: xpath, xpath: ['//body/p']}]`, "x</p>", true},
		"names_of_xml":      {`matchers: [{type: xpath, xpath: ["//*[local-name()='Name']"]}]`, "<?xml version='1.0'?><r xmlns:s='s'><s:Name>x</s:Name></r>", true},
		"path_in_xml":       {`matchers: [{type: xpath, xpath: ['//Name']}]`, "<?xml version='1.0'?><r><Name>x</Name></r>", true},
		"not_there":         {`matchers: [{type: xpath, xpath: ['//h1']}]`, "<h2>h1</h2>", false},
		"one_of_two":        {`matchers: [{type: xpath, xpath: ["//a[@id='here' or @id='there']"]}]`, "<a id=there>", true},
		"none_of_two":       {`matchers: [{type: xpath, xpath: ["//a[@id='here' or @id='there']"]}]`, "<a id=where>", false},
		"case_of_words":     {`matchers: [{type: xpath, xpath: ["//a[.='Log In']"]}]`, "<a>Log In</a>", true},
		"negative":          {`matchers: [{type: xpath, negative: true, xpath: ['//h1']}]`, "<h2>h1</h2>", true},
	} {
		r, err := program(t, c.block).Run(t.Context(), &Data{Exchange: answer(200, c.body)})
		if err != nil || r.Matched != c.want {
			t.Errorf("%s: %v, %v, want %v", name, r.Matched, err, c.want)
		}
	}
}
