package template

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// A payload may stand for a list that differs from target to target: the folders that the site's pages name, or what its
// owner calls it. The requests of such a block are known when the site was read, those in the target's own folder before.

// bound is b with the values that its lists have on the target of the run.
func (v *run) bound(ctx context.Context, b *block) (*block, error) {
	if b.payloads == nil || !slices.ContainsFunc(b.payloads.lists, func(list string) bool { return list != "" }) {
		return b, nil
	}
	p := *b.payloads
	p.values = slices.Clone(p.values)
	for i, list := range p.lists {
		if list == "" {
			continue
		}
		values, err := v.list(ctx, list)
		if err != nil {
			return nil, err
		}
		p.values[i] = slices.Concat(values, b.payloads.values[i])
	}
	if p.count() == 0 {
		v.leave(unsent{what: v.noRequest(b), why: message.New("the list %s has nothing for this target", p.emptyList())})
	}
	c := *b
	c.payloads = &p
	c.constants = func() []*constantRequest { return nil }
	return &c, nil
}

// onExample is b with the values that its lists have on a target of which nothing was read.
func (b *block) onExample() *block {
	v := &run{probe: &scanner.Probe{Target: target.Target{URL: example}}}
	bound, err := v.bound(context.Background(), b)
	if err != nil {
		return b // nothing is read, so nothing fails
	}
	return bound
}

// list is the values of one of signature.PayloadLists on the target.
func (v *run) list(ctx context.Context, name string) ([]string, error) {
	host := v.probe.Target.URL.Hostname()
	switch name {
	case "site-names":
		return siteNames(host), nil
	case "site-copies":
		return siteCopies(host, time.Now().UTC().Year()), nil
	}
	known, err := v.folders(ctx)
	list, of := known.all, known.allOf
	if name == "application-folders" {
		list, of = known.applications, known.applicationsOf
	}
	if len(list) < of {
		v.leave(unsent{what: message.New("only %d of %d folders that pages name were asked for", len(list), of)})
	}
	root := v.probe.Target.URL.Scheme + "://" + v.probe.Target.URL.Host
	addresses := make([]string, len(list))
	for i, folder := range list {
		addresses[i] = root + strings.TrimSuffix(folder, "/")
	}
	return addresses, err
}

// folders are the target's own, and at its root those that the site's pages name. While planning, none were read.
func (v *run) folders(ctx context.Context) (folders, error) {
	site := v.probe.Target.URL
	if v.probe.Only != nil && isRoot(site) {
		return foldersAbove(v.probe.Only), nil
	}
	if v.probe.Site == nil || !isRoot(site) {
		return foldersOf(site, nil), nil
	}
	pages, err := v.probe.Crawl(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return folders{}, err
		}
		v.fail(err)
	}
	known, _ := v.probe.Derived("folders", func() any { return foldersOf(site, pages) }).(folders)
	return known, nil
}

// foldersAbove are those in which addresses lie, given as path and query.
func foldersAbove(addresses []string) folders {
	var all []string
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		for _, folder := range target.Folders(u) {
			if path := folder.EscapedPath(); !slices.Contains(all, path) {
				all = append(all, path)
			}
		}
	}
	return folders{all: all, allOf: len(all), applications: all, applicationsOf: len(all)}
}

// folders are paths that begin and end with a slash. The target's own comes first.
type folders struct {
	all          []string // in which something lies that a page names
	applications []string // that an application may lie in

	allOf, applicationsOf int // how many there are, those left out included
}

// The most folders of a list. Of those of applications more is asked for.
const (
	maxFolders      = 8
	maxApplications = 5
)

// foldersOf are the folders of a target: its own, then those of pages and those of their scripts, styles and pictures in
// turn, the nearest to the root first.
func foldersOf(site *url.URL, pages []*web.Page) folders {
	var ofPages, ofAssets, ofApplications []string
	for _, page := range pages {
		for _, u := range append([]*url.URL{page.Exchange.URL}, page.Links...) {
			if web.IsFile(u.Path) {
				ofAssets = append(ofAssets, around(site, u)...)
			} else {
				ofPages = append(ofPages, around(site, u)...)
			}
		}
		for _, u := range slices.Concat(page.Scripts, page.Assets) {
			ofAssets = append(ofAssets, around(site, u)...)
		}
	}
	for _, folder := range ofAssets {
		ofApplications = append(ofApplications, withoutKinds(folder))
	}
	own := target.Folders(site)[0].EscapedPath()
	return folders{
		all: inTurn(maxFolders, own, ofPages, ofAssets), allOf: different(own, ofPages, ofAssets),
		applications: inTurn(maxApplications, own, ofPages, ofApplications), applicationsOf: different(own, ofPages, ofApplications),
	}
}

// different is how many folders there are in all.
func different(own string, lists ...[]string) int {
	all := append(slices.Concat(lists...), own)
	slices.Sort(all)
	return len(slices.Compact(all))
}

// around is the folder in which an address of the site lies and the first of those above it; none when it must not be
// asked for.
func around(site, u *url.URL) []string {
	const longest = 200 // bytes
	p := u.EscapedPath()
	folder := p[:strings.LastIndexByte(p, '/')+1]
	if !web.OnSite(site, u) || folder == "" || len(folder) > longest || strings.Contains(folder, "//") || web.ChangesState(&url.URL{Path: u.Path}) {
		return nil
	}
	first := strings.IndexByte(folder[1:], '/') + len("/x")
	if first < len("/x/") { // the root
		return []string{folder}
	}
	return slices.Compact([]string{folder[:first], folder})
}

// kinds are folders for files of one kind, below that of an application or theme.
var kinds = strings.Fields(`css styles style js javascript javascripts scripts script images image img imgs icons icon fonts font assets
	static media dist build lib vendor photo photos pics favicon`)

// withoutKinds is the folder above those that hold files of one kind.
func withoutKinds(folder string) string {
	for {
		above, last := splitFolder(folder)
		if !slices.Contains(kinds, strings.ToLower(last)) {
			return folder
		}
		folder = above
	}
}

// splitFolder parts the last name of a folder from the folder above it.
func splitFolder(folder string) (above, last string) {
	p := strings.TrimSuffix(folder, "/")
	at := strings.LastIndexByte(p, '/') + 1
	return p[:at], p[at:]
}

// inTurn is own and then one of each list in turn, the nearest to the root first, without repeats and at most that many.
func inTurn(most int, own string, lists ...[]string) []string {
	all := []string{own}
	for i, list := range lists {
		lists[i] = slices.Clone(list)
		slices.SortStableFunc(lists[i], func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	}
	for len(all) < most {
		added := false
		for i := range lists {
			for len(lists[i]) > 0 && slices.Contains(all, lists[i][0]) {
				lists[i] = lists[i][1:]
			}
			if len(lists[i]) > 0 && len(all) < most {
				all = append(all, lists[i][0])
				added = true
			}
		}
		if !added {
			break
		}
	}
	return all
}

// siteNames are the names that files about the whole site may have: the host, without www, the registered domain and its
// label, and the first label.
func siteNames(host string) []string {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if strings.Contains(host, ":") { // no file name
		return nil
	}
	names := []string{host}
	if net.ParseIP(host) != nil {
		return names
	}
	add := func(name string) {
		if name != "" && name != "www" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	add(strings.TrimPrefix(host, "www."))
	domain := domainVars(host)
	for _, part := range []string{"RDN", "DN"} {
		if name, ok := domain[part].(string); ok {
			add(name)
		}
	}
	first, _, _ := strings.Cut(host, ".")
	add(first)
	return names
}

// siteCopies are the names that copies of the whole site may have: its label with "backup" or a year.
func siteCopies(host string, year int) []string {
	names := siteNames(host)
	if len(names) == 0 || net.ParseIP(names[0]) != nil {
		return nil
	}
	label, _, _ := strings.Cut(strings.TrimPrefix(names[0], "www."), ".")
	if name, ok := domainVars(names[0])["DN"].(string); ok {
		label = name
	}
	copies := []string{label + "_backup", label + "-backup"}
	for _, y := range []int{year, year - 1} {
		copies = append(copies, fmt.Sprintf("%s%d", label, y), fmt.Sprintf("%s-%d", label, y))
	}
	return copies
}
