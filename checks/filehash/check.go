// Package filehash tells which release of a product a site runs by the content of its static files and pages (check
// "filehash"), and holds advisories about releases against that (check "release-range").
//
// Run recognises the product by its first page (recognise.go), asks for the files and pages that tell releases apart best
// (gather.go, ask.go) and turns the posterior of package releases into hits (judge.go).
package filehash

import (
	"bytes"
	"context"
	"regexp"

	"sotomi/checks/internal/releases"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// params are with: of a signature that tells a product's release by the files and pages it gives out.
type params struct {
	Product  string `yaml:"product"`  // as reports write it
	Database string `yaml:"database"` // file beside the signature
	Folder   string `yaml:"folder"`   // public folder of the package: "html"; a shop has it as its document root or below it
	Rooted   string `yaml:"rooted"`   // from this release on pages start at the package's folder, before at the public one

	Cookies []string `yaml:"cookies"` // names of cookies that the product sets
	Certain []string `yaml:"certain"` // patterns of a page's tags that only the product has
	Likely  []string `yaml:"likely"`  // patterns of a page's tags and scripts; two matches make the product likely
	Makers  []string `yaml:"makers"`  // patterns of a page's tags that name another product as the page's maker
	Others  []string `yaml:"others"`  // patterns of a page's tags that other products make
	Assets  []string `yaml:"assets"`  // patterns of URL paths; group 1 is the public folder's path
	Pages   []string `yaml:"pages"`   // patterns of URL paths; group 1 is the path that pages start at
	Shop    []string `yaml:"shop"`    // patterns of URL paths of links that lead to a shop when the first page is none
	Version []string `yaml:"version"` // patterns of addresses in the page; group 1 is the release that the page claims
	Foreign []string `yaml:"foreign"` // patterns of database paths that other products have too
	Core    []string `yaml:"core"`    // patterns of database paths of scripts that nobody should have changed
	Lines   []lineOf `yaml:"lines"`   // marks of a page that only some releases make

	Bases []baseOf `yaml:"bases"` // further values for signatures that need the product

	Requests int `yaml:"requests"` // most files and pages asked for to tell releases apart; 0 is 16
}

// lineOf is a mark of a page that releases from First to Last make and no others.
type lineOf struct {
	Pattern string `yaml:"pattern"` // of the page's tags
	First   string `yaml:"first"`   // "" is the oldest
	Last    string `yaml:"last"`    // "" is the newest
}

// line is a lineOf, compiled.
type line struct {
	pattern  *regexp.Regexp
	releases releases.Set
}

// baseOf gives the path that pages start at under a further name when a candidate lies between First and Last, so that
// signatures for one line of releases ask nothing of shops of another.
type baseOf struct {
	Name  string `yaml:"name"`
	First string `yaml:"first"` // "" is the oldest
	Last  string `yaml:"last"`  // "" is the newest
	Above bool   `yaml:"above"` // the folder above the path instead; not given when there is none
}

// check is one signature's parameters, compiled. It holds no state of a target.
type check struct {
	params params
	db     *releases.Database
	rooted int // position of params.Rooted, the number of releases when there is none

	certain, likely, makers, others, assets, pages, shop, version, foreign, core []*regexp.Regexp

	lines []line
}

// New makes the check "filehash".
func New(s *signature.Signature) (scanner.Check, error) {
	c := &check{}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	if c.params.Product == "" || c.params.Database == "" {
		return nil, message.Errorf("%s: with: product and database are needed", s.File)
	}
	if c.params.Requests == 0 {
		c.params.Requests = 16
	}
	text, err := s.ReadFile(c.params.Database)
	if err != nil {
		return nil, message.Errorf("%s: database: %w", s.File, err)
	}
	if c.db, err = releases.Parse(bytes.NewReader(text)); err != nil {
		return nil, message.Errorf("%s: %s: %w", s.File, c.params.Database, err)
	}
	c.rooted = len(c.db.Releases)
	if c.params.Rooted != "" {
		i, ok := c.db.Position(c.params.Rooted)
		if !ok {
			return nil, message.Errorf("%s: rooted: no release %q in %s", s.File, c.params.Rooted, c.params.Database)
		}
		c.rooted = i
	}
	for _, b := range c.params.Bases {
		if _, unknown := c.db.Span(b.First, b.Last); unknown != "" {
			return nil, message.Errorf("%s: bases: no release %q in %s", s.File, unknown, c.params.Database)
		}
	}
	if err := c.compile(s); err != nil {
		return nil, err
	}
	return c, nil
}

// compile compiles the patterns.
func (c *check) compile(s *signature.Signature) error {
	for _, p := range []struct {
		to    *[]*regexp.Regexp
		texts []string
		key   string
		group bool
	}{
		{&c.certain, c.params.Certain, "certain", false},
		{&c.likely, c.params.Likely, "likely", false},
		{&c.makers, c.params.Makers, "makers", false},
		{&c.others, c.params.Others, "others", false},
		{&c.assets, c.params.Assets, "assets", true},
		{&c.pages, c.params.Pages, "pages", true},
		{&c.shop, c.params.Shop, "shop", false},
		{&c.version, c.params.Version, "version", true},
		{&c.foreign, c.params.Foreign, "foreign", false},
		{&c.core, c.params.Core, "core", false},
	} {
		for _, text := range p.texts {
			re, err := regexp.Compile(text)
			if err == nil && p.group && re.NumSubexp() < 1 {
				err = message.Errorf("pattern %q has no group", text)
			}
			if err != nil {
				return message.Errorf("%s: with: %s: %w", s.File, p.key, err)
			}
			*p.to = append(*p.to, re)
		}
	}
	for _, l := range c.params.Lines {
		re, err := regexp.Compile(l.Pattern)
		if err != nil {
			return message.Errorf("%s: with: lines: %w", s.File, err)
		}
		set, unknown := c.db.Span(l.First, l.Last)
		if unknown != "" {
			return message.Errorf("%s: lines: no release %q in %s", s.File, unknown, c.params.Database)
		}
		c.lines = append(c.lines, line{re, set})
	}
	return nil
}

// Run asks for the pages and files that tell most, and judges the answers.
func (c *check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	g := &gatherer{check: c, probe: p}
	seen, err := g.gather(ctx)
	if err != nil {
		return nil, err
	}
	if seen == nil {
		p.Explain("no sign of %s", c.params.Product)
		return nil, nil
	}
	return c.judge(seen), nil
}

// anyMatch reports whether one of the patterns matches.
func anyMatch(list []*regexp.Regexp, text string) bool {
	for _, re := range list {
		if re.MatchString(text) {
			return true
		}
	}
	return false
}
