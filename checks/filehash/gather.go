package filehash

import (
	"cmp"
	"context"
	"math"
	"net/url"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

const (
	minimumGain  = 0.002 // an answer expected to tell less is not worth a request
	redirectMax  = 3     // hops followed from the first page
	doubtful     = 2     // requests spent on a site that is only likely before it is left alone
	wrongPlace   = 4     // files that are all missing make another place be tried
	controlFiles = 14    // files asked for to learn how many are lost
	coreFiles    = 2     // core scripts asked for beyond what identification needs
	errorsMax    = 3     // requests in a row without an answer
	claimWeight  = 6.0   // nats that the release by the page's own word is better than another
)

// fileHashSeen is all that was learned about one site.
type seen struct {
	base      string // path that pages start at
	place     string // path of the public folder
	first     *web.Exchange
	why       message.Message // how the product was recognised
	claimed   string          // release by the page's own word
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

// fileHashGather asks one site.
type gatherer struct {
	check  *check
	probe  *scanner.Probe
	seen   *seen
	found  recognised
	links  []*url.URL // of the pages seen
	asked  int
	broken int // requests in a row without an answer
	looked map[int]bool
}

// gather is nil without an error when the site is not the product.
func (g *gatherer) gather(ctx context.Context) (*seen, error) {
	ex, page, err := g.firstPage(ctx, g.probe.Target.URL)
	if err != nil {
		return nil, err
	}
	g.found = g.check.recognise(ex, page)
	if !g.found.likely {
		if ex, page = g.shop(ctx, page); ex == nil {
			return nil, nil
		}
		if g.found = g.check.recognise(ex, page); !g.found.likely {
			return nil, nil
		}
	}
	for i, place := range g.found.places {
		g.start(ex, page, place)
		if g.found.certain {
			if err := g.coreScripts(ctx); err != nil {
				return nil, err
			}
		}
		last := i == len(g.found.places)-1
		if err := g.files(ctx, last); err != nil {
			return nil, err
		}
		if g.fitting() > 0 || last || g.leave() {
			break
		}
	}
	if !g.found.certain && g.fitting() == 0 {
		return nil, nil
	}
	if err := g.controls(ctx); err != nil {
		return nil, err
	}
	if err := g.coreScripts(ctx); err != nil {
		return nil, err
	}
	g.seen.base = g.base()
	return g.seen, nil
}

// firstPage follows the redirects of the target's own page, as long as they stay on its host.
func (g *gatherer) firstPage(ctx context.Context, u *url.URL) (*web.Exchange, *web.Page, error) {
	var ex *web.Exchange
	for range redirectMax + 1 {
		next, err := g.probe.Do(ctx, &web.Request{URL: u})
		if err != nil {
			if ex != nil {
				break
			}
			return nil, nil, err
		}
		ex = next
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

// shop looks behind the one link of the first page that is likeliest to lead to a shop.
func (g *gatherer) shop(ctx context.Context, page *web.Page) (*web.Exchange, *web.Page) {
	if page == nil {
		return nil, nil
	}
	for _, re := range g.check.shop {
		for _, u := range page.Links {
			if u.Host == page.Exchange.URL.Host && u.Scheme == page.Exchange.URL.Scheme && re.MatchString(u.Path) {
				g.asked++
				ex, next, err := g.firstPage(ctx, u)
				if err != nil {
					return nil, nil
				}
				return ex, next
			}
		}
	}
	return nil, nil
}

// start begins to weigh releases with what the first page says, files being at place.
func (g *gatherer) start(ex *web.Exchange, page *web.Page, place string) {
	c := g.check
	g.seen = &seen{place: place, first: ex, why: g.found.why, claimed: g.found.claimed, posterior: releases.NewPosterior(c.db)}
	g.looked, g.links = map[int]bool{}, addressesOf(page)
	named := make([]float64, len(c.db.Releases))
	for file := range g.found.referenced {
		for r := range named {
			if !c.db.Files[file].Has.Has(r) {
				named[r] = math.Max(named[r]-1.5, -8)
			}
		}
	}
	g.seen.posterior.AddLogLikelihood(named)
	if at, ok := c.db.Position(g.found.claimed); ok {
		log := make([]float64, len(c.db.Releases))
		for r := range log {
			if r != at {
				log[r] = -claimWeight
			}
		}
		g.seen.posterior.AddLogLikelihood(log)
	}
	marks := releases.PageMarks(ex.Text())
	for i := range c.db.Pages {
		if p := &c.db.Pages[i]; len(p.Paths) == 0 || g.isHome(p, ex) {
			g.view(i, ex, marks)
		}
	}
}

func (g *gatherer) isHome(p *releases.Page, ex *web.Exchange) bool {
	return p.Name == "home" && (g.found.base == "" || ex.URL.Path == g.found.base)
}

func (g *gatherer) view(page int, ex *web.Exchange, marks map[string]bool) {
	v := g.check.db.Compare(page, marks)
	g.looked[page] = true
	g.seen.posterior.AddLogLikelihood(v.Log)
	g.seen.pages = append(g.seen.pages, seenPage{v, ex})
}

// files asks for files and pages until nothing is left that would tell much. Unless last is true it gives up early on a
// place where nothing is.
func (g *gatherer) files(ctx context.Context, last bool) error {
	for g.asked < g.check.params.Requests {
		choice := g.seen.posterior.Next(g.usable, g.bonus)
		page, gain := g.bestPage()
		if max(choice.Gain, gain) < minimumGain {
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
		if !last && g.fitting() == 0 && len(g.seen.files) >= wrongPlace {
			return nil
		}
	}
	return nil
}

// leave reports whether a site that is only likely has had its share of requests.
func (g *gatherer) leave() bool {
	return !g.found.certain && g.fitting() == 0 && g.asked >= doubtful
}

// controls asks for files that tell how many the site lost when the answer rests on what is not there.
func (g *gatherer) controls(ctx context.Context) error {
	for range controlFiles {
		file := g.seen.posterior.Control(g.usable)
		if file < 0 {
			return nil
		}
		if err := g.askFile(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

// usable files are those that can be asked for here. Until a file fits, only those are asked for that no other product
// has, and that the page names if it names any.
func (g *gatherer) usable(f releases.File) bool {
	if f.Class == releases.ClassManifest {
		return g.found.certain && g.packageRoot() != ""
	}
	if g.found.certain || g.fitting() > 0 {
		return true
	}
	at, _ := g.check.db.Find(f.Path)
	return !anyMatch(g.check.foreign, f.Path) && (g.found.referenced[at] || !g.anyReferenced())
}

func (g *gatherer) anyReferenced() bool {
	for at := range g.found.referenced {
		if !anyMatch(g.check.foreign, g.check.db.Files[at].Path) {
			return true
		}
	}
	return false
}

// bonus makes core scripts and files that the page loads anyway win where others tell as much.
func (g *gatherer) bonus(f releases.File) float64 {
	at, _ := g.check.db.Find(f.Path)
	extra := 0.0
	if g.found.referenced[at] {
		extra += 0.1
	}
	if anyMatch(g.check.core, f.Path) {
		extra += 0.1
	}
	if f.Class == releases.ClassImage {
		extra += 0.002 // owners edit them less than scripts
	}
	return extra
}

// packageRoot is the path of the package's folder when the public one lies below it, "" when it cannot be asked for.
func (g *gatherer) packageRoot() string {
	root, ok := strings.CutSuffix(g.seen.place, g.check.params.Folder+"/")
	if !ok || g.check.params.Folder == "" {
		return ""
	}
	return root
}

// bestPage is the page not seen yet that tells most.
func (g *gatherer) bestPage() (page int, gain float64) {
	page = -1
	if !g.found.certain && g.fitting() == 0 {
		return page, 0
	}
	const own = 0.6 // how likely a shop shows the product's own theme
	for i := range g.check.db.Pages {
		if g.looked[i] || len(g.check.db.Pages[i].Paths) == 0 {
			continue
		}
		if told := own * g.seen.posterior.PageGain(i); told > gain+1e-9 && g.pagePath(i) != nil {
			page, gain = i, told
		}
	}
	return page, gain
}

// fitting is how many files had a content that some release has and no other product.
func (g *gatherer) fitting() int {
	n := 0
	for _, a := range g.seen.posterior.Answers() {
		if f := g.check.db.Files[a.File]; g.seen.posterior.Fits(a).Count() > 0 && !anyMatch(g.check.foreign, f.Path) {
			n++
		}
	}
	return n
}

// coreScripts asks for the core scripts that the page loads and that were not needed so far.
func (g *gatherer) coreScripts(ctx context.Context) error {
	left := coreFiles
	lead := g.seen.posterior.Leading()
	for i := range g.check.db.Files {
		f := &g.check.db.Files[i]
		if left == 0 || !g.found.referenced[i] || g.seen.posterior.Asked(i) || !f.Has.Has(lead) || !anyMatch(g.check.core, f.Path) {
			continue
		}
		left--
		if err := g.askFile(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// base is the path that pages start at: as the site's links have it, or as the place of the public folder says.
func (g *gatherer) base() string {
	base := g.seen.place
	if g.seen.posterior.Leading() >= g.check.rooted {
		base = cmp.Or(g.packageRoot(), base)
	}
	return cmp.Or(g.found.base, base)
}
