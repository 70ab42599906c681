package browser

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// proxy is the only way from one visitor's pages to the network. It listens on loopback, and connects only to hosts to which
// a request was let through, so that nothing of the browser itself leaves, nor a socket.
type proxy struct {
	dial     func(ctx context.Context, address string, public bool) (net.Conn, error)
	own      string      // host of the page that is looked at
	known    string      // host:port that gets the certificate of the user; "" for none
	ending   *ending     // of TLS; nil when that is the browser's own
	private  atomic.Bool // it was at a private address, so others may be as well
	listener net.Listener
	server   http.Server
	group    errgroup.Group

	mu       sync.Mutex
	let      map[string]bool  // host:port to which requests were let through
	failures map[string]error // by host:port, of the last connection that failed
	opened   []string         // host:port of all connections and plain requests
	refused  []string         // host:port likewise
}

const maxListed = 1000 // connections that a proxy remembers

// newProxy listens until ctx ends.
func newProxy(ctx context.Context, page Page, dial func(context.Context, string, bool) (net.Conn, error), e *ending) (*proxy, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{dial: dial, own: page.URL.Hostname(), ending: e, listener: l, let: map[string]bool{}, failures: map[string]error{}}
	if page.Known {
		p.known = hostPort(page.URL)
	}
	away := &http.Transport{
		DialContext:        func(ctx context.Context, _, address string) (net.Conn, error) { return p.connect(ctx, address) },
		DisableCompression: true, MaxResponseHeaderBytes: 1 << 20, MaxIdleConnsPerHost: 6, IdleConnTimeout: 10 * time.Second,
	}
	plain := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.Out.Host = r.In.Host },
		Transport:    away,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	p.server = http.Server{
		ReadHeaderTimeout: time.Minute, MaxHeaderBytes: 1 << 20,
		BaseContext: func(net.Listener) context.Context { return ctx },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.Method == http.MethodConnect:
				p.tunnel(ctx, w, r.Host)
			case !harmless(r.Method) || r.Header.Get("Upgrade") != "" || !p.may(hostPort(r.URL)):
				w.WriteHeader(http.StatusForbidden)
			default:
				plain.ServeHTTP(w, r)
			}
		}),
	}
	p.group.Go(func() error { return p.server.Serve(l) })
	context.AfterFunc(ctx, func() { _ = p.server.Close() })
	return p, nil
}

// close ends all connections; the context of newProxy has ended before.
func (p *proxy) close() {
	_ = p.server.Close()
	_ = p.group.Wait() // http.ErrServerClosed
}

// address is where a browser finds it.
func (p *proxy) address() string { return "http://" + p.listener.Addr().String() }

// open lets connections to the host of u through.
func (p *proxy) open(u *url.URL) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.let[hostPort(u)] = true
}

// may reports whether a host may be connected to.
func (p *proxy) may(address string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := &p.refused
	if p.let[strings.ToLower(address)] {
		list = &p.opened
	}
	if len(*list) < maxListed {
		*list = append(*list, address)
	}
	return p.let[strings.ToLower(address)]
}

// failure is why a host could not be connected to, nil when it could.
func (p *proxy) failure(u *url.URL) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failures[hostPort(u)]
}

// refusals are hosts that were asked for without a request that was let through, each once.
func (p *proxy) refusals() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := slices.Clone(p.refused)
	slices.Sort(list)
	return slices.Compact(list)
}

// connect connects to a host. Private addresses are for pages that are at one.
func (p *proxy) connect(ctx context.Context, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	own := strings.EqualFold(host, p.own)
	c, err := p.dial(ctx, address, !own && !p.private.Load())
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.failures[strings.ToLower(address)] = err
		return nil, err
	}
	delete(p.failures, strings.ToLower(address))
	if own && isPrivate(c.RemoteAddr()) {
		p.private.Store(true)
	}
	return c, nil
}

// isPrivate reports whether an address is none of the Internet.
func isPrivate(a net.Addr) bool {
	to, err := netip.ParseAddrPort(a.String())
	ip := to.Addr().Unmap()
	return err == nil && (ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast())
}

// tunnel carries a connection of the browser to a host, unless it is a socket's.
func (p *proxy) tunnel(ctx context.Context, w http.ResponseWriter, address string) {
	if !p.may(address) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	site, err := p.connect(ctx, address)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer site.Close()
	var secure *tls.Conn // nil when the browser makes its own
	if p.ending != nil {
		if secure, err = p.secure(ctx, site, address); err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
	}
	client, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	stop := context.AfterFunc(ctx, func() {
		_ = client.Close() // both ends of a tunnel that is over
		_ = site.Close()
	})
	defer stop()
	_ = client.SetDeadline(time.Time{})
	if _, err := io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	from := io.Reader(client)
	if n := buffer.Reader.Buffered(); n > 0 {
		early, _ := buffer.Peek(n) // it is there
		from = io.MultiReader(bytes.NewReader(early), client)
	}
	hello, web := readHello(ctx, client, from)
	if !web {
		return
	}
	from = io.MultiReader(bytes.NewReader(hello), from)
	if secure == nil {
		pipe(client, from, site)
		return
	}
	if plain, err := p.ending.accept(ctx, &prefixed{client, from}, secure); err == nil {
		pipe(plain, plain, secure)
	}
}

// pipe carries bytes both ways until one side ends.
func pipe(client net.Conn, fromClient io.Reader, site net.Conn) {
	var both errgroup.Group
	carry := func(to net.Conn, from io.Reader) func() error {
		return func() error {
			_, err := io.Copy(to, from)
			_ = client.Close() // the other way ends too
			_ = site.Close()
			return err
		}
	}
	both.Go(carry(site, fromClient))
	both.Go(carry(client, site))
	_ = both.Wait() // a tunnel has no answer of its own
}

// readHello reads how a client begins TLS, and whether that is a browser that wants pages: for a socket it never offers
// HTTP/2, and without TLS only sockets come through tunnels.
func readHello(ctx context.Context, client net.Conn, from io.Reader) (hello []byte, web bool) {
	heard := &hearing{Conn: client, from: from}
	errHeard := errors.New("heard")
	_ = tls.Server(heard, &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(i *tls.ClientHelloInfo) (*tls.Config, error) {
		web = slices.Contains(i.SupportedProtos, "h2")
		return nil, errHeard
	}}).HandshakeContext(ctx)
	return heard.all.Bytes(), web
}

// hearing keeps what comes over a connection, and says nothing.
type hearing struct {
	net.Conn
	from io.Reader
	all  bytes.Buffer
}

func (h *hearing) Read(p []byte) (int, error) {
	n, err := h.from.Read(p)
	h.all.Write(p[:n])
	return n, err
}

func (h *hearing) Write(p []byte) (int, error) { return len(p), nil }

// harmless reports whether a request of that method changes nothing.
func harmless(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// otherPorts are those that browsers never ask for pages (Fetch standard, section 2.9), so that no page speaks to a mail server.
var otherPorts = strings.Fields(`1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123 135 137 139 143
	161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566
	6665 6666 6667 6668 6669 6679 6697 10080`)

func otherProtocol(port string) bool { return slices.Contains(otherPorts, port) }

// hostPort is where a request for u goes.
func hostPort(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "https" || u.Scheme == "wss":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
