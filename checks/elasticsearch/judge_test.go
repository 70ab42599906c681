package elasticsearch

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/web"
)

// said is an answer in JSON or text.
func said(status int, body string) *web.Exchange {
	return &web.Exchange{Status: status, Header: http.Header{}, Body: []byte(body)}
}

// Answers as the versions give them; those of 1.x from the sources of its releases, the others from real servers.
const (
	greeting1 = `{"status":200,"name":"Blade","version":{"number":"1.3.2","build_hash":"dee175d","build_timestamp":"2014-08-13T14:29:30Z","build_snapshot":false,"lucene_version":"4.9"},"tagline":"You Know, for Search"}`
	greeting7 = `{"name":"n","cluster_name":"shop","version":{"number":"7.17.29","build_flavor":"default","lucene_version":"8.11.3"},"tagline":"You Know, for Search"}`
	greetingO = `{"name":"n","cluster_name":"shop","version":{"number":"7.10.2","lucene_version":"9.7.0"},"tagline":"The OpenSearch Project: https://opensearch.org/"}`
	health    = `{"cluster_name":"shop","status":"yellow","timed_out":false,"number_of_nodes":1}`
	absent1   = `{"error":"IndexMissingException[[zqx] missing]","status":404}`
	absent7   = `{"error":{"root_cause":[{"type":"index_not_found_exception","reason":"no such index [zqx]","index":"zqx"}],"type":"index_not_found_exception","reason":"no such index [zqx]","index":"zqx"},"status":404}`
	listing   = `[{"index":"members","status":"open","docs.count":"51","store.size":"32000"},{"index":"old","status":"close","docs.count":null,"store.size":null}]`
	table1    = "members open 51 32000\nold     close\n"
	people    = `{"members":{"mappings":{"properties":{"email":{"type":"keyword"},"name":{"type":"text"}}}}}`
	refusal   = `{"error":{"type":"security_exception","reason":"action [cluster:monitor/health] requires authentication"},"status":401}`
)

// counts is the answer to _count.
func counts(n int) string {
	return fmt.Sprintf(`{"count":%d,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0}}`, n)
}

// cutOff is an answer that was cut at the limit of what is read.
func cutOff(body string) *web.Exchange {
	ex := said(200, body[:len(body)-8])
	ex.Truncated = true
	return ex
}

func TestJudgeElasticsearch(t *testing.T) {
	for _, c := range []struct {
		name                                         string
		root, health, control, indices, count, kinds *web.Exchange
		want                                         string
	}{
		{"nothing", nil, nil, nil, nil, nil, nil, "||confirmed|0"},
		{"1.x: no cluster in the greeting, a table, an exception as text", said(200, greeting1), said(200, health), said(404, absent1), said(200, table1), said(200, counts(51)), nil, "open||confirmed|51"},
		{"7.x", said(200, greeting7), said(200, health), said(404, absent7), said(200, listing), said(200, counts(40)), nil, "open||confirmed|40"},
		{"counting is refused", said(200, greeting7), said(200, health), said(404, absent7), said(200, listing), said(403, refusal), nil, "open||confirmed|51"},
		{"people", said(200, greeting7), said(200, health), said(404, absent7), said(200, listing), nil, said(200, `{"members":{"mappings":{"properties":{"rut":{"type":"keyword"}}}}}`), "open|personal|confirmed|51"},
		{"a count that is none", said(200, greeting7), said(200, health), said(404, absent7), said(200, listing), said(200, `{}`), nil, "open||confirmed|51"},
		{"nothing stored under personal names", said(200, greeting7), said(200, health), said(404, absent7), said(200, `[{"index":"members","status":"open","docs.count":"0","store.size":"1"}]`), nil, said(200, `{"members":{"mappings":{"properties":{"email":{"type":"keyword"}}}}}`), "open|system|confirmed|0"},
		{"empty", said(200, greeting7), said(200, health), said(404, absent7), said(200, `[]`), nil, nil, "open|system|confirmed|0"},
		{"system indices only", said(200, greeting7), said(200, health), said(404, absent7), said(200, `[{"index":".kibana","status":"open","docs.count":"4","store.size":"1"}]`), nil, said(200, `{".kibana":{"mappings":{"properties":{"email":{"type":"keyword"}}}}}`), "open|system|confirmed|4"},
		{"a ransom note", said(200, greeting7), said(200, health), said(404, absent7), said(200, `[{"index":"read_me","status":"open","docs.count":"1","store.size":"1"}]`), nil, nil, "open|ransom|confirmed|1"},
		{"only monitoring", said(200, greeting7), said(200, health), said(401, refusal), said(200, `[]`), nil, nil, "metadata||confirmed|0"},
		{"the list is refused", said(200, greeting7), said(200, health), said(404, absent7), said(403, refusal), nil, nil, "metadata||confirmed|0"},
		{"all but the greeting is refused", said(200, greeting7), said(401, refusal), said(401, refusal), said(401, refusal), nil, nil, "banner||confirmed|0"},
		{"a proxy that lets the greeting through", said(200, greeting7), said(404, "Not Found"), said(404, "Not Found"), said(404, "Not Found"), nil, nil, "banner||possible|0"},
		{"health of another cluster", said(200, greeting7), said(200, `{"cluster_name":"other","status":"green","number_of_nodes":1}`), said(404, absent7), said(200, listing), nil, nil, "||confirmed|0"},
		{"health without nodes", said(200, greeting7), said(200, `{"cluster_name":"shop"}`), said(404, absent7), said(200, listing), nil, nil, "open||confirmed|51"},
		{"every index exists", said(200, greeting7), said(200, health), said(200, `{"count":3}`), said(200, listing), nil, nil, "||confirmed|0"},
		{"missing, but of another index", said(200, greeting7), said(200, health), said(404, strings.ReplaceAll(absent7, "zqx", "other")), said(200, listing), nil, nil, "||confirmed|0"},
		{"a list that is none", said(200, greeting7), said(200, health), said(404, absent7), said(200, `<html>`), nil, nil, "metadata||confirmed|0"},
		{"the greeting asks for a password", said(401, "<h1>401 Authorization Required</h1>"), said(200, health), said(404, absent7), said(200, listing), said(200, counts(40)), nil, "open||confirmed|40"},
		{"a page in place of the greeting", said(200, "<html>"), said(200, health), said(404, absent7), said(200, listing), said(200, counts(40)), nil, "open||confirmed|40"},
		{"the cluster is refused", said(200, greeting7), said(403, "Forbidden"), said(404, absent7), said(200, listing), said(200, counts(40)), nil, "open||confirmed|40"},
		{"the list is refused, people can be counted", said(200, greeting7), said(403, "Forbidden"), said(404, absent7), said(403, "Forbidden"), said(200, counts(40)), said(200, people), "open|personal|confirmed|40"},
		{"only counts and fields", said(404, "Not Found"), said(404, "Not Found"), said(404, "Not Found"), said(404, "Not Found"), said(200, counts(40)), said(200, people), "open|personal|possible|40"},
		{"counts only", said(404, "Not Found"), said(404, "Not Found"), said(404, "Not Found"), said(404, "Not Found"), said(200, counts(40)), nil, "||confirmed|0"},
		{"counts of everything", said(200, counts(40)), said(200, counts(40)), said(200, counts(40)), said(200, counts(40)), said(200, counts(40)), said(200, counts(40)), "||confirmed|0"},
		{"a cut mapping", said(401, refusal), said(401, refusal), said(404, absent7), said(401, refusal), said(200, counts(40)), cutOff(people), "open|personal|confirmed|40"},
		{"a shop's own counts", said(200, "<html>"), said(404, "<html>"), said(404, "<html>"), said(404, "<html>"), said(200, `{"count":3}`), said(200, `{"map":{"x":1}}`), "||confirmed|0"},
		{"anonymous visitors may only monitor", said(200, greeting7), said(200, health), said(403, refusal), said(200, `[]`), said(200, `{"count":0,"_shards":{"total":0,"successful":0,"skipped":0,"failed":0}}`), said(200, `{}`), "metadata||confirmed|0"},
		{"health alone, and the index API", said(401, ""), said(200, health), said(404, absent7), said(403, ""), said(403, ""), said(403, ""), "metadata||confirmed|0"},
		{"everything asks for a password in the server's words", said(401, refusal), said(401, refusal), said(401, refusal), said(401, refusal), said(401, refusal), said(401, refusal), "||confirmed|0"},
		{"a log-in page everywhere", said(401, "<html>"), said(401, "<html>"), said(401, "<html>"), nil, nil, nil, "||confirmed|0"},
		{"greets on every path", said(200, greeting7), said(200, greeting7), said(200, greeting7), said(200, greeting7), nil, nil, "||confirmed|0"},
		{"a page that quotes a greeting", said(200, "<pre>"+greeting7+"</pre>"), said(404, ""), said(404, ""), nil, nil, nil, "||confirmed|0"},
		{"a greeting of another product", said(200, `{"version":{"number":"1.0"},"tagline":"You Know, for Search"}`), said(404, ""), said(404, ""), nil, nil, nil, "||confirmed|0"},
	} {
		v := judge(&answers{Index: "zqx", Root: c.root, Health: c.health, Control: c.control, Indices: c.indices, Count: c.count, Mapping: c.kinds})
		if got := fmt.Sprintf("%s|%s|%s|%d", v.Kind, strings.Join(v.Variants, "+"), v.Certainty, v.Documents); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestRansomNoteHidesNothing: what a note stands beside is told too, and what the note holds is nobody's data.
func TestRansomNoteHidesNothing(t *testing.T) {
	const (
		note    = `{"index":"read_me","status":"open","docs.count":"1","store.size":"1"}`
		members = `{"index":"homeowners","status":"open","docs.count":"100","store.size":"1"}`
		people  = `{"homeowners":{"mappings":{"properties":{"email":{"type":"text"}}}},"read_me":{"mappings":{"properties":{"btc":{"type":"text"}}}}}`
		mail    = `{"read_me":{"mappings":{"properties":{"message":{"type":"text"},"email":{"type":"text"}}}}}`
	)
	for name, c := range map[string]struct {
		indices, mapping string
		want             []string
	}{
		"note_and_people":   {"[" + note + "," + members + "]", people, []string{"ransom", "personal"}},
		"note_with_mail":    {"[" + note + "]", mail, []string{"ransom"}},
		"people":            {"[" + members + "]", people, []string{"personal"}},
		"note_beside_goods": {"[" + note + `,{"index":"goods","status":"open","docs.count":"9","store.size":"1"}]`, mail, []string{"ransom"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := &answers{
				Index: "zqx", Root: said(200, greeting7), Health: said(200, health), Control: said(404, absent7),
				Indices: said(200, c.indices), Mapping: said(200, c.mapping),
			}
			for _, ex := range []*web.Exchange{a.Root, a.Health, a.Control, a.Indices, a.Mapping} {
				ex.URL = &url.URL{Scheme: "http", Host: "a.test:9200", Path: "/"}
			}
			var got []string
			for _, h := range hits(judge(a), a, false) {
				got = append(got, h.Variant)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("variants of the findings (-want +got):\n%s", d)
			}
		})
	}
}

func TestElasticsearchValues(t *testing.T) {
	for _, c := range []struct {
		greeting string
		want     []string
	}{
		{greeting1, []string{"distribution:elasticsearch", "version:1.3.2", "end-of-life:before 2022", "known-weaknesses:[CVE-2015-1427 CVE-2015-3337 CVE-2015-5377]"}},
		{greeting7, []string{"distribution:elasticsearch", "version:7.17.29", "end-of-life:2026-01-15", "cluster:shop"}},
		{greetingO, []string{"distribution:opensearch", "version:7.10.2", "cluster:shop"}},
		{strings.ReplaceAll(greeting7, "7.17.29", "8.19.4"), []string{"distribution:elasticsearch", "version:8.19.4", "cluster:shop"}},
		{strings.ReplaceAll(greeting7, "7.17.29", "8.8.2"), []string{"distribution:elasticsearch", "version:8.8.2", "cluster:shop", "end-of-life:only 8.19 of version 8 gets fixes"}},
		{strings.ReplaceAll(greeting7, "7.17.29", "1.4.3"), []string{"distribution:elasticsearch", "version:1.4.3", "cluster:shop", "end-of-life:before 2022", "known-weaknesses:[CVE-2015-3337 CVE-2015-5377]"}},
	} {
		g, ok := parseGreeting(said(200, c.greeting))
		if !ok {
			t.Fatalf("not read: %s", c.greeting)
		}
		var got []string
		for k, v := range (verdict{signs: signs{greeted: true}, Kind: esBanner, Greeting: g, Cluster: g.Cluster}).values(func(s string) string { return s }) {
			got = append(got, fmt.Sprintf("%s:%v", k, v))
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Error(d)
		}
	}
}

// TestFieldsOfEveryVersion: mappings with types, without, nested, and cut off in the middle.
func TestFieldsOfEveryVersion(t *testing.T) {
	for name, body := range map[string]string{
		"types":       `{"m":{"mappings":{"member":{"properties":{"email":{"type":"string"}}}}}}`,
		"no types":    `{"m":{"mappings":{"properties":{"email":{"type":"keyword"}}}}}`,
		"nested":      `{"m":{"mappings":{"properties":{"customer":{"properties":{"email":{"type":"text"}}}}}}}`,
		"multi-field": `{"m":{"mappings":{"properties":{"email":{"type":"text","fields":{"keyword":{"type":"keyword"}}}}}}}`,
		"cut off":     `{"m":{"mappings":{"properties":{"email":{"type":"text"},"ema`,
	} {
		if got := personalFields(said(200, body), nil); !slices.Equal(got, []string{"mail"}) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := personalFields(said(403, `{"m":{"mappings":{"properties":{"email":{"type":"text"}}}}}`), nil); got != nil {
		t.Errorf("a refusal: %v", got)
	}
}
