package engine

import (
	"net/url"
	"slices"

	"sotomi/scanner"
)

// claimsPorts reports whether a check is about ports as such.
func claimsPorts(c scanner.Check) bool {
	_, ok := c.(scanner.PortClaimer)
	return ok
}

// tellingOfPorts are the steps at ports that may say more of a port than that it is open. The claimers of ports wait for them.
func (p *Plan) tellingOfPorts() []int {
	return slices.DeleteFunc(slices.Clone(p.atPorts), func(i int) bool { return claimsPorts(p.steps[i].check) })
}

// tellOfPorts notes the ports of findings that are sure.
func (s *site) tellOfPorts(list []scanner.Finding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range list {
		u, err := url.Parse(f.Hit.URL)
		if err != nil || f.Hit.Certainty == scanner.Possible {
			continue
		}
		if number, ok := scanner.PortOf(u); ok {
			if s.told == nil {
				s.told = map[int]bool{}
			}
			s.told[number] = true
		}
	}
}

// portsTold are the ports of a site with what has been told of them so far.
func (s *site) portsTold() *scanner.Ports {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.told) == 0 {
		return s.ports
	}
	ports := *s.ports
	ports.Open = slices.Clone(ports.Open)
	for i := range ports.Open {
		ports.Open[i].Told = s.told[ports.Open[i].Number]
	}
	return &ports
}
