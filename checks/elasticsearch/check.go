package elasticsearch

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// New is the check "elasticsearch" for Elasticsearch 1 to 9 and OpenSearch 1 to 3. Its parameter mode is the verdict that the
// signature reports: open (documents can be counted or indices listed), metadata (only facts about the cluster)
// or banner (only the greeting).
//
// It asks with GET for the greeting, an index that cannot exist and the health of the cluster, and, where one of these
// sounds like a search server, for the list of indices, the number of documents and the names of fields. No document is
// ever read: not by search, not by id, not by sample.
func New(s *signature.Signature) (scanner.Check, error) {
	var with struct {
		Mode string `yaml:"mode"`
	}
	if err := s.With.Decode(&with); err != nil {
		return nil, err
	}
	if !slices.Contains([]string{esOpen, esMetadata, esBanner}, with.Mode) {
		return nil, s.With.Mistake("mode %q: there are open, metadata, banner", with.Mode)
	}
	return check{with.Mode}, nil
}

type check struct{ mode string }

func (c check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	var reasons []message.Message
	for place, err := range places(ctx, p) {
		if err != nil {
			return nil, err
		}
		answers, err := gather(ctx, p, place)
		if err != nil {
			return nil, err
		}
		v := judge(answers)
		if v.Kind == c.mode {
			return hits(v, answers, p.HashNames), nil
		}
		if !v.Reason.IsZero() {
			reasons = append(reasons, v.Reason)
		}
		if v.Kind != "" {
			break // another signature reports it
		}
	}
	if len(reasons) > 0 {
		p.Conclude("%s", message.Join("; ", reasons...))
	}
	return nil, nil
}

// place is where a server may be, and how it is asked.
type place struct {
	base    *url.URL
	console bool // through the console of Kibana or OpenSearch Dashboards, which takes a POST that reads
	index   bool // one index of a server, not the server: what a script asks
}

// answers are what a place said; nil where it was not asked.
type answers struct {
	Place                                          place
	Index                                          string // that cannot exist
	Root, Health, Control, Indices, Count, Mapping *web.Exchange
}

// places are the target itself, then addresses that its pages and their scripts name.
func places(ctx context.Context, p *scanner.Probe) func(func(place, error) bool) {
	return func(yield func(place, error) bool) {
		base := *p.Target.URL
		base.Path, base.RawPath, base.RawQuery = strings.TrimSuffix(base.Path, "/"), "", ""
		if !yield(place{base: &base}, nil) {
			return
		}
		pages, err := p.Crawl(ctx)
		if err != nil {
			yield(place{}, err)
			return
		}
		if isDashboards(pages) {
			if !p.Safety.Allows(signature.SafetyIntrusive) {
				p.Explain("Kibana or OpenSearch Dashboards answers here; the search server behind it is asked only with --safety intrusive, because that takes a POST")
			} else if !yield(place{base: &base, console: true}, nil) {
				return
			}
		}
		texts, err := scripts(ctx, p, pages)
		if err != nil {
			yield(place{}, err)
			return
		}
		for _, page := range pages {
			texts = append(texts, page.Exchange)
		}
		for _, named := range namedPlaces(texts) {
			if !yield(named, nil) {
				return
			}
		}
	}
}

func isDashboards(pages []*web.Page) bool {
	for _, page := range pages {
		for hop := page.Exchange; hop != nil; hop = hop.Previous {
			for _, name := range []string{"Kbn-Name", "Kbn-Version", "Osd-Name", "Osd-Version"} {
				if hop.Header.Get(name) != "" {
					return true
				}
			}
		}
	}
	return false
}

// gather asks step by step and stops where an answer makes the next one pointless. The greeting is one sign of a server
// among others: a proxy may keep it back, or show a page of its own.
func gather(ctx context.Context, p *scanner.Probe, place place) (*answers, error) {
	a := &answers{Place: place, Index: absentIndex(p.Target)}
	type step struct {
		to   **web.Exchange
		path string
	}
	signs := []step{{&a.Control, "/" + a.Index + "/_count"}, {&a.Health, "/_cluster/health"}}
	data := []step{{&a.Indices, "/_cat/indices?format=json&bytes=b&h=index,status,docs.count,store.size"}, {&a.Count, "/_count"}, {&a.Mapping, "/_mapping"}}
	if place.index {
		signs, data = []step{{&a.Count, "/_count"}}, []step{{&a.Control, "/" + a.Index}, {&a.Mapping, "/_mapping"}}
	} else {
		root, err := rootOf(ctx, p, a)
		if err != nil {
			return a, err
		}
		a.Root = root
	}
	for _, steps := range [][]step{signs, data} {
		for _, step := range steps {
			var err error
			if *step.to, err = ask(ctx, p, a.Place, step.path); err != nil {
				return a, err
			}
		}
		if !a.like() {
			return a, nil
		}
	}
	return a, nil
}

// rootOf asks for the greeting, and once more over TLS where the answer says that plain HTTP is not spoken
// here. A server that says nothing at all is asked the other way by the engine.
func rootOf(ctx context.Context, p *scanner.Probe, a *answers) (*web.Exchange, error) {
	ex, err := ask(ctx, p, a.Place, "/")
	if err != nil || a.Place.base.Scheme != "http" || ex.Status != http.StatusBadRequest || !bytes.Contains(bytes.ToLower(ex.Body), []byte("https")) {
		return ex, err
	}
	turned := *a.Place.base
	turned.Scheme = "https"
	second, err := ask(ctx, p, place{base: &turned}, "/")
	if err != nil {
		return nil, err
	}
	a.Place.base = &turned
	return second, nil
}

func ask(ctx context.Context, p *scanner.Probe, place place, path string) (*web.Exchange, error) {
	u := *place.base
	target, query, _ := strings.Cut(path, "?")
	if place.console {
		u.Path += "/api/console/proxy"
		u.RawQuery = url.Values{"path": {strings.TrimPrefix(path, "/")}, "method": {http.MethodGet}}.Encode()
		return p.Do(ctx, &web.Request{Method: http.MethodPost, URL: &u, Header: http.Header{"Kbn-Xsrf": {"sotomi"}, "Osd-Xsrf": {"sotomi"}}})
	}
	u.Path += target
	u.RawQuery = query
	return p.Do(ctx, &web.Request{URL: &u, Header: http.Header{"Accept-Encoding": {"identity"}}})
}

// absentIndex is a name that no index has, the same for all signatures on a target.
func absentIndex(t target.Target) string {
	sum := sha256.Sum256([]byte("absent index\x00" + t.String()))
	return "zq" + scanner.Token(rand.New(rand.NewChaCha8(sum)), 14)
}

// hits are one finding for each variant of a verdict, or one without.
func hits(v verdict, a *answers, hashNames bool) []scanner.Hit {
	h := hit(v, a, hashNames)
	if len(v.Variants) == 0 {
		return []scanner.Hit{h}
	}
	var list []scanner.Hit
	for _, h.Variant = range v.Variants {
		list = append(list, h)
	}
	return list
}

func hit(v verdict, a *answers, hashNames bool) scanner.Hit {
	name := func(s string) string {
		if hashNames {
			sum := sha256.Sum256([]byte(s))
			return "sha256:" + hex.EncodeToString(sum[:6])
		}
		return cut(s, 64)
	}
	hit := scanner.Hit{Certainty: v.Certainty, Values: v.values(name)}
	show := func(ex *web.Exchange, seen bool, e evidence.Evidence) {
		if seen {
			hit.URL, hit.Evidence = ex.URL.String(), append(hit.Evidence, e)
		}
	}
	show(a.Root, v.greeted, evidenceOf(a.Root, message.New("The greeting of the server.")))
	if v.Kind == esBanner {
		hit.Evidence = append(hit.Evidence, statusOnly(a.Health, message.New("What lies behind it is refused.")))
		return hit
	}
	show(a.Health, v.healthy, evidenceOf(a.Health, message.New("The health of the same cluster.")))
	if v.Kind == esOpen {
		show(a.Mapping, v.mapped, statusOnly(a.Mapping, message.New("The names of indices and fields, read without a password.")))
		show(a.Count, v.counted, evidenceOf(a.Count, message.New("The number of documents, counted without a password. Writing was not tried, and no document was read.")))
		show(a.Indices, v.listed, v.list(a, name))
	}
	if a.Control != nil {
		hit.Evidence = append(hit.Evidence, evidence.New(a.Control, message.New("Control: what does not exist is said not to exist, or refused.")))
	}
	return hit
}

// list is the list of indices as evidence.
func (v verdict) list(a *answers, name func(string) string) evidence.Evidence {
	const most = 20
	list := statusOnly(a.Indices, message.New("The list of indices, read without a password. Writing was not tried, and no document was read."))
	for i, index := range v.Indices {
		if i == most {
			list.Response += fmt.Sprintf("\n[%d more]", len(v.Indices)-i)
			break
		}
		list.Response += fmt.Sprintf("\n%s  %d", name(index.Name), index.Documents)
	}
	return list
}

func evidenceOf(ex *web.Exchange, note message.Message) evidence.Evidence {
	if ex == nil {
		return evidence.Evidence{Note: note}
	}
	return evidence.New(ex, note)
}

// statusOnly is evidence that shows the first line of the answer and nothing else of it.
func statusOnly(ex *web.Exchange, note message.Message) evidence.Evidence {
	if ex == nil {
		return evidence.Evidence{Note: note}
	}
	e := evidence.New(ex, note)
	e.Response, _, _ = strings.Cut(e.Response, "\n")
	return e
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
