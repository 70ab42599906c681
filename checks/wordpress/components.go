package wordpress

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sotomi/checks/internal/staticfiles"
	"sotomi/checks/internal/weaknesses"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// componentsAsked is how many plug-ins and themes are asked for their release.
const componentsAsked = 40

// component is one plug-in or theme.
type component struct {
	kind, name string // "plugin" or "theme"
	folder     string // address of its folder; ends in a slash
	indexed    bool   // only the index of the site's interface names it
	guessed    bool   // nothing of the site names it
	ex         *web.Exchange
	counts     map[string]int // releases in the addresses of its files, and of how many

	toldRelease
	told *web.Exchange // nil when its release is not known
}

// componentFile is the address of a file of a plug-in or theme.
var componentFile = regexp.MustCompile(`^(.*/wp-content/(plugins|themes)/([A-Za-z0-9][A-Za-z0-9_.-]{0,100})/)[^/]`)

// components is mode "components".
func (c *check) components(ctx context.Context, p *scanner.Probe, fact map[string]string) ([]scanner.Hit, error) {
	t, err := c.table()
	if err != nil {
		return nil, err
	}
	list, failed := c.named(ctx, p, fact, t)
	var asking error // of a request after which no other is sent
	for _, one := range list[:min(len(list), componentsAsked)] {
		if asking == nil {
			asking = one.ask(ctx, p)
		}
		if one.told == nil {
			one.guess(scanner.FactList(fact["candidates"]))
		}
	}
	list = slices.DeleteFunc(list, func(one *component) bool { return one.indexed && one.version == "" })
	guesses := 0
	if p.Wordlist == scanner.WordlistWordPress && asking == nil {
		var found []*component
		found, guesses, asking = guessed(ctx, p, fact, t, list)
		list = append(list, found...)
	}
	var hits []scanner.Hit
	if len(list) > 0 {
		hits = append(hits, listed(list))
	}
	for _, one := range list {
		h, err := one.judge(t)
		if err != nil {
			return hits, err
		}
		if h != nil {
			hits = append(hits, *h)
		}
	}
	switch {
	case len(hits) > 0:
	case guesses > 0:
		p.Explain("the pages of the site name no plug-in or theme, and it has none of %d that were guessed", guesses)
	default:
		p.Explain("the pages of the site name no plug-in or theme")
	}
	return hits, cmp.Or(asking, failed)
}

// named are the components whose files the pages of the site load, and those of the index that the data knows, by name.
func (c *check) named(ctx context.Context, p *scanner.Probe, fact map[string]string, t *weaknesses.Table) ([]*component, error) {
	all := map[string]*component{}
	home, err := p.Target.URL.Parse(cmp.Or(fact["home"], "/"))
	if err != nil {
		return nil, err
	}
	pages, failed := p.Crawl(ctx)
	if ex, err := p.Do(ctx, &web.Request{URL: home, Redirects: web.RedirectsHost, MaxRedirects: 2}); err != nil {
		failed = cmp.Or(failed, err)
	} else if page, err := web.ParsePage(ex); err == nil {
		pages = append(pages, page)
	}
	for _, page := range pages {
		collect(all, page)
	}
	if failed == nil {
		failed = indexed(ctx, p, home, fact["root"], t, all)
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *component) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.name, b.name))
	}), failed
}

// collect adds the components whose files a page loads from its own host. A link to such a file says nothing.
func collect(all map[string]*component, page *web.Page) {
	seen := map[string]bool{}
	for _, u := range ownFiles(page) {
		m := componentFile.FindStringSubmatch(u.Path)
		if m == nil || seen[u.String()] {
			continue
		}
		seen[u.String()] = true
		one := &component{kind: strings.TrimSuffix(m[2], "s"), name: m[3], folder: u.ResolveReference(&url.URL{Path: m[1]}).String(), ex: page.Exchange, counts: map[string]int{}}
		key := one.kind + " " + strings.ToLower(one.name)
		if all[key] == nil {
			all[key] = one
		}
		if version := queryVersion(u); version != "" {
			all[key].counts[version]++
		}
	}
}

// dated is the date that some put behind their release: 2.9.3.2310061.
var dated = regexp.MustCompile(`\.[0-9]{6,}$`)

// release is what looks like one: two numbers at least, none of them a time.
var release = regexp.MustCompile(`^[0-9]{1,3}(?:\.[0-9]{1,4}){1,3}$`)

// queryVersion is the release in the address of a file, "" when there is none that looks like one.
func queryVersion(u *url.URL) string {
	version := dated.ReplaceAllString(weaknesses.VersionOf(u.Query().Get("ver")), "")
	if !release.MatchString(version) {
		return ""
	}
	return version
}

// indexed adds components that the index of the site's interface (REST) names and the data knows.
func indexed(ctx context.Context, p *scanner.Probe, home *url.URL, base string, t *weaknesses.Table, all map[string]*component) error {
	ex, err := p.Do(ctx, &web.Request{URL: home.ResolveReference(&url.URL{Path: "wp-json/", RawQuery: "_fields=namespaces"})})
	if err != nil {
		if staticfiles.Unanswered(err) {
			return nil
		}
		return err
	}
	var index struct{ Namespaces []string }
	if ex.Status != http.StatusOK || json.Unmarshal(ex.Body, &index) != nil {
		return nil
	}
	for _, space := range index.Namespaces {
		name, _, _ := strings.Cut(space, "/")
		if !t.Knows("plugin", name) || all["plugin "+name] != nil {
			continue
		}
		folder := home.ResolveReference(&url.URL{Path: cmp.Or(base, "/") + "wp-content/plugins/" + name + "/"})
		all["plugin "+name] = &component{kind: "plugin", name: name, folder: folder.String(), indexed: true, ex: ex, counts: map[string]int{}}
	}
	return nil
}

// headSize is how much of a file is read to find the release in its head and in its changes, in bytes.
const headSize = 64 << 10

// ask asks a file of the component for its release.
func (one *component) ask(ctx context.Context, p *scanner.Probe) error {
	for _, name := range one.files() {
		u, err := url.Parse(one.folder + name)
		if err != nil {
			return err
		}
		ex, err := p.Do(ctx, &web.Request{URL: u, MaxBody: headSize})
		switch {
		case staticfiles.Unanswered(err):
			return nil
		case err != nil:
			return err
		}
		if release := one.read(ex); release.version != "" {
			one.toldRelease, one.told = release, ex
			return nil
		}
		if ex.Status != http.StatusNotFound {
			return nil
		}
	}
	return nil
}

// files are those that tell the component's release, as they are commonly called.
func (one *component) files() []string {
	if one.kind == "theme" {
		return []string{"style.css"}
	}
	return []string{"readme.txt", "README.txt"}
}

// own reports whether an answer is such a file.
func (one *component) own(ex *web.Exchange) bool {
	head := readmeHead
	if one.kind == "theme" {
		head = styleHead
	}
	return ex.Status == http.StatusOK && head.MatchString(ex.Text())
}

// read is the release that a file of the component tells; none when the answer is no such file. A site that answers anything
// with a page has none.
func (one *component) read(ex *web.Exchange) toldRelease {
	switch {
	case !one.own(ex):
		return toldRelease{}
	case one.kind == "theme":
		return readStyle(ex.Text())
	}
	return readReadme(ex.Text())
}

// guess takes the release from the addresses of the component's files: the one that most of them have, unless it is that of
// WordPress, which fills it in where the component gives none.
func (one *component) guess(core []string) {
	best, most, second := "", 0, 0
	for _, version := range slices.Sorted(maps.Keys(one.counts)) {
		n := one.counts[version]
		switch {
		case slices.Contains(core, version):
		case n > most:
			best, most, second = version, n, most
		case n > second:
			second = n
		}
	}
	if most > second {
		one.version, one.told = best, one.ex
	}
}

// listed is the finding of what the site uses.
func listed(list []*component) scanner.Hit {
	h := scanner.Hit{URL: list[0].ex.URL.String(), Certainty: scanner.Confirmed, Values: scanner.Values{}}
	names := map[string][]string{}
	for _, one := range list {
		names[one.kind] = append(names[one.kind], strings.TrimSpace(one.name+" "+one.version))
	}
	for kind, list := range names {
		h.Values[kind+"s"] = list
	}
	note := message.New("The page names %s.", list[0].name)
	if list[0].guessed {
		note = message.New("No page names %s, but its file is there.", list[0].name)
	}
	h.Evidence = []evidence.Evidence{evidence.New(list[0].ex, note, list[0].name)}
	return h
}

// judge is the finding of the component's published weaknesses; nil when its release is not known or has none.
func (one *component) judge(t *weaknesses.Table) (*scanner.Hit, error) {
	if one.version == "" {
		return nil, nil
	}
	all, err := t.Of(one.kind, one.name)
	if err != nil {
		return nil, err
	}
	k := weaknesses.Matching(all, []string{one.version})
	if k.Count == 0 {
		return nil, nil
	}
	h := &scanner.Hit{URL: one.told.URL.String(), Certainty: scanner.Possible, Variant: weaknesses.VariantOf(k.Worst), Values: k.Values()}
	if one.basis == byFile && (one.lower == "" || weaknesses.Matching(weaknesses.Having(all, one.version), []string{one.version, one.lower}).All) {
		h.Certainty = scanner.Confirmed
	}
	h.Values[one.kind], h.Values["version"] = one.name, one.version
	h.Evidence = []evidence.Evidence{evidence.New(one.told, one.note(t), one.version)}
	return h, nil
}

// note says what the release rests on.
func (one *component) note(t *weaknesses.Table) message.Message {
	switch {
	case one.basis == byAddresses:
		return message.New("addresses of files of %s end in release %s; weaknesses as published by Wordfence Intelligence on %s", one.name, one.version, t.Date)
	case one.basis == byChanges:
		return message.New("the list of changes of %s begins with release %s; weaknesses as published by Wordfence Intelligence on %s", one.name, one.version, t.Date)
	case one.lower != "":
		return message.New("a file of %s tells release %s, and %s as its stable one, which was left behind; weaknesses as published by Wordfence Intelligence on %s", one.name, one.version, one.lower, t.Date)
	}
	return message.New("a file of %s tells release %s; weaknesses as published by Wordfence Intelligence on %s", one.name, one.version, t.Date)
}
