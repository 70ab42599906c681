package cacheleak

import (
	"context"
	"strings"
)

// deceptions are addresses that some origins take for the page and some caches for a static file (web cache deception).
// NAME is random and serves as the cache buster: rules for static files often ignore the query.
var deceptions = []string{
	"PATH/NAME.css", "PATH;NAME.css", "PATH%3BNAME.css", "PATH%2FNAME.css", "PATH%3FNAME.css", "PATH%23NAME.css",
	"PATH/NAME.js", "PATH/NAME.jpg", "/static/NAME%2F..%2F..PATH", "/assets/NAME%2F..%2F..PATH",
}

// deception asks for such addresses as a member. Only those that bring the member's page are asked for as a guest.
func (g *gatherer) deception(ctx context.Context, r *references) (*leak, error) {
	member := g.members[0]
	marks := r.markers(member.name)
	for _, pattern := range deceptions {
		got, err := g.deceive(ctx, pattern, unguessableKey(), member)
		if err != nil {
			return nil, err
		}
		if !got.holdsAny(marks) {
			continue
		}
		shown, err := g.deceived(ctx, r, pattern)
		if err != nil {
			return nil, err
		}
		if shown != nil {
			again, err := g.deceived(ctx, r, pattern)
			return &leak{via: "deception", shown: shown, again: again, detail: pattern}, err
		}
	}
	return nil, nil
}

// deceived has the member and then a guest ask for one such address.
func (g *gatherer) deceived(ctx context.Context, r *references, pattern string) (*crossUser, error) {
	member, name := g.members[0], unguessableKey()
	var visits []*observation
	for _, v := range []visitor{member, member, g.guest} {
		got, err := g.deceive(ctx, pattern, name, v)
		if err != nil {
			return nil, err
		}
		visits = append(visits, got)
	}
	got := visits[2]
	if r.crossed(visits[:2], got, nil) == nil {
		return nil, nil
	}
	control, err := g.deceive(ctx, pattern, unguessableKey(), g.guest)
	if err != nil {
		return nil, err
	}
	return r.crossed(visits[:2], got, control), nil
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
