package engine

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// after is a site that is open for so many requests. Then filter answers for all but the front page, or for that too.
func after(requests int64, home bool, filter http.HandlerFunc) http.HandlerFunc {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		switch late := n.Add(1) > requests; {
		case late && (home || r.URL.Path != "/"):
			filter(w, r)
		case r.URL.Path == "/":
			fmt.Fprint(w, shop(1))
		case r.URL.Path == "/s005":
			fmt.Fprint(w, "goods")
		default:
			http.NotFound(w, r)
		}
	}
}

// A filter that begins within the scan is noticed whatever it answers with, and what was answered before is believed.
func TestFilterThatBeginsEarly(t *testing.T) {
	var n atomic.Int64
	varied := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, words(n.Add(1), int(n.Load()%50)*10))
		}
	}
	for name, c := range map[string]struct {
		filter http.HandlerFunc
		home   bool
		lost   int // honest answers before the filter that are not believed all the same
	}{
		"log_in":                         {status(401), true, 0},
		"log_in_but_for_the_front_page":  {status(401), false, 0},
		"not_allowed":                    {status(405), true, 0},
		"not_allowed_elsewhere":          {status(405), false, 0},
		"accepted":                       {status(202), true, 0},
		"accepted_elsewhere":             {status(202), false, 0},
		"forbidden_with_varied_pages":    {varied(403), false, 0},
		"friendly_pages_that_vary":       {varied(200), false, 30},
		"log_in_with_pages_that_vary":    {varied(401), false, 30},
		"not_found_but_what_was_there":   {http.NotFound, false, 30},
		"front_page_at_every_address":    {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, shop(1)) }, true, 25},
		"a_known_page_with_status_200":   {readFixture(t, "f5").ServeHTTP, false, 0},
		"a_known_page_also_at_the_front": {readFixture(t, "cloudflare-block").ServeHTTP, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(after(31, c.home, c.filter))
			t.Cleanup(s.Close)
			sigs, table := many(300)
			got, summary := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
			clean := statuses(got)["clean"]
			if clean > 30 || clean < 30-c.lost || statuses(got)["blocked"] != 300-clean {
				t.Errorf("outcomes %v, want 30 clean and the rest blocked: %s", statuses(got), got[0])
			}
			if scanner.ExitStatus(summary, "high", false) != scanner.ExitIncomplete {
				t.Errorf("exit status %d", scanner.ExitStatus(summary, "high", false))
			}
		})
	}
}

// Sites have closed parts, and APIs that want another method.
func TestClosedPartsOfAnOpenSite(t *testing.T) {
	for _, code := range []int{401, 405, 202, 403} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/":
				fmt.Fprint(w, shop(1))
			case r.URL.Path > "/s010" && r.URL.Path < "/s060":
				status(code)(w, r)
			default:
				http.NotFound(w, r)
			}
		}))
		t.Cleanup(s.Close)
		sigs, table := many(100)
		got, _ := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
		if n := statuses(got)["clean"]; n != 100 {
			t.Errorf("status %d: outcomes %v, want all clean", code, statuses(got))
		}
	}
}

// A question that the site does not answer, twice, has an answer: it is not there for us. What came before it was last itself
// is believed.
func TestQuestionThatFails(t *testing.T) {
	for name, c := range map[string]struct {
		answers func(n int) (int, string)
		want    bool
	}{
		"both_times": {always(0, ""), true},
		"once": {func(n int) (int, string) {
			if n == 1 {
				return 0, ""
			}
			return 200, "the shop's own page"
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAnswers(t, c.answers)
			a.begin(200, "the shop's own page")
			for range firstCheck {
				a.say(t, 404, "not there")
			}
			end, from := a.site.health.ended()
			if (end != nil) != c.want || c.want && (end.Status != scanner.StatusUnreachable || from != 1) {
				t.Errorf("ended = %v from %d, want an end: %v", end, from, c.want)
			}
		})
	}
}

// The row of equal pages that is long enough when another question has been answered is asked about then.
func TestRowThatGrewDuringAQuestion(t *testing.T) {
	const block = "<h1>you have no access: denied</h1>"
	a := newAnswers(t, always(200, block))
	a.begin(200, "the shop's own page")
	h := &a.site.health
	h.checking = make(chan struct{}) // another question is under way
	for range sameInRow {
		a.say(t, 200, block)
	}
	if end, _ := h.ended(); end != nil {
		t.Fatalf("ended = %v while another question is under way", end)
	}
	h.pose(t.Context(), a.site, func(sender) verdict { return verdict{} }, nil)
	if end, from := h.ended(); end == nil || end.Status != scanner.StatusBlocked || from != 1 {
		t.Errorf("ended = %v from %d, want blocked from 1", end, from)
	}
}

// A refusal that begins after the site was found to be itself leaves what was answered before as it is.
func TestLateRefusalKeepsEarlierAnswers(t *testing.T) {
	s := httptest.NewServer(after(60, true, status(403)))
	t.Cleanup(s.Close)
	sigs, table := many(300)
	got, _ := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
	if n := statuses(got)["clean"]; n < 50 || n > 60 {
		t.Errorf("outcomes %v, want what was answered before the refusals clean", statuses(got))
	}
}

// A page that stands for what was not there is noticed after a row of it, although the front page is still itself. That of a
// known filter is noticed by its name, however much its size varies.
func TestRowForWhatWasNotThere(t *testing.T) {
	known := readFixture(t, "f5")
	for name, filter := range map[string]http.HandlerFunc{
		"one_page": status(401),
		"a_known_page_that_varies": func(w http.ResponseWriter, r *http.Request) {
			known.ServeHTTP(w, r)
			fmt.Fprintf(w, "<!-- %s -->", strings.Repeat(r.URL.Path, len(r.URL.Path)+int(r.URL.Path[len(r.URL.Path)-1]-'0')*40))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(after(40, false, filter))
			t.Cleanup(s.Close)
			sigs, table := many(300)
			client := resolving(t, nil)
			got, _ := outcomes(t, Options{Client: client, Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
			if n := client.Requests(); n > 40+sameInRow+5 || statuses(got)["blocked"] < 260 {
				t.Errorf("outcomes %v after %d requests", statuses(got), n)
			}
		})
	}
}

// What begins between the last question and the end of the scan is noticed at the end.
func TestFilterThatBeginsBeforeTheEnd(t *testing.T) {
	s := httptest.NewServer(after(60, false, http.NotFound))
	t.Cleanup(s.Close)
	sigs, table := many(100)
	got, _ := outcomes(t, Options{Client: resolving(t, nil), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
	if n := statuses(got)["clean"]; n > 60 {
		t.Errorf("outcomes %v, of which 60 at most can be clean", statuses(got))
	}
}

// A filter's page with a status that asks to come back later is not waited for.
func TestFilterThatThrottles(t *testing.T) {
	f := readFixture(t, "vercel")
	f.status = http.StatusTooManyRequests
	ex := f.exchange()
	throttled := &web.Error{Kind: web.KindThrottled, Err: errors.New("status 429"), Answer: ex}
	if got, err := unlessFiltered(nil, fmt.Errorf("asked: %w", throttled)); got != ex || err != nil {
		t.Errorf("unlessFiltered = %v, %v, want the answer", got, err)
	}
	throttled.Answer = answered(429, "/", strings.Repeat("slow down ", 3))
	if got, err := unlessFiltered(nil, throttled); got != nil || !errors.Is(err, throttled) {
		t.Errorf("unlessFiltered = %v, %v, want the error", got, err)
	}
}

// Only a site that answers nothing but refusals blocks from the start: a closed front page alone proves nothing.
func TestClosedFrontPageBlocksOnlyIfNothingElseIsAnswered(t *testing.T) {
	for name, c := range map[string]struct {
		first int
		want  bool
	}{"nothing_else": {403, true}, "something_else": {404, false}} {
		t.Run(name, func(t *testing.T) {
			a := newAnswers(t, always(403, "no"))
			a.begin(403, "no")
			a.say(t, c.first, "no")
			for range 2 * manyRefusals {
				a.say(t, 403, "no")
			}
			if end, _ := a.site.health.ended(); (end != nil) != c.want {
				t.Errorf("ended = %v, want an end: %v", end, c.want)
			}
		})
	}
}

// Refusals that look different come from the site's own rules, not from one filter.
func TestClosedFrontPageAndDifferentRefusalsAreNoFilter(t *testing.T) {
	a := newAnswers(t, always(403, "no"))
	a.begin(403, "no")
	for i := range 2 * manyRefusals {
		a.say(t, 403, strings.Repeat("no", i%2+1))
	}
	if end, _ := a.site.health.ended(); end != nil {
		t.Errorf("ended = %v", end)
	}
}

// Requests that were given up for the wait they would take end the site when nothing is answered between them.
func TestAnAnswerBreaksTheRowOfThrottledRequests(t *testing.T) {
	throttled := &web.Error{Kind: web.KindThrottled, Err: fmt.Errorf("asked to wait 1h")}
	var h health
	for range 3 * throttledInRow {
		h.after(t.Context(), nil, 0, nil, throttled)
		h.after(t.Context(), nil, 0, &web.Exchange{Status: 404}, nil)
	}
	if end, _ := h.ended(); end != nil {
		t.Errorf("ended = %v although it answers between", end)
	}
}
