package triage

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// OpenPorts is a sink that keeps what is open in a scan.
type OpenPorts struct {
	scanner.Discard
	Time  time.Time // of the scan
	Ports []OpenPort
	Traps []string // hosts that answer like everything, of which nothing is kept

	// Names reports whether a signature looks at a port as one of its own: what it found on a web server there is that the
	// server is open. Nil is none.
	Names func(id string, port int) bool

	early []OpenPort // with findings, of ports that were not told yet
}

// OpenPort is an open port of a host.
type OpenPort struct {
	Host     string
	Port     int
	Protocol string   // "" when it is not known
	Findings []string // ids of signatures that found more there than that it is open
}

// portPrefix is how the ids of signatures begin that find that a port is open.
const portPrefix = "port-"

// Start keeps the time.
func (o *OpenPorts) Start(s scanner.Start) error {
	o.Time = s.Time
	return nil
}

// Target keeps the open ports of a host.
func (o *OpenPorts) Target(t scanner.TargetInfo) error {
	u, err := url.Parse(t.Target)
	if err != nil || t.Ports == nil {
		return nil
	}
	if t.Ports.Everything {
		o.Traps = append(o.Traps, u.Hostname())
		return nil
	}
	for _, open := range t.Ports.Open {
		if o.at(u.Hostname(), open.Number) < 0 {
			found := OpenPort{Host: u.Hostname(), Port: open.Number, Protocol: open.Protocol}
			if i := portIn(o.early, found.Host, found.Port); i >= 0 {
				found.Findings = o.early[i].Findings
			}
			o.Ports = append(o.Ports, found)
		}
	}
	return nil
}

func (o *OpenPorts) at(host string, port int) int { return portIn(o.Ports, host, port) }

func portIn(list []OpenPort, host string, port int) int {
	return slices.IndexFunc(list, func(p OpenPort) bool { return p.Host == host && p.Port == port })
}

// Finding keeps which signatures found more than that a port is open.
func (o *OpenPorts) Finding(f scanner.Finding) error {
	host, port, ok := portOf(f)
	id := f.Signature.ID
	onSite := !strings.HasPrefix(f.Target, "tcp:")
	if !ok || strings.HasPrefix(id, portPrefix) || onSite && (o.Names == nil || !o.Names(id, port)) {
		return nil
	}
	list := &o.Ports
	at := o.at(host, port)
	if at < 0 {
		if list, at = &o.early, portIn(o.early, host, port); at < 0 {
			*list, at = append(*list, OpenPort{Host: host, Port: port}), len(*list)
		}
	}
	if found := &(*list)[at]; !slices.Contains(found.Findings, id) {
		found.Findings = append(found.Findings, id)
	}
	return nil
}

// AddExpected is the text of a file of expected ports with an entry more for each open port that it does not list. Everything
// that was in it stays as it was. added are those ports.
func AddExpected(name string, text []byte, open *OpenPorts, reason, until string, now time.Time) (with []byte, added []OpenPort, err error) {
	before := Rules{Now: now}
	if err := before.ReadExpected(name, text); err != nil {
		return nil, nil, err
	}
	items, indent := openList(text, "expected", len(before.list))
	for _, p := range open.Ports {
		if before.expects(p) {
			continue
		}
		e := ExpectedEntry{
			Host: p.Host, Ports: []PortRange{PortRange(scanner.PortText(p.Port))}, Until: until, Findings: p.Findings,
			Reason: cmp.Or(reason, fmt.Sprintf("%s, open on %s", cmp.Or(p.Protocol, "unknown protocol"), open.Time.UTC().Format(dayForm))),
		}
		one, wrong := e.rule()
		if len(wrong) > 0 {
			return nil, nil, message.Errorf("%s", wrong[0])
		}
		if before.ended(one) {
			return nil, nil, message.Errorf("%s is over already", until)
		}
		item, err := signature.YAMLItem(e, indent)
		if err != nil {
			return nil, nil, err
		}
		items += item
		added = append(added, p)
	}
	after := Rules{}
	if err := after.ReadExpected(name, []byte(items)); len(added) > 0 && (err != nil || len(after.list) != len(before.list)+len(added)) {
		return nil, nil, message.Errorf("%s: nothing can be added behind its last line; write the list with one entry below the other, each with - before it", name)
	}
	return []byte(items), added, nil
}

// expects reports whether a port, with all that was found there, is listed.
func (r *Rules) expects(p OpenPort) bool {
	return slices.ContainsFunc(r.list, func(one rule) bool {
		x := one.expects
		return x != nil && !r.ended(one) && x.host(p.Host) && x.lists(p.Port) &&
			!slices.ContainsFunc(p.Findings, func(id string) bool { return !slices.Contains(x.findings, id) })
	})
}
