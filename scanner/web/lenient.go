package web

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Servers send headers that net/http refuses, with a control character in a value or a line that is no header at all.
// Browsers show such pages, so they must be looked at. An answer that was refused for it is asked for once more, over a
// connection on which the head of the answer is mended before net/http reads it.

// refusesHead reports whether net/http refused an answer for a line of its head.
func refusesHead(err error) bool { return strings.Contains(err.Error(), "malformed MIME header") }

// lenientTransport makes a connection for each request, and mends the head of the answer.
func (o Options) lenientTransport(config *tls.Config) *http.Transport {
	dial := dialer(o)
	t := o.transport(config, false)
	t.DisableKeepAlives = true
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &mendedConn{Conn: c, lines: bufio.NewReader(c)}, nil
	}
	t.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		host, _, _ := net.SplitHostPort(address) // dial has split it before
		own := config.Clone()
		own.ServerName, own.NextProtos = host, []string{"http/1.1"}
		secure := tls.Client(c, own)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = c.Close()
			return nil, err
		}
		return &mendedConn{Conn: secure, lines: bufio.NewReader(secure)}, nil
	}
	return t
}

// mendedConn is a connection for one answer.
type mendedConn struct {
	net.Conn
	lines *bufio.Reader
	head  *bytes.Reader // nil until the head was read
}

func (c *mendedConn) Read(p []byte) (int, error) {
	if c.head == nil {
		head, err := readHead(c.lines)
		if err != nil {
			return 0, err
		}
		c.head = bytes.NewReader(mendHead(head))
	}
	if c.head.Len() > 0 {
		return c.head.Read(p)
	}
	return c.lines.Read(p)
}

// readHead reads up to the first empty line after a status that is no 1xx, or to a limit, whichever comes first.
func readHead(r *bufio.Reader) ([]byte, error) {
	var head []byte
	interim := false
	first := true
	for len(head) < maxHeader {
		line, err := r.ReadSlice('\n')
		head = append(head, line...)
		if err != nil && err != bufio.ErrBufferFull { //nolint:errorlint // ReadSlice gives it as it is
			if err == io.EOF && len(head) > 0 { //nolint:errorlint // likewise
				return head, nil
			}
			return nil, err
		}
		if first {
			_, status, _ := bytes.Cut(line, []byte(" "))
			interim = bytes.HasPrefix(status, []byte("1"))
			first = false
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			if !interim {
				break
			}
			first = true
		}
	}
	return head, nil
}

// mendHead replaces control characters by "?" and leaves out lines that are no headers.
func mendHead(head []byte) []byte {
	var mended []byte
	kept, status := true, true
	for line := range bytes.SplitSeq(bytes.TrimSuffix(head, []byte("\n")), []byte("\n")) {
		line = bytes.Clone(bytes.TrimRight(line, "\r"))
		for i, c := range line {
			if c < ' ' && c != '\t' || c == 0x7f {
				line[i] = '?'
			}
		}
		name, _, isHeader := bytes.Cut(line, []byte(":"))
		switch {
		case len(line) == 0:
			status, kept = true, true
		case status:
			status = false
		case line[0] != ' ' && line[0] != '\t':
			kept = isHeader && httpguts.ValidHeaderFieldName(string(name))
		}
		if kept {
			mended = append(append(mended, line...), "\r\n"...)
		}
	}
	return mended
}
