package filehash

import (
	"context"
	"path"
	"slices"
	"strings"

	"sotomi/checks/internal/releases"
)

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
	return !anyMatch(g.check.foreign, f.Path) && (g.named[at] || !g.anyReferenced())
}

func (g *gatherer) anyReferenced() bool {
	for at := range g.named {
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
	if g.named[at] {
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

// coreScripts asks for core scripts of the likeliest release that the page loads and that were not asked for yet.
func (g *gatherer) coreScripts(ctx context.Context) error {
	left := coreFiles
	lead := g.seen.posterior.Leading()
	for i := range g.check.db.Files {
		f := &g.check.db.Files[i]
		if left == 0 || !g.named[i] || g.seen.posterior.Asked(i) || !f.Has.Has(lead) || !anyMatch(g.check.core, f.Path) {
			continue
		}
		left--
		if err := g.askFile(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// open asks for files that tell a release that the database lacks from a known one, as long as that is in doubt.
func (g *gatherer) open(ctx context.Context) error {
	for range openFiles {
		file := g.seen.posterior.OpenQuestion(func(f releases.File) bool { return g.usable(f) && !anyMatch(g.check.foreign, f.Path) })
		if file < 0 {
			return nil
		}
		if err := g.askFile(ctx, file); err != nil {
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
