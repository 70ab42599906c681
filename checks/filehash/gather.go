package filehash

import (
	"cmp"
	"context"
	"math"
	"net/url"
	"path"
	"slices"
	"strings"

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
	links  []*url.URL   // of the pages seen
	viewed map[int]bool // pages of the database asked for or seen
	asked  int          // requests beyond the first page
	gone   bool         // the site gives out no files: they are elsewhere, or out of reach
	broken int          // requests in a row without an answer
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
		for _, more := range []func(context.Context) error{g.controls, g.coreScripts, g.neighbours} {
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
	g.seen.posterior.AddLogLikelihood(g.named())
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
			if u.Host == page.Exchange.URL.Host && u.Scheme == page.Exchange.URL.Scheme && re.MatchString(u.Path) {
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
	g.viewed, g.links = map[int]bool{}, addressesOf(page)
	g.seen.posterior.AddLogLikelihood(g.named())
	marks := releases.PageMarks(ex.Text())
	for i := range c.db.Pages {
		if p := &c.db.Pages[i]; len(p.Paths) == 0 || g.isHome(p, ex) {
			g.view(i, ex, marks)
		}
	}
}

// named is the log-likelihood by release of what the first page names: files, the marks of a line, and a release.
func (g *gatherer) named() []float64 {
	c := g.check
	log := make([]float64, len(c.db.Releases))
	claimed, known := c.db.Position(g.found.claimed)
	for r := range log {
		for file := range g.found.referenced {
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

// controls asks for files that tell how many the site lost, when the answer rests on a missing file.
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

// usable reports whether a file may be asked for. As long as the product is only likely and no file fits, a file must be one
// that no other product has, and one that the page names if it names any.
func (g *gatherer) usable(f releases.File) bool {
	if g.gone {
		return false
	}
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

// bonus is in bits: core scripts and files that the page loads anyway win over others that tell as much.
func (g *gatherer) bonus(f releases.File) float64 {
	at, _ := g.check.db.Find(f.Path)
	extra := 0.0
	if g.found.referenced[at] {
		extra += 0.1
	}
	if g.found.renamed[at] != nil {
		extra++
	}
	if anyMatch(g.check.core, f.Path) {
		extra += 0.1
	}
	if f.Class == releases.ClassImage {
		extra += 0.002 // owners edit them less than scripts
	}
	return extra
}

// packageRoot is the path of the package's folder, "" when only the public folder can be asked for.
func (g *gatherer) packageRoot() string {
	root, ok := strings.CutSuffix(g.seen.public, g.check.params.Folder+"/")
	if !ok || g.check.params.Folder == "" {
		return ""
	}
	return root
}

// bestPage is the page not seen yet that is expected to tell most, -1 for none.
func (g *gatherer) bestPage() (page int, gain float64) {
	page = -1
	if !g.found.certain && g.fitting() == 0 {
		return page, 0
	}
	const own = 0.6 // how likely a shop shows the product's own theme
	for i := range g.check.db.Pages {
		if g.viewed[i] || len(g.check.db.Pages[i].Paths) == 0 {
			continue
		}
		if told := own * g.seen.posterior.PageGain(i); told > gain+1e-9 && g.pageURL(i) != nil {
			page, gain = i, told
		}
	}
	return page, gain
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

// coreScripts asks for core scripts of the likeliest release that the page loads and that were not asked for yet.
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

// neighbours asks for further scripts of the candidates when a core script fits no release and too few others are as released
// to call it modified.
func (g *gatherer) neighbours(ctx context.Context) error {
	for range neighbourFiles {
		v := g.seen.posterior.Verdict()
		if len(g.check.foreignCore(v)) == 0 || g.check.trusted(g.seen, v) {
			return nil
		}
		file := slices.IndexFunc(g.check.db.Files, func(f releases.File) bool {
			at, _ := g.check.db.Find(f.Path)
			return f.Class == releases.ClassScript && path.Ext(f.Path) == ".js" && !anyMatch(g.check.foreign, f.Path) &&
				v.Candidates.Within(f.Has) && !g.seen.posterior.Asked(at) && g.usable(f)
		})
		if file < 0 {
			return nil
		}
		if err := g.askFile(ctx, file); err != nil {
			return err
		}
	}
	return nil
}

// base is the path that pages start at: by the site's links, else by where the public folder is.
func (g *gatherer) base() string {
	base := g.seen.public
	if g.seen.posterior.Leading() >= g.check.rooted {
		base = cmp.Or(g.packageRoot(), base)
	}
	return cmp.Or(g.found.base, base)
}
