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

// releaseRangeParams are with: of an advisory about releases of a product that another signature tells.
type rangeParams struct {
	Product  string         `yaml:"product"`  // name of the fact that holds the candidates
	Database string         `yaml:"database"` // file with the releases that can be told, oldest first
	Affected []releaseSpan  `yaml:"affected"` // releases that are concerned
	Advisory advisoryValues `yaml:"advisory"`
}

// releaseSpan is releases of one branch. Introduced and Last are in it, Fixed is not.
type releaseSpan struct {
	Introduced string `yaml:"introduced"` // "" is the first of all
	Last       string `yaml:"last"`       // "" when only Fixed is known
	Fixed      string `yaml:"fixed"`      // "" when no release has the fix
	Variant    string `yaml:"variant"`    // other words of the signature for this span
	Note       string `yaml:"note"`       // for people
}

// advisoryValues are shown with every finding.
type advisoryValues struct {
	CVE  string `yaml:"cve"`
	JVN  string `yaml:"jvn"`
	CVSS string `yaml:"cvss"`
}

// releaseRange holds an advisory against the releases that a shop can be. It sends nothing.
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
				return nil, message.Errorf("%s: with: affected: %q is no release", s.File, name)
			}
		}
		if a.Last == "" && a.Fixed == "" {
			return nil, message.Errorf("%s: with: affected: a span without last and fixed would concern every release to come", s.File)
		}
	}
	return c, nil
}

// Run judges the fact; there is nothing to gather.
func (c *releaseRange) Run(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	fact, ok := p.Fact(c.params.Product)
	if !ok {
		return nil, scanner.NotApplicable("no %s here", c.params.Product)
	}
	candidates := slices.DeleteFunc(factList(fact["candidates"]), func(name string) bool { return !releases.IsRelease(name) })
	if len(candidates) == 0 {
		return nil, scanner.Undetermined("the release of %s is not known", c.params.Product)
	}
	if claimed := fact["claimed"]; releases.IsRelease(claimed) {
		candidates = []string{claimed} // newer than what can be told by files
	}
	hit, ok := c.judge(candidates)
	if !ok {
		p.Explain("%s is not concerned", strings.Join(candidates, ", "))
		return nil, nil
	}
	base := fact["base"]
	if u, err := p.Target.URL.Parse(base); err == nil {
		hit.URL = u.String()
	}
	hit.Evidence = []evidence.Evidence{{Note: message.New("release told by what the shop gives out: %s", strings.Join(candidates, ", "))}}
	return []scanner.Hit{hit}, nil
}

// judge is false when no candidate is concerned. The hit is confirmed when all are.
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
		// A patch of the very release that only differs inside cannot be ruled out by looking at it.
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

// span is the branch that a release is concerned by. English builds are patched apart, so a span between two of them
// says nothing about others.
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

// factList reads a list that became a fact: "[a b]".
func factList(text string) []string {
	return strings.Fields(strings.NewReplacer("[", " ", "]", " ", ",", " ").Replace(text))
}
