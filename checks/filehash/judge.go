package filehash

import (
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// Variants of the signature.
const (
	variantMixed    = "mixed"    // files of several releases
	variantModified = "modified" // a core script that no release has
)

// cannotTell is the note of more than one candidate.
const cannotTell = "these releases cannot be told apart from outside"

const (
	evidenceFiles = 6 // exchanges shown for the first page and files
	foreignShown  = 2 // of these, for files that no release has
	evidencePages = 2 // and for further pages
	neighbours    = 2 // scripts that must fit before one that no release has is worth a finding
)

// judge makes hits of what was learned. The product with its releases comes first: its values are what other signatures need.
func (c *check) judge(s *seen) []scanner.Hit {
	v := s.posterior.Verdict()
	modified := c.modified(s, v)
	shop := s.first.URL.ResolveReference(pathURL(s.base)).String()
	values := scanner.Values{
		"product": c.params.Product, "candidates": c.db.Names(v.Candidates), "range": c.db.Range(v.Candidates),
		"base": s.base, "modified": modified, "confidence": math.Round(v.Confidence*1000) / 1000, "files": len(v.Fitting),
		"basis": s.basis, "data": c.db.Until,
	}
	maps.Copy(values, c.bases(s.base, v.Candidates))
	if v.Candidates.Count() > 1 {
		values["note"] = cannotTell
	}
	if c.claims(s, v) {
		values["claimed"] = s.claimed
		if c.contradicts(s, v) {
			values["note"] = message.New("the pages name release %s, and the files are of another: only one of them was updated, or the theme names it", s.claimed)
		}
	}
	if v.Doubtful() {
		maps.Copy(values, c.unlisted(v))
	}
	if !v.Lacking() && len(c.foreignCore(v)) > 0 && !c.trusted(s, v) {
		values["scripts"] = message.New("not compared: most scripts of the product differ from every release, so it may be the server that changes them")
	}
	hits := []scanner.Hit{{URL: shop, Certainty: c.certaintyOf(s, v), Values: values, Evidence: c.evidence(s, v)}}
	if len(v.Mixed) > 0 && !v.Doubtful() {
		hits = append(hits, c.mixed(s, v, shop))
	}
	for _, name := range modified {
		hits = append(hits, c.modifiedHit(s, name, v))
	}
	return hits
}

// bases are the further names of the path that pages start at, as far as they apply to a candidate.
func (c *check) bases(base string, candidates releases.Set) scanner.Values {
	values := scanner.Values{}
	for _, b := range c.params.Bases {
		at := base
		if b.Above {
			at = strings.TrimSuffix(base, "/")
			at = at[:strings.LastIndexByte(at, '/')+1]
		}
		if span, _ := c.db.Span(b.First, b.Last); at != "" && span.Intersects(candidates) {
			values[b.Name] = at
		}
	}
	return values
}

// claims reports whether the page claims a release that the site may run though no candidate is it. A number of another line
// than all that the files can be is the theme's own.
func (c *check) claims(s *seen, v releases.Verdict) bool {
	at, known := c.db.Position(s.claimed)
	if !releases.IsRelease(s.claimed) || known && v.Candidates.Has(at) {
		return false
	}
	return v.Lacking() || slices.ContainsFunc(c.db.Names(v.Candidates), func(name string) bool { return releases.SameMajor(name, s.claimed) })
}

// contradicts reports whether the release that the page claims is a known one whose files the site does not have.
func (c *check) contradicts(s *seen, v releases.Verdict) bool {
	_, known := c.db.Position(s.claimed)
	return known && c.claims(s, v)
}

// certaintyOf is confirmed when files tell the release, possible when it rests on pages or on nothing, when the page claims
// another, when the release may be one that the database lacks, or when it is one that hardly any shop runs: that before a
// release.
func (c *check) certaintyOf(s *seen, v releases.Verdict) scanner.Certainty {
	if s.basis != basisFiles || v.Doubtful() || !v.Published || c.contradicts(s, v) {
		return scanner.Possible
	}
	return scanner.Confirmed
}

// modified lists core scripts with a content that no release has, provided that scripts of the site are as released and that
// the release is rather a known one.
func (c *check) modified(s *seen, v releases.Verdict) []string {
	if !v.Likely() || !c.trusted(s, v) {
		return []string{}
	}
	return c.foreignCore(v)
}

// trusted reports whether the server leaves the code of scripts alone: enough of the product's own fit, and no fewer than do
// not. When all differ it is the server that changes them. A script that comes minified with the product shows nothing: a
// server that minifies has nothing to do there.
func (c *check) trusted(s *seen, v releases.Verdict) bool {
	fit, foreign := 0, 0
	for _, a := range s.posterior.Answers() {
		name := c.db.Files[a.File].Path
		switch {
		case path.Ext(name) != ".js" || anyMatch(c.foreign, name):
		case slices.Contains(v.Fitting, a.File):
			if a.Loose || !s.posterior.Exact(a) {
				fit++
			}
		case slices.Contains(v.Foreign, a.File):
			foreign++
		}
	}
	if v.Doubtful() {
		return fit >= neighbours && fit > foreign
	}
	return fit >= neighbours && fit >= foreign
}

// foreignCore lists core scripts with a content that no release has.
func (c *check) foreignCore(v releases.Verdict) []string {
	list := []string{}
	for _, at := range v.Foreign {
		if name := c.db.Files[at].Path; anyMatch(c.core, name) {
			list = append(list, strings.TrimPrefix(name, c.params.Folder+"/"))
		}
	}
	return list
}

// modifiedHit is the finding of a core script that no release has.
func (c *check) modifiedHit(s *seen, name string, v releases.Verdict) scanner.Hit {
	h := scanner.Hit{Certainty: c.certaintyOf(s, v), Variant: variantModified, Values: scanner.Values{"file": name, "range": c.db.Range(v.Candidates)}}
	for _, f := range s.files {
		if c.db.Files[f.file].Path == c.inFolder(name) {
			h.URL = f.ex.URL.String()
			h.Evidence = []evidence.Evidence{evidence.New(f.ex, message.New("%d other files are as released in %s; this one has %s, which no release has",
				len(v.Fitting), c.db.Range(v.Candidates), releases.Digest(f.ex.Body)))}
		}
	}
	return h
}

// mixed is the finding of files with the content of releases that are no candidates.
func (c *check) mixed(s *seen, v releases.Verdict, shop string) scanner.Hit {
	h := scanner.Hit{URL: shop, Certainty: scanner.Confirmed, Variant: variantMixed}
	var files, others []string
	for _, m := range v.Mixed {
		name := c.db.Files[m.File].Path
		files = append(files, strings.TrimPrefix(name, c.params.Folder+"/"))
		others = append(others, c.db.Range(m.Releases))
		if ex := s.exchange(m.File); ex != nil {
			h.Evidence = append(h.Evidence, evidence.New(ex, message.New("%s is as in %s, while the rest is as in %s", name, c.db.Range(m.Releases), c.db.Range(v.Candidates))))
		}
	}
	h.Values = scanner.Values{"files": files, "from": others, "range": c.db.Range(v.Candidates)}
	return h
}

// exchange is the answer for a file of the database.
func (s *seen) exchange(file int) *web.Exchange {
	for _, f := range s.files {
		if f.file == file {
			return f.ex
		}
	}
	return nil
}

// evidence shows the page that named the product, what no release has when that says something, the first files that fit, and
// pages of the product's own theme.
func (c *check) evidence(s *seen, v releases.Verdict) []evidence.Evidence {
	var list []evidence.Evidence
	if !s.why.IsZero() {
		list = append(list, evidence.New(s.first, s.why))
	}
	if v.Doubtful() {
		for _, at := range v.Foreign[:min(len(v.Foreign), foreignShown)] {
			ex := s.exchange(at)
			list = append(list, evidence.New(ex, message.New("%s has a content that no known release has (SHA-256 %s…)", c.db.Files[at].Path, releases.Digest(ex.Body))))
		}
	}
	for _, a := range s.posterior.Answers() {
		fits := s.posterior.Fits(a)
		if len(list) >= evidenceFiles || a.Missing || fits.Count() == 0 {
			continue
		}
		ex := s.exchange(a.File)
		list = append(list, evidence.New(ex, c.contentNote(s, a, fits)))
	}
	for _, p := range s.pages {
		if p.view.Telling() && len(list) < evidenceFiles+evidencePages {
			list = append(list, evidence.New(p.ex, message.New("page %q shows %d marks of the theme that comes with %s", c.db.Pages[p.view.Page].Name, p.view.Seen, c.params.Product)))
		}
	}
	return list
}

// contentNote says which releases have the content of a file, and in which form.
func (c *check) contentNote(s *seen, a releases.Answer, fits releases.Set) message.Message {
	if s.posterior.Exact(a) {
		return message.New("%s has the content of %s (SHA-256 %s…)", c.db.Files[a.File].Path, c.db.Range(fits), a.Bytes)
	}
	return message.New("%s has the content of %s but for line ends, comments or white space (SHA-256 %s…)", c.db.Files[a.File].Path, c.db.Range(fits), a.Bytes)
}
