package command

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
	"sotomi/scanner/triage"
)

// An expected.yaml in a document is one.
func TestExpectedOfDocuments(t *testing.T) {
	n := 0
	for _, file := range documents {
		for _, f := range fences(t, file) {
			if !strings.HasPrefix(f.text, "expected:") {
				continue
			}
			n++
			if err := new(triage.Rules).ReadExpected(file, []byte(f.text)); err != nil {
				t.Error(err)
			}
		}
	}
	if n < 2 {
		t.Errorf("%d examples", n)
	}
}

// The list of the ports that are open most often has a hundred.
func TestTop100(t *testing.T) {
	if n, err := scanner.ParseNumbers(top100); err != nil || len(n) != 100 {
		t.Errorf("%d ports, %v", len(n), err)
	}
}

// Of UDP a port can be named that something is known to ask at.
func TestPortsOfUDP(t *testing.T) {
	s := newTurning(t, "")
	for list, want := range map[string]string{"53/udp": "--ports: nothing is known to ask at port 53/udp; of UDP there is 623/udp", "623/udp": ""} {
		_, _, said := sotomi(t, "scan", "--dry-run", "--only", "port-ipmi", "--ports", list, s.at("623"), "127.0.0.1")
		if want != "" && !strings.Contains(said, want) || want == "" && strings.Contains(said, "--ports") {
			t.Errorf("--ports %s: %s", list, said)
		}
	}
}

// What is told of a store stands in place of its open port, so it weighs no less.
func TestStoresWeighAsMuchAsTheirPorts(t *testing.T) {
	all, pairs := ownSignatures(t), 0
	for _, store := range all {
		if store.Check != "store" {
			continue
		}
		lightest := store.Info.Severity
		for _, v := range store.Variants {
			if v.Severity != "" && v.Severity.Rank() < lightest.Rank() {
				lightest = v.Severity
			}
		}
		for _, port := range all {
			if port.Check != "port" || port.ID == "port-other" || !slices.ContainsFunc(scanner.PortsOf(port), scanner.PortsOf(store).Has) {
				continue
			}
			pairs++
			if lightest.Rank() < port.Info.Severity.Rank() {
				t.Errorf("%s may be %s, and %s is %s", store.ID, lightest, port.ID, port.Info.Severity)
			}
		}
	}
	if pairs < 16 {
		t.Errorf("%d pairs", pairs)
	}
}

// An open store is one finding at its port, and its entry in expected.yaml accepts it. One that asks for a password is an open port.
func TestAnOpenStoreIsOneFinding(t *testing.T) {
	s := newTurning(t, "")
	found := func(args ...string) string {
		t.Helper()
		_, out, said := sotomi(t, append([]string{"scan", "--rate", "0", "--only", "redis-open,port-redis,port-other", "--ports", "6379", s.at("6379"), "-o", "jsonl", "127.0.0.1"}, args...)...)
		var scan scanner.Collector
		if err := report.Replay(strings.NewReader(out), &scan); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		var list []string
		for _, f := range scan.Findings {
			text := f.Signature.ID + "@" + f.Hit.Matcher
			if f.Suppressed != nil {
				text += " accepted"
			}
			list = append(list, text)
		}
		return strings.Join(list, " ")
	}
	file := func(text string) string {
		t.Helper()
		name := filepath.Join(t.TempDir(), "expected.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "--expected=" + name
	}
	port := file("expected:\n  - {host: 127.0.0.1, ports: [6379], reason: r}\n")
	both := file("expected:\n  - {host: 127.0.0.1, ports: [6379], reason: r, findings: [redis-open]}\n")
	for _, c := range []struct {
		answer               string
		plain, listed, store string
	}{
		{"+PONG\r\n$50\r\nredis_version:7.0.15\r\nrole:master\r\nused_memory:1\r\n\r\n", "redis-open@6379", "redis-open@6379", "redis-open@6379 accepted"},
		{"-NOAUTH Authentication required.\r\n", "port-redis@6379", "port-redis@6379 accepted", "port-redis@6379 accepted"},
	} {
		s.answers(c.answer)
		if plain, listed, store := found(), found(port), found(both); plain != c.plain || listed != c.listed || store != c.store {
			t.Errorf("%q: %q; with the port in expected.yaml %q, with the store too %q; want %q, %q, %q", c.answer, plain, listed, store, c.plain, c.listed, c.store)
		}
	}
}
