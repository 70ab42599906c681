package engine

import (
	"errors"
	"net"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
)

// ipmi is the port of IPMI, and what OpenIPMI 2.0.33 answers there.
const (
	ipmi        = 623 + scanner.UDP
	ipmiAnswers = "\x06\x00\xff\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x81\x1c\x63\x20\x54\x38\x00\x01\x84\x04\x03\x00\x00\x00\x00\xc8"
)

// answerAt serves a port of UDP of the host, and counts what it was sent.
func (p *portServers) answerAt(port int, answer func([]byte) []byte) *atomic.Int64 {
	l, err := new(net.ListenConfig).ListenPacket(p.t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.resolve[net.JoinHostPort(p.host, strconv.Itoa(port-scanner.UDP))] = l.LocalAddr().String()
	told := new(atomic.Int64)
	var group errgroup.Group
	group.Go(func() error {
		for b := make([]byte, 4096); ; {
			n, from, err := l.ReadFrom(b)
			if err != nil {
				return nil
			}
			told.Add(1)
			if text := answer(b[:n]); len(text) > 0 {
				_, _ = l.WriteTo(text, from) // whoever is gone hears nothing
			}
		}
	})
	p.t.Cleanup(func() {
		_ = l.Close() // it is over
		_ = group.Wait()
	})
	return told
}

// A port of UDP is open when something answers, and belongs to a protocol only when it answers in that; silence says neither that
// it is open nor that it is closed, and the host is no more suspected for it.
func TestPortsOfUDP(t *testing.T) {
	for name, c := range map[string]struct {
		answer   func([]byte) []byte
		state    scanner.PortState
		protocol string
		behaves  string
	}{
		"answers":       {func([]byte) []byte { return []byte(ipmiAnswers) }, scanner.PortOpen, "IPMI", ""},
		"echoes":        {func(b []byte) []byte { return b }, scanner.PortOpen, "", behavesEchoes},
		"another":       {func([]byte) []byte { return []byte("\x06\x00\xff\x06\x00\x00\x11\xbe\x40") }, scanner.PortOpen, "", behavesUnknown},
		"another_call":  {func([]byte) []byte { return []byte(ipmiAnswers[:18] + "\x55" + ipmiAnswers[19:]) }, scanner.PortOpen, "", behavesUnknown},
		"says_nothing":  {func([]byte) []byte { return nil }, scanner.PortSilent, "", ""},
		"closed_by_all": {nil, scanner.PortClosed, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortServers(t)
			p.listen(22, greets("SSH-2.0-OpenSSH_9.6\r\n"))
			p.closed(623)
			told := new(atomic.Int64)
			if c.answer != nil {
				told = p.answerAt(ipmi, c.answer)
			}
			r := p.look(6*time.Second, 22, ipmi)
			if got := r.Of(ipmi); got != c.state {
				t.Fatalf("it is %s, want %s", got, c.state)
			}
			if i := slices.IndexFunc(r.Open, func(o scanner.Port) bool { return o.Number == ipmi }); i >= 0 && (r.Open[i].Protocol != c.protocol || r.Open[i].Behaves != c.behaves) {
				t.Errorf("it is taken for %q, which %q", r.Open[i].Protocol, r.Open[i].Behaves)
			}
			if r.End != nil || r.Of(22) != scanner.PortOpen {
				t.Errorf("end = %v, port 22 is %s", r.End, r.Of(22))
			}
			if n := told.Load(); n > datagramTries || c.state == scanner.PortSilent && n < datagramTries {
				t.Errorf("%d datagrams, want %d at most, and not less where nothing is said", n, datagramTries)
			}
		})
	}
}

// A host of which only a silent port of UDP was looked at is not known to be there.
func TestSilenceOverUDPAlone(t *testing.T) {
	p := newPortServers(t)
	p.answerAt(ipmi, func([]byte) []byte { return nil })
	host, err := p.client(time.Second).Host(p.host)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	l := &portLook{host: host}
	r := l.look(t.Context(), scanner.Numbers{ipmi})
	var end *scanner.StatusError
	if err := l.silence(t.Context()); r.Answers() || !errors.As(err, &end) || end.Status != scanner.StatusUnreachable || end.Reason.String() != "no complete answer in time" {
		t.Errorf("answers: %t; %v", r.Answers(), end)
	}
}
