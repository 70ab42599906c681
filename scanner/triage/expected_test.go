package triage

import (
	"slices"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

func expectedRules(t *testing.T, text string) *Rules {
	t.Helper()
	r := &Rules{Now: time.Date(2027, 1, 15, 12, 0, 0, 0, time.UTC)}
	if err := r.ReadExpected("expected.yaml", []byte(text)); err != nil {
		t.Fatal(err)
	}
	return r
}

const expected = `expected:
  - {host: 192.0.2.0/28, ports: [22, 8000-8010, 623/udp], reason: office}
  - {host: "*.shop.example", ports: [443], reason: the shop}
  - {host: db.shop.example, ports: [5432], reason: the move, until: 2027-01-14}
  - {host: cache.shop.example, ports: [6379], reason: agreed, findings: [redis-open]}
  - {host: watch.shop.example, ports: [443, 9090], reason: watched, findings: [prometheus-server]}
`

// Once an entry names a host, all other ports of it are unlisted; those of an entry that has ended are too.
func TestUnlisted(t *testing.T) {
	r := expectedRules(t, expected)
	for _, c := range []struct {
		host string
		port int
		want bool
	}{
		{"192.0.2.7", 22, false},
		{"192.0.2.7", 8005, false},
		{"192.0.2.7", 8011, true},
		{"192.0.2.7", 623 + scanner.UDP, false},
		{"192.0.2.7", 623, true},  // of TCP
		{"192.0.2.16", 23, false}, // another host
		{"WWW.shop.example", 443, false},
		{"www.shop.example", 80, true},
		{"shop.example", 80, false}, // the pattern needs a name before the dot
		{"db.shop.example", 5432, true},
		{"db.shop.example", 443, false},
	} {
		if got := r.Unlisted(c.host, c.port); got != c.want {
			t.Errorf("Unlisted(%s, %d) = %t", c.host, c.port, got)
		}
	}
}

func portFinding(check, id, target string, port any) scanner.Finding {
	return scanner.Finding{Signature: &signature.Signature{ID: id, Check: check}, Target: target, Hit: scanner.Hit{Values: scanner.Values{"port": port}}}
}

// An expected port is no finding; what lies open behind it is, unless the entry names that too.
func TestExpectedPortsAreSuppressed(t *testing.T) {
	r := expectedRules(t, expected)
	for name, c := range map[string]struct {
		f    scanner.Finding
		want string // the reason; "" for a finding that counts
	}{
		"listed":            {portFinding("port", "port-ssh", "tcp://192.0.2.7", 22), "office"},
		"in_a_range":        {portFinding("port", "port-other", "tcp://192.0.2.7", 8001), "office"},
		"named_port":        {portFinding("port", "port-ssh", "tcp://192.0.2.7:22", 22), "office"},
		"after_json":        {portFinding("port", "port-ssh", "tcp://192.0.2.7", float64(22)), "office"},
		"listed_of_udp":     {portFinding("port", "port-ipmi", "tcp://192.0.2.7", "623/udp"), "office"},
		"the_same_of_tcp":   {portFinding("port", "port-other", "tcp://192.0.2.7", 623), ""},
		"not_listed":        {portFinding("port", "port-telnet", "tcp://192.0.2.7", 23), ""},
		"another_host":      {portFinding("port", "port-ssh", "tcp://198.51.100.1", 22), ""},
		"ended":             {portFinding("port", "port-postgresql", "tcp://db.shop.example", 5432), ""},
		"a_store_behind_it": {portFinding("store", "postgresql-open", "tcp://www.shop.example", 443), ""},
		"a_store_accepted":  {portFinding("store", "redis-open", "tcp://cache.shop.example", 6379), "agreed"},
		"another_store":     {portFinding("store", "redis-ransom", "tcp://cache.shop.example", 6379), ""},
		"a_site":            {portFinding("http", "git-exposed", "https://www.shop.example", 443), ""},
		"a_console":         {portFinding("http", "prometheus-server", "http://watch.shop.example:9090", nil), "watched"},
		"its_usual_port":    {portFinding("http", "prometheus-server", "https://watch.shop.example", nil), "watched"},
		"another_port":      {portFinding("http", "prometheus-server", "http://watch.shop.example:9091", nil), ""},
		"more_of_a_console": {portFinding("http", "git-exposed", "http://watch.shop.example:9090", nil), ""},
		"no_port":           {portFinding("port", "port-ssh", "tcp://192.0.2.7", nil), ""},
	} {
		got := ""
		if s := r.mark(c.f).Suppressed; s != nil {
			got = s.Reason
		}
		if got != c.want {
			t.Errorf("%s: suppressed for %q, want %q", name, got, c.want)
		}
	}
}

// A port that may be open and is closed is a note, of a range only when all of it is closed.
func TestExpectedPortsThatAreClosed(t *testing.T) {
	n := expectedRules(t, expected).Notices()
	for _, host := range []string{"192.0.2.7", "192.0.2.8"} {
		info := scanner.TargetInfo{Target: "tcp://" + host, Ports: &scanner.Ports{Closed: scanner.Numbers{22, 8000}, Open: []scanner.Port{{Number: 8001}}}}
		if err := n.Target(info); err != nil {
			t.Fatal(err)
		}
	}
	if err := n.Target(scanner.TargetInfo{Target: "tcp://www.shop.example", Ports: &scanner.Ports{Unasked: scanner.Numbers{443}}}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range n.Messages() {
		got = append(got, m.String())
	}
	if want := []string{"expected.yaml:2: port 22 of 192.0.2.7 may be open, but is closed (hosts: 2)"}; !slices.Equal(got, want) {
		t.Errorf("notes = %q, want %q", got, want)
	}
}

// Every mistake is told with its line.
func TestReadExpectedRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"expected: [{host: a, ports: [1]}]":                                   "x:1: an entry needs a reason",
		"expected: [{ports: [1], reason: r}]":                                 "x:1: an entry needs a host",
		"expected:\n  - {host: a, reason: r}":                                 "x:2: an entry needs ports",
		"expected:\n  - {host: a, ports: [0], reason: r}":                     `x:2: ports: "0" is no port`,
		"expected:\n  - {host: a, ports: [9-8], reason: r}":                   `x:2: ports: "9-8" is no port`,
		"expected:\n  - {host: a, ports: [1], reason: r, until: soon}":        `x:2: until: "soon" is not a day`,
		"expected:\n  - {host: a, ports: [1], reason: r, ending: 2027-01-01}": "x:2:",
		"hosts: []": "x:1:",
	} {
		err := new(Rules).ReadExpected("x", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// A console that a signature looks for at a port of its own is added with that port, in whatever order a scan tells of them; what was
// found on a site is not.
func TestAddExpectedConsoles(t *testing.T) {
	open := &OpenPorts{Names: func(id string, port int) bool { return id == "prometheus-server" && port == 9090 }}
	for _, err := range []error{
		open.Finding(portFinding("http", "prometheus-server", "http://192.0.2.7:9090", nil)),
		open.Finding(portFinding("http", "prometheus-server", "http://192.0.2.7:9090", nil)),
		open.Finding(portFinding("http", "git-exposed", "http://192.0.2.7:9090", nil)),
		open.Target(scanner.TargetInfo{Target: "tcp://192.0.2.7", Ports: &scanner.Ports{Open: []scanner.Port{{Number: 443}, {Number: 9090}}}}),
		open.Finding(portFinding("http", "prometheus-server", "https://192.0.2.7", nil)),
		open.Finding(portFinding("http", "prometheus-server", "http://192.0.2.8:9090", nil)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range [][]string{nil, {"prometheus-server"}} {
		if !slices.Equal(open.Ports[i].Findings, want) {
			t.Errorf("port %d: %q, want %q", open.Ports[i].Port, open.Ports[i].Findings, want)
		}
	}
}

// What is open is added with what was found there; what is listed already is not, nor a host that answers like everything.
func TestAddExpected(t *testing.T) {
	open := &OpenPorts{}
	for _, err := range []error{
		open.Start(scanner.Start{Time: time.Date(2027, 1, 10, 0, 0, 0, 0, time.UTC)}),
		open.Target(scanner.TargetInfo{Target: "tcp://192.0.2.7", Ports: &scanner.Ports{Open: []scanner.Port{{Number: 22, Protocol: "SSH"}, {Number: 6379, Protocol: "Redis"}, {Number: 4001}}}}),
		open.Target(scanner.TargetInfo{Target: "tcp://192.0.2.9", Ports: &scanner.Ports{Open: []scanner.Port{{Number: 1}}, Everything: true}}),
		open.Target(scanner.TargetInfo{Target: "https://192.0.2.7"}),
		open.Finding(portFinding("port", "port-redis", "tcp://192.0.2.7", 6379)),
		open.Finding(portFinding("store", "redis-open", "tcp://192.0.2.7", 6379)),
		open.Finding(portFinding("store", "redis-open", "tcp://192.0.2.7", 6379)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Date(2027, 1, 15, 0, 0, 0, 0, time.UTC)
	text := "# ours\nexpected:\n    - host: 192.0.2.7 # the gateway\n      ports: [22]\n      reason: office\n"
	got, added, err := AddExpected("x", []byte(text), open, "", "", now)
	if err != nil {
		t.Fatal(err)
	}
	want := text + "    - host: 192.0.2.7\n      ports: [6379]\n      reason: Redis, open on 2027-01-10\n      findings: [redis-open]\n" +
		"    - host: 192.0.2.7\n      ports: [4001]\n      reason: unknown protocol, open on 2027-01-10\n"
	if string(got) != want || len(added) != 2 {
		t.Errorf("added %d:\n%s\nwant\n%s", len(added), got, want)
	}
	if !slices.Equal(open.Traps, []string{"192.0.2.9"}) {
		t.Errorf("traps = %q", open.Traps)
	}
	for name, before := range map[string]string{"nothing": "", "no_entry": "expected:\n", "comment": "# ours\n"} {
		if _, added, err := AddExpected("x", []byte(before), open, "r", "2099-01-31", now); err != nil || len(added) != 3 {
			t.Errorf("%s: %d added, %v", name, len(added), err)
		}
	}
	if _, _, err := AddExpected("x", nil, open, "r", "2027-01-14", now); err == nil {
		t.Error("a last day that is over is taken")
	}
	if _, _, err := AddExpected("x", []byte("expected: [{host: a, ports: [1], reason: r}]\n"), open, "r", "", now); err == nil {
		t.Error("entries are added behind a list in one line")
	}
}
