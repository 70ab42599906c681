// Package wordpress finds WordPress on a target, tells its release (mode "site"), holds the release (mode "core") and the
// plug-ins and themes that the site's pages name (mode "components") against published weaknesses, and finds releases that
// get no fixes any more (mode "old").
//
// Nothing is guessed unless the user asks for that (guess.go): a plug-in that no page and no index of the site names is not
// asked for. The data is read when WordPress was seen, not before.
package wordpress

import (
	"bytes"
	"context"
	"sync"

	"sotomi/checks/internal/releases"
	"sotomi/checks/internal/weaknesses"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// product is how reports write it.
const product = "WordPress"

// params are with: of a signature about WordPress.
type params struct {
	Mode       string `yaml:"mode"`       // site, core, old or components
	Fact       string `yaml:"fact"`       // that mode "site" gives and the others need
	Database   string `yaml:"database"`   // file of static files by release; for modes "site" and "core"
	Weaknesses string `yaml:"weaknesses"` // file of published weaknesses; for modes "core" and "components"
	Before     string `yaml:"before"`     // for mode "old": the first release that still gets security fixes
}

// check is one signature's parameters, with its data once it was needed.
type check struct {
	params   params
	releases func() (*releases.Database, error)
	table    func() (*weaknesses.Table, error)
}

// New makes the check "wordpress".
func New(s *signature.Signature) (scanner.Check, error) {
	c := &check{}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	needed := map[string][]string{
		"site": {c.params.Database},
		"core": {c.params.Fact, c.params.Database, c.params.Weaknesses}, "components": {c.params.Fact, c.params.Weaknesses}, "old": {c.params.Fact, c.params.Before},
	}
	names, known := needed[c.params.Mode]
	if !known {
		return nil, s.With.Mistake("mode %q: there are site, core, old and components", c.params.Mode)
	}
	for _, name := range names {
		if name == "" {
			return nil, s.With.Mistake("something is missing that mode %q needs", c.params.Mode)
		}
	}
	c.releases = sync.OnceValues(func() (*releases.Database, error) { return readReleases(s, c.params.Database) })
	c.table = sync.OnceValues(func() (*weaknesses.Table, error) { return readTable(s, c.params.Weaknesses) })
	return c, nil
}

func readReleases(s *signature.Signature, name string) (*releases.Database, error) {
	text, err := s.ReadFile(name)
	if err != nil {
		return nil, message.Errorf("%s: database: %w", s.File, err)
	}
	db, err := releases.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, message.Errorf("%s: %s: %w", s.File, name, err)
	}
	return db, nil
}

func readTable(s *signature.Signature, name string) (*weaknesses.Table, error) {
	text, err := s.ReadFile(name)
	if err != nil {
		return nil, message.Errorf("%s: database: %w", s.File, err)
	}
	t, err := weaknesses.Parse(string(text))
	if err != nil {
		return nil, message.Errorf("%s: %s: %w", s.File, name, err)
	}
	return t, nil
}

// Run looks for WordPress, or at what the fact about it names.
func (c *check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	if c.params.Mode == "site" {
		return c.site(ctx, p)
	}
	fact, ok := p.Fact(c.params.Fact)
	if !ok {
		return nil, scanner.NotApplicable("no %s here", product)
	}
	switch c.params.Mode {
	case "core":
		return c.core(p, fact)
	case "old":
		return c.old(p, fact)
	}
	return c.components(ctx, p, fact)
}
