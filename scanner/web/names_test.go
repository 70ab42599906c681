package web

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// nameServer answers for every name with the addresses that it has now.
type nameServer struct {
	mu        sync.Mutex
	addresses []string
}

// names starts a server of names that the process asks until the test ends.
func names(t *testing.T) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &nameServer{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		query := make([]byte, 512)
		for {
			size, from, err := conn.ReadFrom(query)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(n.answer(query[:size]), from)
		}
	}()
	old := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = old
		conn.Close()
		<-done
	})
	return n
}

func (n *nameServer) say(addresses ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addresses = addresses
}

func (n *nameServer) answer(query []byte) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) == 0 {
		return nil
	}
	q := m.Questions[0]
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}
	m.Additionals = nil
	for _, text := range n.addresses {
		if a := netip.MustParseAddr(text); a.Is4() && q.Type == dnsmessage.TypeA {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}, Body: &dnsmessage.AResource{A: a.As4()},
			})
		}
	}
	out, _ := m.Pack()
	return out
}

// siteOn is a server on a loopback address that says which one it is.
func siteOn(t *testing.T, address, port string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(address, port))
	if err != nil {
		t.Skipf("no server can be on %s here: %v", address, err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, address) }))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// Of the addresses of a name, one that can be reached is asked, and none that may not be.
func TestNamesWithSeveralAddresses(t *testing.T) {
	n := names(t)
	port := siteOn(t, "127.0.0.1", "0")
	siteOn(t, "127.0.0.3", port)
	u := &url.URL{Scheme: "http", Host: "shop.test:" + port, Path: "/"}
	for name, c := range map[string]struct {
		addresses []string
		want      string // what answers, or the kind of the error
	}{
		"one":                 {[]string{"127.0.0.1"}, "127.0.0.1"},
		"first_is_dead":       {[]string{"127.0.0.2", "127.0.0.3"}, "127.0.0.3"},
		"first_is_link_local": {[]string{"169.254.169.254", "127.0.0.1"}, "127.0.0.1"},
		"only_link_local":     {[]string{"169.254.169.254", "169.254.1.1"}, string(KindScope)},
		"dead_and_link_local": {[]string{"169.254.169.254", "127.0.0.2"}, string(KindUnreachable)},
		"all_are_dead":        {[]string{"127.0.0.2", "127.0.0.4"}, string(KindUnreachable)},
		"none":                {nil, string(KindUnreachable)},
		"many_dead":           {append(many("127.0.1.", 20), "127.0.0.3"), "127.0.0.3"},
	} {
		n.say(c.addresses...)
		ex, err := client(t, Options{}).Session(u).Do(t.Context(), &Request{URL: u})
		got := string(KindOf(err))
		if err == nil {
			got = string(ex.Body)
		}
		if got != c.want {
			t.Errorf("%s: %s (%v), want %s", name, got, err, c.want)
		}
	}
}

func many(prefix string, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(prefix, i+1))
	}
	return list
}

// A name whose address changes while a site is scanned leads to the new one, but not to one that may not be asked.
func TestNamesWhoseAddressChanges(t *testing.T) {
	n := names(t)
	port := siteOn(t, "127.0.0.1", "0")
	siteOn(t, "127.0.0.3", port)
	u := &url.URL{Scheme: "http", Host: "shop.test:" + port, Path: "/"}
	c := client(t, Options{})
	s := c.Session(u)
	n.say("127.0.0.1")
	if ex := get(t, s, u, Request{}); string(ex.Body) != "127.0.0.1" {
		t.Errorf("answer of %s, want 127.0.0.1", ex.Body)
	}
	n.say("127.0.0.3")
	c.Close() // its idle connections: it must connect again
	if ex := get(t, s, u, Request{}); string(ex.Body) != "127.0.0.3" || ex.Remote.String() != "127.0.0.3:"+port {
		t.Errorf("answer of %s at %s, want 127.0.0.3", ex.Body, ex.Remote)
	}
	n.say("169.254.169.254")
	c.Close()
	if _, err := s.Do(t.Context(), &Request{URL: u}); KindOf(err) != KindScope {
		t.Errorf("%v, want that the link-local address is refused", err)
	}
	s = c.Session(u)
	s.PublicOnly()
	n.say("127.0.0.1")
	if _, err := s.Do(t.Context(), &Request{URL: u}); KindOf(err) != KindScope {
		t.Errorf("%v, want that the private address is refused to a name that the user did not give", err)
	}
}

func TestLinkLocalIsRefusedBeforeConnecting(t *testing.T) {
	for host, want := range map[string]bool{"shop.example": true, "169.254.169.254": false, "fe80::1%eth0": false} {
		if got := guarded(net.Dialer{}, Options{}, host, false).ControlContext != nil; got != want {
			t.Errorf("%s: looked at before connecting: %v, want %v", host, got, want)
		}
	}
	if guarded(net.Dialer{}, Options{Proxy: shop}, "proxy.example", false).ControlContext != nil {
		t.Error("the address of the user's proxy is looked at")
	}
	refuse := refuseAddresses("shop.example", false)
	for address, want := range map[string]bool{
		"169.254.169.254:80": true, "[fe80::1%eth0]:80": true, "[::ffff:169.254.1.1]:443": true, "127.0.0.1:80": false, "[2001:db8::1]:80": false,
	} {
		err := refuse(t.Context(), "tcp", address, nil)
		var scope *scopeError
		if got := errors.As(err, &scope); got != want {
			t.Errorf("%s: %v, refused %v, want %v", address, err, got, want)
		}
	}
}

func TestWhatIsAPublicAddress(t *testing.T) {
	for address, want := range map[string]bool{"203.0.113.1:80": true, "[2001:db8::1]:443": true, "127.0.0.1:80": false, "[::ffff:10.0.0.1]:80": false, "169.254.1.1:80": false} {
		if got := isPublic(net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

// A host that was at a public address and is at a private one now would let a site's owner read the network of the scan.
func TestANameThatChangesToAPrivateAddress(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	client, err := NewClient(Options{Rate: -1, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	u := &url.URL{Scheme: "http", Host: "localhost:" + port, Path: "/"}
	if _, err := client.Session(u).Do(t.Context(), &Request{URL: u}); err != nil {
		t.Skipf("localhost cannot be looked up here: %v", err)
	}
	client.Close() // so that it must connect again
	h := client.limiter.host(u.Host)
	h.public.Store(true)
	_, err = client.Session(u).Do(t.Context(), &Request{URL: u})
	if KindOf(err) != KindScope || !strings.Contains(err.Error(), "localhost resolves to the private address") {
		t.Errorf("%v, want that the private address is refused", err)
	}
}

// A name that the user did not give must not lead into the network that the scan runs in.
func TestPrivateAddressesOfNamesThatTheUserDidNotGive(t *testing.T) {
	refuse := refuseAddresses("www.shop.example", true)
	for address, want := range map[string]bool{
		"10.0.0.1:80": true, "127.0.0.1:80": true, "[::1]:443": true, "192.168.1.1:443": true, "[fd00::1]:80": true, "100.64.1.1:80": true,
		"[::ffff:10.0.0.1]:80": true, "0.0.0.0:80": true, "169.254.169.254:80": true, "203.0.113.1:80": false, "[2001:db8::1]:80": false,
	} {
		err := refuse(t.Context(), "tcp", address, nil)
		var scope *scopeError
		if got := errors.As(err, &scope); got != want {
			t.Errorf("%s: %v, refused %v, want %v", address, err, got, want)
		}
	}
}
