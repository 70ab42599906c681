package command

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"

	"sotomi/checks"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

// wholeSite are signatures of products that have an address to themselves: where its page is another site's, nothing else is
// asked for them.
var wholeSite = []string{
	"airflow-open", "alertmanager-open", "comfyui-open", "couchdb-open", "gitea-registration-open", "gitlab-registration-open",
	"harbor-registration-open", "hdfs-open", "jenkins-open", "kubelet-open", "kubernetes-api-open", "kubernetes-dashboard-skip",
	"mlflow-open", "n8n-setup-open", "nats-monitoring", "neo4j-open", "node-red-open", "pgadmin-login", "portainer-setup-open",
	"prometheus-admin-api", "prometheus-server", "pushgateway-open", "rancher-reachable", "spark-master-open", "yarn-open",
	"zipkin-open",
}

// TestConsoles_are_looked_for_where_they_may_be puts the page of a shop at the root of what each of them is found on: then its
// own addresses are not asked for.
func TestConsoles_are_looked_for_where_they_may_be(t *testing.T) {
	for _, s := range ownSignatures(t) {
		if !slices.Contains(wholeSite, s.ID) {
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
