package filehash

import (
	"context"
	"slices"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// rangeParams are with: of an advisory about releases of a product that another signature tells.
type rangeParams struct {
	Product  string         `yaml:"product"`  // name of the fact that holds the candidates
	Database string         `yaml:"database"` // file with the releases that can be told apart, oldest first
	Affected []releaseSpan  `yaml:"affected"`
	Advisory advisoryValues `yaml:"advisory"`
}

// releaseSpan is the affected releases of one branch: from Introduced to Last, or to the one before Fixed.
type releaseSpan struct {
	Introduced string `yaml:"introduced"` // "" is the oldest of all
	Last       string `yaml:"last"`       // "" when only Fixed is known
	Fixed      string `yaml:"fixed"`      // "" when no release has the fix
	Variant    string `yaml:"variant"`    // of the signature, for this span; "" is its own words
	Note       string `yaml:"note"`       // for people, in English; the words of package message have its Japanese
}

// advisoryValues are shown with every finding.
type advisoryValues struct {
	CVE  string `yaml:"cve"`
	JVN  string `yaml:"jvn"`
	CVSS string `yaml:"cvss"`
}

// releaseRange compares an advisory with the releases that a shop can be running. It sends nothing.
type releaseRange struct {
	params   rangeParams
	releases releases.Order
}

// NewReleaseRange makes the check "release-range".
func NewReleaseRange(s *signature.Signature) (scanner.Check, error) {
	c := &releaseRange{}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	if c.params.Product == "" || len(c.params.Affected) == 0 {
		return nil, message.Errorf("%s: with: product and affected are needed", s.File)
	}
	if !slices.Contains(s.Needs, c.params.Product) {
		return nil, message.Errorf("%s: needs: %s is missing", s.File, c.params.Product)
	}
	text, err := s.ReadFile(c.params.Database)
	if err != nil {
		return nil, message.Errorf("%s: database: %w", s.File, err)
	}
	if c.releases, err = releases.ParseOrder(text); err != nil {
		return nil, message.Errorf("%s: %s: %w", s.File, c.params.Database, err)
	}
	for _, a := range c.params.Affected {
		if _, ok := s.Variants[a.Variant]; a.Variant != "" && !ok {
			return nil, message.Errorf("%s: with: affected: no variant %q", s.File, a.Variant)
		}
		for _, name := range []string{a.Introduced, a.Last, a.Fixed} {
			if name != "" && !releases.IsRelease(name) {
				return nil, message.Errorf("%s: with: affected: %q is not a release", s.File, name)
			}
		}
		if a.Last == "" && a.Fixed == "" {
			return nil, message.Errorf("%s: with: affected: a span without last or fixed would affect every future release", s.File)
		}
	}
	return c, nil
}

// Run judges the fact that another signature established.
func (c *releaseRange) Run(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	fact, ok := p.Fact(c.params.Product)
	if !ok {
		return nil, scanner.NotApplicable("no %s here", c.params.Product)
	}
	candidates := slices.DeleteFunc(scanner.FactList(fact["candidates"]), func(name string) bool { return !releases.IsRelease(name) })
	if len(candidates) == 0 {
		return nil, scanner.Undetermined("the release of %s is not known", c.params.Product)
	}
	if claimed := fact["claimed"]; releases.IsRelease(claimed) {
		candidates = []string{claimed} // it is given only for a release that the database lacks
	}
	hit, ok := c.judge(candidates)
	if !ok {
		p.Explain("%s is not affected", strings.Join(candidates, ", "))
		return nil, nil
	}
	base := fact["base"]
	if u, err := p.Target.URL.Parse(base); err == nil {
		hit.URL = u.String()
	}
	hit.Evidence = []evidence.Evidence{{Note: message.New("release, identified by the files and pages of the shop: %s", strings.Join(candidates, ", "))}}
	return []scanner.Hit{hit}, nil
}

// judge is false when no candidate is affected. The hit is confirmed when all are.
func (c *releaseRange) judge(candidates []string) (scanner.Hit, bool) {
	var hit scanner.Hit
	affected, fixed, notes := []string{}, []string{}, []string{}
	certain := true
	for _, name := range candidates {
		span, ok := c.span(name)
		if !ok {
			certain = false
			continue
		}
		affected = append(affected, name)
		if span.Fixed != "" && !slices.Contains(fixed, span.Fixed) {
			fixed = append(fixed, span.Fixed)
		}
		if span.Note != "" && !slices.Contains(notes, span.Note) {
			notes = append(notes, span.Note)
		}
		if hit.Variant == "" {
			hit.Variant = span.Variant
		}
		// The fix is a patch of this very release that cannot be told from it: it may be applied.
		if strings.HasPrefix(span.Fixed, name+"-p") && !c.releases.Known(span.Fixed) {
			certain = false
		}
	}
	if len(affected) == 0 {
		return hit, false
	}
	hit.Certainty = scanner.Possible
	if certain {
		hit.Certainty = scanner.Confirmed
	}
	hit.Values = scanner.Values{"affected": affected, "fixed": fixed}
	if len(notes) > 0 {
		hit.Values["note"] = notes
	}
	for key, value := range map[string]string{"cve": c.params.Advisory.CVE, "jvn": c.params.Advisory.JVN, "cvss": c.params.Advisory.CVSS} {
		if value != "" {
			hit.Values[key] = value
		}
	}
	return hit, true
}

// span is the first span that a release lies in. English builds are patched apart from the others, so a span that begins or
// ends with one says nothing about those.
func (c *releaseRange) span(name string) (releaseSpan, bool) {
	for _, a := range c.params.Affected {
		if (releases.English(a.Introduced) || releases.English(a.Last)) && !releases.English(name) {
			continue
		}
		if a.Introduced != "" && c.releases.Compare(name, a.Introduced) < 0 ||
			a.Last != "" && c.releases.Compare(name, a.Last) > 0 ||
			a.Fixed != "" && c.releases.Compare(name, a.Fixed) >= 0 {
			continue
		}
		return a, true
	}
	return releaseSpan{}, false
}
