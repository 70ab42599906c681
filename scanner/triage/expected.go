package triage

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// DefaultExpectedFile is read when it is in the working folder.
const DefaultExpectedFile = "expected.yaml"

// ExpectedFile is expected.yaml: which ports of which hosts may be open.
type ExpectedFile struct {
	Expected []ExpectedEntry `yaml:"expected" json:"expected"`
}

// ExpectedEntry is ports that may be open on some hosts.
type ExpectedEntry struct {
	Host     string      `yaml:"host" json:"host" jsonschema:"required,minLength=1,description=A host or an address; * stands for any text; or a CIDR block"`
	Ports    []PortRange `yaml:"ports,flow" json:"ports" jsonschema:"required,minItems=1,description=Ports that may be open: numbers or ranges such as 8000-8010; of UDP 623/udp"`
	Reason   string      `yaml:"reason" json:"reason" jsonschema:"required,minLength=1,description=Why they may be open"`
	Until    string      `yaml:"until,omitempty" json:"until,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,description=The last day on which they may be (UTC); without it there is no end"`
	Findings []string    `yaml:"findings,flow,omitempty" json:"findings,omitempty" jsonschema:"description=Ids of signatures whose findings at these ports are accepted too, such as a store without a password or an open console"`
}

// PortRange is a port or a range of them, as 22 or 8000-8010.
type PortRange string

// MarshalYAML writes a port as a number.
func (p PortRange) MarshalYAML() (any, error) {
	if n, err := strconv.Atoi(string(p)); err == nil {
		return n, nil
	}
	return string(p), nil
}

// expectation is an entry as it is used.
type expectation struct {
	host     func(string) bool
	ranges   []scanner.Numbers
	findings []string
}

func (e *expectation) lists(port int) bool {
	return slices.ContainsFunc(e.ranges, func(n scanner.Numbers) bool { return n.Has(port) })
}

// ReadExpected reads a file of expected ports. The error names every mistake with file and line.
func (r *Rules) ReadExpected(name string, text []byte) error {
	var f ExpectedFile
	err := signature.DecodeFile(name, text, &f)
	return errors.Join(err, addEntries(r, name, signature.ItemLines(text, "expected"), f.Expected))
}

// rule checks an entry.
func (e ExpectedEntry) rule() (rule, []message.Message) {
	var wrong []message.Message
	mistake := func(format string, args ...any) { wrong = append(wrong, message.New(format, args...)) }
	x := &expectation{host: target.HostPattern(e.Host), findings: e.Findings}
	r := rule{what: e.Host, expects: x, suppression: suppression{Suppression: scanner.Suppression{
		Reason: strings.TrimSpace(e.Reason), Until: e.Until, Status: scanner.Accepted,
	}}}
	if strings.TrimSpace(e.Host) == "" {
		mistake("an entry needs a host, such as www.shop.example, *.shop.example or 192.0.2.0/24")
	}
	if len(e.Ports) == 0 {
		mistake("an entry needs ports, such as [22, 8000-8010]")
	}
	for _, p := range e.Ports {
		numbers, err := scanner.ParseNumbers(string(p))
		if err != nil {
			mistake("ports: %s", message.Of(err))
		}
		x.ranges = append(x.ranges, numbers)
	}
	if r.Reason == "" {
		mistake("an entry needs a reason")
	}
	if e.Until != "" {
		day, err := time.Parse(dayForm, e.Until)
		if err != nil {
			mistake("until: %q is not a day such as 2027-03-31", e.Until)
		}
		r.until = day.AddDate(0, 0, 1)
	}
	r.about = func(string, string) bool { return false } // that nothing is open there is told by what is closed
	r.matches = func(f scanner.Finding) bool {
		host, port, ok := portOf(f)
		return ok && x.host(host) && x.lists(port) && (f.Signature.Check == "port" || slices.Contains(x.findings, f.Signature.ID))
	}
	return r, wrong
}

// portOf is the host and the port that a finding is about: of one at ports its own, of others that of the site.
func portOf(f scanner.Finding) (host string, port int, ok bool) {
	u, err := url.Parse(f.Target)
	if err != nil {
		return "", 0, false
	}
	text := target.Port(u)
	if u.Scheme == "tcp" {
		text = cmp.Or(u.Port(), fmt.Sprint(f.Hit.Values["port"]))
	}
	numbers, err := scanner.ParseNumbers(text)
	if err != nil || len(numbers) != 1 {
		return "", 0, false
	}
	return u.Hostname(), numbers[0], true
}

// Unlisted reports whether the user said which ports of a host may be open, and this one is none of them, or no longer.
func (r *Rules) Unlisted(host string, port int) bool {
	said, listed := false, false
	for _, one := range r.list {
		if one.expects == nil || !one.expects.host(host) {
			continue
		}
		said = true
		listed = listed || !r.ended(one) && one.expects.lists(port)
	}
	return said && !listed
}

// closed are the ports, each as it was written, of an expectation that are closed on a host: of a range, all of it.
func (e *expectation) closed(p *scanner.Ports) []string {
	var list []string
	for _, numbers := range e.ranges {
		looked, open := false, false
		for _, n := range numbers {
			s := p.Of(n)
			open = open || s == scanner.PortOpen
			looked = looked || s == scanner.PortClosed || s == scanner.PortSilent
		}
		if looked && !open {
			list = append(list, numbers.String())
		}
	}
	return list
}

// closedPorts are the hosts on which a port that may be open is closed.
type closedPorts struct {
	port  string
	first string
	hosts int
}

// Target notes which ports that may be open are closed.
func (n *Notices) Target(t scanner.TargetInfo) error {
	u, err := url.Parse(t.Target)
	if t.Ports == nil || err != nil {
		return nil
	}
	for i, one := range n.rules.list {
		if one.expects == nil || n.rules.ended(one) || !one.expects.host(u.Hostname()) {
			continue
		}
		for _, port := range one.expects.closed(t.Ports) {
			at := slices.IndexFunc(n.closed[i], func(c closedPorts) bool { return c.port == port })
			if at < 0 {
				n.closed[i] = append(n.closed[i], closedPorts{port: port, first: u.Hostname()})
				at = len(n.closed[i]) - 1
			}
			n.closed[i][at].hosts++
		}
	}
	return nil
}

// closedMessages are the notes of one rule.
func (n *Notices) closedMessages(i int) []message.Message {
	var list []message.Message
	for _, c := range n.closed[i] {
		list = append(list, message.New("%s: port %s of %s may be open, but is closed (hosts: %d)", n.rules.list[i].place, c.port, c.first, c.hosts))
	}
	return list
}
