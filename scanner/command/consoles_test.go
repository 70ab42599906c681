package command

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"sotomi/checks"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

// wholeSite are signatures of products that have an address to themselves: where its page is another site's, their own addresses
// are not asked for. Behind a proxy that shares one host among several, most stand below a folder: asked for is the one that
// the product's documentation names, "" where it names none, and then why.
var wholeSite = []struct{ id, below, why string }{
	{"airflow-open", "/airflow/", ""},
	{"alertmanager-open", "/alertmanager/", ""},
	{"comfyui-open", "", "its documentation knows no folder"},
	{"couchdb-open", "/couchdb/", ""},
	{"gitea-registration-open", "/gitea/", ""},
	{"gitlab-registration-open", "/gitlab/", ""},
	{"harbor-registration-open", "", "it works at the root of a host only"},
	{"hdfs-open", "", "Apache Knox puts it below /gateway/ and asks for a log-in"},
	{"jenkins-open", "/jenkins/", ""},
	{"kubelet-open", "", "a port of its own, which no proxy passes on"},
	{"kubernetes-api-open", "", "a port of its own; proxies pass it on whole"},
	{"kubernetes-dashboard-skip", "", "its documentation knows the API server's proxy only, which asks for a log-in"},
	{"mlflow-open", "/mlflow/", ""},
	{"n8n-setup-open", "/n8n/", ""},
	{"nats-monitoring", "", "its documentation knows no folder"},
	{"neo4j-open", "", "its documentation knows no folder"},
	{"node-red-open", "/admin/", ""},
	{"pgadmin-login", "/pgadmin4/", ""},
	{"portainer-setup-open", "/portainer/", ""},
	{"prometheus-admin-api", "/prometheus/", ""},
	{"prometheus-server", "/prometheus/", ""},
	{"pushgateway-open", "/pushgateway/", ""},
	{"rancher-reachable", "", "it works at the root of a host only"},
	{"spark-master-open", "", "its own reverse proxy shows the workers, not the master, below a folder"},
	{"yarn-open", "", "Apache Knox puts it below /gateway/ and asks for a log-in"},
	{"zipkin-open", "/zipkin/", ""},
}

// TestConsoles_are_looked_for_below_a_site holds those with a folder to be found in it, whatever the page of the site is.
func TestConsoles_are_looked_for_below_a_site(t *testing.T) {
	own := map[string]*signature.Signature{}
	for _, s := range ownSignatures(t) {
		own[s.ID] = s
	}
	for _, console := range wholeSite {
		t.Run(console.id, func(t *testing.T) {
			s := own[console.id]
			if s == nil {
				t.Fatal("no such signature")
			}
			if console.below == "" {
				if console.why == "" {
					t.Error("neither a folder nor a reason")
				}
				return
			}
			if !slices.ContainsFunc(s.Tests, func(c signature.Case) bool { return len(c.Want) > 0 && allBelow(c, console.below) }) {
				t.Errorf("no case finds it below %s", console.below)
			}
		})
	}
}

// allBelow reports whether a case serves the page of a site, or nothing, at the root and all else below a folder.
func allBelow(c signature.Case, folder string) bool {
	for path := range c.Serve {
		if path != "/" && !strings.HasPrefix(path, folder) {
			return false
		}
	}
	return c.Path == "" && len(c.Serve) > 0
}

// TestConsoles_are_looked_for_where_they_may_be puts the page of a shop at the root of what each of them is found on: then its
// own addresses are not asked for.
func TestConsoles_are_looked_for_where_they_may_be(t *testing.T) {
	for _, s := range ownSignatures(t) {
		if !slices.ContainsFunc(wholeSite, func(c struct{ id, below, why string }) bool { return c.id == s.ID }) {
			continue
		}
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			i := slices.IndexFunc(s.Tests, func(c signature.Case) bool { return len(c.Want) > 0 && c.Path == "" })
			c := s.Tests[i]
			c.Serve = maps.Clone(c.Serve)
			own := slices.Collect(maps.Keys(c.Serve))
			c.Serve["/"] = signature.CaseResponse{
				Header: map[string]string{"Content-Type": "text/html"}, Body: "<html><title>Shop</title><h1>Shop</h1></html>",
			}
			h, err := sigtest.Handler(s, &c, signatures.FS)
			if err != nil {
				t.Fatal(err)
			}
			var mu sync.Mutex
			var asked []string
			r, err := sigtest.Scan(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				asked = append(asked, r.URL.RequestURI())
				mu.Unlock()
				h.ServeHTTP(w, r)
			}), &c, sigtest.Options{Checks: checks.All}, s)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Findings) > 0 {
				t.Errorf("found behind the page of another site: %v", r.Findings[0].Hit.URL)
			}
			for _, path := range own {
				if slices.Contains(asked, path) {
					t.Errorf("%s was asked for", path)
				}
			}
		})
	}
}
