package engine

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// drawnCheck asks for a drawn list of requests, by plan or not, and hits on a word.
type drawnCheck struct {
	requests []drawnRequest
	word     string
	stops    bool      // at the first hit, as stop-at-first-match does
	asked    *sync.Map // keys of the requests it made
}

type drawnRequest struct {
	path, header string
	redirects    web.Redirects
	maxBody      int64
}

func (c drawnCheck) list(t target.Target) []*web.Request {
	var list []*web.Request
	for _, d := range c.requests {
		r := &web.Request{Method: "GET", URL: t.URL.JoinPath(d.path), Redirects: d.redirects, MaxBody: d.maxBody}
		if d.header != "" {
			r.Header = http.Header{"X-Ask": {d.header}}
		}
		list = append(list, r)
	}
	return list
}

func (c drawnCheck) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	var hits []scanner.Hit
	for _, r := range c.list(p.Target) {
		c.asked.Store(r.Key(), true)
		ex, err := p.Do(ctx, r)
		if err != nil {
			return hits, err
		}
		if strings.Contains(string(ex.Body), c.word) {
			hits = append(hits, scanner.Hit{URL: r.URL.String(), Values: scanner.Values{"body": string(ex.Body), "status": ex.Status}})
			if c.stops {
				break
			}
		}
	}
	return hits, nil
}

type plannedCheck struct{ drawnCheck }

func (c plannedCheck) Plan(t target.Target) []*web.Request { return c.list(t) }

// oracle answers by what is asked, so that any request option that changes the answer shows in the body.
func oracle(w http.ResponseWriter, r *http.Request) {
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %s", r.URL.Path, r.Header.Get("X-Ask"))
	n := h.Sum32()
	switch {
	case r.URL.Path != "/" && n%5 == 0:
		w.Header().Set("Location", "/moved")
		w.WriteHeader(http.StatusFound)
	case n%7 == 0:
		http.NotFound(w, r)
	default:
		fmt.Fprintf(w, "%s asks %q: word%d", r.URL.Path, r.Header.Get("X-Ask"), n%4)
		fmt.Fprint(w, strings.Repeat(".", int(n%9)*100)) // pages that look alike make the engine ask for the site's own again
	}
}

func drawChecks(t *rapid.T, asked *sync.Map) ([]*signature.Signature, scanner.Table) {
	request := rapid.Custom(func(t *rapid.T) drawnRequest {
		return drawnRequest{
			path:      rapid.SampledFrom([]string{"/", "/a", "/b", "/a/c", "/d"}).Draw(t, "path"),
			header:    rapid.SampledFrom([]string{"", "", "x", "y"}).Draw(t, "header"),
			redirects: rapid.SampledFrom([]web.Redirects{web.RedirectsNone, web.RedirectsHost}).Draw(t, "redirects"),
			maxBody:   rapid.SampledFrom([]int64{0, 0, 10}).Draw(t, "max"),
		}
	})
	n := rapid.IntRange(1, 30).Draw(t, "signatures")
	checks := map[string]scanner.Check{}
	var sigs []*signature.Signature
	for i := range n {
		id := fmt.Sprintf("s%02d", i)
		c := drawnCheck{
			asked:    asked,
			requests: rapid.SliceOfN(request, 1, 4).Draw(t, id),
			word:     rapid.SampledFrom([]string{"word0", "word1", "asks", "a"}).Draw(t, "word"),
			stops:    rapid.Bool().Draw(t, "stops"),
		}
		checks[id] = c
		if rapid.Bool().Draw(t, "planned") {
			checks[id] = plannedCheck{c}
		}
		var more []func(*signature.Signature)
		if rapid.IntRange(0, 4).Draw(t, "gives") == 0 {
			more = append(more, giving("fact"))
		} else if rapid.IntRange(0, 4).Draw(t, "needs") == 0 {
			more = append(more, needing("fact"))
		}
		sigs = append(sigs, sig(id, more...))
	}
	return sigs, tableOf(checks)
}

// Merging changes what is sent and nothing else; two merged runs give the same lines in the same order; and no request is
// sent twice for the checks. The engine itself asks again for pages that it knows, whether the site is still itself.
func TestMergedAndUnmergedRunsAgree(t *testing.T) {
	var asked sync.Map
	var sent, withHeader atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/moved" { // redirects lead there, each for itself
			sent.Add(1)
			if r.Header.Get("X-Ask") != "" {
				withHeader.Add(1)
			}
		}
		oracle(w, r)
	}))
	t.Cleanup(s.Close)
	client, targets := newClient(t), mustTargets(t, s.URL)
	rapid.Check(t, func(rt *rapid.T) {
		sigs, table := drawChecks(rt, &asked)
		run := func(noMerge bool, inFlight int) []string {
			out := &recorder{}
			summary, err := Run(t.Context(), Options{
				Client: client, Targets: targets, Signatures: sigs, Checks: table, Sinks: []scanner.Sink{out}, NoMerge: noMerge, InFlight: inFlight,
			})
			if err != nil {
				rt.Fatal(err)
			}
			if summary.Planned != summary.Answered+summary.Unneeded {
				rt.Errorf("%d requests were planned, %d answered and %d not needed", summary.Planned, summary.Answered, summary.Unneeded)
			}
			return out.lines
		}
		want := run(true, 4)
		asked.Clear()
		sent.Store(0)
		withHeader.Store(0)
		if diff := cmp.Diff(want, run(false, 4)); diff != "" {
			rt.Fatalf("unmerged (-) and merged (+) differ:\n%s", diff)
		}
		differentWithHeader := 0
		different := int64(1) // the site's own page, which every scan begins with
		home := (&web.Request{Method: "GET", URL: mustURL(t, s.URL+"/")}).Key()
		asked.Range(func(key, _ any) bool {
			if key != home {
				different++
			}
			if strings.Contains(key.(string), "X-Ask") {
				differentWithHeader++
			}
			return true
		})
		// The site's own page, another and one that is not there, after 32 answers and in the end; a made-up name where pages
		// look alike.
		const again = 7
		if n := sent.Load(); n < different || n > different+again {
			rt.Errorf("%d requests were sent for %d different ones", n, different)
		}
		if n := withHeader.Load(); n != int64(differentWithHeader) {
			rt.Errorf("%d requests with a header were sent for %d different ones", n, differentWithHeader)
		}
		if diff := cmp.Diff(want, run(false, 1)); diff != "" {
			rt.Fatalf("concurrent (-) and sequential (+) differ:\n%s", diff)
		}
	})
}

// What nothing waits for any more is forgotten beyond a fixed size, and what something waits for is kept.
func TestAnswersAreForgotten(t *testing.T) {
	big := strings.Repeat("x", 20<<10)
	s, counts := counting(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, big, r.URL.Path) })
	site := newSite(newClient(t), target.Target{URL: mustURL(t, s.URL)}, siteSettings{})
	get := func(path string) *web.Request {
		return &web.Request{Method: "GET", URL: site.target.URL.JoinPath(path)}
	}
	site.expect(7, []digest{requestDigest(site.target, get("/waited"))})
	if a := site.do(t.Context(), get("/waited"), nil); a.err != nil {
		t.Fatal(a.err)
	}
	for i := range 100 {
		if a := site.do(t.Context(), get(fmt.Sprintf("/once/%d", i)), nil); a.err != nil {
			t.Fatal(a.err)
		}
	}
	if site.size > keptUnplanned || site.kept.Len() != len(site.memo)-1 {
		t.Errorf("%d bytes kept, %d answers kept, %d remembered", site.size, site.kept.Len(), len(site.memo))
	}
	site.do(t.Context(), get("/waited"), nil)
	site.release(consumer{step: 7})
	site.do(t.Context(), get("/waited"), nil)
	if n := counts()["/waited"]; n != 1 {
		t.Errorf("the answer that something waited for was fetched %d times", n)
	}
}

func TestEqualBodiesShareTheirBytes(t *testing.T) {
	s, _ := counting(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("same ", 500)) })
	p := probeOf(newSite(newClient(t), target.Target{URL: mustURL(t, s.URL)}, siteSettings{}), "a")
	a, errA := p.Get(t.Context(), "/a")
	b, errB := p.Get(t.Context(), "/b")
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	if &a.Body[0] != &b.Body[0] {
		t.Error("two copies of one body are kept")
	}
}

// A step that gives up does not spoil the answer for the others.
func TestAskerThatGivesUpLeavesTheRequestToTheNext(t *testing.T) {
	release := make(chan struct{})
	var once sync.Once
	s, counts := counting(t, func(w http.ResponseWriter, r *http.Request) {
		first := false
		once.Do(func() { first = true })
		if first {
			close(release)
			<-r.Context().Done()
		}
	})
	p := probeOf(newSite(newClient(t), target.Target{URL: mustURL(t, s.URL)}, siteSettings{}), "a")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-release; cancel() }()
	if _, err := p.Get(ctx, "/x"); web.KindOf(err) != web.KindCanceled {
		t.Fatalf("error of the first = %v", err)
	}
	if ex, err := p.Get(t.Context(), "/x"); err != nil || ex.Status != 200 || counts()["/x"] != 2 {
		t.Errorf("second: %v, %v after %v", ex, err, counts())
	}
}

// Steps that need facts wait for those that look for them; the others do not.
func TestScheduleOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &Plan{facts: true, steps: []*step{{}, {}, {givers: []int{0}}}}
		w := p.schedule([]int{0, 1, 2}, &requestPlan{chunks: [][]int{{0}, {1}}})
		if got := append(w.take(), w.take()...); !slices.Equal(got, []int{0, 1}) {
			t.Fatalf("first came %v", got)
		}
		var last []int
		var group sync.WaitGroup
		group.Go(func() { last = w.take() })
		synctest.Wait()
		if last != nil {
			t.Fatalf("%v came before its fact was known", last)
		}
		w.done(0)
		group.Wait()
		if !slices.Equal(last, []int{2}) || w.take() != nil {
			t.Errorf("last came %v", last)
		}
	})
}

// One request to two hosts has one digest wherever the host stands in it, and two requests have two.
func TestDigestsDoNotKnowTheHost(t *testing.T) {
	hosts := []string{"a.example:8080", "127.0.0.1:80", "t:1"} // "t" also stands in http
	requests := map[string]func(host, name string) *web.Request{
		"path": func(h, _ string) *web.Request {
			return &web.Request{URL: &url.URL{Scheme: "http", Host: h, Path: "/x"}}
		},
		"other": func(h, _ string) *web.Request {
			return &web.Request{URL: &url.URL{Scheme: "http", Host: h, Path: "/y"}}
		},
		"https": func(h, _ string) *web.Request {
			return &web.Request{URL: &url.URL{Scheme: "https", Host: h, Path: "/x"}}
		},
		"in path": func(h, n string) *web.Request {
			return &web.Request{URL: &url.URL{Scheme: "http", Host: h, Path: "/" + n + ".zip"}}
		},
		"in header": func(h, n string) *web.Request {
			return &web.Request{URL: &url.URL{Scheme: "http", Host: h, Path: "/x"}, Header: http.Header{"Referer": {"http://" + h + "/"}, "X-Name": {n}}}
		},
		"mark": func(h, _ string) *web.Request {
			return &web.Request{URL: &url.URL{Scheme: "http", Host: h, Path: "/x" + hostMark}}
		},
	}
	seen := map[digest]string{}
	for name, to := range requests {
		var first digest
		for i, host := range hosts {
			u := &url.URL{Scheme: "http", Host: host, Path: "/"}
			d := requestDigest(target.Target{URL: u}, to(host, u.Hostname()))
			if i == 0 {
				first = d
			}
			if d != first && name != "mark" && host != "t:1" {
				t.Errorf("%s: the digest on %s differs from that on %s", name, host, hosts[0])
			}
			if other, ok := seen[d]; ok && other != name {
				t.Errorf("%s and %s have the same digest on %s", name, other, host)
			}
			seen[d] = name
		}
	}
}
