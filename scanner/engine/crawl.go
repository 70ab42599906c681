package engine

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/temoto/robotstxt"

	"sotomi/scanner/web"
)

// crawlPages is how many pages of a site are read unless the user says otherwise.
const crawlPages = 30

// Limits of a crawl beyond the number of pages: a site can have more addresses than pages.
const (
	crawlBytes    = 4 << 20   // of all pages together, as text; they stay in memory while the site is scanned
	crawlRobots   = 500 << 10 // of robots.txt that is read (RFC 9309 section 2.5)
	sameShape     = 4         // addresses that differ in numbers or parameter values only
	crawlQueue    = 2000      // addresses waiting
	requestsAPage = 3         // requests spent for each page that may be read: links lead to files and errors too
)

// crawl is what is known of the site's pages. Whoever put the one token into turn reads them.
type crawl struct {
	turn  chan struct{}
	done  bool
	pages []*web.Page
	seen  answer // the newest order, and the filter that kept most pages back
	err   error
}

// crawled reads the pages once, whoever asks. seen is what the answers say together.
func (s *site) crawled(ctx context.Context) (pages []*web.Page, seen answer, err error) {
	select {
	case s.crawl.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, answer{}, &web.Error{Kind: web.KindCanceled, URL: s.target.URL.String(), Err: ctx.Err()}
	}
	defer func() { <-s.crawl.turn }()
	c := &s.crawl
	if !c.done {
		w := &walk{site: s, seen: map[string]bool{}, shapes: map[string]int{}}
		err := w.run(ctx)
		if ctx.Err() != nil {
			return nil, w.answer(), err // whoever asks next begins anew
		}
		c.pages, c.seen, c.err, c.done = w.pages, w.answer(), err, true
	}
	return slices.Clone(c.pages), c.seen, c.err
}

// walk is one reading of a site, page by page in the order in which links were found.
type walk struct {
	site   *site
	robots *robotstxt.Group // nil when everything may be read
	queue  []*url.URL
	seen   map[string]bool
	shapes map[string]int
	pages  []*web.Page
	order  int
	bytes  int

	filter   string // that gave a page in place of the site
	filtered int    // how many
}

// answer is what the answers say together: what a filter kept back counts when it is no less than what could be read.
func (w *walk) answer() answer {
	a := answer{order: w.order}
	if w.filtered >= len(w.pages) {
		a.filter = w.filter
	}
	return a
}

func (w *walk) run(ctx context.Context) error {
	limit := w.site.settings.crawlPages
	if limit <= 0 {
		return nil
	}
	home := *w.site.target.URL
	w.seen[addressKey(&home)] = true
	if err := w.read(ctx, &home); err != nil {
		return err
	}
	if len(w.queue) == 0 {
		return nil
	}
	w.readRobots(ctx)
	for sent := 0; len(w.queue) > 0 && len(w.pages) < limit && w.bytes < crawlBytes && sent < limit*requestsAPage; {
		next := w.queue[0]
		w.queue = w.queue[1:]
		if w.robots != nil && !w.robots.Test(next.RequestURI()) {
			continue
		}
		sent++
		if err := w.read(ctx, next); err != nil && (ctx.Err() != nil || web.KindOf(err) == "") {
			return err // the scan or the site ended; a single page that fails is left out
		}
	}
	return nil
}

// read asks for one page and queues its links.
func (w *walk) read(ctx context.Context, u *url.URL) error {
	a := w.site.do(ctx, &web.Request{Method: "GET", URL: u}, nil)
	w.order = max(w.order, a.order)
	if a.err != nil {
		return a.err
	}
	if a.filter != "" {
		w.filter = a.filter
		w.filtered++
		return nil
	}
	if to, err := a.ex.URL.Parse(a.ex.Header.Get("Location")); err == nil && a.ex.Status >= 300 && a.ex.Status < 400 {
		w.add(to)
		return nil
	}
	if a.ex.Status != http.StatusOK {
		return nil
	}
	page, err := web.ParsePage(a.ex)
	if err != nil {
		return nil //nolint:nilerr // not a page: nothing to follow
	}
	w.pages = append(w.pages, page)
	w.bytes += max(len(a.ex.Body), len(a.ex.Text()))
	for _, link := range page.Links {
		w.add(link)
	}
	return nil
}

// add queues an address that is on the site, new, and harmless to ask for.
func (w *walk) add(u *url.URL) {
	if !web.OnSite(w.site.target.URL, u) || !crawlable(u) || len(w.queue) >= crawlQueue {
		return
	}
	u = withoutTracking(u)
	key, shape := addressKey(u), addressShape(u)
	if w.seen[key] || w.shapes[shape] >= sameShape {
		return
	}
	w.seen[key] = true
	w.shapes[shape]++
	w.queue = append(w.queue, u)
}

func (w *walk) readRobots(ctx context.Context) {
	u, err := w.site.target.URL.Parse("/robots.txt")
	if err != nil {
		return
	}
	a := w.site.do(ctx, &web.Request{Method: "GET", URL: u}, nil)
	w.order = max(w.order, a.order)
	if a.err != nil {
		return
	}
	robots, err := robotstxt.FromStatusAndBytes(a.ex.Status, a.ex.Body[:min(len(a.ex.Body), crawlRobots)])
	if err != nil {
		return // not a robots.txt: many a site answers with a page
	}
	w.robots = robots.FindGroup("sotomi")
}

var (
	// tracking are names of parameters that say who asks or from where, not what for.
	tracking = regexp.MustCompile(`(?i)^(?:utm_.*|gclid|fbclid|yclid|msclkid|phpsessid|jsessionid|sid|sessionid|transactionid)$`)
	digits   = regexp.MustCompile(`[0-9]+`)
)

func crawlable(u *url.URL) bool {
	const longest = 2000 // bytes of an address
	return !web.IsFile(u.Path) && !web.ChangesState(u) && len(u.String()) <= longest
}

// withoutTracking is u without a fragment and without parameters that name the visitor instead of the page.
func withoutTracking(u *url.URL) *url.URL {
	c := *u
	c.Fragment, c.RawFragment, c.User = "", "", nil
	c.Host = strings.ToLower(c.Host)
	var kept []string
	for part := range strings.SplitSeq(c.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if part != "" && !tracking.MatchString(name) {
			kept = append(kept, part)
		}
	}
	c.RawQuery, c.ForceQuery = strings.Join(kept, "&"), false
	return &c
}

// addressKey is the same for addresses that differ in the order of their parameters only.
func addressKey(u *url.URL) string {
	parts := strings.Split(u.RawQuery, "&")
	slices.Sort(parts)
	return u.Scheme + "://" + u.Host + u.EscapedPath() + "?" + strings.Join(parts, "&")
}

// addressShape is the same for addresses that differ in numbers and in values of parameters only.
func addressShape(u *url.URL) string {
	var names []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return digits.ReplaceAllString(u.EscapedPath(), "0") + "?" + strings.Join(names, "&")
}
