package match

import (
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner/web"
)

// The parts of an answer that is an HTML page, read as a browser would: neither the order of attributes nor their quotes or
// case matter, and what stands in a comment, a script or a text area is not there. Addresses are absolute. All are empty
// when the answer is no page.
var pageParts = map[string]func(*web.Page) []string{
	"page_title":     func(p *web.Page) []string { return []string{p.Title} },
	"page_text":      func(p *web.Page) []string { return p.Visible },    // one run of text between two tags a line
	"page_generator": func(p *web.Page) []string { return p.Generators }, // one meta element a line
	"page_scripts":   func(p *web.Page) []string { return addresses(p.Scripts) },
	"page_styles":    func(p *web.Page) []string { return addresses(p.Styles) },
	"page_frames":    func(p *web.Page) []string { return addresses(p.Frames) },
	"page_links":     func(p *web.Page) []string { return addresses(p.Links) },
	"page_files":     ownFiles,
}

func addresses(list []*url.URL) []string {
	texts := make([]string, len(list))
	for i, u := range list {
		texts[i] = u.String()
	}
	return texts
}

// ownFiles are path and query of the scripts, style sheets, pictures and films that come from the page's own host, www or
// not.
func ownFiles(p *web.Page) []string {
	var list []string
	for _, u := range slices.Concat(p.Scripts, p.Styles, p.Media) {
		if bareHost(u) == bareHost(p.Exchange.URL) {
			list = append(list, u.RequestURI())
		}
	}
	return list
}

func bareHost(u *url.URL) string { return strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") }

// pagePart is a part of the page by name, nil when there is none of that name. The page is read when the first is asked for.
func (v *view) pagePart(name string) *text {
	read, ok := pageParts[name]
	if !ok {
		return nil
	}
	m := v.more()
	m.pageOnce.Do(func() { m.page, _ = web.ParsePage(v.ex) }) // nil for what is no page
	m.partsLock.Lock()
	defer m.partsLock.Unlock()
	if t := m.pageParts[name]; t != nil {
		return t
	}
	t := &text{}
	if m.page != nil {
		t.s = strings.Join(read(m.page), "\n")
	}
	if m.pageParts == nil {
		m.pageParts = map[string]*text{}
	}
	m.pageParts[name] = t
	return t
}
