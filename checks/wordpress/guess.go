package wordpress

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sotomi/checks/internal/staticfiles"
	"sotomi/checks/internal/weaknesses"
	"sotomi/scanner"
	"sotomi/scanner/web"
)

// guesses is how many plug-ins and themes are guessed, where the user wants that.
const guesses = 200

// guessed asks for the files of those components with the gravest weaknesses that are not on the list, and gives those that
// are there, and how many were asked for. A site that has any such file has none of them for sure.
func guessed(ctx context.Context, p *scanner.Probe, fact map[string]string, t *weaknesses.Table, named []*component) (found []*component, asked int, err error) {
	worst, err := gravest(t, guesses)
	if err != nil {
		return nil, 0, err
	}
	root, err := p.Target.URL.Parse(cmp.Or(fact["root"], "/"))
	if err != nil {
		return nil, 0, err
	}
	tells := map[string]bool{} // by kind: a file that is there tells something, since one that cannot exist is not
	for _, kind := range []string{"plugin", "theme"} {
		none := newGuess(root, kind, "sotomi-"+scanner.Token(p.Rand(), 12))
		there, err := none.exists(ctx, p)
		if err != nil {
			return nil, 0, err
		}
		tells[kind] = !there
	}
	unanswered := 0
	for _, key := range worst {
		kind, name, _ := strings.Cut(key, " ")
		if !tells[kind] || slices.ContainsFunc(named, func(one *component) bool { return one.kind == kind && strings.EqualFold(one.name, name) }) {
			continue
		}
		one := newGuess(root, kind, name)
		there, err := one.exists(ctx, p)
		if err != nil {
			return found, asked, err
		}
		asked++
		switch {
		case there:
			found = append(found, one)
		case one.ex == nil || one.ex.Status == http.StatusUnauthorized || one.ex.Status == http.StatusForbidden || one.ex.Status >= http.StatusInternalServerError:
			unanswered++
		}
	}
	switch {
	case !tells["plugin"] || !tells["theme"]:
		return found, asked, scanner.Undetermined("the site answers as if it had any plug-in or theme, so none could be guessed")
	case unanswered > 0:
		return found, asked, scanner.Undetermined("%d of %d plug-ins and themes that were guessed gave no answer that tells whether they are there", unanswered, asked)
	}
	return found, asked, nil
}

func newGuess(root *url.URL, kind, name string) *component {
	folder := root.ResolveReference(&url.URL{Path: strings.TrimSuffix(root.Path, "/") + "/wp-content/" + kind + "s/" + name + "/"})
	return &component{kind: kind, name: name, folder: folder.String(), guessed: true}
}

// exists asks for the file of the component that tells its release. ex stays nil when there was no answer.
func (one *component) exists(ctx context.Context, p *scanner.Probe) (bool, error) {
	u, err := url.Parse(one.folder + one.files()[0])
	if err != nil {
		return false, err
	}
	ex, err := p.Do(ctx, &web.Request{URL: u, MaxBody: headSize})
	if staticfiles.Unanswered(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	one.ex = ex
	if !one.own(ex) {
		return false, nil
	}
	if release := one.read(ex); release.version != "" {
		one.toldRelease, one.told = release, ex
	}
	return true, nil
}

// gravest are the plug-ins and themes of the table with the worst weaknesses, as its entries are named: first those that are
// known to be exploited, then by how many critical ones they had, then by the worst.
func gravest(t *weaknesses.Table, n int) ([]string, error) {
	type rank struct {
		name      string
		exploited bool
		critical  int
		worst     float64
	}
	var all []rank
	for name := range t.Entries {
		kind, own, _ := strings.Cut(name, " ")
		if kind == "core" {
			continue
		}
		list, err := t.Of(kind, own)
		if err != nil {
			return nil, err
		}
		r := rank{name: name}
		for _, w := range list {
			r.exploited = r.exploited || w.Exploited
			r.worst = max(r.worst, w.Score)
			if weaknesses.VariantOf(w.Score) == "critical" {
				r.critical++
			}
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b rank) int {
		if a.exploited != b.exploited {
			if a.exploited {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.critical, a.critical), cmp.Compare(b.worst, a.worst), strings.Compare(a.name, b.name))
	})
	var names []string
	for _, r := range all[:min(n, len(all))] {
		names = append(names, r.name)
	}
	return names, nil
}
