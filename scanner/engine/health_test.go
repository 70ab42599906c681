package engine

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// many are n checks that ask for a path each.
func many(n int) ([]*signature.Signature, scanner.Table) {
	var sigs []*signature.Signature
	checks := map[string]scanner.Check{}
	for i := range n {
		id := fmt.Sprintf("s%03d", i)
		sigs = append(sigs, sig(id))
		checks[id] = pathCheck{[]string{"/" + id}, "secret"}
	}
	return sigs, tableOf(checks)
}

func statuses(lines []string) map[string]int {
	counts := map[string]int{}
	for _, l := range lines {
		counts[strings.Fields(l)[2]]++
	}
	return counts
}

// A dead host is asked for no more than was under way and what it takes to find out. Addresses are counted, not requests:
// net/http sends one again by itself when a kept connection turns out to be closed.
func TestHostThatDiesCostsFewAttempts(t *testing.T) {
	const alive, inFlight = 20, 6
	var asked atomic.Int64
	var dead sync.Map // addresses asked for after it died
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) > alive {
			dead.Store(r.URL.Path, true)
			panic(http.ErrAbortHandler)
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	sigs, table := many(300)
	got, summary := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: inFlight})
	counts := statuses(got)
	if len(got) != 300 || counts["clean"] >= alive || counts["unreachable"]+counts["clean"] != 300 {
		t.Errorf("outcomes: %v", counts)
	}
	addresses := 0
	dead.Range(func(any, any) bool { addresses++; return true })
	if addresses > inFlight+failuresInRow+1 { // the last is the site's own page, asked again
		t.Errorf("the dead host was asked for %d addresses more", addresses)
	}
	if scanner.ExitStatus(summary, "high", false) != scanner.ExitIncomplete {
		t.Errorf("exit status %d", scanner.ExitStatus(summary, "high", false))
	}
}

func TestHostThatNeverAnswersIsAskedOnce(t *testing.T) {
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1); panic(http.ErrAbortHandler) }))
	t.Cleanup(s.Close)
	sigs, table := many(50)
	got, _ := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table})
	if n := asked.Load(); n != 1 || statuses(got)["unreachable"] != 50 {
		t.Errorf("asked %d times, outcomes %v", n, statuses(got))
	}
}

func TestSlowAnswersOfAFewPathsAreNotTheEndOfTheHost(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "5") || strings.HasSuffix(r.URL.Path, "6") {
			panic(http.ErrAbortHandler)
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	sigs, table := many(100)
	got, _ := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
	if diff := cmp.Diff(map[string]int{"clean": 80, "failed": 20}, statuses(got)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestHostThatBlocks(t *testing.T) {
	cases := map[string]struct {
		handler func(n int64, w http.ResponseWriter, r *http.Request)
		want    map[string]int
		limit   int64 // requests
	}{
		"after_a_while": {
			func(n int64, w http.ResponseWriter, r *http.Request) {
				if n > 40 {
					w.WriteHeader(403)
					fmt.Fprintf(w, "<h1>blocked</h1> request %d %x", n, n*7919)
					return
				}
				http.NotFound(w, r)
			}, map[string]int{"clean": 38, "blocked": 262}, 40 + 20,
		},
		"from_the_start": {
			func(n int64, w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(403)
				fmt.Fprintf(w, "denied %s %d", r.URL.Path, n)
			}, map[string]int{"blocked": 300}, 20,
		},
		"with_a_friendly_page": {
			func(n int64, w http.ResponseWriter, r *http.Request) {
				if n > 40 {
					fmt.Fprintf(w, "<h1>are you human?</h1> request %d for %s", n, r.URL.Path)
					return
				}
				http.NotFound(w, r)
			}, map[string]int{"clean": 38, "blocked": 262}, 40 + 20,
		},
		"with_a_redirect": {
			func(n int64, w http.ResponseWriter, r *http.Request) {
				if n > 40 {
					http.Redirect(w, r, "/captcha", http.StatusFound)
					return
				}
				http.NotFound(w, r)
			}, map[string]int{"clean": 38, "blocked": 262}, 40 + 20,
		},
		"one_page_for_whatever_is_not_there": {
			func(_ int64, w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					fmt.Fprint(w, "nothing here")
				}
			}, map[string]int{"clean": 300}, 310,
		},
		"out_of_order_from_the_start": {
			func(_ int64, w http.ResponseWriter, _ *http.Request) { http.Error(w, "oops", http.StatusBadGateway) },
			map[string]int{"failed": 300},
			20,
		},
		"out_of_order_after_a_while": {
			func(n int64, w http.ResponseWriter, r *http.Request) {
				if n > 40 {
					http.Error(w, "oops", http.StatusInternalServerError)
					return
				}
				http.NotFound(w, r)
			}, map[string]int{"clean": 38, "failed": 262}, 40 + 20,
		},
		"errors_for_some": {
			func(n int64, w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					http.Error(w, "oops", http.StatusInternalServerError)
				}
			}, map[string]int{"clean": 300}, 310,
		},
		"closed_front_page_only": {
			func(_ int64, w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					w.WriteHeader(403)
					return
				}
				http.NotFound(w, r)
			}, map[string]int{"clean": 300}, 310,
		},
		"forbidden_folder_of_an_open_site": {
			func(_ int64, w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					w.WriteHeader(403)
				}
			}, map[string]int{"clean": 300}, 310,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.handler(asked.Add(1), w, r) }))
			t.Cleanup(s.Close)
			sigs, table := many(300)
			got, _ := outcomes(t, Options{Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
			if diff := cmp.Diff(c.want, statuses(got)); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if n := asked.Load(); n > c.limit {
				t.Errorf("asked %d times, want %d at most", n, c.limit)
			}
		})
	}
}

func TestHostThatThrottles(t *testing.T) {
	s, _ := counting(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	sigs, table := many(50)
	client := newClient(t)
	got, _ := outcomes(t, Options{Client: client, Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
	if n := statuses(got)["throttled"]; n != 50 || client.Requests() > 1 {
		t.Errorf("outcomes %v after %d requests", statuses(got), client.Requests())
	}
}

func TestThrottlingInARowEndsTheSite(t *testing.T) {
	var h health
	throttled := &web.Error{Kind: web.KindThrottled, Err: errors.New("asked to wait 1h")}
	for range throttledInRow {
		if _, err := h.before(t.Context()); err != nil {
			t.Fatalf("ended early: %v", err)
		}
		h.after(t.Context(), nil, 0, nil, throttled)
	}
	var stop *scanner.StatusError
	if _, err := h.before(t.Context()); !errors.As(err, &stop) || stop.Status != scanner.StatusThrottled {
		t.Fatalf("before = %v, want throttled", err)
	}
	if got, want := stop.Reason.String(), "the host gets too many requests (asked to wait 1h): scan it later, or with a lower --rate"; got != want {
		t.Errorf("reason %q, want %q", got, want)
	}
}

func TestServerErrorsAloneAreNotClean(t *testing.T) {
	s, _ := counting(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	sigs, table := many(1)
	got, _ := outcomes(t, Options{Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table})
	if diff := cmp.Diff(map[string]int{"failed": 1}, statuses(got)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}
