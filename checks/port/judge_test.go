package port

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// A port belongs to whoever names its protocol, wherever it is; HTTP and what is not known to the port's own signature.
func TestClaims(t *testing.T) {
	for name, c := range map[string]struct {
		open      scanner.Port
		ports     []int
		protocols []string
		want      bool
	}{
		"protocol_at_its_port":    {scanner.Port{Number: 6379, Protocol: "Redis"}, []int{6379}, []string{"Redis"}, true},
		"protocol_elsewhere":      {scanner.Port{Number: 7000, Protocol: "Redis"}, []int{6379}, []string{"Redis"}, true},
		"another_at_its_port":     {scanner.Port{Number: 6379, Protocol: "SSH"}, []int{6379}, []string{"Redis"}, false},
		"http_at_port_of_redis":   {scanner.Port{Number: 6379, Protocol: "HTTP"}, []int{6379}, []string{"Redis"}, false},
		"http_where_it_is_meant":  {scanner.Port{Number: 8500, Protocol: "HTTP"}, []int{8500}, []string{"HTTP"}, true},
		"http_elsewhere":          {scanner.Port{Number: 8501, Protocol: "HTTP"}, []int{8500}, []string{"HTTP"}, false},
		"unknown_at_its_port":     {scanner.Port{Number: 6379}, []int{6379}, []string{"Redis"}, true},
		"unknown_elsewhere":       {scanner.Port{Number: 6000}, []int{6379}, []string{"Redis"}, false},
		"tls_at_its_port":         {scanner.Port{Number: 636, Protocol: "TLS", TLS: true}, []int{389, 636}, []string{"LDAP"}, true},
		"closes_where_http_is":    {scanner.Port{Number: 8088, Behaves: "closes"}, []int{8088}, []string{"HTTP"}, false},
		"says_what_is_not_http":   {scanner.Port{Number: 8088, Behaves: "unknown"}, []int{8088}, []string{"HTTP"}, false},
		"silent_where_http_is":    {scanner.Port{Number: 8088, Behaves: "silent"}, []int{8088}, []string{"HTTP"}, true},
		"closes_where_redis_is":   {scanner.Port{Number: 6379, Behaves: "closes"}, []int{6379}, []string{"Redis"}, true},
		"an_echo":                 {scanner.Port{Number: 6379, Behaves: "echoes"}, []int{6379}, []string{"Redis"}, false},
		"unknown_of_no_protocol":  {scanner.Port{Number: 1521}, []int{1521}, nil, true},
		"another_of_no_protocol":  {scanner.Port{Number: 1521, Protocol: "SSH"}, []int{1521}, nil, false},
		"several_of_its_protocol": {scanner.Port{Number: 21, Protocol: "SMTP/FTP"}, []int{21}, []string{"FTP", "SMTP/FTP"}, true},
	} {
		if got := claims(c.open, c.ports, c.protocols); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// What no signature claims is told, but for web servers where they belong; what the user did not list is, whatever it is.
func TestOther(t *testing.T) {
	for name, c := range map[string]struct {
		open  scanner.Port
		named bool
		want  bool
	}{
		"web_server":            {scanner.Port{Number: 443, Protocol: "HTTP", TLS: true}, false, false},
		"web_server_elsewhere":  {scanner.Port{Number: 8443, Protocol: "HTTP", TLS: true}, false, true},
		"web_server_named":      {scanner.Port{Number: 8443, Protocol: "HTTP", TLS: true}, true, false},
		"web_server_not_listed": {scanner.Port{Number: 443, Protocol: "HTTP", Unlisted: true}, false, true},
		"named_and_not_listed":  {scanner.Port{Number: 8443, Protocol: "HTTP", Unlisted: true}, true, true},
		"no_web_server_at_443":  {scanner.Port{Number: 443}, false, true},
		"claimed":               {scanner.Port{Number: 6379, Protocol: "Redis", Claimed: true}, false, false},
		"claimed_not_listed":    {scanner.Port{Number: 6379, Protocol: "Redis", Claimed: true, Unlisted: true}, false, false},
		"unknown":               {scanner.Port{Number: 4001}, true, true},
	} {
		if got := other(c.open, c.named); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// Nothing is clean that was not looked at, and no silence of a host that has stopped answering.
func TestAbsence(t *testing.T) {
	blocked := scanner.End(scanner.StatusBlocked, "shut out")
	for name, c := range map[string]struct {
		ports  scanner.Ports
		want   string
		status scanner.Status // of the error; "" for none
	}{
		"closed":             {scanner.Ports{Closed: scanner.Numbers{1, 2}}, "port 1-2 closed", ""},
		"silent":             {scanner.Ports{Closed: scanner.Numbers{1}, Silent: scanner.Numbers{2}}, "port 1 closed; no answer at port 2", ""},
		"something_else":     {scanner.Ports{Open: []scanner.Port{{Number: 1}}, Closed: scanner.Numbers{2}}, "port 2 closed; something else speaks at port 1", ""},
		"half_looked_at":     {scanner.Ports{Closed: scanner.Numbers{1}}, "port 1 closed; port 2 was not looked at", ""},
		"not_looked_at":      {scanner.Ports{Closed: scanner.Numbers{3}}, "", scanner.StatusNotApplicable},
		"out_of_time":        {scanner.Ports{Closed: scanner.Numbers{1}, Unasked: scanner.Numbers{2}, End: blocked}, "", scanner.StatusBlocked},
		"silent_and_shut":    {scanner.Ports{Closed: scanner.Numbers{1}, Silent: scanner.Numbers{2}, End: blocked}, "", scanner.StatusBlocked},
		"closed_before_shut": {scanner.Ports{Closed: scanner.Numbers{1, 2}, Silent: scanner.Numbers{3}, End: blocked}, "port 1-2 closed", ""},
	} {
		reason, err := absence(&c.ports, []int{1, 2})
		var end *scanner.StatusError
		switch {
		case c.status == "" && (err != nil || reason.String() != c.want):
			t.Errorf("%s: %q, %v; want %q", name, reason, err, c.want)
		case c.status != "" && (!errors.As(err, &end) || end.Status != c.status):
			t.Errorf("%s: %v, want %s", name, err, c.status)
		}
	}
}

// site is a host with these ports.
type site struct {
	scanner.Site
	ports *scanner.Ports
}

func (s site) Ports() *scanner.Ports { return s.ports }

func run(t *testing.T, c scanner.Check, ports *scanner.Ports) ([]scanner.Hit, *scanner.Probe, error) {
	t.Helper()
	p := &scanner.Probe{Site: site{ports: ports}, Target: target.Target{URL: &url.URL{Scheme: "tcp", Host: "h.test", Path: "/"}}}
	hits, err := c.Run(context.Background(), p)
	return hits, p, err
}

func newCheck(t *testing.T, s *signature.Signature) scanner.Check {
	t.Helper()
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A host that answers like everything gives no finding, and what is dropped is counted.
func TestATrapGivesNoFinding(t *testing.T) {
	c := newCheck(t, &signature.Signature{Ports: []int{6379, 6380}})
	open := []scanner.Port{{Number: 6379}, {Number: 6380}}
	if hits, _, err := run(t, c, &scanner.Ports{Open: open}); len(hits) != 2 || err != nil {
		t.Errorf("%d hits of a plain host (%v), want 2", len(hits), err)
	}
	hits, p, err := run(t, c, &scanner.Ports{Open: open, Everything: true})
	if len(hits) != 0 || err != nil || p.Notes().Suppressed != 2 || p.Notes().Reason.IsZero() {
		t.Errorf("%d hits (%v), %d dropped, because %q", len(hits), err, p.Notes().Suppressed, p.Notes().Reason)
	}
}

// Each port is a finding of its own, sure only where its protocol says so, and worse where the user did not list it.
func TestHits(t *testing.T) {
	s := &signature.Signature{Ports: []int{22}, Variants: map[string]signature.Variant{"unlisted": {Severity: signature.SeverityHigh}}}
	c := &check{params: params{Protocol: signature.StringList{"SSH"}}, ports: s.Ports, below: true}
	hits, _, err := run(t, c, &scanner.Ports{Open: []scanner.Port{{Number: 22, Protocol: "SSH"}, {Number: 2222, Protocol: "SSH", Unlisted: true}}})
	if err != nil || len(hits) != 2 {
		t.Fatalf("%d hits, %v", len(hits), err)
	}
	if hits[0].URL != "tcp://h.test:22" || hits[0].Certainty != scanner.Confirmed || hits[0].Variant != "" || hits[1].Variant != "unlisted" {
		t.Errorf("hits = %+v", hits)
	}
	hits, _, _ = run(t, c, &scanner.Ports{Open: []scanner.Port{{Number: 22, Behaves: "silent"}}})
	if len(hits) != 1 || hits[0].Certainty != scanner.Possible {
		t.Errorf("hits = %+v", hits)
	}
}

// A port of which another signature has told more is not told again, and that is no clean port.
func TestToldPorts(t *testing.T) {
	for name, c := range map[string]struct {
		with params
		open []scanner.Port
		want int // findings
	}{
		"told":     {params{Protocol: signature.StringList{"Redis"}}, []scanner.Port{{Number: 6379, Protocol: "Redis", Told: true}}, 0},
		"not_told": {params{Protocol: signature.StringList{"Redis"}}, []scanner.Port{{Number: 6379, Protocol: "Redis"}}, 1},
		"one_told": {params{Protocol: signature.StringList{"Redis"}}, []scanner.Port{{Number: 6379, Protocol: "Redis", Told: true}, {Number: 6380, Protocol: "Redis"}}, 1},
		"others":   {params{Others: true}, []scanner.Port{{Number: 6379, Told: true}, {Number: 6380}}, 1},
	} {
		ports := []int{6379, 6380}
		if c.with.Others {
			ports = nil
		}
		hits, p, err := run(t, &check{params: c.with, ports: ports}, &scanner.Ports{Open: c.open})
		var end *scanner.StatusError
		switch {
		case len(hits) != c.want:
			t.Errorf("%s: %d findings, want %d", name, len(hits), c.want)
		case c.want == 0 && (!errors.As(err, &end) || end.Status != scanner.StatusNotApplicable || end.Reason.String() != "another signature says more of port 6379"):
			t.Errorf("%s: %v, %q", name, err, p.Notes().Reason)
		}
	}
}

// What a port says is shown as text, whatever it is.
func TestGreeting(t *testing.T) {
	if got := greeting([]byte("\x00A\xff \x1b[31m\r\nsecond")); got != `\x00A\xff \x1b[31m` {
		t.Errorf("greeting = %q", got)
	}
}

// A signature that is about nothing is a mistake.
func TestNewRefuses(t *testing.T) {
	if _, err := New(&signature.Signature{File: "a.yaml"}); err == nil {
		t.Error("a check of no ports is taken")
	}
	if !slices.Contains([]scanner.Place{newCheck(t, &signature.Signature{Ports: []int{1}}).(scanner.Placed).Place()}, scanner.PlacePorts) {
		t.Error("it does not look at ports")
	}
}
