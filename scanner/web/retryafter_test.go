package web

import (
	"errors"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryAfter(t *testing.T) {
	type want struct {
		explicit, refused bool
	}
	for _, c := range []struct {
		status int
		header string
		wait   time.Duration
		want   want
	}{
		{200, "5", 0, want{}},
		{500, "5", 0, want{}},
		{429, "", 0, want{false, true}},
		{503, "", 0, want{false, true}},
		{503, "5", 5 * time.Second, want{true, true}},
		{429, "-1", 0, want{false, true}},
		{429, "1.5", 0, want{false, true}},
		{429, "Wed, 21 Oct 2015 07:28:00 GMT", 0, want{true, true}},
		{429, "99999999999999", math.MaxInt32 * time.Second, want{true, true}},
	} {
		wait, explicit, refused := refusal(&Exchange{Status: c.status, Header: http.Header{"Retry-After": {c.header}}})
		if wait != c.wait || (want{explicit, refused}) != c.want {
			t.Errorf("%d %q: %s, %v, %v", c.status, c.header, wait, explicit, refused)
		}
	}
}

func TestWants429(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := offline(t, Options{}, func(*http.Request) *http.Response { return answered(http.StatusTooManyRequests) })
		if ex, err := s.Do(t.Context(), &Request{URL: shop, Wants429: true}); err != nil || ex.Status != 429 || c.Requests() != 1 {
			t.Errorf("%v, %v after %d requests, want the answer", ex, err, c.Requests())
		}
		c.limiter.next = roundTrip(func(*http.Request) *http.Response { return answered(http.StatusServiceUnavailable) })
		var e *Error
		if _, err := s.Do(t.Context(), &Request{URL: shop, Wants429: true}); !errors.As(err, &e) || e.Kind != KindThrottled || e.Err.Error() != "status 503 (tries: 3)" {
			t.Errorf("503: %v, want throttled", err)
		}
	})
}
