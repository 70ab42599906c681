package engine

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// shop is the front page of a site: a menu, and goods that differ from visit to visit.
func shop(n int64) string {
	return fmt.Sprintf("<nav>home goods cart account contact about terms privacy shipping returns</nav><h1>today: %s</h1>", words(n, 8))
}

// words are n words that only n and seed decide.
func words(seed int64, n int) string {
	var list []string
	for i := range n {
		list = append(list, strings.Map(func(r rune) rune { return r - '0' + 'g' }, strconv.FormatInt(seed*7919+int64(i)*104729, 10)))
	}
	return strings.Join(list, " ")
}

// filtered is a site with a front page and one other page, s005; the rest is not there. After 40 requests for other pages
// than the front page filter answers.
func filtered(filter http.HandlerFunc) http.HandlerFunc {
	var n, home atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/" && n.Add(1) > 40 || n.Load() > 40:
			filter(w, r)
		case r.URL.Path == "/":
			fmt.Fprint(w, shop(home.Add(1)))
		case r.URL.Path == "/s005":
			fmt.Fprint(w, "goods")
		default:
			http.NotFound(w, r)
		}
	}
}

func unlessHome(filter http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			fmt.Fprint(w, shop(1000+n.Add(1)))
			return
		}
		filter(w, r)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		fmt.Fprint(w, code)
	}
}

// What a filter answers is never taken for the site's answer, whatever the filter looks like.
func TestFilterThatBeginsLaterIsNoticed(t *testing.T) {
	var n atomic.Int64
	cases := map[string]http.HandlerFunc{
		"block_page_that_varies": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, words(n.Add(1), int(n.Load()%50)*10))
		},
		"not_found":                           http.NotFound,
		"not_found_but_for_the_front_page":    unlessHome(http.NotFound),
		"forbidden_but_for_the_front_page":    unlessHome(status(http.StatusForbidden)),
		"unauthorized_but_for_the_front_page": unlessHome(status(http.StatusUnauthorized)),
		"error_but_for_the_front_page":        unlessHome(status(http.StatusInternalServerError)),
		"forbidden_with_other_answers_between": unlessHome(func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1)%5 == 0 {
				http.NotFound(w, r)
				return
			}
			w.WriteHeader(http.StatusForbidden)
		}),
	}
	for name, filter := range cases {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(filtered(filter))
			t.Cleanup(s.Close)
			sigs, table := many(300)
			got, summary := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
			counts := statuses(got)
			if counts["clean"] > 40 || counts["clean"]+counts["blocked"]+counts["failed"] != 300 {
				t.Errorf("outcomes %v, of which 40 at most can be clean", counts)
			}
			if scanner.ExitStatus(summary, "high", false) != scanner.ExitIncomplete {
				t.Errorf("exit status %d", scanner.ExitStatus(summary, "high", false))
			}
		})
	}
}

// A filter that begins late and only for what is not shown to visitors must not be seen where there is none.
func TestHealthySitesAreNotCalledBlocked(t *testing.T) {
	var n atomic.Int64
	cases := map[string]http.HandlerFunc{
		"front_page_that_differs": unlessHome(http.NotFound),
		"one_path_with_an_error": unlessHome(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/s020" {
				status(http.StatusInternalServerError)(w, r)
				return
			}
			http.NotFound(w, r)
		}),
		"most_paths_forbidden": unlessHome(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path[len(r.URL.Path)-1] < '8' {
				status(http.StatusForbidden)(w, r)
				return
			}
			http.NotFound(w, r)
		}),
		"errors_for_what_is_not_there": unlessHome(status(http.StatusInternalServerError)),
		"one_page_for_everything_with_a_number_in_its_head": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "<title>%d</title>%s%s", n.Add(1)*n.Load()*997, strings.Repeat("<p>words and words</p>", 400), strings.Repeat("<b>x</b>", 2000))
		},
		"front_page_that_is_replaced": unlessHomeAtFirst(http.NotFound),
	}
	for name, handler := range cases {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(handler)
			t.Cleanup(s.Close)
			sigs, table := many(300)
			client := resolving(t, nil)
			got, _ := outcomes(t, Options{Client: client, Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
			if diff := cmp.Diff(map[string]int{"clean": 300}, statuses(got)); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s\n%s", diff, got[len(got)-1])
			}
			if client.Requests() > 301+30 {
				t.Errorf("%d requests for 301 questions", client.Requests())
			}
		})
	}
}

// unlessHomeAtFirst is a site whose front page becomes another during the scan.
func unlessHomeAtFirst(rest http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/":
			rest(w, r)
		case n.Add(1) == 1:
			fmt.Fprint(w, shop(1))
		default:
			fmt.Fprint(w, words(5, 100))
		}
	}
}

// An error that is gone when asked again has told nothing about the site.
func TestErrorsThatComeAndGoAreNotClean(t *testing.T) {
	var asked sync.Map
	s := httptest.NewServer(unlessHome(func(w http.ResponseWriter, r *http.Request) {
		if _, again := asked.LoadOrStore(r.URL.Path, true); !again && (r.URL.Path[len(r.URL.Path)-1]-'0')%2 == 0 {
			status(http.StatusInternalServerError)(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	sigs, table := many(100)
	got, _ := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
	if diff := cmp.Diff(map[string]int{"clean": 50, "failed": 50}, statuses(got)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// A refusal that is gone when asked again has told nothing about its address; one that stays closes the address.
func TestRefusalsThatComeAndGoAreNotClean(t *testing.T) {
	for name, c := range map[string]struct {
		code int
		goes bool
		want map[string]int
	}{
		"goes":                {http.StatusForbidden, true, map[string]int{"clean": 80, "blocked": 20}},
		"goes_not_acceptable": {http.StatusNotAcceptable, true, map[string]int{"clean": 80, "blocked": 20}},
		"stays":               {http.StatusForbidden, false, map[string]int{"clean": 100}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked sync.Map
			s := httptest.NewServer(unlessHome(func(w http.ResponseWriter, r *http.Request) {
				_, again := asked.LoadOrStore(r.URL.Path, true)
				if last := r.URL.Path[len(r.URL.Path)-1]; (last == '3' || last == '8') && (!again || !c.goes) {
					status(c.code)(w, r)
					return
				}
				http.NotFound(w, r)
			}))
			t.Cleanup(s.Close)
			sigs, table := many(100)
			got, _ := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
			if diff := cmp.Diff(c.want, statuses(got)); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

// answers are what a site in a test of health says, and how often it was asked for its own page again.
type answers struct {
	site *site
	home func(n int) (int, string) // the answers to further questions for the own page
	n    int
	said int
	// there is what /there is answered when it is asked again.
	there int
}

func newAnswers(t *testing.T, home func(n int) (int, string)) *answers {
	t.Helper()
	a := &answers{home: home}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/there" {
			w.WriteHeader(a.there)
			return
		}
		a.n++
		code, body := a.home(a.n)
		if code == 0 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	a.site = newSite(newClient(t), mustTarget(t, s.URL), siteSettings{})
	return a
}

func (a *answers) say(t *testing.T, code int, body string) {
	t.Helper()
	a.said++
	u := a.site.target.URL.JoinPath(strconv.Itoa(a.said))
	a.site.health.after(t.Context(), a.site, 0, &web.Exchange{URL: u, Status: code, Body: []byte(body)}, nil)
}

func (a *answers) begin(code int, body string) {
	a.site.health.sawHome(&web.Exchange{URL: a.site.target.URL, Status: code, Body: []byte(body)})
}

func always(code int, body string) func(int) (int, string) {
	return func(int) (int, string) { return code, body }
}

// The answer that makes the row long enough may come while another question is under way; the next one asks then.
func TestOnePageForEverythingIsNoticedWhileAnotherQuestionIsUnderWay(t *testing.T) {
	const block = "<h1>are you human?</h1>"
	a := newAnswers(t, always(200, block))
	a.begin(200, "the shop's own page")
	h := &a.site.health
	for i := range sameInRow + 1 {
		if i == sameInRow-1 {
			h.checking = make(chan struct{})
		}
		a.say(t, 200, block)
		h.checking = nil
	}
	if end, from := h.ended(); end == nil || end.Status != scanner.StatusBlocked || from != 1 {
		t.Errorf("ended = %v from %d, want blocked from 1", end, from)
	}
}

// Pages that look alike are in a row only if nothing is answered otherwise between them; "not found" is never a row.
func TestOtherAnswersBreakTheRowOfEqualPages(t *testing.T) {
	a := newAnswers(t, always(200, "x"))
	a.begin(200, "the shop's own page")
	for _, between := range []int{404, 403, 404} {
		for range sameInRow / 2 {
			a.say(t, 200, "x")
		}
		a.say(t, between, "x")
	}
	if end, _ := a.site.health.ended(); end != nil || a.n != 0 {
		t.Errorf("ended = %v after %d questions, want neither", end, a.n)
	}
	a = newAnswers(t, always(200, "x"))
	a.begin(200, "the shop's own page")
	for range 2 * sameInRow {
		a.say(t, 404, "x")
	}
	if a.n != 0 {
		t.Errorf("%d questions because of what is not there", a.n)
	}
}

// A filter that lets every fifth request through is noticed by its refusals, and what it said since the first is not believed.
func TestRefusalsOutweighOtherAnswers(t *testing.T) {
	a := newAnswers(t, always(403, "no"))
	a.begin(200, "the shop's own page")
	for i := range 20 {
		if i%5 == 4 {
			a.say(t, 404, "not there")
			continue
		}
		a.say(t, 403, "no")
	}
	if end, from := a.site.health.ended(); end == nil || end.Status != scanner.StatusBlocked || from != 1 {
		t.Errorf("ended = %v from %d, want blocked from 1", end, from)
	}
}

// When refusals come, the site's own page need not be among what is refused.
func TestRefusedPageThatWasThereMeansAFilter(t *testing.T) {
	for status, want := range map[int]bool{200: false, 403: true, 404: true} {
		a := newAnswers(t, always(200, "the shop's own page"))
		a.begin(200, "the shop's own page")
		a.there = status
		u := a.site.target.URL.JoinPath("/there")
		a.site.health.after(t.Context(), a.site, 0, &web.Exchange{Request: &web.Request{URL: u}, URL: u, Status: 200}, nil)
		for range manyRefusals {
			a.say(t, 403, "no")
		}
		if end, from := a.site.health.ended(); (end != nil) != want || want && from != 2 {
			t.Errorf("%d: ended = %v from %d, want an end: %v", status, end, from, want)
		}
	}
}

func TestConnectionsClosedAfterRefusalsMeanAFilter(t *testing.T) {
	a := newAnswers(t, always(0, ""))
	a.begin(200, "the shop's own page")
	for range manyRefusals {
		a.say(t, 403, "no")
	}
	if end, _ := a.site.health.ended(); end == nil || end.Status != scanner.StatusBlocked {
		t.Errorf("ended = %v, want blocked", end)
	}
}

// The site is asked again without suspicion now and then. One bad answer proves nothing; after two, what was answered since
// the site last was itself is not believed.
func TestSiteIsAskedAgainWithoutSuspicion(t *testing.T) {
	a := newAnswers(t, func(n int) (int, string) {
		if n == 1 || n > 2 {
			return 404, "gone"
		}
		return 200, "the shop's own page"
	})
	a.begin(200, "the shop's own page")
	for range firstCheck {
		a.say(t, 404, "not there")
	}
	if end, _ := a.site.health.ended(); end != nil || a.n != 3 {
		t.Fatalf("ended = %v after %d questions, want none after two for the page and one for an address that cannot exist", end, a.n)
	}
	for range (checkGrowth - 1) * firstCheck {
		a.say(t, 404, "not there")
	}
	if end, from := a.site.health.ended(); end == nil || end.Status != scanner.StatusBlocked || from != firstCheck+1 {
		t.Errorf("ended = %v from %d, want blocked from %d", end, from, firstCheck+1)
	}
}

// After a suspicion that was wrong the signs are counted anew, and twice as many are needed.
func TestWrongSuspicionBeginsAnew(t *testing.T) {
	a := newAnswers(t, always(200, "the shop's own page"))
	a.begin(200, "the shop's own page")
	asked := map[int]int{}
	for i := range 3 * manyRefusals {
		before := a.n
		a.say(t, 403, "no")
		if a.n > before {
			asked[i+1] = a.n - before
		}
	}
	if diff := cmp.Diff(map[int]int{manyRefusals: 1, 3 * manyRefusals: 1}, asked); diff != "" {
		t.Errorf("questions by refusal (-want +got):\n%s", diff)
	}
}
