package command

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// The sites of the demo. All that they hold is invented.

const demoFront = `<!doctype html><html><head><title>Demo shop</title></head><body><h1>Demo shop</h1><a href="/about">About</a></body></html>`

// demoShop is a small site with further files.
func demoShop(files map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		demoHeaders(w)
		switch body, ok := files[r.URL.Path]; {
		case ok:
			w.Header().Set("Content-Type", "application/octet-stream")
			demoWrite(w, body)
		case r.URL.Path == "/", r.URL.Path == "/about":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			demoWrite(w, demoFront)
		default:
			http.Error(w, "Not found", http.StatusNotFound)
		}
	})
}

func demoHeaders(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// demoWrite does not care whether the visitor is still there.
func demoWrite(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

// demoListing lists the files of a folder as Apache does.
func demoListing() http.Handler {
	shop := demoShop(nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/uploads/" {
			shop.ServeHTTP(w, r)
			return
		}
		demoHeaders(w)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		demoWrite(w, `<html><head><title>Index of /uploads</title></head><body><h1>Index of /uploads</h1><a href="/">Parent Directory</a> `+
			`<a href="catalogue.pdf">catalogue.pdf</a> <a href="members.csv">members.csv</a></body></html>`)
	})
}

// demoSearch answers as an Elasticsearch 7.17.9 without security does.
func demoSearch() http.Handler {
	node := map[string]any{
		"name": "demo-node", "cluster_name": "demo-shop", "cluster_uuid": "k3uA1Zf0TdOqV9bYw2mXEQ",
		"version": map[string]any{
			"number": "7.17.9", "build_flavor": "default", "build_type": "docker", "build_hash": "ef48222227ee6b9e70e502f0f0daa52435ee634d",
			"build_date": "2023-01-31T05:34:43.305517834Z", "build_snapshot": false, "lucene_version": "8.11.1",
			"minimum_wire_compatibility_version": "6.8.0", "minimum_index_compatibility_version": "6.0.0-beta1",
		},
		"tagline": "You Know, for Search",
	}
	text := func(kind string) map[string]any { return map[string]any{"type": kind} }
	mappings := map[string]any{
		"members": map[string]any{"mappings": map[string]any{"properties": map[string]any{
			"name_kanji": text("text"), "email": text("keyword"), "phone_number": text("keyword"), "birthday": text("date"), "postal_code": text("keyword"),
		}}},
		"products": map[string]any{"mappings": map[string]any{"properties": map[string]any{"title": text("text"), "price": text("integer")}}},
	}
	indices := []map[string]string{
		{"health": "green", "status": "open", "index": "members", "uuid": "aa", "pri": "1", "rep": "0", "docs.count": "14300", "docs.deleted": "0", "store.size": "9100000", "pri.store.size": "9100000"},
		{"health": "green", "status": "open", "index": "products", "uuid": "bb", "pri": "1", "rep": "0", "docs.count": "812", "docs.deleted": "0", "store.size": "540000", "pri.store.size": "540000"},
	}
	health := map[string]any{"cluster_name": "demo-shop", "status": "green", "timed_out": false, "number_of_nodes": 1, "number_of_data_nodes": 1, "active_primary_shards": 2, "active_shards": 2}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		path := strings.TrimSuffix(r.URL.Path, "/")
		name, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		switch {
		case path == "":
			demoJSON(w, http.StatusOK, node)
		case path == "/_cluster/health":
			demoJSON(w, http.StatusOK, health)
		case path == "/_cat/indices":
			demoJSON(w, http.StatusOK, indices)
		case path == "/_count" || path == "/_all/_count":
			demoJSON(w, http.StatusOK, map[string]any{"count": 15112, "_shards": map[string]int{"total": 2, "successful": 2, "skipped": 0, "failed": 0}})
		case path == "/_mapping" || path == "/_mappings" || path == "/_all/_mapping":
			demoJSON(w, http.StatusOK, mappings)
		case rest == "_mapping":
			demoMappings(w, mappings, strings.Split(name, ","))
		default:
			demoMissing(w, name)
		}
	})
}

func demoMappings(w http.ResponseWriter, all map[string]any, names []string) {
	some := map[string]any{}
	for _, name := range names {
		if m, ok := all[name]; ok {
			some[name] = m
		}
	}
	if len(some) == 0 {
		demoMissing(w, names[0])
		return
	}
	demoJSON(w, http.StatusOK, some)
}

func demoMissing(w http.ResponseWriter, index string) {
	reason := map[string]any{
		"type": "index_not_found_exception", "reason": fmt.Sprintf("no such index [%s]", html.EscapeString(index)),
		"resource.type": "index_or_alias", "resource.id": index, "index_uuid": "_na_", "index": index,
	}
	cause := maps.Clone(reason)
	reason["root_cause"] = slices.Clip([]any{cause})
	demoJSON(w, http.StatusNotFound, map[string]any{"error": reason, "status": http.StatusNotFound})
}

func demoJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the visitor may be gone
}
