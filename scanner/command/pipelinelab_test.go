package command

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// pipelineLab is a site on loopback that remembers what it was sent.
type pipelineLab struct {
	URL, Address string

	mu   sync.Mutex
	sent map[string]bool // "Name: value", with the host among them
}

// pipelineSite starts a site: weak publishes its .git folder, safe nothing, member greets those who send Cookie: sid=a or b;
// basic and sso are weak to those whose header or cookie lets them in, and ask all others to log in.
func pipelineSite(t *testing.T, kind string) *pipelineLab {
	t.Helper()
	lab := &pipelineLab{sent: map[string]bool{}}
	site := &scriptSite{asked: map[string]int{}, shop: demoShop(scriptFiles["weak"]), member: kind == "member"}
	if kind == "safe" || kind == "member" {
		site.shop = demoShop(nil)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lab.mu.Lock()
		lab.sent["Host: "+r.Host] = true
		for name := range r.Header {
			lab.sent[name+": "+r.Header.Get(name)] = true
		}
		lab.mu.Unlock()
		switch {
		case kind == "basic" && r.Header.Get("Authorization") != "Basic let-me-in", kind == "sso" && r.Header.Get("Cookie") != "session=let-me-in":
			scriptHandlers[map[string]string{"basic": "login", "sso": "sso"}[kind]].ServeHTTP(w, r)
		default:
			site.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	lab.URL, lab.Address = server.URL, strings.TrimPrefix(server.URL, "http://")
	return lab
}

// got reports whether any request had a header.
func (l *pipelineLab) got(header string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent[header]
}
