package engine

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

func TestRefusal(t *testing.T) {
	for status, want := range map[int]scanner.Status{
		200: "", 302: "", 401: "", 404: "", 405: "",
		403: scanner.StatusBlocked, 406: scanner.StatusBlocked, 429: scanner.StatusBlocked, 503: scanner.StatusBlocked,
		500: scanner.StatusFailed, 502: scanner.StatusFailed,
	} {
		if got := refusal(status); got != (want != "") {
			t.Errorf("refusal(%d) = %v", status, got)
		}
		if got := statusOfRefusal(status); want != "" && got != want {
			t.Errorf("statusOfRefusal(%d) = %s, want %s", status, got, want)
		}
	}
}

// answered is an exchange with a page of the site h.test.
func answered(status int, path, body string) *web.Exchange {
	u := &url.URL{Scheme: "http", Host: "h.test", Path: path}
	return &web.Exchange{Request: &web.Request{Method: http.MethodGet, URL: u}, URL: u, Status: status, Body: []byte(body)}
}

// TestWhatMakesTheEngineAskAgain: the answer after which a question is asked, 0 when none is.
func TestWhatMakesTheEngineAskAgain(t *testing.T) {
	gone := &web.Error{Kind: web.KindUnreachable, Err: errors.New("refused")}
	for name, c := range map[string]struct {
		say  func(n int) (*web.Exchange, error)
		want int
	}{
		"a_dead_host": {func(int) (*web.Exchange, error) { return nil, gone }, 3},
		"now_and_then_silent": {func(n int) (*web.Exchange, error) {
			if n%failuresInRow == 0 {
				return answered(200, "/x", strings.Repeat("another page ", 10*n)), nil
			}
			return nil, gone
		}, 0},
		"out_of_scope": {func(int) (*web.Exchange, error) {
			return nil, &web.Error{Kind: web.KindScope, Err: errors.New("another host")}
		}, 0},
		"one_page_with_two_statuses": {func(n int) (*web.Exchange, error) {
			return answered(200+n%2, "/x"+strconv.Itoa(n), "the same page"), nil
		}, 0},
		"one_page":                {func(n int) (*web.Exchange, error) { return answered(200, "/x"+strconv.Itoa(n), "the same page"), nil }, sameInRow},
		"one_page_at_one_address": {func(int) (*web.Exchange, error) { return answered(200, "/x", "the same page"), nil }, 0},
		"refusals":                {func(int) (*web.Exchange, error) { return answered(403, "/x", "no"), nil }, manyRefusals},
	} {
		t.Run(name, func(t *testing.T) {
			h := &health{}
			h.sawHome(answered(200, "/", "the front page of a shop with words of its own"))
			got := 0
			for n := 1; n < firstCheck && got == 0; n++ {
				ex, err := c.say(n)
				if q, _ := h.count(n, n-1, ex, "", err); q != nil {
					got = n
				}
			}
			if got != c.want || h.end != nil {
				t.Errorf("a question after answer %d, want %d; end %v", got, c.want, h.end)
			}
		})
	}
}

// TestOneProperAnswerIsEnough: a site with a broken front page is not out of order as long as it answers something.
func TestOneProperAnswerIsEnough(t *testing.T) {
	for _, proper := range []bool{true, false} {
		h := &health{}
		h.sawHome(answered(500, "/", "sorry"))
		h.count(1, 0, answered(500, "/", "sorry"), "", nil)
		if proper {
			h.count(2, 1, answered(404, "/x", "not here"), "", nil)
		}
		h.witnesses.faulty = nil
		h.lastCheck(context.Background(), nil)
		if (h.end == nil) != proper {
			t.Errorf("proper answer %v: end %v", proper, h.end)
		}
	}
}

// TestWitnessesAreHarmless: an address that changes something is never asked a second time.
func TestWitnessesAreHarmless(t *testing.T) {
	w := &witnesses{home: newHomePage(answered(200, "/", "home"))}
	w.add(answered(200, "/logout", "bye"))
	if w.there != nil {
		t.Errorf("%s would be asked again", w.there.URL)
	}
	w.add(answered(200, "/about", "about"))
	if w.there == nil {
		t.Error("an ordinary page would not be asked again")
	}
}

// TestPagesOfOneProductAreAlike: they name the address and a number, and the site blocks all the same.
func TestPagesOfOneProductAreAlike(t *testing.T) {
	for _, c := range []struct {
		filters [2]string
		want    bool
	}{{[2]string{"Akamai", "Akamai"}, true}, {[2]string{"", ""}, false}, {[2]string{"Akamai", "F5"}, false}} {
		var r refusals
		r.add(1, answered(403, "/a", "no access to one"), c.filters[0])
		r.add(2, answered(403, "/b", "no access to another"), c.filters[1])
		if r.alike != c.want {
			t.Errorf("pages of %q: alike %v, want %v", c.filters, r.alike, c.want)
		}
	}
}

// TestLateAnswersDoNotEndARowOfFailures: answers to requests that were under way when a host died say nothing of it now.
func TestLateAnswersDoNotEndARowOfFailures(t *testing.T) {
	gone := &web.Error{Kind: web.KindUnreachable, Err: errors.New("refused")}
	var h health
	for order, ex := range []*web.Exchange{answered(404, "/a", "x"), nil, answered(404, "/b", "x"), nil, answered(404, "/c", "x"), nil} {
		var err error
		if ex == nil {
			err = gone
		}
		q, _ := h.count(order+1, 1, ex, "", err) // all were sent when there had been one answer
		if asked := q != nil; asked != (order == 5) {
			t.Errorf("answer %d: asked again %v", order+1, asked)
		}
	}
	h = health{}
	for order := range 12 {
		var ex *web.Exchange
		err := error(gone)
		if order%3 == 2 {
			ex, err = answered(404, "/a", "x"), nil
		}
		if q, _ := h.count(order+1, order, ex, "", err); q != nil {
			t.Errorf("answer %d: asked again, though the host answers in between", order+1)
		}
	}
}
