package paymentpage

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// params are with: of a signature about where pages near the payment send visitors' data.
type params struct {
	Product string   `yaml:"product"` // fact that holds base, the path of the shop
	Pages   []string `yaml:"pages"`   // below base; asked for without a login
	Known   []string `yaml:"known"`   // domains of payment providers and of services in wide use
}

// New is the check "payment-page": whose scripts run on the pages of a shop where people type names,
// passwords and card numbers, and to whom their forms send. An altered shop loads a script from, or sends to, a host
// that is neither the shop's nor a payment provider's.
//
// It tells what is there and judges nobody: a host that is not known may well be the operator's own.
func New(s *signature.Signature) (scanner.Check, error) {
	c := check{known: map[string]bool{}}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	if c.params.Product == "" || len(c.params.Pages) == 0 {
		return nil, s.With.Mistake("product and pages are needed")
	}
	for _, domain := range c.params.Known {
		c.known[strings.ToLower(domain)] = true
	}
	return c, nil
}

type check struct {
	params params
	known  map[string]bool
}

func (c check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	fact, ok := p.Fact(c.params.Product)
	if !ok {
		return nil, scanner.NotApplicable("no %s here", c.params.Product)
	}
	base, err := p.Target.URL.Parse(strings.TrimSuffix(fact["base"], "/") + "/")
	if err != nil {
		return nil, scanner.Undetermined("the path of the shop: %v", err)
	}
	seen := hostsSeen{scripts: map[string]bool{}, forms: map[string]bool{}, on: map[string]*web.Exchange{}}
	read := 0
	for _, path := range c.params.Pages {
		u, err := base.Parse(path)
		if err != nil {
			return nil, err
		}
		ex, err := p.Do(ctx, &web.Request{URL: u, Redirects: web.RedirectsHost})
		if err != nil {
			return c.judge(base, seen), err // the pages before it still count
		}
		page, err := web.ParsePage(ex)
		if err != nil || ex.Status != http.StatusOK {
			continue
		}
		read++
		seen.add(page, p.Target.URL)
	}
	switch {
	case read == 0:
		return nil, scanner.Undetermined("none of the pages near the payment could be read")
	case len(seen.on) == 0:
		p.Explain("scripts and forms of the pages looked at are the shop's own")
	}
	return c.judge(base, seen), nil
}

// hostsSeen are the hosts that pages name, other than the shop's own.
type hostsSeen struct {
	scripts, forms map[string]bool
	on             map[string]*web.Exchange // by host: the page that names it first
}

func (h hostsSeen) add(page *web.Page, shop *url.URL) {
	note := func(to map[string]bool, u *url.URL) {
		if u == nil || u.Host == "" || sameSite(u.Hostname(), shop.Hostname()) {
			return
		}
		host := strings.ToLower(u.Hostname())
		to[host] = true
		if h.on[host] == nil {
			h.on[host] = page.Exchange
		}
	}
	for _, u := range page.Scripts {
		note(h.scripts, u)
	}
	for i := range page.Forms {
		note(h.forms, page.Forms[i].Action)
	}
}

// judge makes a hit of what was seen; none where everything is the shop's own.
func (c check) judge(base *url.URL, seen hostsSeen) []scanner.Hit {
	if len(seen.on) == 0 {
		return nil
	}
	hit := scanner.Hit{URL: base.String(), Certainty: scanner.Confirmed, Values: scanner.Values{}}
	var unknown []string
	for _, host := range slices.Sorted(maps.Keys(seen.on)) {
		if !c.isKnown(host) {
			unknown = append(unknown, host)
		}
	}
	for name, hosts := range map[string]map[string]bool{"scripts": seen.scripts, "forms": seen.forms} {
		if len(hosts) > 0 {
			hit.Values[name] = slices.Sorted(maps.Keys(hosts))
		}
	}
	shown := slices.Sorted(maps.Keys(seen.on))[0]
	if len(unknown) > 0 {
		hit.Variant, hit.Values["unknown"], shown = "unknown", unknown, unknown[0]
	}
	hit.Evidence = []evidence.Evidence{evidence.New(seen.on[shown], message.New("The page names %s.", shown), shown)}
	return []scanner.Hit{hit}
}

// isKnown reports whether a host or a domain above it is known.
func (c check) isKnown(host string) bool {
	for {
		if c.known[host] {
			return true
		}
		_, above, ok := strings.Cut(host, ".")
		if !ok {
			return false
		}
		host = above
	}
}

// sameSite reports whether two hosts are of one registered domain, or the same.
func sameSite(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	one, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a))
	other, err2 := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return err == nil && err2 == nil && one == other
}
