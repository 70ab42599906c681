package engine

import (
	"context"
	"errors"
	"net"
	"os"
	"regexp"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// datagrams are what ports of UDP are asked: one message each, from the specification of the protocol, which what is meant answers
// before any log-in. What listens there and does not know the message says nothing, so a port that is not in this list cannot be
// told from a closed one.
var datagrams = map[int]*firstWord{
	// IPMI 2.0 sections 13.6 and 22.13: Get Channel Authentication Capabilities outside of a session
	623 + scanner.UDP: {
		[]byte("\x06\x00\xff\x07" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09" + "\x20\x18\xc8\x81\x54\x38\x8e\x04\x61"),
		[]protocolSign{{"IPMI", regexp.MustCompile(`(?s)^\x06\x00.\x07\x00.{8}.\x81\x1c\x63\x20\x54\x38`)}},
	},
}

// AsksUDP reports whether something is known to ask at a port of UDP.
func AsksUDP(port int) bool { return datagrams[port] != nil }

// UDPPorts are the ports of UDP that something is known to ask at.
func UDPPorts() scanner.Numbers {
	var list scanner.Numbers
	for port := range datagrams {
		list = append(list, port)
	}
	slices.Sort(list)
	return list
}

// datagramTries is how often a port of UDP is asked that says nothing: a datagram may be lost.
const datagramTries = 2

// datagram asks a port of UDP. It is open when something answers, whatever that is, and closed when the host says that nobody is
// there. No answer says neither.
func (l *portLook) datagram(ctx context.Context, number int) {
	word := datagrams[number]
	for try := 1; word != nil; try++ {
		conn, err := l.host.Datagrams(ctx, number-scanner.UDP)
		if err != nil {
			l.note(number, err)
			return
		}
		open := scanner.Port{Number: number, Address: conn.RemoteAddr().String()}
		d := &dialogue{Conn: conn}
		answer, err := askOnce(d, word.send, l.host.Patience()/datagramTries)
		_ = conn.Close() // nothing more is to be read
		switch {
		case len(answer) > 0:
			l.conclude(&open, d, answer, word.signs)
			l.mu.Lock()
			l.states[number] = scanner.PortOpen
			l.opened++
			l.open = append(l.open, open)
			l.mu.Unlock()
			return
		case ctx.Err() != nil:
			return
		case web.Refused(err) || try == datagramTries:
			kind := web.KindUnreachable
			if errors.Is(err, os.ErrDeadlineExceeded) {
				kind = web.KindTimeout
			}
			l.note(number, &web.Error{Kind: kind, URL: scanner.PortURL(l.host.Name(), number).String(), Err: err})
			return
		}
	}
}

// askOnce sends a datagram and gives the one that answers.
func askOnce(c net.Conn, message []byte, wait time.Duration) ([]byte, error) {
	_ = c.SetDeadline(time.Now().Add(wait)) // it is open
	if _, err := c.Write(message); err != nil {
		return nil, err
	}
	answer := make([]byte, answerBytes)
	n, err := c.Read(answer)
	return answer[:n], err
}

// ofTCP are the ports of TCP of a list.
func ofTCP(list scanner.Numbers) scanner.Numbers {
	i, _ := slices.BinarySearch(list, scanner.UDP)
	return list[:i]
}
