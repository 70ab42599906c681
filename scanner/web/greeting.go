package web

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"sync"
)

// greetingBytes is how much is kept of what a server sends first.
const greetingBytes = 128

// heardConn keeps the first bytes that come over a connection: a port that speaks no HTTP often tells what it speaks.
type heardConn struct {
	net.Conn
	mu    sync.Mutex // net/http reads in a goroutine of its own
	first []byte
}

func (c *heardConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if room := greetingBytes - len(c.first); n > 0 && room > 0 {
		c.first = append(c.first, p[:min(n, room)]...)
	}
	return n, err
}

// listen makes a new connection of the attempt remember what comes over it.
func (a *attempt) listen(c net.Conn) net.Conn {
	heard := &heardConn{Conn: c}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heard = heard
	return heard
}

// greeting is what the server sent first over the newest connection, nil when that is not known. Over TLS it is what answered
// the handshake instead of TLS.
func (a *attempt) greeting(secure bool, err error) []byte {
	var record tls.RecordHeaderError
	noTLS := errors.As(err, &record)
	a.mu.Lock()
	heard := a.heard
	a.mu.Unlock()
	switch {
	case heard != nil && (noTLS || !secure):
		heard.mu.Lock()
		defer heard.mu.Unlock()
		return bytes.Clone(heard.first)
	case noTLS:
		return record.RecordHeader[:]
	}
	return nil
}
