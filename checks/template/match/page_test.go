package match

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/web"
)

// partOf is a part of a response as an extractor takes it, line by line.
func partOf(t *testing.T, ex *web.Exchange, part string) string {
	t.Helper()
	p := program(t, "extractors: [{type: regex, name: line, part: "+part+", regex: ['(?m)^.+$']}]")
	return strings.Join(judged(t, p, &Data{Exchange: ex}).Named["line"], " | ")
}

// TestPageParts: a page is read as a browser reads it, not as text.
func TestPageParts(t *testing.T) {
	page := answer(200, `<!DOCTYPE html><HTML><head><TITLE> The
 shop </TITLE><base href="https://shop.example/base/">
		<meta content="WordPress 6.4.2" name=generator><META NAME='Generator' CONTENT='WooCommerce 8.1'>
		<!-- <meta name="generator" content="Joomla"> <script src="/old.js"></script> -->
		<!--[if lt IE 9]><script src="/ie.js"></script><![endif]-->
		<script type='text/javascript' src=js/jquery.js?ver=1.12.4-wp></script><script defer src='//CDN.example/a.js'></script>
		<link href=/wp-content/a.css rel=stylesheet><style>src="/no.js"</style></head>
		<body>Powered by <a href="https://www.phpbb.com/">phpBB</a>
		<pre>&lt;script src="/shown.js"&gt;</pre><textarea><script src="/typed.js"></script></textarea>
		<img src="https://www.shop.example/p.png?x=1"><iframe src="http://pay.example/form"></iframe><object data=/o></object></body></HTML>`)
	for part, want := range map[string]string{
		"page_title":     "The |  shop",
		"page_generator": "WordPress 6.4.2 | WooCommerce 8.1",
		"page_scripts":   "https://shop.example/base/js/jquery.js?ver=1.12.4-wp | https://CDN.example/a.js",
		"page_styles":    "https://shop.example/wp-content/a.css",
		"page_links":     "https://www.phpbb.com/ | http://pay.example/form",
		"page_frames":    "http://pay.example/form | https://shop.example/o",
		"page_text":      "Powered by | phpBB",
		"page_files":     "/base/js/jquery.js?ver=1.12.4-wp | /wp-content/a.css | /p.png?x=1",
	} {
		if diff := cmp.Diff(want, partOf(t, page, part)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", part, diff)
		}
	}
}

// TestPagePartsElsewhere: they are empty, and not missing, where there is no page; names that a template gives win, and
// what the response sends under such a name does not.
func TestPagePartsElsewhere(t *testing.T) {
	plain := answer(200, `<html><title>x</title><script src=/a.js></script>`)
	plain.Header.Set("Content-Type", "text/plain")
	page := answer(200, "<title>x</title>", "Page-Title", "sent", "Set-Cookie", "page_text=sent")
	for name, tc := range map[string]struct {
		matchers string
		ex       *web.Exchange
		vars     Vars
		want     bool
	}{
		"no_page":          {`matchers: [{type: dsl, dsl: ['page_title == "" && page_scripts == "" && !contains(page_text, "x")']}]`, plain, nil, true},
		"no_page_negative": {`matchers: [{type: word, part: page_scripts, negative: true, words: [a.js]}]`, plain, nil, true},
		"in_an_expression": {`matchers: [{type: dsl, dsl: ['page_title == "x"']}]`, page, nil, true},
		"a_header":         {`matchers: [{type: word, part: page_title, words: [sent]}]`, page, nil, false},
		"a_cookie":         {`matchers: [{type: word, part: page_text, words: [sent]}]`, page, nil, false},
		"a_variable":       {`matchers: [{type: word, part: page_title, words: [given]}]`, answer(200, "<title>x</title>"), Vars{"page_title": "given"}, true},
		"another_name":     {`matchers: [{type: word, part: page_colour, negative: true, words: [a]}]`, page, nil, false},
		"an_extractor":     {"extractors: [{type: regex, name: page_title, group: 1, regex: ['(ti)tle']}]\nmatchers: [{type: word, part: page_title, words: [ti]}]", page, nil, true},
		"an_earlier_page":  {`matchers: [{type: dsl, dsl: ['page_title_1 == "x"']}]`, page, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := &Data{Exchange: tc.ex, Vars: func() Vars { return tc.vars }}
			if name == "an_earlier_page" {
				d.Exchange, d.Earlier = plain, []*web.Exchange{page}
			}
			if got := judged(t, program(t, tc.matchers), d).Matched; got != tc.want {
				t.Errorf("matched %v, want %v", got, tc.want)
			}
		})
	}
}
