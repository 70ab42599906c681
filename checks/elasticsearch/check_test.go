package elasticsearch

import (
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
	return list
}
