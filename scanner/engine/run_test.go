package engine

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// pathCheck asks for paths and hits where the answer is 200 and contains the words.
type pathCheck struct {
	paths []string
	word  string
}

func (c pathCheck) requests(t target.Target) []*web.Request {
	var list []*web.Request
	for _, p := range c.paths {
		list = append(list, &web.Request{Method: "GET", URL: t.URL.JoinPath(p)})
	}
	return list
}

func (c pathCheck) Plan(t target.Target) []*web.Request { return c.requests(t) }

func (c pathCheck) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	var hits []scanner.Hit
	for _, r := range c.requests(p.Target) {
		ex, err := p.Do(ctx, r)
		if err != nil {
			return hits, err
		}
		if ex.Status == 200 && strings.Contains(string(ex.Body), c.word) {
			hits = append(hits, scanner.Hit{URL: r.URL.String(), Values: scanner.Values{"path": r.URL.Path}})
		}
	}
	return hits, nil
}

// checkFunc is a check whose requests are not known beforehand.
type checkFunc func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error)

func (f checkFunc) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	return f(ctx, p)
}

// tableOf serves each signature with the check of its id.
func tableOf(checks map[string]scanner.Check) scanner.Table {
	return scanner.Table{"http": func(s *signature.Signature) (scanner.Check, error) {
		c, ok := checks[s.ID]
		if !ok {
			return nil, fmt.Errorf("no check for %s", s.ID)
		}
		return c, nil
	}}
}

// recorder is a Sink that writes down what it gets, times left out.
type recorder struct {
	mu      sync.Mutex
	lines   []string
	summary scanner.Summary
	closed  int
}

func (r *recorder) add(format string, a ...any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf(format, a...))
	return nil
}

func (r *recorder) Start(s scanner.Start) error { return r.add("start %s %d", s.Targets, s.Signatures) }

func (r *recorder) Finding(f scanner.Finding) error {
	return r.add("finding %s %s %s %s %v", f.Signature.ID, f.Target, f.Hit.URL, f.Severity, f.Hit.Values)
}

func (r *recorder) Outcome(o scanner.Outcome) error {
	return r.add("outcome %s %s %s %s", o.Signature, o.Target, o.Status, o.Reason)
}
func (r *recorder) Target(scanner.TargetInfo) error { return nil }

func (r *recorder) Progress(scanner.Progress) error { return nil }
func (r *recorder) Close(s scanner.Summary) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary = s
	r.closed++
	return nil
}

func newClient(t *testing.T) *web.Client {
	t.Helper()
	c, err := web.NewClient(web.Options{Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func mustTargets(t *testing.T, args ...string) *target.List {
	t.Helper()
	list, err := target.Parse(args, strings.NewReader(""), nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func sig(id string, more ...func(*signature.Signature)) *signature.Signature {
	s := &signature.Signature{ID: id, Info: signature.Info{Severity: signature.SeverityHigh}}
	for _, m := range more {
		m(s)
	}
	return s
}

// counting serves handler and counts requests by path.
func counting(t *testing.T, handler http.HandlerFunc) (*httptest.Server, func() map[string]int) {
	t.Helper()
	var mu sync.Mutex
	counts := map[string]int{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		counts[r.URL.Path]++
		mu.Unlock()
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s, func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return counts
	}
}

func TestRunDeliversFindingsAndOutcomesInOrder(t *testing.T) {
	site, counts := counting(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, "home")
		case "/open":
			fmt.Fprint(w, "secret")
		default:
			http.NotFound(w, r)
		}
	})
	out := &recorder{}
	summary, err := Run(t.Context(), Options{
		Client: newClient(t), Targets: mustTargets(t, site.URL), Sinks: []scanner.Sink{out},
		Signatures: []*signature.Signature{sig("b-open"), sig("c-open-too"), sig("a-home")},
		Checks: tableOf(map[string]scanner.Check{
			"a-home":     pathCheck{[]string{"/"}, "home"},
			"b-open":     pathCheck{[]string{"/missing", "/open"}, "secret"},
			"c-open-too": pathCheck{[]string{"/open"}, "nothing"},
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"start [" + site.URL + "] 3",
		"finding a-home " + site.URL + " " + site.URL + "/ high map[path:/]",
		"outcome a-home " + site.URL + " found ",
		"finding b-open " + site.URL + " " + site.URL + "/open high map[path:/open]",
		"outcome b-open " + site.URL + " found ",
		"outcome c-open-too " + site.URL + " clean ",
	}
	if diff := cmp.Diff(want, out.lines); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"/": 1, "/open": 1, "/missing": 1}, counts()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if !summary.Complete || summary.Severities["high"] != 2 || summary.Statuses[scanner.StatusFound] != 2 || out.closed != 1 {
		t.Errorf("summary = %+v, closed %d times", summary, out.closed)
	}
	if got := scanner.ExitStatus(summary, signature.SeverityHigh, false); got != scanner.ExitFound {
		t.Errorf("ExitStatus = %d, want %d", got, scanner.ExitFound)
	}
}

// probeOf is the probe of a signature on a site that no scan has begun.
func probeOf(s *site, id string) *scanner.Probe {
	p, _ := s.probe(sig(id), "", nil)
	return p
}

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func mustTarget(t *testing.T, s string) target.Target {
	t.Helper()
	return target.Target{URL: mustURL(t, s)}
}

func sigsOf(ids ...string) []*signature.Signature {
	var list []*signature.Signature
	for _, id := range ids {
		list = append(list, sig(id))
	}
	return list
}
