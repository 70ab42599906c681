package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestResolveAndProxyOptions(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host) })
	c := client(t, Options{Resolve: map[string]string{"shop.example:80": u.Host}})
	shop := parse(t, "http://shop.example/")
	if ex := get(t, c.Session(shop), shop, Request{}); string(ex.Body) != "shop.example" {
		t.Errorf("Host was %q", ex.Body)
	}
	proxied := client(t, Options{Proxy: u})
	if ex := get(t, proxied.Session(shop), shop, Request{}); string(ex.Body) != "shop.example" || ex.Remote != nil {
		t.Errorf("through a proxy: Host %q, remote %v", ex.Body, ex.Remote)
	}
	for _, o := range []Options{{Proxy: parse(t, "ftp://x")}, {Proxy: u, Resolve: map[string]string{"shop.example:80": "127.0.0.1"}}, {CAFile: "/no/such"}, {ClientCert: "/no/such"}} {
		if _, err := NewClient(o); err == nil || !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("NewClient(%+v) = %v, want an error that names the flag", o, err)
		}
	}
}

func TestRefusalsOfAProxyAreNotTheSite(t *testing.T) {
	asked := 0
	proxy := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.WriteHeader(http.StatusProxyAuthRequired)
	})
	for _, address := range []string{"http://shop.example/", "https://shop.example/"} {
		asked = 0
		u := parse(t, address)
		ex, err := client(t, Options{Proxy: proxy}).Session(u).Do(t.Context(), &Request{URL: u})
		if KindOf(err) != KindUnreachable || !strings.Contains(fmt.Sprint(err), "the proxy answers 407") || asked != 1 {
			t.Errorf("%s: %v, %v after %d requests, want unreachable after one", address, ex, err, asked)
		}
	}
	u := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) })
	if ex := get(t, client(t, Options{}).Session(u), u, Request{}); ex.Status != http.StatusProxyAuthRequired {
		t.Errorf("without a proxy a site's 407 is %d", ex.Status)
	}
}
