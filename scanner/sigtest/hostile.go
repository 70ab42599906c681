package sigtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
)

// Hostile is a server that is broken or means harm, by name. No scan of it may hang, cost much, or say more than was seen.
type Hostile struct {
	Name  string
	TLS   string // the kind of its certificate, as in cases; "" for plain HTTP
	HTTP2 bool   // it speaks HTTP/2
	Serve func(net.Conn)
	Seen  bool // it answers what can be read, so signatures may be clean
}

// HostileServers are all of them.
func HostileServers() []Hostile {
	var list []Hostile
	for _, group := range [][]Hostile{silent(), endless(), packed(), malformed(), redirecting(), refusing(), withTLS(), withHTTP2(), pages()} {
		list = append(list, group...)
	}
	return list
}

// Started is a hostile server that runs on loopback.
type Started struct {
	URL           string
	AuthorityFile string          // of its certificate; "" without TLS
	Asked         <-chan struct{} // closed when it has its first connection

	listener net.Listener
	folder   string
	group    sync.WaitGroup
	mu       sync.Mutex
	conns    []net.Conn
	closed   bool
}

// Start runs the server until it is closed.
func (h Hostile) Start(ctx context.Context) (*Started, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	asked := make(chan struct{})
	s := &Started{URL: "http://" + l.Addr().String() + "/", Asked: asked, listener: l}
	var config *tls.Config
	if h.TLS != "" {
		if s.folder, err = os.MkdirTemp("", "sotomi-test"); err != nil {
			return nil, errors.Join(err, l.Close())
		}
		if config, s.AuthorityFile, err = tlsConfig(h.TLS, s.folder); err != nil {
			return nil, errors.Join(err, l.Close(), os.RemoveAll(s.folder))
		}
		if h.HTTP2 {
			config.NextProtos = []string{"h2"}
		}
		s.URL = "https://" + l.Addr().String() + "/"
	}
	s.group.Go(func() {
		var once sync.Once
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			once.Do(func() { close(asked) })
			if config != nil {
				c = tls.Server(c, config)
			}
			if !s.keep(c) {
				return
			}
			s.group.Go(func() {
				h.Serve(c)
				_ = c.Close() // it may be broken
			})
		}
	})
	return s, nil
}

// keep remembers a connection, so that it ends with the server.
func (s *Started) keep(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close() // nobody is there
		return false
	}
	s.conns = append(s.conns, c)
	return true
}

// Close ends the server and all its connections.
func (s *Started) Close() {
	_ = s.listener.Close() // it was open
	s.mu.Lock()
	s.closed = true
	for _, c := range s.conns {
		if secure, ok := c.(*tls.Conn); ok {
			c = secure.NetConn() // no alert: nobody reads it
		}
		_ = c.Close() // perhaps again
	}
	s.mu.Unlock()
	s.group.Wait()
	if s.folder != "" {
		_ = os.RemoveAll(s.folder) // a rest of it harms nobody
	}
}

// says answers every request with what text makes of it, byte for byte, until that is "".
func says(text func(*http.Request) string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			answer := text(req)
			if answer == "" {
				return
			}
			if _, err := c.Write([]byte(answer)); err != nil {
				return
			}
		}
	}
}

// always answers every request with one text.
func always(text string) func(net.Conn) { return says(func(*http.Request) string { return text }) }

// repeats answers the first request with head and then with part until the client has had enough.
func repeats(head, part string) func(net.Conn) {
	block := part
	if len(part) > 0 && len(part) < 1<<14 {
		block = strings.Repeat(part, 1<<14/len(part))
	}
	return func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		_, err := c.Write([]byte(head))
		for err == nil {
			_, err = c.Write([]byte(block))
		}
	}
}
