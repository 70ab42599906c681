package ssi

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner/web"
)

// injectionPoint is one place of a site that a visitor's text may reach.
type injectionPoint struct {
	Where    string                         // for people: "/search?q=…", "/?*=…" for any parameter, "/…", "User-Agent: …"
	Baseline int                            // status that the place gave to ordinary text, 0 when unknown
	Request  func(text string) *web.Request // with the text in its place
}

// sensitive are addresses where another value of a parameter may do something, although showing them does nothing.
var sensitive = regexp.MustCompile(`(?i)cart|basket|order|download`)

// leaveAlone reports whether an address must not be asked for with other parameters.
func leaveAlone(u *url.URL) bool {
	return web.ChangesState(u) || sensitive.MatchString(u.Path) || sensitive.MatchString(u.RawQuery)
}

// injectionPoints lists places of the site by how likely they are to send text back: fields of GET forms, query parameters
// of links, one parameter that does not exist, the path, User-Agent and Referer. Never a form that posts, and nothing on
// another host or port. The order is that of the pages.
func injectionPoints(base *url.URL, pages []*web.Page, unknown string) []injectionPoint {
	l := pointList{base: base, seen: map[string]bool{}}
	for _, page := range pages {
		for i := range page.Forms {
			l.form(&page.Forms[i], page.Exchange.Status)
		}
	}
	for _, page := range pages {
		l.query(page.Exchange.URL, page.Exchange.Status)
		for _, link := range page.Links {
			l.query(link, http.StatusOK)
		}
	}
	root := *base
	root.RawQuery, root.Fragment = "", ""
	status := 0
	if len(pages) > 0 {
		status = pages[0].Exchange.Status
	}
	// Those that every site has come first, so that a site with many parameters does not crowd them out.
	always := []injectionPoint{
		{Where: root.EscapedPath() + "?*=…", Baseline: status, Request: withQuery(&root, nil, unknown)},
		{Where: strings.TrimSuffix(root.EscapedPath(), "/") + "/…", Baseline: http.StatusNotFound, Request: func(text string) *web.Request {
			u := root
			u.Path = strings.TrimSuffix(u.Path, "/") + "/" + text
			u.RawPath = ""
			return &web.Request{URL: &u}
		}},
		headerPoint(&root, "User-Agent", status, unknown),
		headerPoint(&root, "Referer", status, unknown),
	}
	return append(always, l.points...)
}

type pointList struct {
	base   *url.URL
	points []injectionPoint
	seen   map[string]bool
}

// add adds one parameter of an address, with the others as they are.
func (l *pointList) add(u *url.URL, status int, values url.Values, name string) {
	where := u.EscapedPath() + "?" + name + "=…"
	if l.seen[where] {
		return
	}
	l.seen[where] = true
	l.points = append(l.points, injectionPoint{Where: where, Baseline: status, Request: withQuery(u, values, name)})
}

// query adds each parameter of an address.
func (l *pointList) query(u *url.URL, status int) {
	values := u.Query()
	if len(values) == 0 || !web.OnSite(l.base, u) || leaveAlone(u) {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		l.add(u, status, values, name)
	}
}

// form adds the fields of a form that asks with GET.
func (l *pointList) form(f *web.Form, status int) {
	if !strings.EqualFold(f.Method, http.MethodGet) || f.Action == nil || !web.OnSite(l.base, f.Action) || leaveAlone(f.Action) {
		return
	}
	values := f.Action.Query()
	for _, field := range f.Fields {
		if web.ParameterChangesState(field.Name) || sensitive.MatchString(field.Name) {
			return
		}
		values.Add(field.Name, field.Value)
	}
	for _, field := range f.Fields {
		switch strings.ToLower(field.Type) {
		case "submit", "button", "image", "reset", "file", "password", "checkbox", "radio":
			continue
		}
		l.add(f.Action, status, values, field.Name)
	}
}

func withQuery(u *url.URL, values url.Values, name string) func(string) *web.Request {
	return func(text string) *web.Request {
		all := maps.Clone(values)
		if all == nil {
			all = url.Values{}
		}
		all.Set(name, text)
		asked := *u
		asked.RawQuery, asked.Fragment = all.Encode(), ""
		return &web.Request{URL: &asked}
	}
}

// headerPoint carries the text in a request header. A query parameter of ours keeps caches out of it: they do not tell
// such headers apart, and another visitor must never be served our probe.
func headerPoint(root *url.URL, name string, status int, unknown string) injectionPoint {
	return injectionPoint{Where: name + ": …", Baseline: status, Request: func(text string) *web.Request {
		r := withQuery(root, nil, unknown)(text[:4])
		r.Header = http.Header{name: {text}}
		return r
	}}
}
