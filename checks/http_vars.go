package checks

import (
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"sotomi/scanner"
	"sotomi/scanner/match"
)

// variables are all names that a template may use on a target: those of the address, facts (eccube_base is the value
// base of the fact eccube), random texts, what extractors took, and the template's own, which may use all the others.
func (c *httpCheck) variables(p *scanner.Probe, taken match.Vars) match.Vars {
	vars := addressVariables(p.Target.URL)
	random := p.Rand()
	vars[match.Random] = random
	for _, name := range c.randomNames() {
		vars[name] = scanner.Token(random, 27)
	}
	if taken != nil { // not while planning, when nothing is known of the site
		for _, fact := range c.signature.Needs {
			values, _ := p.Fact(fact)
			for name, value := range values {
				vars[fact+"_"+strings.ReplaceAll(name, "-", "_")] = value
			}
		}
	}
	maps.Copy(vars, taken)
	for _, v := range c.signature.Variables {
		text, _, err := match.Expand(v.Value, vars)
		if err != nil {
			text = v.Value
		}
		vars[v.Name] = text
	}
	return vars
}

// addressVariables are BaseURL and its like. BaseURL has no slash at its end, so that {{BaseURL}}/x is an address.
func addressVariables(u *url.URL) match.Vars {
	base := url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(u.Path, "/"), RawPath: strings.TrimSuffix(u.RawPath, "/")}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	escaped := base.EscapedPath()
	dir, file := path.Dir(escaped), path.Base(escaped)
	if escaped == "" {
		dir, file = "", ""
	}
	vars := match.Vars{
		"BaseURL": base.String(), "RootURL": u.Scheme + "://" + u.Host, "Hostname": u.Host, "Host": u.Hostname(), "Port": port,
		"Path": dir, "File": file, "Scheme": u.Scheme, "Input": base.String(), "Query": "", "FQDN": u.Hostname(),
		"host": base.String(), "ip": "",
	}
	delete(vars, "ip")
	if registered, err := publicsuffix.EffectiveTLDPlusOne(u.Hostname()); err == nil {
		tld, _ := publicsuffix.PublicSuffix(u.Hostname())
		vars["RDN"], vars["TLD"] = registered, tld
		vars["DN"] = strings.TrimSuffix(registered, "."+tld)
		vars["SD"] = strings.TrimSuffix(strings.TrimSuffix(u.Hostname(), registered), ".")
	}
	return vars
}

var randomName = regexp.MustCompile(`randstr(_[A-Za-z0-9]+)?`)

// randomNames are the names of random texts that the template uses, in order.
func (c *httpCheck) randomNames() []string {
	var list []string
	look := func(texts ...string) {
		for _, text := range texts {
			if strings.Contains(text, "randstr") {
				list = append(list, randomName.FindAllString(text, -1)...)
			}
		}
	}
	for _, v := range c.signature.Variables {
		look(v.Value)
	}
	for i := range c.signature.HTTP {
		h := &c.signature.HTTP[i]
		look(h.Path...)
		look(h.Raw...)
		look(h.Body)
		for _, value := range h.Headers {
			look(value)
		}
		for _, m := range h.Matchers {
			look(m.Words...)
			look(m.DSL...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
