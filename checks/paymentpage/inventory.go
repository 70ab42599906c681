package paymentpage

import (
	"context"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/browser"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/payment"
	"sotomi/scanner/signature"
)

// inventoryParams are with: of signatures about payment pages.
type inventoryParams struct {
	Mode string `yaml:"mode"` // inventory, approval, skimmer
}

// NewInventory is the check "payment": what payment pages are made of, what of it the operator has not approved, and what
// looks like code that steals card data.
func NewInventory(s *signature.Signature) (scanner.Check, error) {
	c := inventory{}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{"inventory", "approval", "skimmer"}, c.params.Mode) {
		return nil, s.With.Mistake("mode %q: there are inventory, approval, skimmer", c.params.Mode)
	}
	return c, nil
}

type inventory struct{ params inventoryParams }

// Run looks at the payment pages of one target.
func (c inventory) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	if c.params.Mode == "approval" && p.Payment.Approved == nil {
		return nil, scanner.NotApplicable("there is no payment.yaml, which says what payment pages may run; sotomi payment accept writes one")
	}
	g, err := gather(ctx, p)
	if err != nil {
		return nil, err
	}
	var hits, notes []scanner.Hit
	for _, s := range g.pages {
		before := len(hits)
		switch c.params.Mode {
		case "inventory":
			hits = append(hits, s.inventory())
		case "approval":
			hits, notes = append(hits, s.unapproved()...), append(notes, s.gone()...)
		case "skimmer":
			hits = append(hits, s.suspicious()...)
		}
		if err := c.pictured(ctx, p, &s, hits[before:]); err != nil {
			return nil, err
		}
	}
	return append(hits, notes...), c.end(p, g, len(hits) > 0) // what is gone says nothing of what is there
}

// end is why the check could not tell, nil when it could.
func (c inventory) end(p *scanner.Probe, g *gathered, found bool) error {
	blind := slices.ContainsFunc(g.pages, func(s seenPage) bool { return s.page.HTMLOnly() })
	partly := slices.ContainsFunc(g.pages, func(s seenPage) bool { return s.partly })
	switch {
	case g.failed != nil:
		return g.failed
	case len(g.pages) == 0:
		return scanner.NotApplicable("no payment page was recognised; --payment-page names one, and --session shows those behind a log-in")
	case c.params.Mode == "inventory" || found && !partly:
		return nil
	case partly:
		return scanner.Undetermined("a payment page could not be looked at in all ways")
	case c.params.Mode == "approval" && slices.ContainsFunc(g.pages, func(s seenPage) bool { return slices.Contains(s.page.Unseen, payment.LacksMost) }):
		return scanner.Undetermined("a page lacks most of what payment.yaml lists and has neither a field for card data nor a payment provider: it may not be the one that people see who pay")
	case blind && c.params.Mode == "approval":
		return scanner.Undetermined("there is no Chromium: the HTML is as approved, but what scripts do was not seen")
	case blind && !wanted(p):
		return scanner.NotApplicable("the HTML of payment pages shows nothing; what their scripts do is looked at with --payment-page or a payment.yaml")
	case blind:
		return scanner.Unsupported("this needs Chromium; the HTML alone shows nothing")
	}
	p.Explain("payment pages looked at: %d", len(g.pages))
	return nil
}

// hit is one about a page, with its HTML as evidence.
func (s *seenPage) hit(note message.Message, keep ...string) scanner.Hit {
	return scanner.Hit{
		URL: s.page.URL, Certainty: scanner.Confirmed, Values: scanner.Values{},
		Evidence: []evidence.Evidence{evidence.New(s.exchange, note, keep...)},
	}
}

// inventory is the hit that tells what the page is made of.
func (s *seenPage) inventory() scanner.Hit {
	hit := s.hit(message.New("A payment page."))
	hit.Page = s.page
	if s.page.HTMLOnly() {
		hit.Variant, hit.Certainty = "html-only", scanner.Possible
	}
	hit.Values["basis"] = payment.WhyText(s.page.Why)
	hit.Values["scripts-seen"] = len(s.page.Scripts)
	if hosts := s.page.HostsOf(payment.Provider); len(hosts) > 0 {
		hit.Values["providers"] = hosts
	}
	if hosts := slices.Concat(s.page.HostsOf(payment.Service), s.page.HostsOf(payment.Other)); len(hosts) > 0 {
		hit.Values["third-parties"] = hosts
	}
	return hit
}

// unapproved are hits about what nobody has approved.
func (s *seenPage) unapproved() []scanner.Hit {
	var hits []scanner.Hit
	for i := range s.deviations {
		d := &s.deviations[i]
		hit := s.hit(message.New("The page that has it."), d.What)
		hit.Variant, hit.Matcher = string(d.Kind), keyText(d.Key)
		hit.Values["what"] = evidence.Redact(d.What)
		if d.Approved != "" {
			hit.Values["approved"] = d.Approved
		}
		if d.Seen != "" {
			hit.Values["seen"] = d.Seen
		}
		if d.Difference != "" {
			hit.Evidence = append(hit.Evidence, evidence.Evidence{Response: evidence.Redact(d.Difference), Note: message.New("What changed in the script.")})
		}
		if some(d.Visits) {
			hit.Values["visits"] = visitsText(d.Visits)
		}
		if len(d.Initiators) > 0 {
			hit.Values["initiators"] = redacted(d.Initiators)
		}
		hits = append(hits, hit)
	}
	return hits
}

// gone are hits about what is listed and no longer there.
func (s *seenPage) gone() []scanner.Hit {
	hits := make([]scanner.Hit, 0, len(s.lacks))
	for i := range s.lacks {
		hit := s.hit(message.New("The page that no longer has it."))
		hit.Variant, hit.Matcher = string(s.lacks[i].Kind), keyText(s.lacks[i].Key)
		hit.Values["what"] = evidence.Redact(s.lacks[i].What)
		if s.page.HTMLOnly() {
			hit.Certainty = scanner.Possible
		}
		hits = append(hits, hit)
	}
	return hits
}

// suspicious are hits about what looks like code that steals card data.
func (s *seenPage) suspicious() []scanner.Hit {
	var hits []scanner.Hit
	for i := range s.suspicions {
		x := &s.suspicions[i]
		hit := s.hit(message.New("The page that has it."), append([]string{x.What}, x.Hosts...)...)
		hit.Certainty = scanner.Possible
		hit.Variant, hit.Matcher = string(x.Sign), keyText(x.Key)
		hit.Values["what"] = evidence.Redact(x.What)
		if len(x.Hosts) > 0 {
			hit.Values["unknown"] = x.Hosts
		}
		if x.Code != "" {
			hit.Evidence = append(hit.Evidence, evidence.Evidence{Response: evidence.Redact(x.Code), Note: message.New("The script.")})
		}
		if some(x.Visits) {
			hit.Values["visits"] = visitsText(x.Visits)
		}
		hits = append(hits, hit)
	}
	return hits
}

func redacted(list []string) []string {
	shown := make([]string, len(list))
	for i, text := range list {
		shown[i] = evidence.Redact(text)
	}
	return shown
}

// keyText is a key as a report may show it; hashes are no secrets.
func keyText(key string) string {
	if !strings.Contains(key, "://") {
		return key
	}
	return evidence.Redact(key)
}

// some reports whether something was there on some visits and not on all.
func some(visits []browser.Visit) bool {
	return len(visits) > 0 && len(visits) < len(browser.Visits())
}

func visitsText(visits []browser.Visit) message.Message {
	list := make([]message.Message, len(visits))
	for i, v := range visits {
		list[i] = payment.VisitText(v)
	}
	return message.Join(", ", list...)
}
