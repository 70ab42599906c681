package web

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A request of something else than the client waits for its turn as the client's own do, counts, and is in the log.
func TestTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log []Traffic
		c := client(t, Options{Rate: 2, InFlight: 1, Log: func(tr Traffic) { log = append(log, tr) }})
		u, other := parse(t, "http://shop.example/a"), parse(t, "http://other.example/b")
		begun := time.Now()
		var took []time.Duration
		for _, to := range []*url.URL{u, u, other, u} {
			after, err := c.Turn(t.Context(), http.MethodGet, to)
			if err != nil {
				t.Fatal(err)
			}
			after(http.StatusOK)
			took = append(took, time.Since(begun))
		}
		if want := []time.Duration{0, time.Second / 2, time.Second / 2, time.Second}; !slices.Equal(took, want) {
			t.Errorf("turns after %v, want %v", took, want)
		}
		if c.Requests() != 4 || len(log) != 4 || log[2].URL != other.String() || log[2].Status != http.StatusOK || log[2].Err != nil {
			t.Errorf("%d requests, log %+v", c.Requests(), log)
		}
		after, err := c.Turn(t.Context(), http.MethodGet, u)
		if err != nil {
			t.Fatal(err)
		}
		after(http.StatusTooManyRequests)
		begun = time.Now()
		if after, err = c.Turn(t.Context(), http.MethodGet, u); err != nil || time.Since(begun) < time.Second {
			t.Errorf("after a refusal the next turn is after %s, %v", time.Since(begun), err)
		}
		after(0)
		if last := log[len(log)-1]; last.Err == nil {
			t.Errorf("without an answer the log has %+v", last)
		}
	})
}

// A connection for something else than the client goes where the user says, and to no address that is kept from.
func TestDialFor(t *testing.T) {
	port := strconv.Itoa(echo(t))
	here := "127.0.0.1:" + port
	for name, c := range map[string]struct {
		o       Options
		address string
		public  bool
		want    Kind // "" for a connection
	}{
		"address":        {Options{}, here, false, ""},
		"name":           {Options{}, "localhost:" + port, false, ""},
		"resolve":        {Options{Resolve: map[string]string{"shop.example:443": here}}, "Shop.Example:443", true, ""},
		"private":        {Options{}, here, true, KindScope},
		"private_name":   {Options{}, "localhost:" + port, true, KindScope},
		"link_local":     {Options{}, "169.254.169.254:80", true, KindScope},
		"excluded":       {Options{Exclude: func(netip.Addr) bool { return true }}, "localhost:" + port, false, KindScope},
		"nobody_listens": {Options{}, "127.0.0.1:1", false, KindUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := client(t, c.o).DialFor(t.Context(), c.address, c.public)
			if KindOf(err) != c.want {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if err == nil {
				repeats(t, conn)
			}
		})
	}
}

// repeats holds that a connection leads to an echo.
func repeats(t *testing.T, conn net.Conn) {
	t.Helper()
	defer conn.Close()
	got := make([]byte, 5)
	_, err := io.WriteString(conn, "hello")
	if _, err2 := io.ReadFull(conn, got); errors.Join(err, err2) != nil || string(got) != "hello" {
		t.Errorf("%q, %v", got, errors.Join(err, err2))
	}
}

// A connection through a proxy has the credentials of the proxy, and what follows the proxy's answer is the site's.
func TestDialForThroughAProxy(t *testing.T) {
	var asked []string
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth()
		asked = append(asked, r.Method+" "+r.Host+" "+user+":"+password)
		if r.Host == "refused.example:443" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		conn, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\nfirst") // as a server that greets
		_, _ = io.Copy(conn, buffer)
	})
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	u := parse(t, s.URL)
	u.User = url.UserPassword("me", "secret")
	c := client(t, Options{Proxy: u})
	conn, err := c.DialFor(t.Context(), "shop.example:443", true)
	if err != nil {
		t.Fatal(err)
	}
	first := make([]byte, 5)
	if _, err := io.ReadFull(conn, first); err != nil || string(first) != "first" {
		t.Errorf("%q, %v", first, err)
	}
	repeats(t, conn)
	if _, err := c.DialFor(t.Context(), "refused.example:443", true); KindOf(err) != KindUnreachable || strings.Contains(err.Error(), "secret") {
		t.Errorf("a proxy that refuses: %v", err)
	}
	if want := []string{"CONNECT shop.example:443 me:secret", "CONNECT refused.example:443 me:secret"}; !slices.Equal(asked, want) {
		t.Errorf("the proxy was asked %q", asked)
	}
}

// What a visitor carries goes to the exact origin of its site.
func TestCarried(t *testing.T) {
	given, err := ReadCredentials(strings.NewReader("Cookie: a=b; c=d\nAuthorization: Bearer x\nshop.example\tFALSE\t/\tFALSE\t0\tsid\t1\n"), "given")
	if err != nil {
		t.Fatal(err)
	}
	s := client(t, Options{Header: http.Header{"X-Own": {"1"}}}).SessionWith(parse(t, "https://shop.example/"), given)
	header, cookies := s.Carried(parse(t, "https://shop.example/cart"))
	var names []string
	for _, c := range cookies {
		names = append(names, c.Name+"="+c.Value)
	}
	slices.Sort(names)
	if header.Get("X-Own") != "1" || header.Get("Authorization") != "Bearer x" || header.Get("Cookie") != "" || !slices.Equal(names, []string{"a=b", "c=d", "sid=1"}) {
		t.Errorf("%v, %q", header, names)
	}
	if header, cookies := s.Carried(parse(t, "http://shop.example/cart")); header != nil || cookies != nil {
		t.Errorf("to another origin: %v, %v", header, cookies)
	}
}
