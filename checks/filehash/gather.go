package filehash

import (
	"cmp"
	"context"
	"math"
	"net/url"
	"slices"

	"sotomi/checks/internal/releases"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

const (
	redirectMax    = 3  // redirects followed from the first page
	likelyRequests = 2  // requests for files of a site that is only likely, before it is left alone
	nothingThere   = 10 // files, all of them missing, after which only pages are asked for
	filesOfAShop   = 2  // files that must fit where the page alone does not show the product
	wrongFolder    = 4  // files, none of them fitting, after which the next public folder is tried
	controlFiles   = 14 // files asked for to learn how many the site lost
	coreFiles      = 2  // core scripts asked for beyond what identification needs, each time
	openFiles      = 8  // files asked for to see whether the release is one that the database lacks
	neighbourFiles = 6  // files asked for to see whether a core script stands alone in its changes
	errorsMax      = 3  // requests in a row without an answer, after which the check gives up

	claimWeight     = 6.0 // nats by which the release that the page claims is likelier than any other
	referenceWeight = 1.5 // nats by which a release without a file that the page names is less likely
	referencesMax   = 8.0 // nats that all such files together take from a release
	lineWeight      = 6.0 // nats by which a release is less likely for each mark of another line
)

// What a release rests on.
const (
	basisFiles = "files" // the content of files
	basisPage  = "page"  // two independent marks of the page, one of them narrower than a line of releases
	basisLine  = "line"  // less: the release is not told
)

// seen is all that was learned about one site.
type seen struct {
	base      string // path that pages start at; ends in a slash
	public    string // path of the public folder; ends in a slash
	first     *web.Exchange
	why       message.Message // how the product was recognised
	claimed   string          // release that the page claims, "" for none
	basis     string          // what the release rests on
	posterior *releases.Posterior
	files     []seenFile
	pages     []seenPage
}

type seenFile struct {
	file int // in the database
	ex   *web.Exchange
}

type seenPage struct {
	view releases.View
	ex   *web.Exchange
}

// gatherer asks one site.
type gatherer struct {
	check  *check
	probe  *scanner.Probe
	seen   *seen
	found  recognised
	named  map[int]bool // files of the database that the page names in the public folder
	links  []*url.URL   // of the pages seen
	viewed map[int]bool // pages of the database asked for or seen
	asked  int          // requests beyond the first page
	gone   bool         // the site gives out no files: they are elsewhere, or out of reach
	broken int          // requests in a row without an answer

	toAll    map[string]bool // contents, by digest, that the site gives for more than one file
	anything map[string]bool // by ending, whether the site gives a file that is nowhere
}

// gather is nil without an error when the site is not the product.
func (g *gatherer) gather(ctx context.Context) (*seen, error) {
	ex, page, err := g.firstPage(ctx, g.probe.Target.URL)
	if err != nil {
		return nil, err
	}
	g.found = g.check.recognise(ex, page)
	if !g.found.likely {
		if ex, page, err = g.shop(ctx, page); ex == nil {
			return nil, err
		}
		if g.found = g.check.recognise(ex, page); !g.found.likely {
			return nil, nil
		}
	}
	for i, public := range g.found.publics {
		g.start(ex, page, public)
		if g.found.certain {
			if err := g.coreScripts(ctx); err != nil {
				return nil, err
			}
		}
		last := i == len(g.found.publics)-1
		if err := g.files(ctx, last); err != nil {
			return nil, err
		}
		if g.fitting() > 0 || last || g.leave() {
			break
		}
	}
	if !g.found.certain && (g.found.made == 0 || g.fitting() < filesOfAShop) {
		return nil, nil
	}
	if !g.allMissing() {
		for _, more := range []func(context.Context) error{g.controls, g.coreScripts, g.open, g.neighbours} {
			if err := more(ctx); err != nil {
				return nil, err
			}
		}
	}
	if g.fitting() == 0 {
		g.pagesAlone()
	} else {
		g.seen.basis = basisFiles
	}
	g.seen.base = g.base()
	return g.seen, nil
}

// pagesAlone judges by the pages when no file has the content of a release: the files may be elsewhere or out of reach, so
// those that are missing say nothing.
func (g *gatherer) pagesAlone() {
	g.withoutFiles()
	marks, narrow := min(1, len(g.found.lines)), 0
	if _, known := g.check.db.Position(g.found.claimed); known {
		narrow++
	}
	for _, p := range g.seen.pages {
		if p.view.Telling() {
			narrow++
		}
	}
	g.seen.basis = basisLine
	if narrow > 0 && marks+narrow >= 2 {
		g.seen.basis = basisPage
	}
}

// withoutFiles begins the posterior anew with what the pages say.
func (g *gatherer) withoutFiles() {
	g.seen.posterior = releases.NewPosterior(g.check.db)
	g.seen.posterior.AddLogLikelihood(g.firstPageSays())
	for _, p := range g.seen.pages {
		g.seen.posterior.AddLogLikelihood(p.view.Log)
	}
}

// firstPage is the page at u, after redirects that stay on its host. page is nil when it is not HTML.
func (g *gatherer) firstPage(ctx context.Context, u *url.URL) (*web.Exchange, *web.Page, error) {
	var ex *web.Exchange
	for range redirectMax + 1 {
		var err error
		if ex, err = g.probe.Do(ctx, &web.Request{URL: u}); err != nil {
			return nil, nil, err
		}
		if ex.Status < 300 || ex.Status > 399 {
			break
		}
		to, err := ex.URL.Parse(ex.Header.Get("Location"))
		if err != nil || to.Host != u.Host || to.Scheme != u.Scheme || to.String() == u.String() {
			break
		}
		u = to
	}
	page, err := web.ParsePage(ex)
	if err != nil {
		page = nil
	}
	return ex, page, nil
}

// shop is the page behind the one link of the first page that is likeliest to lead to a shop; all nil when there is none.
func (g *gatherer) shop(ctx context.Context, page *web.Page) (*web.Exchange, *web.Page, error) {
	if page == nil {
		return nil, nil, nil
	}
	for _, re := range g.check.shop {
		for _, u := range page.Links {
			if u.Host == page.Exchange.URL.Host && u.Scheme == page.Exchange.URL.Scheme && re.MatchString(u.Path) && !web.ChangesState(&url.URL{RawQuery: u.RawQuery}) {
				g.asked++
				return g.firstPage(ctx, u)
			}
		}
	}
	return nil, nil, nil
}

// start begins a posterior with what the first page says, for a site whose public folder is at public.
func (g *gatherer) start(ex *web.Exchange, page *web.Page, public string) {
	c := g.check
	g.seen = &seen{public: public, first: ex, why: g.found.why, claimed: g.found.claimed, posterior: releases.NewPosterior(c.db)}
	g.viewed, g.links, g.named = map[int]bool{}, addressesOf(page), g.found.named[public]
	g.toAll, g.anything = map[string]bool{}, map[string]bool{}
	g.seen.posterior.AddLogLikelihood(g.firstPageSays())
	marks := releases.PageMarks(ex.Text())
	for i := range c.db.Pages {
		if p := &c.db.Pages[i]; len(p.Paths) == 0 || g.isHome(p, ex) {
			g.view(i, ex, marks)
		}
	}
}

// firstPageSays is the log-likelihood by release of what the first page names: files, the marks of a line, and a release.
func (g *gatherer) firstPageSays() []float64 {
	c := g.check
	log := make([]float64, len(c.db.Releases))
	claimed, known := c.db.Position(g.found.claimed)
	for r := range log {
		for file := range g.named {
			if !c.db.Files[file].Has.Has(r) {
				log[r] = math.Max(log[r]-referenceWeight, -referencesMax)
			}
		}
		for _, line := range g.found.lines {
			if !line.Has(r) {
				log[r] -= lineWeight
			}
		}
		if known && r != claimed {
			log[r] -= claimWeight
		}
	}
	return log
}

// isHome reports whether the first page is the shop's home page, which it is not when a redirect or a link led elsewhere.
func (g *gatherer) isHome(p *releases.Page, ex *web.Exchange) bool {
	return p.Name == "home" && (g.found.base == "" || ex.URL.Path == g.found.base)
}

// view compares a page of the site with the page of the database at a position.
func (g *gatherer) view(page int, ex *web.Exchange, marks map[string]bool) {
	v := g.check.db.Compare(page, marks)
	g.viewed[page] = true
	g.seen.posterior.AddLogLikelihood(v.Log)
	g.seen.pages = append(g.seen.pages, seenPage{v, ex})
}

// files asks for files and pages until none is left that would tell much. Unless last is true it gives up early on a public
// folder where nothing is.
func (g *gatherer) files(ctx context.Context, last bool) error {
	for g.asked < g.check.params.Requests {
		choice := g.seen.posterior.Next(g.usable, g.bonus)
		page, gain := g.bestPage()
		if max(choice.Gain, gain) < releases.MinimumGain {
			return nil
		}
		var err error
		if gain > choice.Gain {
			err = g.askPage(ctx, page)
		} else {
			err = g.askFile(ctx, choice.File)
		}
		if err != nil {
			return err
		}
		if g.leave() {
			return nil
		}
		if !last && g.fitting() == 0 && len(g.seen.files) >= wrongFolder {
			return nil
		}
		if last && !g.gone && len(g.seen.files) >= nothingThere && g.allMissing() {
			g.gone = true
			g.withoutFiles()
		}
	}
	return nil
}

// allMissing reports whether no file was there.
func (g *gatherer) allMissing() bool {
	return !slices.ContainsFunc(g.seen.posterior.Answers(), func(a releases.Answer) bool { return !a.Missing })
}

// leave reports whether a site that is only likely has used up its requests.
func (g *gatherer) leave() bool {
	return !g.found.certain && g.fitting() == 0 && g.asked >= likelyRequests
}

// fitting is how many files have a content of some release, files aside that other products have too.
func (g *gatherer) fitting() int {
	n := 0
	for _, a := range g.seen.posterior.Answers() {
		if f := g.check.db.Files[a.File]; g.seen.posterior.Fits(a).Count() > 0 && !anyMatch(g.check.foreign, f.Path) {
			n++
		}
	}
	return n
}

// base is the path that pages start at: by the site's links, else by where the public folder is.
func (g *gatherer) base() string {
	base := g.seen.public
	if g.seen.posterior.Leading() >= g.check.rooted {
		base = cmp.Or(g.packageRoot(), base)
	}
	return cmp.Or(g.found.base, base)
}
