package elasticsearch

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

// reading are words of addresses that give out documents, or change something.
var reading = regexp.MustCompile(`_search|_msearch|_doc\b|_source|_sql|_mget|scroll|_termvectors|_mtermvectors|fielddata|_explain|_bulk|_update|_reindex|_snapshot|_scripts?\b|_pit|_async|_eql|_esql|_graph|_delete`)

// TestElasticsearchReadsNoDocument: neither does the source name an address that would, nor does a scan ask for one.
func TestElasticsearchReadsNoDocument(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 3 {
		t.Fatalf("files = %v, %v", files, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, literal := range regexp.MustCompile(`"[^"\n]*"`).FindAllString(string(text), -1) {
			if strings.Contains(literal, "/") && reading.MatchString(literal) {
				t.Errorf("%s: %s", file, literal)
			}
		}
	}
	for _, kind := range []string{"personal", "plain", "system", "ransom", "metadata", "banner", "protected", "everywhere", "opensearch"} {
		asked := &sigtest.Recorder{Handler: sigtest.Elasticsearch(kind)}
		if _, err := sigtest.Scan(t.Context(), asked, nil, sigtest.Options{Checks: scanner.Table{"elasticsearch": New}}, elasticsearchSignatures(t, "elasticsearch")...); err != nil {
			t.Fatal(err)
		}
		for _, r := range asked.Requests() {
			if method, path, _ := strings.Cut(r, " "); method != http.MethodGet || reading.MatchString(path) {
				t.Errorf("%s: %s", kind, r)
			}
		}
		if len(asked.Requests()) < 2 || len(asked.Requests()) > 8 {
			t.Errorf("%s: %d requests: %v", kind, len(asked.Requests()), asked.Requests())
		}
	}
}

// behind is a search server that a proxy lets through in part. The first rule whose path begins that of a request decides.
type behind struct {
	rules  [][2]string // beginning of a path, and what happens: "pass", "password", "refused", "page", or a path put in its place
	server http.Handler
}

func (b behind) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, rule := range b.rules {
		path, exact := strings.CutSuffix(rule[0], "$")
		if !strings.HasPrefix(r.URL.Path, path) || exact && r.URL.Path != path {
			continue
		}
		switch does := rule[1]; does {
		case "pass":
			b.server.ServeHTTP(w, r)
		case "password":
			w.Header().Set("WWW-Authenticate", `Basic realm="Restricted"`)
			http.Error(w, "<html><h1>401 Authorization Required</h1></html>", http.StatusUnauthorized)
		case "refused":
			http.Error(w, "<html><h1>403 Forbidden</h1></html>", http.StatusForbidden)
		case "page", "script":
			kind := map[string]string{"page": "text/html", "script": "text/javascript"}[does]
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, map[string]string{
				"page":   `<!DOCTYPE html><html><head><title>Shop</title><script src="/assets/jquery-3.7.1.min.js"></script><script src="/assets/app.js"></script></head></html>`,
				"script": `const q=await fetch("/api/goods/_search",{method:"POST"});const base='/backend/es/';`,
			}[does])
		default:
			inner := r.Clone(r.Context())
			inner.URL.Path = does + strings.TrimPrefix(r.URL.Path, path)
			b.server.ServeHTTP(w, inner)
		}
		return
	}
	http.NotFound(w, r)
}

// TestElasticsearchBehindProxies: a proxy hides some answers of an open server and not its data; and a shop whose pages
// only talk of search servers has none.
func TestElasticsearchBehindProxies(t *testing.T) {
	for name, c := range map[string]struct {
		rules    [][2]string
		kind     string
		want     string // signature and variant
		requests int    // at most
	}{
		"password_for_the_greeting":   {[][2]string{{"/$", "password"}, {"/", "pass"}}, "personal", "elasticsearch-open personal", 8},
		"page_for_the_greeting":       {[][2]string{{"/$", "page"}, {"/", "pass"}}, "personal", "elasticsearch-open personal", 8},
		"cluster_refused":             {[][2]string{{"/_cluster", "refused"}, {"/_nodes", "refused"}, {"/", "pass"}}, "personal", "elasticsearch-open personal", 8},
		"list_refused":                {[][2]string{{"/_cat", "refused"}, {"/", "pass"}}, "personal", "elasticsearch-open personal", 8},
		"list_and_cluster_refused":    {[][2]string{{"/_cat", "refused"}, {"/_cluster", "refused"}, {"/$", "password"}, {"/", "pass"}}, "personal", "elasticsearch-open personal", 8},
		"counting_refused":            {[][2]string{{"/_count", "refused"}, {"/_mapping", "refused"}, {"/", "pass"}}, "plain", "elasticsearch-open", 8},
		"prefix_named_in_a_script":    {[][2]string{{"/$", "page"}, {"/assets/app.js", "script"}, {"/backend/es", ""}}, "personal", "elasticsearch-open personal", 40},
		"one_index_named_in_a_script": {[][2]string{{"/$", "page"}, {"/assets/app.js", "script"}, {"/api/goods", "/members"}}, "personal", "elasticsearch-open personal", 40},
		"all_refused_but_the_cluster": {[][2]string{{"/_cluster", "pass"}, {"/$", "pass"}, {"/", "refused"}}, "personal", "elasticsearch-metadata", 8},
		"all_refused_but_greeting":    {[][2]string{{"/$", "pass"}, {"/", "refused"}}, "personal", "elasticsearch-banner", 8},
		"a_script_that_only_names_it": {[][2]string{{"/$", "page"}, {"/assets/app.js", "script"}}, "personal", "", 40},
		"a_page_everywhere":           {[][2]string{{"/assets/app.js", "script"}, {"/", "page"}}, "personal", "", 40},
		"a_plain_site":                {[][2]string{{"/$", "page"}}, "personal", "", 5},
		"a_password_everywhere":       {[][2]string{{"/", "password"}}, "personal", "", 5},
	} {
		t.Run(name, func(t *testing.T) {
			asked := &sigtest.Recorder{Handler: behind{c.rules, sigtest.Elasticsearch(c.kind)}}
			r, err := sigtest.Scan(t.Context(), asked, nil, sigtest.Options{Checks: scanner.Table{"elasticsearch": New}}, elasticsearchSignatures(t, "elasticsearch")...)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Findings {
				got = append(got, strings.TrimSpace(f.Signature.ID+" "+f.Hit.Variant))
			}
			if strings.Join(got, ", ") != c.want || len(asked.Requests()) > c.requests {
				t.Errorf("found %q, want %q; %d requests, at most %d: %v\n%v", got, c.want, len(asked.Requests()), c.requests, asked.Requests(), r.Outcomes)
			}
			for _, r := range asked.Requests() {
				if method, path, _ := strings.Cut(r, " "); method != http.MethodGet || reading.MatchString(path) {
					t.Errorf("asked for documents: %s", r)
				}
			}
		})
	}
}

// TestElasticsearchBehindConsole: the console is named, and asked by POST only where that was allowed.
func TestElasticsearchBehindConsole(t *testing.T) {
	open := elasticsearchSignatures(t, "elasticsearch-open")[0]
	for safety, posts := range map[signature.Safety]bool{signature.SafetyActive: false, signature.SafetyIntrusive: true} {
		h, err := sigtest.Handler(nil, &signature.Case{Server: "kibana-plain"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		asked := &sigtest.Recorder{Handler: h}
		r, err := sigtest.Scan(t.Context(), asked, nil, sigtest.Options{Checks: scanner.Table{"elasticsearch": New}, Safety: safety}, open)
		if err != nil {
			t.Fatal(err)
		}
		outcome := r.Outcomes[open.ID]
		if got := slices.ContainsFunc(asked.Requests(), func(r string) bool { return strings.HasPrefix(r, "POST ") }); got != posts {
			t.Errorf("%s: posts = %v: %v", safety, got, asked.Requests())
		}
		if named := strings.Contains(outcome.Reason.String(), "--safety intrusive"); named == posts || posts && outcome.Status != scanner.StatusFound {
			t.Errorf("%s: %s (%s)", safety, outcome.Status, outcome.Reason)
		}
	}
}

func elasticsearchSignatures(t *testing.T, only string) []*signature.Signature {
	t.Helper()
	list, err := sigtest.Select(signatures.FS, only)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(list, func(s *signature.Signature) bool { return s.Check != "elasticsearch" })
}
