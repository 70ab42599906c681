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

// releaseSpan is the affected releases of one branch: from Introduced to Last, or to the one before Before or Fixed.
type releaseSpan struct {
	Introduced string `yaml:"introduced"` // "" is the oldest of all
	Last       string `yaml:"last"`       // "" when only Before or Fixed is known
	Before     string `yaml:"before"`     // the first release that is not concerned without having a fix: that of another branch
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

// possible is the variant for hits that are possible; with a variant of a span, "VARIANT-possible".
const possible = "possible"

// possibleOf is the variant of a possible hit of a span's variant.
func possibleOf(variant string) string {
	if variant == "" {
		return possible
	}
	return variant + "-" + possible
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
		for _, variant := range []string{a.Variant, possibleOf(a.Variant)} {
			if _, ok := s.Variants[variant]; variant != "" && !ok {
				return nil, message.Errorf("%s: with: affected: no variant %q", s.File, variant)
			}
		}
		for _, name := range []string{a.Introduced, a.Last, a.Before, a.Fixed} {
			if name != "" && !releases.IsRelease(name) {
				return nil, message.Errorf("%s: with: affected: %q is not a release", s.File, name)
			}
		}
		if a.Last == "" && a.Before == "" && a.Fixed == "" {
			return nil, message.Errorf("%s: with: affected: a span without last, before or fixed would affect every future release", s.File)
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
	if fact["unlisted"] == unlistedLikely {
		return nil, scanner.Undetermined("the release of %s is newer than this program's data (newest known: %s)", c.params.Product, fact["newest"])
	}
	candidates := slices.DeleteFunc(scanner.FactList(fact["candidates"]), func(name string) bool { return !releases.IsRelease(name) })
	if len(candidates) == 0 {
		return nil, scanner.Undetermined("the release of %s is not known", c.params.Product)
	}
	if fact["basis"] == basisLine {
		return nil, scanner.Undetermined("the pages of the %s site tell its line but not its release, and no file does", c.params.Product)
	}
	candidates = c.withClaim(candidates, fact["claimed"])
	hit, ok := c.judge(candidates, fact["basis"] != basisPage && fact["unlisted"] == "")
	if !ok && fact["unlisted"] != "" {
		return nil, scanner.Undetermined("the release of %s may be one that is not in this program's data; the known ones that it can be are not affected", c.params.Product)
	}
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

// withClaim is the candidates with a release of their first number that the page claims. One that the database lacks takes
// their place when it is of their line, or newer than all that is known; else the page may show a number of its own, or only
// part of the shop was updated, and both count.
func (c *releaseRange) withClaim(candidates []string, claimed string) []string {
	alike := func(name string) bool { return releases.SameMajor(name, claimed) }
	if !releases.IsRelease(claimed) || !slices.ContainsFunc(candidates, alike) || slices.Contains(candidates, claimed) {
		return candidates
	}
	newest := c.releases.Newest()
	for _, name := range candidates {
		if !c.releases.Known(claimed) && (releases.SameLine(name, claimed) || releases.SameLine(name, newest) && alike(name) && releases.Compare(claimed, newest) > 0) {
			return []string{claimed}
		}
	}
	return append(candidates, claimed)
}

// judge is false when no candidate is affected. The hit is confirmed when all are, provided that the release is told.
func (c *releaseRange) judge(candidates []string, told bool) (scanner.Hit, bool) {
	var hit scanner.Hit
	affected, fixed, notes := []string{}, []string{}, []string{}
	certain := told
	for _, name := range candidates {
		span, ok := c.span(name)
		if !ok {
			certain = false
			continue
		}
		affected = append(affected, name)
		if fix := c.releases.Stable(span.Fixed); fix != "" && !slices.Contains(fixed, fix) {
			fixed = append(fixed, fix)
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
		// A state of development stands for what came before it with the same files, and hardly any shop runs what came before a
		// release.
		certain = certain && releases.Stable(name)
	}
	if len(affected) == 0 {
		return hit, false
	}
	hit.Certainty = scanner.Confirmed
	if !certain {
		hit.Certainty, hit.Variant = scanner.Possible, possibleOf(hit.Variant)
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

// span is the first span that a release lies in. English builds are patched apart from the others, so a span that begins with
// one says nothing about those.
func (c *releaseRange) span(name string) (releaseSpan, bool) {
	for _, a := range c.params.Affected {
		if releases.English(a.Introduced) && !releases.English(name) {
			continue
		}
		if a.Introduced != "" && c.releases.Compare(name, a.Introduced) < 0 ||
			a.Last != "" && c.releases.Compare(name, a.Last) > 0 ||
			a.Before != "" && c.releases.Compare(name, a.Before) >= 0 ||
			a.Fixed != "" && c.releases.Compare(name, a.Fixed) >= 0 {
			continue
		}
		return a, true
	}
	return releaseSpan{}, false
}
