package match

import (
	"slices"
	"testing"
)

// TestNeedsOf: only what every page with a result holds may be asked for.
func TestNeedsOf(t *testing.T) {
	for query, want := range map[string][]string{
		"//h1":   {"<h1"},
		"//H1/a": {"<h1", "<a"},
		"(//h1[starts-with(.,'Index of /')]/following-sibling::*//a[starts-with(@href,'?C=N;O=')])[1]": {"<h1", "<a"},
		"(/html[starts-with(normalize-space(head/title),'Index of /')]/body[count(*)<=3]/ul/li)[1]":    {"<ul", "<li"},
		"//form[.//input[@name='(]']]//input[@id=\"]\"]":                                               {"<form", "<input"},
		"(//*[local-name()='ListBucketResult' or local-name()='listbucketresult']/*)[1]":               {"listbucketresult"},
		"//*[local-name()='a' or local-name()='b']":                                                    nil,
		"//tbody/tr/td/a/@href":                                                                        {"<td", "<a"},
		"//pre/text()":                                                                                 {"<pre"},
		"//img | //video":                                                                              nil,
		"//h1 = //h2":                                                                                  nil,
		"count(//h1) = 0":                                                                              nil,
		"not(//h1)":                                                                                    nil,
		"//svg:rect":                                                                                   nil,
		"(//h1)[1]/a":                                                                                  nil,
		"//*":                                                                                          nil,
		"string(//title)":                                                                              nil,
		"//ancestor-or-self::div[@id]":                                                                 {"<div"},
	} {
		if got := needsOf(query); !slices.Equal(got, want) {
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
		"negative":          {`matchers: [{type: xpath, negative: true, xpath: ['//h1']}]`, "<h2>h1</h2>", true},
	} {
		r, err := program(t, c.block).Run(t.Context(), &Data{Exchange: answer(200, c.body)})
		if err != nil || r.Matched != c.want {
			t.Errorf("%s: %v, %v, want %v", name, r.Matched, err, c.want)
		}
	}
}
