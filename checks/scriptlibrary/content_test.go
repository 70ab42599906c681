package scriptlibrary

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The scripts are lines of published files: the comments and statements that state a version.
func TestContent(t *testing.T) {
	cases := map[string]struct{ text, want string }{
		"jquery_minified":          {"/*! jQuery v3.7.1 | (c) OpenJS Foundation and other contributors | jquery.org/license */\n!function(e,t)", "[jquery 3.7.1]"},
		"jquery_full":              {"/*!\r\n * jQuery JavaScript Library v1.8.3\r\n * http://jquery.com/\r\n", "[jquery 1.8.3]"},
		"jquery_old_line_ends":     {"/*!\r * jQuery JavaScript Library v1.8.3\r * http://jquery.com/\r", "[jquery 1.8.3]"},
		"jquery_bundled":           {`n=function(e,t){return new n.fn.init(e,t)};n.fn=n.prototype={` + `a:1},f="3.4.1",E=function(){},x;E.fn=E.prototype={jquery:f,constructor:E}`, "[jquery 3.4.1]"},
		"angularjs":                {"/*\n AngularJS v1.5.8\n (c) 2010-2016 Google, Inc. http://angularjs.org\n License: MIT\n*/", "[angularjs 1.5.8]"},
		"bootstrap":                {"/*!\n * Bootstrap v3.3.7 (http://getbootstrap.com)\n", "[bootstrap 3.3.7]"},
		"moment_full":              {"    hooks.version = '2.24.0';\n\n    setHookCallback(createLocal);", "[moment.js 2.24.0]"},
		"backbone_minified":        {`;var s=Array.prototype.slice;e.VERSION="1.4.0";e.$=n;e.noConflict=function(){t.Backbone=r;return this}`, "[backbone.js 1.4.0]"},
		"lodash_minified":          {`}),An.VERSION="4.17.15",r("bind bindKey curry curryRight partial partialRight".split(" "),function(n){An[n].placeholder=An})`, "[lodash 4.17.15]"},
		"vue":                      {"/*!\n * Vue.js v2.6.14\n * (c) 2014-2021 Evan You\n", "[vue 2.6.14]"},
		"tinymce_made_of_two":      {`b.tinyMCEPreInit;a={majorVersion:"3",minorVersion:"5.8",releaseDate:"2012-11-20"};c.tinyMCEPreInit`, "[tinyMCE 3.5.8]"},
		"two":                      {"/*! jQuery v2.2.4 | x */ a();\n/*!\n * Bootstrap v3.3.7 (x)\n", "[bootstrap 3.3.7, jquery 2.2.4]"},
		"two_versions":             {"/*! jQuery v2.2.4 | x */ a();\n/*! jQuery v1.12.4 | x */", "[jquery 2.2.4, jquery 1.12.4]"},
		"a_release_before_a_final": {"/*!\n  * Bootstrap v5.0.0-beta1 (https://getbootstrap.com/)", "[bootstrap 5.0.0-beta1]"},
		"a_plug_in":                {"/*! Menu plug-in v1.2.3 for jQuery 1.7+, needs jquery: 1.7.0 */", "[]"},
		"no_version":               {"/*! jQuery */ var jquery = 1;", "[]"},
		"nothing":                  {"", "[]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := describe(inContent(t.Context(), libraries(t), c.text)); got != c.want {
				t.Errorf("inContent(%q) = %s, want %s", c.text, got, c.want)
			}
		})
	}
}

func TestContentByHash(t *testing.T) {
	sum := sha1.Sum([]byte("a\nb\n"))
	list := []*library{{Name: "x", Hashes: map[string]string{hex.EncodeToString(sum[:]): "1.2.3"}}}
	got := inContent(t.Context(), list, "a\r\nb\r\n")
	if describe(got) != "[x 1.2.3]" || got[0].by != byHash {
		t.Errorf("inContent = %+v, want x 1.2.3 by its hash", got)
	}
	if got := inContent(t.Context(), list, "a\nb"); len(got) > 0 {
		t.Errorf("another content is %s", describe(got))
	}
}

// What is far from the text that every match contains is looked at as far as a match can reach, and no further.
func TestWindows(t *testing.T) {
	p := &pattern{Has: []string{"mark"}, Reach: 10}
	text := strings.Repeat("a", 100) + "mark" + strings.Repeat("b", 100)
	want := []string{strings.Repeat("a", 10) + "mark" + strings.Repeat("b", 10)}
	if got := p.windows(text); !slices.Equal(got, want) {
		t.Errorf("windows = %q, want %q", got, want)
	}
	far := &pattern{Has: []string{"mark"}, Reach: 8000}
	size := 0
	for _, w := range far.windows(strings.Repeat("mark", 1<<20)) {
		size += len(w)
	}
	if size == 0 || size > 3*far.Reach {
		t.Errorf("%d bytes are looked at for a pattern that reaches over %d", size, far.Reach)
	}
	if got := (&pattern{Has: []string{"other"}}).windows(text); len(got) > 0 {
		t.Errorf("windows without the text = %q", got)
	}
}

// Every pattern of the data can be compiled, and has a group for the version or makes one.
func TestPatterns(t *testing.T) {
	n := 0
	for _, l := range libraries(t) {
		for _, p := range append(slices.Clone(l.Content), l.Replacement...) {
			n++
			re := p.compiled()
			if re == nil || re.NumSubexp() == 0 || len(p.Has) == 0 {
				t.Errorf("%s: %+v", l.Name, fmt.Sprint(p.Has, p.Re))
			}
		}
	}
	if n < 180 {
		t.Errorf("only %d patterns", n)
	}
}
