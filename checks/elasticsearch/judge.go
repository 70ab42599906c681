package elasticsearch

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// Verdicts about a search server. "" is none: not one, or one that keeps its door closed.
const (
	esOpen     = "open"
	esMetadata = "metadata"
	esBanner   = "banner"
)

type verdict struct {
	Kind      string
	Variants  []string        // ransom, personal, system: a finding each; none for data without personal-looking fields
	Reason    message.Message // why there is no finding
	Certainty scanner.Certainty
	Greeting  greeting
	Indices   []index
	Documents int64
	Personal  []string // categories of fields
	Ransom    []string // names of indices
}

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

// judge decides by agreement: the greeting, the health of the same cluster, and an index that is said not to
// exist by its name. A banner on every path, a catch-all and a single-page application fail at least one of them.
func judge(a *answers) verdict {
	if a.Root == nil {
		return verdict{}
	}
	g, ok := parseGreeting(a.Root)
	if !ok {
		if protectedSearch(a.Root) {
			return verdict{Reason: message.New("a search server that asks for a password (status %d)", a.Root.Status)}
		}
		return verdict{}
	}
	v := verdict{Greeting: g, Certainty: scanner.Confirmed}
	healthy := sameCluster(a.Health, g)
	absent := saysAbsent(a.Control, a.Index)
	indices, listed := parseIndices(a.Indices)
	switch {
	case healthy && absent && listed:
		v.Kind, v.Indices = esOpen, indices
		v.look(a)
	case healthy && refusedBy(a.Indices) && absent, healthy && (refusedBy(a.Indices) || listed) && refusedBy(a.Control):
		v.Kind = esMetadata // whoever may list and not count may not read either
	case refusedBy(a.Health) && refusedBy(a.Indices) && refusedBy(a.Control):
		v.Kind = esBanner
		if a.Health.Status == http.StatusNotFound {
			v.Certainty = scanner.Possible // a proxy that lets only / through, or a page that looks like a greeting
		}
	default:
		v.Reason = message.New("an answer like the greeting of a search server, but no search server behind it")
	}
	return v
}

// protectedSearch are refusals in the words of Elasticsearch, OpenSearch and proxies before them.
func protectedSearch(ex *web.Exchange) bool {
	if ex.Status != http.StatusUnauthorized && ex.Status != http.StatusForbidden && ex.Status != http.StatusServiceUnavailable {
		return false
	}
	text := strings.ToLower(string(ex.Body) + " " + strings.Join(ex.Header.Values("Www-Authenticate"), " "))
	return strings.Contains(text, "security_exception") || strings.Contains(text, "opensearch") || strings.Contains(text, "elasticsearch") ||
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

func sameCluster(ex *web.Exchange, g greeting) bool {
	var h struct {
		Cluster string `json:"cluster_name"`
		Nodes   *int   `json:"number_of_nodes"`
	}
	if ex == nil || ex.Status != http.StatusOK || json.Unmarshal(ex.Body, &h) != nil {
		return false
	}
	return h.Nodes != nil && *h.Nodes > 0 && h.Cluster != "" && (g.Cluster == "" || g.Cluster == h.Cluster)
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

// look says what kind of data lies open. A ransom note is neither data nor personal, whatever its fields are called.
func (v *verdict) look(a *answers) {
	data := int64(0)
	for _, i := range v.Indices {
		v.Documents += max(0, i.Documents)
		switch {
		case ransomNote(i):
			v.Ransom = append(v.Ransom, i.Name)
		case !i.system():
			data += max(0, i.Documents)
		}
	}
	var count struct {
		Count *int64 `json:"count"`
	}
	// The list counts nested documents as well; this does not.
	if a.Count != nil && a.Count.Status == http.StatusOK && json.Unmarshal(a.Count.Body, &count) == nil && count.Count != nil {
		v.Documents = *count.Count
	}
	if len(v.Ransom) > 0 {
		v.Variants = append(v.Variants, "ransom")
	}
	if data > 0 {
		v.Personal = personalFields(a.Mapping, v.Ransom)
	}
	switch {
	case len(v.Personal) > 0:
		v.Variants = append(v.Variants, "personal")
	case data == 0 && len(v.Ransom) == 0:
		v.Variants = append(v.Variants, "system")
	}
}

// values are the facts of a finding; name shows the name of an index.
func (v verdict) values(name func(string) string) scanner.Values {
	g := v.Greeting
	out := scanner.Values{"distribution": g.distribution(), "version": g.Version.Number}
	if g.Cluster != "" {
		out["cluster"] = cut(g.Cluster, 64)
	}
	if eol := endOfLife(g.distribution(), g.Version.Number); eol != "" {
		out["end-of-life"] = eol
	}
	if known := knownWeaknesses(g.distribution(), g.Version.Number); len(known) > 0 {
		out["known-weaknesses"] = known
	}
	if v.Kind != esOpen {
		return out
	}
	bytes, closed := int64(0), 0
	largest := []string{}
	for _, i := range v.Indices {
		bytes += i.Bytes
		if !i.Open {
			closed++
		}
		if len(largest) < 5 && !i.system() {
			largest = append(largest, fmt.Sprintf("%s (%d)", name(i.Name), max(0, i.Documents)))
		}
	}
	out["indices"], out["documents"], out["bytes"], out["largest"] = len(v.Indices), v.Documents, bytes, largest
	if closed > 0 {
		out["closed"] = closed
	}
	if len(v.Personal) > 0 {
		out["personal-fields"] = v.Personal
	}
	if len(v.Ransom) > 0 {
		names := []string{}
		for _, n := range v.Ransom[:min(len(v.Ransom), 5)] {
			names = append(names, name(n))
		}
		out["ransom"] = names
	}
	return out
}
