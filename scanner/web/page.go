package web

import (
	"errors"
	"mime"
	"net/url"
	"slices"
	"strings"
)

// Page is what an HTML answer refers to. Addresses are absolute, resolved against the page's <base> or its own URL. Of a
// page that holds more than anybody wrote by hand, the first of each kind are kept.
type Page struct {
	Exchange   *Exchange
	Title      string
	Links      []*url.URL // a, area, iframe, frame and link[rel=canonical|alternate|next|prev], in document order without repeats
	Forms      []Form
	Scripts    []*url.URL // script[src]
	Styles     []*url.URL // link[rel=stylesheet]
	Frames     []*url.URL // documents within the page: iframe, frame, object, embed
	Media      []*url.URL // img, source, video, audio, track, input[type=image]
	Assets     []*url.URL // link[rel=stylesheet|icon|preload], img, source, video, audio, object, embed
	Meta       map[string]string
	Generators []string // contents of meta[name=generator]: a product's, and those of its extensions
	Policies   []string // contents of meta[http-equiv=content-security-policy]
	Comments   []string
	Visible    []string // runs of text between tags, outside of title, script, style, textarea, pre and code
	Within     []string // by run of Visible: the element of lists, tables and quotations that it is in, such as "td"; "" for none
	Cut        bool     // there was more than is kept
}

// Form is one form of a page.
type Form struct {
	Method string // "GET" or "POST"
	Action *url.URL
	Fields []Field
}

// Field is one input, select, textarea or button with a name.
type Field struct {
	Name, Type, Value string
}

// How much of a page is kept.
const (
	maxAddresses  = 2000 // distinct ones of each kind
	maxForms      = 200
	maxFields     = 2000 // of all forms
	maxMeta       = 200
	maxComments   = 1000
	maxVisible    = 50_000
	maxAttributes = 100 // of an element
)

// ErrNotHTML says that an answer is no page.
var ErrNotHTML = errors.New("not an HTML page")

// ParsePage reads an HTML exchange in its own charset. The error is ErrNotHTML when the answer says that it is something
// else.
func ParsePage(ex *Exchange) (*Page, error) {
	kind, _, _ := mime.ParseMediaType(ex.Header.Get("Content-Type"))
	if kind != "text/html" && kind != "application/xhtml+xml" && (kind != "" || !strings.Contains(strings.ToLower(string(ex.Body[:min(len(ex.Body), 512)])), "<html")) {
		return nil, ErrNotHTML
	}
	r := &pageReader{page: &Page{Exchange: ex, Meta: map[string]string{}}}
	r.read(ex.Text())
	p := r.page
	base := ex.URL
	if u, err := ex.URL.Parse(r.base); err == nil {
		base = u
	}
	for _, kind := range []struct {
		to   *[]*url.URL
		from *addresses
	}{
		{&p.Links, &r.links},
		{&p.Scripts, &r.scripts},
		{&p.Styles, &r.styles},
		{&p.Frames, &r.frames},
		{&p.Media, &r.media},
		{&p.Assets, &r.assets},
	} {
		*kind.to = kind.from.resolve(base)
		p.Cut = p.Cut || kind.from.cut
	}
	for i, action := range r.actions {
		if u, err := base.Parse(action); err == nil {
			u.Fragment, u.RawFragment = "", ""
			p.Forms[i].Action = u
		}
	}
	return p, nil
}

// addresses are those of one kind as they stand in the page, without repeats.
type addresses struct {
	list []string
	seen map[string]bool
	cut  bool
}

// take adds the one in an attribute, if it is there.
func (a *addresses) take(attributes map[string]string, name string) {
	text, ok := attributes[name]
	text = lineEnds.Replace(strings.TrimSpace(text))
	switch {
	case !ok || a.seen[text]:
		return
	case len(a.list) == maxAddresses:
		a.cut = true
		return
	case a.seen == nil:
		a.seen = map[string]bool{}
	}
	a.seen[text] = true
	a.list = append(a.list, text)
}

// lineEnds are left out of addresses, as browsers do.
var lineEnds = strings.NewReplacer("\t", "", "\n", "", "\r", "")

// resolve gives those that are HTTP, without user and fragment.
func (a *addresses) resolve(base *url.URL) []*url.URL {
	var list []*url.URL
	seen := map[string]bool{}
	for _, text := range a.list {
		u, err := base.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		u.Fragment, u.RawFragment, u.User = "", "", nil
		if u.Path == "" {
			u.Path = "/"
		}
		if key := u.String(); !seen[key] {
			seen[key] = true
			list = append(list, u)
		}
	}
	return list
}

// AsksForPassword reports whether a form of the page has a password field.
func (p *Page) AsksForPassword() bool {
	return slices.ContainsFunc(p.Forms, func(f Form) bool {
		return slices.ContainsFunc(f.Fields, func(field Field) bool { return strings.EqualFold(field.Type, "password") })
	})
}
