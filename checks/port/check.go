// Package port is the check "port": a port of a host that accepts connections from outside, and what speaks there.
package port

import (
	"context"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// params configure the check "port". The numbers stand under ports: of the signature.
type params struct {
	Protocol signature.StringList `yaml:"protocol"` // what speaks at the ports, by the names that the engine gives; one of these elsewhere is meant too, but for HTTP
	Others   bool                 `yaml:"others"`   // instead: all open ports that no other signature is about
}

type check struct {
	params params
	ports  scanner.Numbers
	below  bool // ports that the user has not listed weigh more than others
}

// New is the check "port".
func New(s *signature.Signature) (scanner.Check, error) {
	c := &check{ports: scanner.PortsOf(s)}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	if len(c.params.Protocol) == 0 && len(c.ports) == 0 || c.params.Others && len(c.params.Protocol) > 0 {
		return nil, message.Errorf("%s: a check of ports needs ports: or with: protocol, or with: others alone", s.File)
	}
	_, c.below = s.Variants[variantUnlisted]
	return c, nil
}

// Place says that it looks at ports.
func (c *check) Place() scanner.Place { return scanner.PlacePorts }

// Claims reports whether an open port is one that the signature is about.
func (c *check) Claims(p scanner.Port) bool {
	return !c.params.Others && claims(p, c.ports, c.params.Protocol)
}

// Run looks at the ports of a host.
func (c *check) Run(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	ports := p.Ports()
	mine := c.mine(p, ports)
	var told scanner.Numbers
	mine = slices.DeleteFunc(mine, func(o scanner.Port) bool {
		if o.Told {
			told = append(told, o.Number)
		}
		return o.Told
	})
	if ports.Everything {
		p.Conclude("the host answers like everything: it accepts connections at nearly all ports, or speaks more than one machine does")
		for range mine {
			p.Suppress("the host answers like everything: it accepts connections at nearly all ports, or speaks more than one machine does")
		}
		return nil, nil
	}
	var hits []scanner.Hit
	for _, open := range mine {
		hits = append(hits, c.hit(p.Target, open))
	}
	if c.params.Others {
		p.Conclude("%s", ports.Message())
		if ports.End != nil {
			return hits, ports.End
		}
		return hits, nil
	}
	if len(hits) > 0 {
		return hits, nil
	}
	if len(told) > 0 {
		return nil, scanner.NotApplicable("another signature says more of port %s", told.String())
	}
	reason, err := absence(ports, c.ports)
	if err != nil {
		return nil, err
	}
	p.Conclude("%s", reason)
	return nil, nil
}

// mine are the open ports that the signature is about.
func (c *check) mine(p *scanner.Probe, ports *scanner.Ports) []scanner.Port {
	named := p.Target.URL.Port() != ""
	var list []scanner.Port
	for _, open := range ports.Open {
		if c.params.Others && other(open, named) || c.Claims(open) {
			list = append(list, open)
		}
	}
	return list
}

// hit is what is told of an open port.
func (c *check) hit(t target.Target, open scanner.Port) scanner.Hit {
	number := scanner.PortText(open.Number)
	at := scanner.PortURL(t.URL.Hostname(), open.Number)
	values := scanner.Values{"port": scanner.PortValue(open.Number), "tls": open.TLS}
	if open.Protocol != "" {
		values["protocol"] = open.Protocol
	} else {
		values["protocol"] = message.New("not known")
	}
	return scanner.Hit{
		URL: at.Scheme + "://" + at.Host, Matcher: number, Variant: variant(open, c.params.Others, c.below), Certainty: certainty(open, c.params),
		Values: values,
		Evidence: []evidence.Evidence{{
			Request: strings.ToUpper(at.Scheme) + " " + at.Host, Response: evidence.Redact(message.Printable(greeting(open.Greeting))), Note: note(open), Address: open.Address,
		}},
	}
}

// certainty is how sure it is that what the signature is about is there.
func certainty(open scanner.Port, p params) scanner.Certainty {
	if p.Others || open.Protocol != "" && open.Protocol != scanner.ProtocolHTTP && slices.Contains(p.Protocol, open.Protocol) {
		return scanner.Confirmed
	}
	return scanner.Possible
}
