package product

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"sotomi/checks/internal/releases"
	"sotomi/checks/internal/weaknesses"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// weaknessParams are with: of a signature that holds a product's release against what is published.
type weaknessParams struct {
	Product    string `yaml:"product"`    // as reports write it
	Fact       string `yaml:"fact"`       // that a signature with the check "product-release" gives
	Name       string `yaml:"name"`       // of the product in the table
	Weaknesses string `yaml:"weaknesses"` // file beside the signature
	Database   string `yaml:"database"`   // file with the releases, beside the signature
	Line       int    `yaml:"line"`       // how many numbers name a line that is looked after by itself; 2 when 0
}

type published struct {
	params weaknessParams
	table  func() (*weaknesses.Table, error)
	db     func() (*releases.Database, error)
}

// NewWeaknesses makes the check "product-weaknesses".
func NewWeaknesses(s *signature.Signature) (scanner.Check, error) {
	c := &published{}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	if c.params.Product == "" || c.params.Fact == "" || c.params.Name == "" || c.params.Weaknesses == "" || c.params.Database == "" {
		return nil, s.With.Mistake("product, fact, name, weaknesses and database are needed")
	}
	c.table = sync.OnceValues(func() (*weaknesses.Table, error) {
		text, err := s.ReadFile(c.params.Weaknesses)
		if err != nil {
			return nil, message.Errorf("%s: database: %w", s.File, err)
		}
		t, err := weaknesses.Parse(string(text))
		if err != nil {
			return nil, message.Errorf("%s: %s: %w", s.File, c.params.Weaknesses, err)
		}
		return t, nil
	})
	c.params.Line = cmp.Or(c.params.Line, 2)
	c.db = readReleases(s, c.params.Database)
	return c, nil
}

// Run judges the fact that another signature established. It sends nothing.
func (c *published) Run(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	fact, ok := p.Fact(c.params.Fact)
	candidates := scanner.FactList(fact["candidates"])
	if !ok || len(candidates) == 0 {
		return nil, scanner.Undetermined("the release of %s is not known", c.params.Product)
	}
	if fact["unlisted"] != "" {
		return nil, scanner.Undetermined("the release of %s may be one that is not in this program's data", c.params.Product)
	}
	t, err := c.table()
	if err != nil {
		return nil, err
	}
	all, err := t.Of("product", c.params.Name)
	if err != nil {
		return nil, err
	}
	names := strings.Join(candidates, ", ")
	k := weaknesses.Matching(all, candidates)
	if k.Count == 0 {
		db, err := c.db()
		if err != nil {
			return nil, err
		}
		if last := later(db, candidates, c.params.Line); last != "" { // not all that it mended needs to be in the table
			return nil, scanner.Undetermined("nothing that is published against %s %s is in the data of %s, but release %s of its line came after it", c.params.Product, names, t.Date, last)
		}
		p.Explain("no published weakness of %s %s in the data of %s", c.params.Product, names, t.Date)
		return nil, nil
	}
	h := scanner.Hit{URL: p.Target.URL.String(), Certainty: scanner.Possible, Variant: weaknesses.VariantOf(k.Worst), Values: k.Values()}
	if fact["basis"] == basisTold && k.All {
		h.Certainty = scanner.Confirmed
	}
	h.Values["product"], h.Values["candidates"] = c.params.Product, candidates
	h.Evidence = []evidence.Evidence{{Note: message.New("release of %s: %s; weaknesses as published until %s", c.params.Product, names, t.Date)}}
	return []scanner.Hit{h}, nil
}

// later is the newest release of the line of a candidate, where the site runs none of the newest for sure; "" else.
func later(db *releases.Database, candidates []string, numbers int) string {
	for _, name := range candidates {
		newest := name
		for _, r := range db.Releases {
			if lineOf(r.Name, numbers) == lineOf(name, numbers) && weaknesses.Compare(r.Name, newest) > 0 {
				newest = r.Name
			}
		}
		if !slices.Contains(candidates, newest) {
			return newest
		}
	}
	return ""
}
