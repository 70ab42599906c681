package engine

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// How an open port behaves whose protocol is not known.
const (
	behavesSilent  = "silent"  // says nothing
	behavesCloses  = "closes"  // ends the connection without a word
	behavesEchoes  = "echoes"  // repeats what it is sent
	behavesUnknown = "unknown" // says something that is no protocol known here
)

// bodyWait is how long a port of HTTP is given to end its answer.
const bodyWait = 300 * time.Millisecond

// answerBytes is how much is read of what a port says.
const answerBytes = 4 << 10

// dialogue is one connection to a port and what was said over it.
type dialogue struct {
	net.Conn
	sent, heard []byte
	over        bool // the other side has ended it
}

func (d *dialogue) Write(p []byte) (int, error) {
	d.sent = append(d.sent, p[:min(len(p), answerBytes-min(len(d.sent), answerBytes))]...)
	return d.Conn.Write(p)
}

func (d *dialogue) Read(p []byte) (int, error) {
	n, err := d.Conn.Read(p)
	d.heard = append(d.heard, p[:min(n, answerBytes-min(len(d.heard), answerBytes))]...)
	d.over = d.over || err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
	return n, err
}

// ask sends something, or nothing, and reads what comes within a time: what comes together counts as one answer.
func ask(c net.Conn, message []byte, wait time.Duration) []byte {
	_ = c.SetDeadline(time.Now().Add(wait)) // it is open
	if len(message) > 0 {
		if _, err := c.Write(message); err != nil {
			return nil
		}
	}
	answer := make([]byte, answerBytes)
	n, err := c.Read(answer)
	if err == nil && bytes.HasPrefix(answer[:n], []byte("HTTP/")) { // the head may come before the body
		_ = c.SetDeadline(time.Now().Add(min(wait, bodyWait))) // it is open
		more, _ := io.ReadFull(c, answer[n:])                  //nolint:errcheck // as much as there is
		n += more
	}
	return answer[:n]
}

// identify finds out what speaks at an open port: by its greeting, or by what it answers to one hello.
func (l *portLook) identify(ctx context.Context, conn net.Conn, open *scanner.Port) {
	d := &dialogue{Conn: conn}
	known := firstWords[open.Number]
	if known != nil {
		l.conclude(open, d, ask(d, known.send, l.host.Patience()), known.signs)
	} else {
		l.conclude(open, d, ask(d, nil, l.host.Patience()/2), nil)
	}
	if open.Protocol != "" || open.Behaves == behavesEchoes || known == nil && len(d.heard) > 0 || ctx.Err() != nil {
		return
	}
	if known != nil { // what was sent was no beginning of TLS
		if conn = l.again(ctx, open); conn == nil {
			return
		}
		defer func() { _ = conn.Close() }() // nothing more is to be read
		d = &dialogue{Conn: conn}
	}
	if !d.over && l.speaksTLS(ctx, d, open, known) || open.Protocol != "" || open.Behaves == behavesEchoes || ctx.Err() != nil {
		return
	}
	if conn = l.again(ctx, open); conn == nil {
		return
	}
	defer func() { _ = conn.Close() }() // as above
	d = &dialogue{Conn: conn}
	l.conclude(open, d, ask(d, l.host.Get(), l.host.Patience()), nil)
}

// again is a further connection, nil when there is none.
func (l *portLook) again(ctx context.Context, open *scanner.Port) net.Conn {
	conn, err := l.host.Connect(ctx, open.Number)
	if err != nil {
		return nil
	}
	return conn
}

// speaksTLS begins TLS, and finds out what speaks inside it. It reports whether the port speaks TLS.
func (l *portLook) speaksTLS(ctx context.Context, d *dialogue, open *scanner.Port, known *firstWord) bool {
	_ = d.SetDeadline(time.Now().Add(l.host.Patience())) // it is open
	secure, err := l.host.Secure(ctx, d)
	if err != nil {
		l.conclude(open, d, d.heard, nil)
		return open.TLS
	}
	open.TLS, open.Protocol, open.Behaves = true, scanner.ProtocolTLS, ""
	inner := scanner.Port{Number: open.Number}
	inside := &dialogue{Conn: secure}
	message, signs := l.host.Get(), []protocolSign(nil)
	if known != nil {
		message, signs = known.send, known.signs
	}
	l.conclude(&inner, inside, ask(inside, message, l.host.Patience()), signs)
	if inner.Protocol != "" {
		open.Protocol, open.Greeting = inner.Protocol, inner.Greeting
	}
	return true
}

// conclude says what an answer shows. further are signs that only hold for an answer to what was sent.
func (l *portLook) conclude(open *scanner.Port, d *dialogue, answer []byte, further []protocolSign) {
	if len(answer) > 0 {
		open.Greeting = answer[:min(len(answer), greetingKept)]
	}
	switch {
	case len(answer) == 0 && open.Behaves == behavesUnknown:
	case len(answer) == 0 && d.over:
		open.Behaves = behavesCloses
	case len(answer) == 0:
		open.Behaves = behavesSilent
	case len(d.sent) > 0 && bytes.HasPrefix(d.sent, answer) && len(answer) >= min(len(d.sent), 4):
		open.Behaves = behavesEchoes
	default:
		open.Protocol, open.Behaves = protocolOf(answer, further), ""
		if open.TLS = open.Protocol == overTLS; open.Protocol == "" {
			open.Behaves = behavesUnknown
		}
	}
}

// greetingKept is how much is kept of what a port says, in bytes.
const greetingKept = 128

// protocolOf is what speaks so, "" when that is not known.
func protocolOf(answer []byte, further []protocolSign) string {
	text := latin1(answer)
	if bytes.HasPrefix(answer, []byte("HTTP/1.")) {
		return httpOrSays(answer)
	}
	for _, s := range slices.Concat(further, protocolSigns) {
		if s.pattern.MatchString(text) {
			return s.name
		}
	}
	return ""
}

// httpOrSays is HTTP, unless the answer says in HTTP that the port speaks something else.
func httpOrSays(answer []byte) string {
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
	if err != nil {
		return scanner.ProtocolHTTP
	}
	defer func() { _ = res.Body.Close() }() // it is in memory
	body, _ := io.ReadAll(res.Body)         //nolint:errcheck // the beginning is enough
	ex := &web.Exchange{URL: &url.URL{Scheme: "http", Path: "/"}, Status: res.StatusCode, Body: body, Header: res.Header}
	if other := answerSays(ex); other != "" {
		return other
	}
	return scanner.ProtocolHTTP
}
