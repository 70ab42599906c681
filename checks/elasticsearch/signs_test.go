package elasticsearch

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/web"
)

// TestSigns: what is an answer of a search server, and what only looks like one.
func TestSigns(t *testing.T) {
	greets := func(ex *web.Exchange) bool { _, ok := parseGreeting(ex); return ok }
	healthy := func(ex *web.Exchange) bool { _, ok := parseHealth(ex); return ok }
	counted := func(ex *web.Exchange) bool { _, ok := parseCount(ex); return ok }
	listed := func(ex *web.Exchange) bool { _, ok := parseIndices(ex); return ok }
	maps := func(ex *web.Exchange) bool { return len(mapped(ex)) > 0 }
	named := said(401, "<html>")
	named.Header.Set("X-Elastic-Product", "Elasticsearch")
	for _, c := range []struct {
		name string
		sign func(*web.Exchange) bool
		ex   *web.Exchange
		want bool
	}{
		{"greeting", greets, said(200, greeting7), true},
		{"greeting without Lucene", greets, said(200, `{"version":{"number":"1.0"},"tagline":"You Know, for Search"}`), false},
		{"health", healthy, said(200, health), true},
		{"health of no node", healthy, said(200, `{"cluster_name":"shop","status":"red","number_of_nodes":0}`), false},
		{"health of an application", healthy, said(200, `{"cluster_name":"shop","status":"up","number_of_nodes":1}`), false},
		{"count", counted, said(200, counts(0)), true},
		{"shards without a count", counted, said(200, `{"_shards":{"total":1,"successful":1}}`), false},
		{"count without shards", counted, said(200, `{"count":3}`), false},
		{"count over no shards", counted, said(200, `{"count":0,"_shards":{"total":0,"successful":0}}`), false},
		{"count over shards of which none is told", counted, said(200, `{"count":3,"_shards":{"total":1}}`), false},
		{"mapping", maps, said(200, people), true},
		{"settings", maps, said(200, `{"members":{"settings":{}}}`), false},
		{"mapping that was cut", maps, cutOff(people), true},
		{"mapping that is broken", maps, said(200, people[:len(people)-8]), false},
		{"list", listed, said(200, listing), true},
		{"list of something else", listed, said(200, `[{"name":"members"}]`), false},
		{"no handler", noHandler, said(400, `{"error":"no handler found for uri [/members/zqx] and method [GET]"}`), true},
		{"no handler on a page", noHandler, said(200, `no handler found`), false},
		{"refusal", protectedSearch, said(403, refusal), true},
		{"refusal by its header", protectedSearch, named, true},
		{"refusal of a proxy", protectedSearch, said(401, "<h1>401 Authorization Required</h1>"), false},
		{"refusal quoted by a page", protectedSearch, said(200, refusal), false},
	} {
		if got := c.sign(c.ex); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestVerdictNeedsTwoSigns: each answer counts beside another one, and none by itself.
func TestVerdictNeedsTwoSigns(t *testing.T) {
	const denied, page, notHere = "<h1>403 Forbidden</h1>", "<html>", `{"error":"no handler found for uri [/zqx] and method [GET]"}`
	for _, c := range []struct {
		name string
		a    answers
		want string // kind, variants, certainty and reason
	}{
		{"a refusal and a count", answers{Root: said(401, refusal), Control: said(404, absent7), Count: said(200, counts(40))}, "open||confirmed|"},
		{"a refusal and a mapping", answers{Root: said(401, refusal), Control: said(404, absent7), Mapping: said(200, people)}, "open|system|confirmed|"},
		{"an index by its script", answers{Place: place{index: true}, Control: said(400, notHere), Count: said(200, counts(40)), Mapping: said(200, people)}, "open|personal|confirmed|"},
		{"a server that has no handler", answers{Root: said(200, greeting7), Control: said(400, notHere), Count: said(200, counts(40)), Mapping: said(200, people)}, "||confirmed|an answer like that"},
		{"a greeting and a list, the control refused", answers{Root: said(200, greeting7), Health: said(403, denied), Control: said(403, denied), Indices: said(200, listing)}, "metadata||confirmed|"},
		{"health alone, the control refused", answers{Root: said(401, page), Health: said(200, health), Control: said(403, denied), Indices: said(403, denied)}, "||confirmed|an answer like that"},
		{"a greeting, health is a page", answers{Root: said(200, greeting7), Health: said(200, page), Control: said(403, denied), Indices: said(403, denied)}, "||confirmed|an answer like that"},
		{"a greeting, the list is a page", answers{Root: said(200, greeting7), Health: said(403, denied), Control: said(403, denied), Indices: said(200, page)}, "||confirmed|an answer like that"},
		{"only the greeting is refused in its words", answers{Root: said(401, refusal), Health: said(401, page), Control: said(401, page), Mapping: said(401, page)}, "||confirmed|a search server that asks for a password (status 401)"},
		{"a big index that is called like a note", answers{Root: said(401, refusal), Control: said(404, absent7), Count: said(200, counts(250_000)), Mapping: said(200, `{"warning":{"mappings":{"properties":{"email":{"type":"text"}}}}}`)}, "open|personal|confirmed|"},
		{"a note that is only mapped", answers{Root: said(401, refusal), Control: said(404, absent7), Count: said(200, counts(1)), Mapping: said(200, `{"warning":{"mappings":{"properties":{"email":{"type":"text"}}}}}`)}, "open|ransom|confirmed|"},
	} {
		c.a.Index = "zqx"
		v := judge(&c.a)
		if got := fmt.Sprintf("%s|%s|%s|%s", v.Kind, strings.Join(v.Variants, "+"), v.Certainty, v.Reason); !strings.HasPrefix(got, c.want) || strings.HasSuffix(c.want, "|") && got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestNamedPlaces: a script names an index, whose server is above it, or a server; on its own host, and not everything.
func TestNamedPlaces(t *testing.T) {
	for text, want := range map[string]string{
		`fetch("/api/goods/_search")`:                                                  "/api/goods index, /api",
		`fetch("/api/es/_search"); const base = "/api/es/";`:                           "/api/es index, /api, /api/es",
		`base = "/backend/es/"; again = '/backend/es';`:                                "/backend/es",
		`base = "https://other.test/es/"`:                                              "",
		`fetch("https://other.test/goods/_search")`:                                    "",
		`chunk = "/_next/es/a.js"`:                                                     "",
		`a="/1/es/" b="/2/es/" c="/3/es/" d="/4/es/" e="/5/es/" f="/6/es/" g="/7/es/"`: "/1/es, /2/es, /3/es, /4/es, /5/es, /6/es",
	} {
		ex := said(200, text)
		ex.URL = &url.URL{Scheme: "https", Host: "shop.test", Path: "/app.js"}
		var got []string
		for _, p := range namedPlaces([]*web.Exchange{ex}) {
			name := p.base.Path
			if p.index {
				name += " index"
			}
			got = append(got, name)
		}
		if d := cmp.Diff(want, strings.Join(got, ", ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}

// TestDashboardsThatRedirect: the product is told by any answer on the way to its page.
func TestDashboardsThatRedirect(t *testing.T) {
	at := said(200, "<html>")
	at.Previous = said(302, "")
	if isDashboards([]*web.Page{{Exchange: at}}) {
		t.Error("a page of something else")
	}
	at.Previous.Header.Set("Kbn-Name", "kibana")
	if !isDashboards([]*web.Page{{Exchange: at}}) {
		t.Error("a redirect of Kibana")
	}
}

// searched is what the signatures of the check find on a site, and what they asked for.
func searched(t *testing.T, site http.Handler) (findings []scanner.Finding, requests []string) {
	t.Helper()
	asked := &sigtest.Recorder{Handler: site}
	r, err := sigtest.Scan(t.Context(), asked, nil, sigtest.Options{Checks: scanner.Table{"elasticsearch": New}}, elasticsearchSignatures(t, "elasticsearch")...)
	if err != nil {
		t.Fatal(err)
	}
	return r.Findings, asked.Requests()
}

// siteWith is a page that holds a text, its script at /app.js, and what lies below a folder.
func siteWith(text, script string, status int, folder string, below http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!DOCTYPE html><html><title>Shop</title>"+text)
	})
	mux.HandleFunc("/app.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.WriteHeader(status)
		fmt.Fprint(w, script)
	})
	mux.Handle(folder+"/", http.StripPrefix(folder, below))
	return mux
}

// TestPlacesThatPagesName: a page names a server as well as its script does; a script that is not there, or that lies
// elsewhere, names none.
func TestPlacesThatPagesName(t *testing.T) {
	server := sigtest.Elasticsearch("personal")
	const names, loads = `const base = "/backend/es/";`, `<script src="/app.js"></script>`
	for name, c := range map[string]struct {
		site http.Handler
		want int
	}{
		"page":          {siteWith("<script>"+names+"</script>", "", 404, "/backend/es", server), 1},
		"script":        {siteWith(loads, names, 200, "/backend/es", server), 1},
		"absent_script": {siteWith(loads, names, 404, "/backend/es", server), 0},
		"nothing_named": {siteWith(loads, "", 200, "/backend/es", server), 0},
		"opensearch":    {sigtest.Elasticsearch("opensearch"), 1}, // its greeting holds the word https
	} {
		t.Run(name, func(t *testing.T) {
			findings, requests := searched(t, c.site)
			if len(findings) != c.want {
				t.Errorf("%d findings, want %d: %v", len(findings), c.want, requests)
			}
			for _, f := range findings {
				for _, e := range f.Hit.Evidence {
					if strings.Contains(e.Response, "phone_number") {
						t.Errorf("the evidence shows names of fields: %s", e.Response)
					}
				}
			}
		})
	}
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	searched(t, siteWith(`<script src="`+other.URL+`/app.js"></script>`, "", 404, "/x", server))
	if n := asked.Load(); n > 0 {
		t.Errorf("%d requests for a script on another port", n)
	}
}

// TestDataAreAskedOfServersOnly: where nothing sounds like a search server, neither the list nor the fields are asked for.
func TestDataAreAskedOfServersOnly(t *testing.T) {
	_, requests := searched(t, siteWith("", "", 404, "/x", http.NotFoundHandler()))
	for _, r := range requests {
		if strings.Contains(r, "_cat") || strings.Contains(r, "_mapping") {
			t.Errorf("a plain site was asked for %s", r)
		}
	}
}
