package sigtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

// portsHost is the host that has the ports of a case.
const portsHost = "ports.invalid"

// servedPorts are the ports of a case, each on a port of loopback.
type servedPorts struct {
	resolve map[string]string // as web.Options has it
	numbers scanner.Numbers   // open or closed

	group     sync.WaitGroup
	listeners []io.Closer
	mu        sync.Mutex
	conns     []net.Conn
}

// servePorts opens the ports of a case, which may be nil. All others that the signatures name are closed.
func servePorts(ctx context.Context, c *signature.Case, sigs []*signature.Signature) (*servedPorts, error) {
	p := &servedPorts{resolve: map[string]string{}}
	if c == nil || len(c.Ports) == 0 {
		return p, nil
	}
	closed, err := p.closedPort(ctx)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	for _, s := range sigs {
		for _, n := range scanner.PortsOf(s) {
			p.add(n, closed)
		}
	}
	for _, open := range c.Ports {
		if open.UDP {
			if err := p.answer(ctx, open); err != nil {
				return nil, errors.Join(err, p.Close())
			}
			continue
		}
		l, err := p.listen(ctx)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.add(open.Port, l.Addr().String())
		p.serve(l, open)
	}
	slices.Sort(p.numbers)
	p.numbers = slices.Compact(p.numbers)
	return p, nil
}

func (p *servedPorts) add(port int, address string) {
	p.numbers = append(p.numbers, port)
	p.resolve[net.JoinHostPort(portsHost, strconv.Itoa(port%scanner.UDP))] = address
}

func (p *servedPorts) listen(ctx context.Context) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err == nil {
		p.listeners = append(p.listeners, l)
	}
	return l, err
}

// closedPort is an address where nobody listens: that of our own end of a connection, which no other program gets.
func (p *servedPorts) closedPort(ctx context.Context) (string, error) {
	l, err := p.listen(ctx)
	if err != nil {
		return "", err
	}
	c, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return "", err
	}
	p.keep(c)
	return c.LocalAddr().String(), nil
}

func (p *servedPorts) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, c)
}

func (p *servedPorts) serve(l net.Listener, as signature.CasePort) {
	p.group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.keep(c)
			p.group.Go(func() {
				speak(c, as)
				_ = c.Close() // perhaps again
			})
		}
	})
}

// answer opens a port of UDP, and answers there until the end.
func (p *servedPorts) answer(ctx context.Context, as signature.CasePort) error {
	l, err := new(net.ListenConfig).ListenPacket(ctx, "udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	p.listeners = append(p.listeners, l)
	p.add(as.Port+scanner.UDP, l.LocalAddr().String())
	p.group.Go(func() {
		for told := make([]byte, 4<<10); ; {
			n, from, err := l.ReadFrom(told)
			if err != nil {
				return
			}
			answer := bytesOf(as.Answers)
			if as.Echoes {
				answer = told[:n]
			}
			for _, r := range as.Replies {
				if bytes.Contains(told[:n], bytesOf(r.To)) {
					answer = bytesOf(r.With)
				}
			}
			if len(answer) > 0 {
				_, _ = l.WriteTo(answer, from) // as above
			}
		}
	})
	return nil
}

// speak is one connection to a port, until the other side ends it.
func speak(c net.Conn, as signature.CasePort) {
	_, _ = c.Write(bytesOf(as.Greets)) // whoever is gone hears nothing
	if as.Answers != "" {
		if _, err := c.Read(make([]byte, 4<<10)); err == nil {
			_, _ = c.Write(bytesOf(as.Answers)) // as above
		}
		if strings.HasPrefix(as.Answers, "HTTP/") {
			return
		}
	}
	if len(as.Replies) > 0 {
		reply(c, as.Replies)
		return
	}
	to := io.Discard
	if as.Echoes {
		to = c
	}
	_, _ = io.Copy(to, c) // until the end
}

// reply answers each thing that it is told which the case has an answer to.
func reply(c net.Conn, replies []signature.CaseReply) {
	var told []byte
	for b := make([]byte, 4<<10); ; {
		n, err := c.Read(b)
		if err != nil {
			return
		}
		told = append(told, b[:n]...)
		i := slices.IndexFunc(replies, func(r signature.CaseReply) bool { return bytes.Contains(told, bytesOf(r.To)) })
		if i < 0 {
			continue
		}
		if replies[i].With == "" {
			return
		}
		told = told[:0]
		if _, err := c.Write(bytesOf(replies[i].With)); err != nil {
			return
		}
	}
}

// bytesOf is a text in which every character is a byte.
func bytesOf(text string) []byte {
	var list []byte
	for _, r := range text {
		list = append(list, byte(r))
	}
	return list
}

// targets are the site, for signatures that look at sites, and for those that look at ports the host of the case, or without a
// case the port of the site.
func (p *servedPorts) targets(site string, c *signature.Case, sigs []*signature.Signature, checks scanner.Table) []string {
	path := ""
	if c != nil {
		path = c.Path
	}
	at := "tcp://" + portsHost
	if len(p.resolve) == 0 {
		at = "tcp" + strings.TrimLeft(site, "htps")
	}
	var list []string
	if slices.ContainsFunc(sigs, func(s *signature.Signature) bool { return !looksAtPorts(s, checks) }) {
		list = append(list, site+path)
	}
	if (c == nil || len(c.Ports) > 0) && slices.ContainsFunc(sigs, func(s *signature.Signature) bool { return looksAtPorts(s, checks) }) {
		list = append(list, at)
	}
	if len(list) == 0 {
		return []string{at} // a case in which nothing is open
	}
	return list
}

func looksAtPorts(s *signature.Signature, checks scanner.Table) bool {
	factory, ok := checks[s.Check]
	if !ok || len(s.Unsupported) > 0 {
		return false
	}
	c, err := factory(s)
	placed, ok := c.(scanner.Placed)
	return err == nil && ok && placed.Place() == scanner.PlacePorts
}

// Close ends all connections.
func (p *servedPorts) Close() error {
	var errs []error
	for _, l := range p.listeners {
		errs = append(errs, l.Close())
	}
	p.mu.Lock()
	for _, c := range p.conns {
		_ = c.Close() // perhaps again
	}
	p.mu.Unlock()
	p.group.Wait()
	return errors.Join(errs...)
}
