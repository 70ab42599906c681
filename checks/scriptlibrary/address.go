package scriptlibrary

import (
	"cmp"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// inAddress are the libraries that the address of a script or a style sheet names with a version, each once. own is for an
// address of the site itself.
func inAddress(libraries []*library, u *url.URL, own bool) []told {
	bare := *u
	bare.RawQuery, bare.ForceQuery, bare.Fragment = "", false, ""
	plain, file := bare.String(), path.Base(u.Path)
	var list []told
	for _, l := range libraries {
		var best told
		for _, version := range l.inAddress(u, plain, file, own) {
			if version != "" && !beyond(l.Name, version) && len(version) > len(best.version) {
				best = told{library: l, version: version, by: byAddress, shown: file, partial: partial(version)}
			}
		}
		if best.version != "" {
			list = append(list, best)
		}
	}
	return list
}

// inAddress are the versions that patterns find; some may be empty.
func (l *library) inAddress(u *url.URL, plain, file string, own bool) []string {
	var list []string
	for _, f := range l.forms {
		if version := f.version(u.String()); version != "" {
			list = append(list, version)
		}
	}
	for _, re := range l.files {
		if m := re.FindStringSubmatch(file); m != nil {
			list = append(list, addressVersion(m[1]))
		}
	}
	for _, a := range l.addresses {
		m := a.re.FindStringSubmatchIndex(plain)
		if m == nil || a.weak && !besideName(u, plain[:m[2]], file, own) {
			continue
		}
		version := addressVersion(plain[m[2]:m[3]])
		if strings.Contains(version, ".") || plain[m[2]-1] == '@' { // a single number in a path counts anything
			list = append(list, version)
		}
	}
	return list
}

var letters = regexp.MustCompile(`[a-z][a-z0-9]+`)

// besideName reports whether what stands before a version in an address names the file: "/1.2.0/jquery.js" may be the version
// of a theme. On a site of its own, the host may.
func besideName(u *url.URL, before, file string, own bool) bool {
	if own {
		before = strings.TrimPrefix(before, u.Scheme+"://"+u.Host)
	}
	before = strings.ToLower(before)
	words := slices.DeleteFunc(letters.FindAllString(strings.ToLower(file), -1), func(w string) bool { return w == "js" || w == "min" })
	if len(words) > 1 && words[0] == "jquery" {
		words = words[1:] // a plug-in of it
	}
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(before, w) })
}

// newest are the newest major versions of libraries that others of the same file name followed.
var newest = map[string]string{"ckeditor": "4", "angularjs": "1"}

func beyond(library, version string) bool {
	last, ok := newest[library]
	major, _, _ := strings.Cut(version, ".")
	return ok && cmp.Or(cmp.Compare(len(major), len(last)), strings.Compare(major, last)) > 0
}

// form is an address that names a library and its version, beyond those that the data has.
type form struct {
	word  string         // in all such addresses, in lower case
	re    *regexp.Regexp // group 1 is the version
	fixed string         // the version, where there is no group
}

func (f *form) version(address string) string {
	if !strings.Contains(strings.ToLower(address), f.word) {
		return ""
	}
	m := f.re.FindStringSubmatch(address)
	switch {
	case m == nil:
		return ""
	case f.fixed != "":
		return f.fixed
	}
	return addressVersion(m[1])
}

// spelling is how the addresses of a library are made.
type spelling struct {
	library string
	word    string
	stem    string // of the file's name, as a pattern
	folders string // that hold folders named by the version
	pack    string // name in the package registry
	words   string // that may follow in the file's name; "" for the usual ones
	ending  string // "" is js
	further []string
}

const (
	numbers    = `([0-9]+(?:\.[0-9]+){0,3}(?:-?(?:alpha|beta|rc)[.-]?[0-9]*)?)`
	dotted     = `([0-9]+(?:\.[0-9]+){1,3}(?:-?(?:alpha|beta|rc)[.-]?[0-9]*)?)`
	asked      = `(?:\?|,q)ver=(` + versionText + `)`
	usualWords = `slim|min|pack|prod|custom|wp`
	subfolders = `(?:(?:dist|min|js|css|umd|tinymce|ckeditor)/)*`
)

// spellings are those of the libraries that small sites load most. The addresses are those of the servers of copies, of the
// packages as they are unpacked, and of WordPress.
var spellings = []spelling{
	{library: "jquery", word: "jquery", stem: `jquery`, folders: `jquery(?:\.js)?`, pack: `jquery`, further: []string{`/wp-includes/js/jquery/jquery(?:\.min)?\.js` + asked}},
	{library: "jquery-ui", word: "jquery", stem: `jquery[-.]ui`, folders: `jqueryui|ui|jquery-ui|jquery\.ui`, pack: `jquery-ui`, further: []string{`/wp-includes/js/jquery/ui/core(?:\.min)?\.js` + asked}},
	{library: "jquery-migrate", word: "migrate", stem: `jquery[-.]migrate`, folders: `jquery-migrate`, pack: `jquery-migrate`, further: []string{`/wp-includes/js/jquery/jquery-migrate(?:\.min)?\.js` + asked}},
	{library: "moment.js", word: "moment", stem: `moment(?:-with-locales)?`, folders: `moment(?:\.js)?`, pack: `moment`, further: []string{`/wp-includes/js/dist/vendor/moment(?:\.min)?\.js` + asked}},
	{library: "tinyMCE", word: "tinymce", stem: `tinymce`, folders: `tinymce`, pack: `tinymce`, further: []string{`//(?:cdn|cloud)\.tinymce\.com/` + numbers + `/tinymce(?:\.min)?\.js`}},
	{library: "angularjs", word: "angular", stem: `angular`, folders: `angular(?:js|\.js)?`, pack: `angular`, further: []string{`//code\.angularjs\.org/` + numbers + `/angular(?:\.min)?\.js`}},
	{library: "bootstrap", word: "bootstrap", stem: `bootstrap`, folders: `(?:twitter-)?bootstrap`, pack: `bootstrap`, words: `min|bundle|combined|responsive|rtl`, ending: `(?:css|js)`},
	{library: "vue", word: "vue", stem: `vue`, folders: `vue`, pack: `vue`, words: `min|runtime|common|esm|global|prod|dev|browser`},
	{library: "prototypejs", word: "prototype", stem: `prototype`, folders: `prototype`, pack: `prototype`},
	{library: "ckeditor", word: "ckeditor", stem: `ckeditor`, folders: `ckeditor`, pack: `ckeditor4?`, further: []string{`//cdn\.ckeditor\.com/` + numbers + `/[a-z-]{1,30}/ckeditor(?:\.min)?\.js`}},
}

// latest is the address that jQuery's makers gave to the newest release until it had none any more.
const latest = `//code\.jquery\.com/jquery-latest(?:\.min)?\.js`

// formsOf are those of one library.
func formsOf(name string) []form {
	i := slices.IndexFunc(spellings, func(s spelling) bool { return s.library == name })
	if i < 0 {
		return nil
	}
	s := spellings[i]
	tail := `(?:[.-](?:` + cmp.Or(s.words, usualWords) + `))*(?:[.-][0-9a-f]{6,64})?(?:\.min)?\.` + cmp.Or(s.ending, `js`) + `(?:[.?,]|$)`
	file := subfolders + s.stem + tail
	var list []form
	for _, text := range append([]string{
		`/` + s.stem + `[-._]?v?` + dotted + tail,
		`/(?:` + s.folders + `)/v?` + numbers + `/` + file,
		`/` + s.pack + `@` + numbers + `(?:/` + file + `|[,?]|$)`,
		`/` + s.stem + `[-_.]v?` + dotted + `(?:-dist|\.custom)?/` + file,
	}, s.further...) {
		list = append(list, form{word: s.word, re: regexp.MustCompile(`(?i)` + text)})
	}
	if name == "jquery" {
		list = append(list, form{word: "jquery", re: regexp.MustCompile(latest), fixed: "1.11.1"})
	}
	return list
}
