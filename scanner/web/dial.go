package web

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"sotomi/scanner/message"
)

// How many connections to ports may be open at once.
const (
	dialsAtOnce     = 256 // to all hosts
	dialsToOneHost  = 64
	portDialTimeout = 3 * time.Second // a lost packet is sent again twice within it
)

// Host connects to the ports of one host, without HTTP. It keeps to the rate of the host, counts and logs every connection, and
// looks its name up once. It may be used by many goroutines, and must be closed.
type Host struct {
	client *Client
	name   string // host name or address without brackets
	state  *hostState
	turns  chan struct{} // of connections to look at ports

	mu        sync.Mutex
	addresses []netip.Addr // nil before they were looked up
	failure   error        // of that
}

// Host is the host of that name. The error is a *Error: through a proxy there are no ports.
func (c *Client) Host(name string) (*Host, error) {
	h := &Host{client: c, name: name, turns: make(chan struct{}, dialsToOneHost)}
	if c.options.Proxy != nil {
		return nil, &Error{Kind: KindProtocol, URL: h.address("tcp", 0), Err: message.Errorf("ports cannot be looked at through a proxy")}
	}
	h.state = c.limiter.host("tcp " + name) // one for all ports
	return h, nil
}

// Name is the host's name or address.
func (h *Host) Name() string { return h.name }

// Close gives back what the host holds.
func (h *Host) Close() { h.client.limiter.leave(h.state) }

// where are the addresses of a port: what --resolve says (given), or the first address of each family, which are looked up once.
func (h *Host) where(ctx context.Context, port int) (list []string, given bool, err error) {
	text := strconv.Itoa(port)
	if to, ok := h.client.options.Resolve[strings.ToLower(net.JoinHostPort(h.name, text))]; ok {
		if _, _, err := net.SplitHostPort(to); err != nil {
			to = net.JoinHostPort(strings.Trim(to, "[]"), text)
		}
		return []string{to}, true, nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.addresses == nil && h.failure == nil {
		h.addresses, h.failure = h.lookUp(ctx)
		if ctx.Err() != nil {
			h.addresses, h.failure = nil, nil
			return nil, false, ctx.Err()
		}
	}
	for _, a := range h.addresses {
		list = append(list, net.JoinHostPort(a.String(), text))
	}
	return list, false, h.failure
}

func (h *Host) lookUp(ctx context.Context) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(h.name); err == nil {
		return []netip.Addr{a}, nil
	}
	all, err := net.DefaultResolver.LookupNetIP(ctx, "ip", h.name)
	if err != nil {
		return nil, err
	}
	list := []netip.Addr{} // not nil: it was looked up
	for _, six := range []bool{false, true} {
		if i := slices.IndexFunc(all, func(a netip.Addr) bool { return a.Unmap().Is6() == six }); i >= 0 {
			list = append(list, all[i].Unmap())
		}
	}
	return list, nil
}

// Connect connects to a port to see whether it is open, when there is a turn for it, which it keeps until it is closed; it
// waits for 3 seconds at most. The error is a *Error.
func (h *Host) Connect(ctx context.Context, port int) (net.Conn, error) {
	release := func() {}
	for _, turns := range []chan struct{}{h.turns, h.client.dials} {
		select {
		case turns <- struct{}{}:
			before := release
			release = func() { <-turns; before() }
		case <-ctx.Done():
			release()
			return nil, h.fail(ctx, KindCanceled, "tcp", port, ctx.Err())
		}
	}
	c, err := h.connect(ctx, "tcp", port, min(portDialTimeout, h.client.options.Timeout))
	if err != nil {
		release()
		return nil, err
	}
	c.release = release
	return c, nil
}

// Dial connects to a port that is known to be open, inside TLS where that is asked for. Its certificate is not looked at. The
// error is a *Error.
func (h *Host) Dial(ctx context.Context, port int, useTLS bool) (net.Conn, error) {
	c, err := h.connect(ctx, "tcp", port, min(connectTimeout, h.client.options.Timeout))
	if err != nil {
		return nil, err
	}
	if !useTLS {
		return c, nil
	}
	secure, err := h.Secure(ctx, c)
	if err != nil {
		_ = c.Close() // it is of no use
		return nil, h.fail(ctx, KindTLS, "tcp", port, err)
	}
	return secure, nil
}

// Datagrams is what goes to a port of UDP and comes from it. That there is one does not say that anybody is there: reading tells,
// and when nothing comes, nobody knows. The error is a *Error.
func (h *Host) Datagrams(ctx context.Context, port int) (net.Conn, error) {
	return h.connect(ctx, "udp", port, min(portDialTimeout, h.client.options.Timeout))
}

// Secure makes a TLS handshake over a connection of the host. Nothing is verified.
func (h *Host) Secure(ctx context.Context, c net.Conn) (*tls.Conn, error) {
	config := &tls.Config{
		InsecureSkipVerify: true, // what lies open is looked at, whoever shows it
		MinVersion:         tls.VersionTLS10, ServerName: h.name, CipherSuites: everySuite(),
	}
	secure := tls.Client(c, config)
	return secure, secure.HandshakeContext(ctx)
}

// Patience is how long a port is given to answer, or to greet in half of that time.
func (h *Host) Patience() time.Duration { return min(3*time.Second, h.client.options.Timeout/2) }

// Get is a request for the page of a port, for those that speak to nobody but a client of HTTP. It is one of HTTP/1.0, which
// needs no Host: Redis takes that for an attack, and closes the connection instead of telling what it is.
func (h *Host) Get() []byte {
	return []byte("GET / HTTP/1.0\r\nUser-Agent: " + h.client.options.UserAgent + "\r\nAccept: */*\r\n\r\n")
}

// connect makes one connection of a network, tcp or udp.
func (h *Host) connect(ctx context.Context, network string, port int, timeout time.Duration) (*plainConn, error) {
	addresses, given, err := h.where(ctx, port)
	if err != nil {
		return nil, h.fail(ctx, kindOf(ctx, err), network, port, err)
	}
	if err := h.state.pace(ctx); err != nil {
		return nil, h.fail(ctx, KindCanceled, network, port, err)
	}
	if err := h.client.limiter.depart(ctx); err != nil {
		return nil, h.fail(ctx, KindCanceled, network, port, err)
	}
	begun := time.Now()
	conn, err := h.dial(ctx, network, addresses, given, timeout)
	if err != nil {
		h.log(ctx, h.address(network, port), begun, nil, err)
		return nil, h.fail(ctx, kindOf(ctx, err), network, port, err)
	}
	_ = conn.SetDeadline(begun.Add(h.client.options.Timeout)) // it is open
	c := &plainConn{Conn: conn, release: func() {}}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // whoever waits for it need not
	c.ended = func() {
		stop()
		h.log(ctx, h.address(network, port), begun, c, nil)
	}
	return c, nil
}

// dial connects to the first address that accepts. When none does, the error is that of an address that gave no answer, if there
// is one: it tells less than a refusal.
func (h *Host) dial(ctx context.Context, network string, addresses []string, given bool, timeout time.Duration) (net.Conn, error) {
	d := net.Dialer{Timeout: timeout, KeepAlive: -1}
	if !given {
		d = guarded(d, h.client.options, h.name, false)
	}
	var worst error = &net.DNSError{Err: "no such host", Name: h.name, IsNotFound: true}
	for _, address := range addresses {
		c, err := d.DialContext(ctx, network, address)
		if err == nil {
			return c, nil
		}
		var scope *scopeError
		if errors.As(err, &scope) {
			return nil, scope
		}
		if isNotFound(worst) || Refused(worst) && !noRoute(err) || noRoute(worst) {
			worst = err
		}
	}
	return nil, worst
}

// Refused reports whether a connection failed because the host refuses it: nothing listens there.
func Refused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, errRefusedElsewhere)
}

// errRefusedElsewhere is how Windows says it.
var errRefusedElsewhere = syscall.Errno(10061)

// noRoute reports whether this machine cannot reach addresses of that family at all.
func noRoute(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// Scarce reports whether a connection failed because this machine had no room for it, which says nothing of the host.
func Scarce(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOBUFS)
}

// address is a port of the host in errors and logs; 0 is the host itself.
func (h *Host) address(network string, port int) string {
	u := url.URL{Scheme: network, Host: strings.TrimSuffix(net.JoinHostPort(h.name, ""), ":")}
	if port != 0 {
		u.Host = net.JoinHostPort(h.name, strconv.Itoa(port))
	}
	return u.String()
}

func (h *Host) fail(ctx context.Context, kind Kind, network string, port int, err error) error {
	if ctx.Err() != nil {
		kind = KindCanceled
	}
	return &Error{Kind: kind, URL: h.address(network, port), Err: err}
}

// log tells of a connection that has ended.
func (h *Host) log(ctx context.Context, address string, begun time.Time, c *plainConn, err error) {
	method, _, _ := strings.Cut(address, ":")
	t := Traffic{Time: begun.UTC(), Method: strings.ToUpper(method), URL: address, Sent: 1, Took: time.Since(begun), Err: err}
	if c != nil {
		t.Address, t.Bytes = c.RemoteAddr().String(), int(c.read.Load())
	}
	h.client.log(ctx, t)
}

// plainConn counts what comes over it, and says when it is closed.
type plainConn struct {
	net.Conn
	read    atomic.Int64
	closed  atomic.Bool
	release func()
	ended   func()
}

func (c *plainConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

func (c *plainConn) Close() error {
	err := c.Conn.Close()
	if c.closed.CompareAndSwap(false, true) {
		c.ended()
		c.release()
	}
	return err
}
