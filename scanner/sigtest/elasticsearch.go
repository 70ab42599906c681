package sigtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Elasticsearch answers as a search server does. kind says which door is open: personal (documents about people), plain
// (documents), system (only its own indices), ransom, metadata (the list is refused), banner (all but the greeting is
// refused), protected (everything is), everywhere (a fake that greets on every path). All that it holds is invented.
func Elasticsearch(kind string) http.Handler {
	s := search{kind: kind, indices: searchIndices(kind)}
	return http.HandlerFunc(s.serve)
}

// searchKinds are the kinds by the name under which cases use them.
func searchKinds() map[string]http.Handler {
	all := map[string]http.Handler{}
	for _, kind := range []string{"personal", "plain", "system", "ransom", "metadata", "banner", "protected", "everywhere"} {
		all["elasticsearch-"+kind] = Elasticsearch(kind)
	}
	all["opensearch-plain"] = Elasticsearch("opensearch")
	all["kibana-plain"] = kibana(Elasticsearch("plain"))
	return all
}

// kibana is a console in front of a search server that itself cannot be reached: whoever may open the console may ask.
func kibana(behind http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Kbn-Name", "demo-kibana")
		switch {
		case r.URL.Path == "/api/console/proxy" && r.Method == http.MethodPost && r.Header.Get("Kbn-Xsrf") != "":
			inner, err := http.NewRequestWithContext(r.Context(), r.URL.Query().Get("method"), "/"+r.URL.Query().Get("path"), nil)
			if err != nil {
				http.Error(w, "bad path", http.StatusBadRequest)
				return
			}
			behind.ServeHTTP(w, inner)
		case r.URL.Path == "/":
			http.Redirect(w, r, "/app/home", http.StatusFound)
		case r.URL.Path == "/app/home":
			fmt.Fprint(w, "<!doctype html><title>Elastic</title><div>Loading Elastic</div>")
		default:
			http.NotFound(w, r)
		}
	})
}

type search struct {
	kind    string
	indices []searchIndex
}

type searchIndex struct {
	name      string
	documents int
	fields    map[string]string
}

func searchIndices(kind string) []searchIndex {
	products := searchIndex{"products", 812, map[string]string{"title": "text", "product_name": "text", "price": "integer", "server_ip": "ip"}}
	switch kind {
	case "personal":
		return []searchIndex{{"members", 14300, map[string]string{
			"name_kanji": "text", "email": "keyword", "phone_number": "keyword", "birthday": "date", "postal_code": "keyword",
		}}, products}
	case "system":
		return []searchIndex{{".kibana_1", 12, map[string]string{"email": "keyword"}}, {"empty", 0, map[string]string{"email": "keyword"}}}
	case "ransom":
		return []searchIndex{{"read_me_to_get_your_data_back", 1, map[string]string{"message": "text"}}}
	}
	return []searchIndex{products}
}

func (s search) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(r.URL.Path, "/")
	if s.kind == "protected" {
		w.Header().Set("WWW-Authenticate", `Basic realm="security" charset="UTF-8"`)
		s.json(w, http.StatusUnauthorized, searchError("security_exception", "missing authentication credentials for REST request ["+r.URL.Path+"]", http.StatusUnauthorized))
		return
	}
	if path == "" || s.kind == "everywhere" {
		s.json(w, http.StatusOK, s.greeting())
		return
	}
	list := strings.HasPrefix(path, "/_cat/") || path == "/_count" || strings.HasSuffix(path, "/_mapping")
	if s.kind == "banner" || s.kind == "metadata" && list {
		s.json(w, http.StatusForbidden, searchError("security_exception", "action is unauthorized for user [_anonymous]", http.StatusForbidden))
		return
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if at := slices.IndexFunc(s.indices, func(i searchIndex) bool { return i.name == name }); at >= 0 {
		s.one(w, r, s.indices[at], rest)
		return
	}
	switch path {
	case "/_cluster/health":
		s.json(w, http.StatusOK, map[string]any{"cluster_name": "demo-shop", "status": "green", "timed_out": false, "number_of_nodes": 1, "active_shards": len(s.indices)})
	case "/_cat/indices":
		s.json(w, http.StatusOK, s.rows())
	case "/_count":
		s.json(w, http.StatusOK, map[string]any{"count": s.documents(), "_shards": map[string]int{"total": 2, "successful": 2, "failed": 0}})
	case "/_mapping":
		s.json(w, http.StatusOK, s.mappings())
	default:
		s.json(w, http.StatusNotFound, missingIndex(name))
	}
}

// one answers for one index; below it there is nothing else.
func (s search) one(w http.ResponseWriter, r *http.Request, index searchIndex, rest string) {
	alone := search{s.kind, []searchIndex{index}}
	switch rest {
	case "":
		s.json(w, http.StatusOK, map[string]any{index.name: map[string]any{"aliases": map[string]any{}, "mappings": map[string]any{}}})
	case "_count":
		s.json(w, http.StatusOK, map[string]any{"count": alone.documents(), "_shards": map[string]int{"total": 1, "successful": 1, "failed": 0}})
	case "_mapping":
		s.json(w, http.StatusOK, alone.mappings())
	default:
		w.Header().Set("Allow", http.MethodPost)
		s.json(w, http.StatusMethodNotAllowed, map[string]any{"error": "Incorrect HTTP method for uri [" + r.URL.Path + "] and method [GET], allowed: [POST]", "status": http.StatusMethodNotAllowed})
	}
}

func (s search) greeting() any {
	version := map[string]any{
		"number": "7.17.9", "build_flavor": "default", "build_type": "docker", "build_hash": "ef48222227ee6b9e70e502f0f0daa52435ee634d",
		"build_snapshot": false, "lucene_version": "8.11.1", "minimum_wire_compatibility_version": "6.8.0",
	}
	tagline := "You Know, for Search"
	if s.kind == "opensearch" {
		version["number"], version["distribution"] = "2.11.0", "opensearch"
		delete(version, "build_flavor")
		tagline = "The OpenSearch Project: https://opensearch.org/"
	}
	return map[string]any{"name": "demo-node", "cluster_name": "demo-shop", "cluster_uuid": "k3uA1Zf0TdOqV9bYw2mXEQ", "version": version, "tagline": tagline}
}

func (s search) rows() any {
	rows := []map[string]string{}
	for _, i := range s.indices {
		rows = append(rows, map[string]string{
			"index": i.name, "status": "open", "docs.count": fmt.Sprint(i.documents), "store.size": fmt.Sprint(i.documents * 640),
		})
	}
	return rows
}

func (s search) documents() int {
	n := 0
	for _, i := range s.indices {
		n += i.documents
	}
	return n
}

func (s search) mappings() any {
	all := map[string]any{}
	for _, i := range s.indices {
		properties := map[string]any{}
		for name, kind := range i.fields {
			properties[name] = map[string]string{"type": kind}
		}
		all[i.name] = map[string]any{"mappings": map[string]any{"properties": properties}}
	}
	return all
}

func missingIndex(name string) any {
	e := searchError("index_not_found_exception", fmt.Sprintf("no such index [%s]", name), http.StatusNotFound)
	e["error"].(map[string]any)["index"] = name
	return e
}

func searchError(kind, reason string, status int) map[string]any {
	cause := map[string]any{"type": kind, "reason": reason}
	whole := maps.Clone(cause)
	whole["root_cause"] = []any{cause}
	return map[string]any{"error": whole, "status": status}
}

func (s search) json(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("X-Elastic-Product", "Elasticsearch")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the visitor may be gone
}
