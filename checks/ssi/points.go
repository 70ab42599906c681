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

// injectionPoints lists places of the site by how likely they are to send text back: the query that the user named, one
// parameter that does not exist, the path, headers that pages like to show, cookies that they set, fields of GET forms and
// query parameters of links. Never a form that posts, and nothing on another host or port. The order is that of the pages.
func injectionPoints(base *url.URL, pages []*web.Page, unknown string) []injectionPoint {
	l := pointList{base: base, seen: map[string]bool{}}
	root := *base
	root.RawQuery, root.Fragment = "", ""
	status := 0
	if len(pages) > 0 {
		status = pages[0].Exchange.Status
	}
	if !web.ChangesState(base) {
		for _, name := range slices.Sorted(maps.Keys(base.Query())) {
			l.add(base, status, base.Query(), name)
		}
	}
	shown := root // where headers and cookies may be shown: the page that the target leads to
	if len(pages) > 0 && web.OnSite(base, pages[0].Exchange.URL) {
		shown.Path, shown.RawPath = pages[0].Exchange.URL.Path, pages[0].Exchange.URL.RawPath
	}
	// Those that every site has come first, so that a site with many parameters does not crowd them out.
	l.points = append(l.points, injectionPoint{Where: root.EscapedPath() + "?*=…", Baseline: status, Request: withQuery(&root, nil, unknown)})
	l.path(strings.TrimSuffix(root.Path, "/") + "/")
	for _, header := range []string{"User-Agent", "Referer", "X-Forwarded-For"} {
		l.points = append(l.points, headerPoint(&shown, header, status, unknown))
	}
	l.folders(pages)
	l.cookies(pages, unknown)
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
	return l.points
}

// How many places of a kind that every page may add to are probed.
const (
	maxFolders = 3
	maxCookies = 2
)

// path adds a name that does not exist in a folder.
func (l *pointList) path(folder string) bool {
	u := url.URL{Scheme: l.base.Scheme, Host: l.base.Host, Path: folder}
	where := u.EscapedPath() + "…"
	if l.seen[where] {
		return false
	}
	l.seen[where] = true
	l.points = append(l.points, injectionPoint{Where: where, Baseline: http.StatusNotFound, Request: func(text string) *web.Request {
		asked := u
		asked.Path += text
		return &web.Request{URL: &asked}
	}})
	return true
}

// folders adds those that pages are in: applications below them have error pages of their own.
func (l *pointList) folders(pages []*web.Page) {
	n := 0
	for _, page := range pages {
		folder := page.Exchange.URL.Path
		folder = folder[:strings.LastIndexByte(folder, '/')+1]
		if n < maxFolders && folder != "" && web.OnSite(l.base, page.Exchange.URL) && l.path(folder) {
			n++
		}
	}
}

// cookies adds those that pages set and that are no session: what a visitor chose or is called may be shown.
func (l *pointList) cookies(pages []*web.Page, unknown string) {
	n := 0
	for _, page := range pages {
		for _, c := range page.Exchange.Cookies() {
			where := "Cookie " + c.Name + "=…"
			if n == maxCookies || l.seen[where] || web.SessionCookie(c.Name) || web.TakenAway(c, page.Exchange.Started) || formToken.MatchString(c.Name) {
				continue
			}
			l.seen[where] = true
			n++
			at := *page.Exchange.URL
			at.RawQuery = ""
			l.points = append(l.points, injectionPoint{Where: where, Baseline: page.Exchange.Status, Request: func(text string) *web.Request {
				r := withQuery(&at, nil, unknown)(text[:4])
				r.Header, r.NoCookies = http.Header{"Cookie": {c.Name + "=" + text}}, true
				return r
			}})
		}
	}
}

// formToken are cookies that applications compare and never show, and those of counters.
var formToken = regexp.MustCompile(`(?i)csrf|xsrf|nonce|^_g|^__|awsalb|bigip|incap`)

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
