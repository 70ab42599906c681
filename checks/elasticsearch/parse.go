package elasticsearch

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sotomi/scanner/web"
)

type index struct {
	Name      string
	Open      bool
	Documents int64 // -1 when closed
	Bytes     int64
}

// system indices belong to the server and its tools.
func (i index) system() bool { return strings.HasPrefix(i.Name, ".") }

// greeting is the answer to GET / of every version since 1.0.
type greeting struct {
	Cluster string `json:"cluster_name"` // absent before 1.4
	Tagline string `json:"tagline"`
	Version struct {
		Number       string `json:"number"`
		Distribution string `json:"distribution"`
		Lucene       string `json:"lucene_version"`
	} `json:"version"`
}

// distribution: OpenSearch may call itself Elasticsearch 7.10.2 for old clients, but keeps its tagline.
func (g greeting) distribution() string {
	if g.Version.Distribution == "opensearch" || strings.Contains(g.Tagline, "OpenSearch") {
		return "opensearch"
	}
	return "elasticsearch"
}

func parseGreeting(ex *web.Exchange) (greeting, bool) {
	var g greeting
	if ex == nil || ex.Status != http.StatusOK || json.Unmarshal(ex.Body, &g) != nil {
		return g, false
	}
	return g, g.Version.Number != "" && g.Version.Lucene != ""
}

// protectedSearch are refusals in the words of Elasticsearch, OpenSearch and proxies before them.
func protectedSearch(ex *web.Exchange) bool {
	if ex.Status != http.StatusUnauthorized && ex.Status != http.StatusForbidden && ex.Status != http.StatusServiceUnavailable {
		return false
	}
	text := strings.ToLower(string(ex.Body) + " " + strings.Join(ex.Header.Values("Www-Authenticate"), " "))
	return ex.Header.Get("X-Elastic-Product") != "" || strings.Contains(text, "security_exception") || strings.Contains(text, "opensearch") || strings.Contains(text, "elasticsearch") ||
		strings.Contains(text, `realm="security"`)
}

func refusedBy(ex *web.Exchange) bool {
	if ex == nil {
		return false
	}
	switch ex.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed:
		return true
	case http.StatusNotFound:
		return !strings.Contains(string(ex.Body), "index_not_found")
	}
	return false
}

// clusterHealth is the answer to /_cluster/health of every version.
type clusterHealth struct {
	Cluster string `json:"cluster_name"`
	Status  string `json:"status"` // green, yellow, red
	Nodes   *int   `json:"number_of_nodes"`
}

func parseHealth(ex *web.Exchange) (clusterHealth, bool) {
	var h clusterHealth
	if ex == nil || ex.Status != http.StatusOK || json.Unmarshal(ex.Body, &h) != nil {
		return clusterHealth{}, false
	}
	if h.Cluster == "" || h.Nodes == nil || *h.Nodes < 1 || !slices.Contains([]string{"green", "yellow", "red"}, h.Status) {
		return clusterHealth{}, false
	}
	return h, true
}

// parseCount is the answer to _count: a number, and in how many shards was counted. Whoever may see no index is told that
// there are no shards.
func parseCount(ex *web.Exchange) (int64, bool) {
	var c struct {
		Count  *int64 `json:"count"`
		Shards *struct {
			Total      *int `json:"total"`
			Successful *int `json:"successful"`
		} `json:"_shards"`
	}
	if ex == nil || ex.Status != http.StatusOK || json.Unmarshal(ex.Body, &c) != nil {
		return 0, false
	}
	if c.Count == nil || c.Shards == nil || c.Shards.Total == nil || *c.Shards.Total == 0 || c.Shards.Successful == nil {
		return 0, false
	}
	return *c.Count, true
}

// mapped are the names of the indices of a mapping.
func mapped(ex *web.Exchange) []string {
	var all map[string]struct {
		Mappings *json.RawMessage `json:"mappings"`
	}
	if ex == nil || ex.Status != http.StatusOK {
		return nil
	}
	if json.Unmarshal(ex.Body, &all) != nil {
		if m := mappingBegins.FindSubmatch(ex.Body); m != nil && ex.Truncated {
			return []string{string(m[1])}
		}
		return nil
	}
	var names []string
	for name, index := range all {
		if index.Mappings != nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var mappingBegins = regexp.MustCompile(`^\s*\{\s*"([^"\\]{1,255})"\s*:\s*\{\s*"mappings"\s*:\s*\{`)

// noHandler: below an index there is nothing of a name that cannot exist.
func noHandler(ex *web.Exchange) bool {
	return ex != nil && ex.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(string(ex.Body)), "no handler found")
}

// saysAbsent: 404 that names the index (index_not_found_exception, before 2.0 IndexMissingException).
func saysAbsent(ex *web.Exchange, index string) bool {
	if ex == nil || ex.Status != http.StatusNotFound || !strings.Contains(string(ex.Body), index) {
		return false
	}
	return strings.Contains(string(ex.Body), "index_not_found_exception") || strings.Contains(string(ex.Body), "IndexMissingException")
}

// parseIndices reads the list in JSON, or the table that servers before 2.0 give whatever they are asked for.
func parseIndices(ex *web.Exchange) ([]index, bool) {
	if ex == nil || ex.Status != http.StatusOK {
		return nil, false
	}
	var rows []map[string]*string
	if err := json.Unmarshal(ex.Body, &rows); err != nil {
		return parseIndexTable(string(ex.Body))
	}
	list := []index{}
	for _, row := range rows {
		text := func(key string) string {
			if row[key] == nil {
				return ""
			}
			return *row[key]
		}
		if text("index") == "" {
			return nil, false
		}
		list = append(list, newIndex(text("index"), text("status"), text("docs.count"), text("store.size")))
	}
	return sorted(list), true
}

func parseIndexTable(text string) ([]index, bool) {
	list := []index{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case len(f) == 4 && (f[1] == "open" || f[1] == "close"):
			list = append(list, newIndex(f[0], f[1], f[2], f[3]))
		case len(f) == 2 && f[1] == "close":
			list = append(list, newIndex(f[0], f[1], "", ""))
		default:
			return nil, false
		}
	}
	return sorted(list), len(list) > 0
}

func newIndex(name, status, documents, bytes string) index {
	i := index{Name: name, Open: status != "close", Documents: -1}
	if n, err := strconv.ParseInt(documents, 10, 64); err == nil {
		i.Documents = n
	}
	if n, err := strconv.ParseInt(bytes, 10, 64); err == nil {
		i.Bytes = n
	}
	return i
}

// sorted is by documents, the most first.
func sorted(list []index) []index {
	slices.SortStableFunc(list, func(a, b index) int {
		return cmp.Or(cmp.Compare(b.Documents, a.Documents), strings.Compare(a.Name, b.Name))
	})
	return list
}
