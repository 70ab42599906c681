package command

import (
	"io"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"

	"sotomi/scanner"
)

// turning is a server on loopback that says something else after each turn; "" is nothing at all.
type turning struct {
	listener net.Listener
	mu       sync.Mutex
	says     string // to everybody who has said something, or at once
	atOnce   bool
}

// newTurning starts one that greets.
func newTurning(t *testing.T, greeting string) *turning {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &turning{listener: l, says: greeting, atOnce: true}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close() // perhaps again
		work.Wait()
	})
	return s
}

func (s *turning) serve(c net.Conn) {
	defer c.Close()
	s.mu.Lock()
	says, atOnce := s.says, s.atOnce
	s.mu.Unlock()
	if atOnce {
		_, _ = io.WriteString(c, says) // whoever is gone hears nothing
	}
	for b := make([]byte, 4096); ; {
		if _, err := c.Read(b); err != nil {
			return
		}
		if !atOnce {
			_, _ = io.WriteString(c, says) // as above
		}
	}
}

// answers turns it into one that says something when it is asked.
func (s *turning) answers(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.says, s.atOnce = text, false
}

// shut ends it: from now on connections are refused.
func (s *turning) shut() { _ = s.listener.Close() }

// at makes it a port of 127.0.0.1.
func (s *turning) at(port string) string {
	return "--resolve=127.0.0.1:" + port + ":" + s.listener.Addr().String()
}

// A retest looks again at the very ports of the findings, wherever they are, and tells what has become of each.
func TestRetestOfPorts(t *testing.T) {
	odd, secure, closing, redis, other := newTurning(t, "ready 1.2\r\n"), newTurning(t, "SSH-2.0-OpenSSH_9.6p1\r\n"), newTurning(t, "RFB 003.008\n"), newTurning(t, ""), newTurning(t, "220 (vsFTPd 3.0.3)\r\n")
	redis.answers("-NOAUTH Authentication required.\r\n")
	ports := []string{
		odd.at("4001"), secure.at("2022"), closing.at("5999"), redis.at("7000"), other.at("2121"),
		"--resolve=127.0.0.1:80:" + odd.listener.Addr().String(), "--resolve=127.0.0.1:443:" + odd.listener.Addr().String(),
	}
	const only = "port-other,port-ssh,port-vnc,port-redis,port-ftp"
	file := scanned(t, only, append(ports, "--ports", "2022,2121,4001,5999,7000", "127.0.0.1")...)
	again := func() map[string]scanner.RetestResult {
		t.Helper()
		_, out, said := sotomi(t, append([]string{"retest", file, "--rate", "0", "-o", "jsonl"}, ports...)...)
		got := retested(t, out)
		if len(got) != 5 {
			t.Fatalf("%d findings: %v\n%s", len(got), got, said)
		}
		return got
	}
	want := map[string]scanner.RetestResult{
		"port-other": scanner.RetestRemaining, "port-ssh": scanner.RetestRemaining, "port-vnc": scanner.RetestRemaining,
		"port-redis": scanner.RetestRemaining, "port-ftp": scanner.RetestRemaining,
	}
	if got := again(); !maps.Equal(got, want) {
		t.Errorf("as it was: %v", got)
	}
	closing.shut()
	other.answers("-NOAUTH Authentication required.\r\n") // another service has that port now
	odd.shut()
	want["port-vnc"], want["port-ftp"], want["port-other"] = scanner.RetestFixed, scanner.RetestFixed, scanner.RetestFixed
	if got := again(); !maps.Equal(got, want) {
		t.Errorf("after some were closed: %v, want %v", got, want)
	}
}

// A store that asks for a password now is fixed, though its port is open.
func TestRetestOfAStore(t *testing.T) {
	s := newTurning(t, "")
	s.answers("+PONG\r\n$50\r\nredis_version:7.0.15\r\nrole:master\r\nused_memory:1\r\n\r\n")
	s.answers("+PONG\r\n$46\r\nredis_version:7.0.15\r\nrole:master\r\nused_memory:1\r\n\r\n")
	file := scanned(t, "redis-open", s.at("6380"), "--ports", "6380", "127.0.0.1")
	result := func() scanner.RetestResult {
		t.Helper()
		_, out, _ := sotomi(t, "retest", file, "--rate", "0", "-o", "jsonl", s.at("6380"))
		return retested(t, out)["redis-open"]
	}
	if got := result(); got != scanner.RetestRemaining {
		t.Errorf("as it was: %s", got)
	}
	s.answers("-NOAUTH Authentication required.\r\n")
	if got := result(); got != scanner.RetestFixed {
		t.Errorf("with a password: %s", got)
	}
	s.answers("")
	if got := result(); got != scanner.RetestUnconfirmed {
		t.Errorf("with nothing said: %s", got)
	}
}

// What a port's state says of a finding there.
func TestPortVerdict(t *testing.T) {
	outcome := func(s scanner.Status) []scanner.Outcome { return []scanner.Outcome{{Status: s}} }
	alive := []scanner.Port{{Number: 22}}
	for name, c := range map[string]struct {
		ports    scanner.Ports
		outcomes []scanner.Outcome
		want     scanner.RetestResult
	}{
		"closed":                     {scanner.Ports{Closed: scanner.Numbers{5}}, outcome(scanner.StatusNotApplicable), scanner.RetestFixed},
		"silent_and_others_answer":   {scanner.Ports{Silent: scanner.Numbers{5}, Open: alive}, outcome(scanner.StatusClean), scanner.RetestFixed},
		"silent_as_all_are":          {scanner.Ports{Silent: scanner.Numbers{5}}, outcome(scanner.StatusUnreachable), scanner.RetestUnconfirmed},
		"silent_since_we_were_shut":  {scanner.Ports{Silent: scanner.Numbers{5}, Open: alive, End: scanner.End(scanner.StatusBlocked, "shut out")}, outcome(scanner.StatusBlocked), scanner.RetestUnconfirmed},
		"not_looked_at":              {scanner.Ports{Unasked: scanner.Numbers{5}, Open: alive}, outcome(scanner.StatusNotApplicable), scanner.RetestUnconfirmed},
		"open_and_something_else":    {scanner.Ports{Open: []scanner.Port{{Number: 5}}}, outcome(scanner.StatusClean), scanner.RetestFixed},
		"open_and_elsewhere":         {scanner.Ports{Open: []scanner.Port{{Number: 5}}}, outcome(scanner.StatusNotApplicable), scanner.RetestFixed},
		"open_and_not_known":         {scanner.Ports{Open: []scanner.Port{{Number: 5}}}, outcome(scanner.StatusFailed), scanner.RetestUnconfirmed},
		"answers_like_everything":    {scanner.Ports{Open: []scanner.Port{{Number: 5}}, Everything: true}, outcome(scanner.StatusClean), scanner.RetestUnconfirmed},
		"closed_and_like_everything": {scanner.Ports{Closed: scanner.Numbers{5}, Everything: true}, outcome(scanner.StatusClean), scanner.RetestFixed},
	} {
		got, reason := portVerdict(&c.ports, 5, c.outcomes)
		if got != c.want || strings.TrimSpace(reason.String()) == "" {
			t.Errorf("%s: %s because %q, want %s", name, got, reason, c.want)
		}
	}
}
