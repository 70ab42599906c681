package cacheleak

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sotomi/scanner/message"
)

// TestJudgeStorage: what RFC 9111 lets a shared cache do with a personal page.
func TestJudgeStorage(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	date := []string{"Date", at.Format(http.TimeFormat)}
	later, past := at.Add(time.Hour).Format(http.TimeFormat), "Thu, 01 Jan 2015 00:00:00 GMT"
	for _, c := range []struct {
		name string
		head []string
		with func(*answerHead)
		want storage
	}{
		{"nothing_stated", nil, nil, storageHeuristic},
		{"nothing_stated_302", nil, func(a *answerHead) { a.Status = 302 }, storageNone},
		{"private", []string{"Cache-Control", "private"}, nil, storageNone},
		{"private_max_age", []string{"Cache-Control", "private, max-age=60"}, nil, storageNone},
		{"private_of_a_field", []string{"Cache-Control", `private="x-name", max-age=60`}, nil, storageFresh},
		{"no_store", []string{"Cache-Control", "no-store"}, nil, storageNone},
		{"no_store_and_s_maxage", []string{"Cache-Control", "no-store, s-maxage=60"}, nil, storageNone},
		{"php_default", []string{"Cache-Control", "no-store, no-cache, must-revalidate", "Expires", past, "Pragma", "no-cache"}, nil, storageNone},
		{"capitals", []string{"Cache-Control", "PRIVATE"}, nil, storageNone},
		{"no_cache", []string{"Cache-Control", "no-cache"}, nil, storageMerged},
		{"no_cache_of_a_field", []string{"Cache-Control", `no-cache="set-cookie", max-age=5`}, nil, storageFresh},
		{"mercari", []string{"Cache-Control", "no-cache", "Expires", past}, nil, storageMerged},
		{"expires_past", []string{"Expires", past}, nil, storageMerged},
		{"expires_0", []string{"Expires", "0"}, nil, storageMerged},
		{"expires_later", []string{"Expires", later}, nil, storageFresh},
		{"max_age_beats_expires", []string{"Cache-Control", "max-age=60", "Expires", past}, nil, storageFresh},
		{"s_maxage_beats_max_age", []string{"Cache-Control", "s-maxage=0, max-age=60"}, nil, storageMerged},
		{"max_age_0", []string{"Cache-Control", "max-age=0, must-revalidate"}, nil, storageMerged},
		{"max_age_broken", []string{"Cache-Control", "max-age=soon"}, nil, storageMerged},
		{"max_age_negative", []string{"Cache-Control", "max-age=-1"}, nil, storageMerged},
		{"pragma_means_nothing", []string{"Pragma", "no-cache"}, nil, storageHeuristic},
		{"vary_cookie", []string{"Cache-Control", "max-age=60", "Vary", "Accept-Encoding, Cookie"}, nil, storageNone},
		{"vary_star", []string{"Cache-Control", "max-age=60", "Vary", "*"}, nil, storageNone},
		{"vary_encoding", []string{"Cache-Control", "max-age=60", "Vary", "Accept-Encoding"}, nil, storageFresh},
		{"authorization", []string{"Cache-Control", "max-age=60"}, func(a *answerHead) { a.Authorization = true }, storageNone},
		{"authorization_public", []string{"Cache-Control", "public, max-age=60"}, func(a *answerHead) { a.Authorization = true }, storageFresh},
		{"authorization_must_revalidate", []string{"Cache-Control", "must-revalidate, max-age=60"}, func(a *answerHead) { a.Authorization = true }, storageFresh},
		{"authorization_s_maxage", []string{"Cache-Control", "s-maxage=60"}, func(a *answerHead) { a.Authorization = true }, storageFresh},
		{"authorization_and_nothing_stated", nil, func(a *answerHead) { a.Authorization = true }, storageNone},
		{"vary_authorization", []string{"Cache-Control", "max-age=60", "Vary", "AUTHORIZATION"}, nil, storageNone},
		{"vary_in_two_lines", []string{"Cache-Control", "max-age=60", "Vary", "Accept", "Vary", "Cookie"}, nil, storageNone},
		{"public_302", []string{"Cache-Control", "public"}, func(a *answerHead) { a.Status = 302 }, storageHeuristic},
		{"max_age_302", []string{"Cache-Control", "max-age=60"}, func(a *answerHead) { a.Status = 302 }, storageFresh},
		{"nothing_stated_404", nil, func(a *answerHead) { a.Status = 404 }, storageHeuristic},
		{"nothing_stated_500", nil, func(a *answerHead) { a.Status = 500 }, storageNone},
		{"older_than_max_age", []string{"Cache-Control", "max-age=60", "Age", "61"}, nil, storageMerged},
		{"younger_than_max_age", []string{"Cache-Control", "max-age=60", "Age", "59"}, nil, storageFresh},
		{"age_broken", []string{"Cache-Control", "max-age=60", "Age", "-100"}, nil, storageFresh},
		{"expires_at_the_date", []string{"Expires", at.Format(http.TimeFormat)}, nil, storageMerged},
		{"expires_after_the_date_although_past", []string{"Expires", past}, func(a *answerHead) { a.Header.Set("Date", "Thu, 01 Jan 2014 00:00:00 GMT") }, storageFresh},
		{"expires_empty", []string{"Expires", ""}, nil, storageMerged},
		{"set_cookie_forbids_nothing", []string{"Cache-Control", "max-age=60", "Set-Cookie", "sid=1"}, nil, storageFresh},
		{"no_cache_and_fresh", []string{"Cache-Control", "no-cache, max-age=60"}, nil, storageMerged},
		{"shared_validator_and_fresh", []string{"Cache-Control", "max-age=60"}, func(a *answerHead) { a.SharedValidator = true }, storageFresh},
		{"shared_validator", []string{"Cache-Control", "no-cache"}, func(a *answerHead) { a.SharedValidator = true }, storageValidator},
		{"no_date", []string{"Expires", later}, func(a *answerHead) { a.Header.Del("Date") }, storageFresh},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := answerHead{Exchange: answerTo("A", "k", "x", append(c.head, date...)...).ex}
			a.Started = at
			if c.with != nil {
				c.with(&a)
			}
			got := judgeStorage(a)
			if got.Storage != c.want {
				t.Errorf("storage %q, want %q; steps %q", got.Storage, c.want, got.Steps)
			}
			if len(got.Steps) < 2 {
				t.Errorf("%d steps, want the reasoning: %q", len(got.Steps), got.Steps)
			}
			for _, s := range got.Steps {
				mustBeJapanese(t, s)
			}
		})
	}
}

// TestLifetime: how long a fresh page is handed to others, and that the reasoning says by which header.
func TestLifetime(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	later := at.Add(time.Hour).Format(http.TimeFormat)
	for _, c := range []struct {
		head []string
		want time.Duration
		step string
	}{
		{[]string{"Cache-Control", "max-age=60"}, time.Minute, "max-age=60: it is fresh for 1m0s"},
		{[]string{"Cache-Control", "max-age=60, s-maxage=5"}, 5 * time.Second, "s-maxage=5: it is fresh for 5s"},
		{[]string{"Cache-Control", "max-age=60", "Age", "10"}, 50 * time.Second, "fresh for 50s"},
		{[]string{"Cache-Control", "max-age=60", "Age", "-10"}, time.Minute, "fresh for 1m0s"},
		{[]string{"Expires", later, "Date", at.Add(30 * time.Minute).Format(http.TimeFormat)}, 30 * time.Minute, "Expires: " + later},
		{[]string{"Expires", later}, 59 * time.Minute, "fresh for 59m0s"}, // without Date, since it was received
	} {
		head := answerHead{Exchange: answerTo("A", "k", "x", c.head...).ex}
		head.Started, head.FirstByte = at, time.Minute
		got := judgeStorage(head)
		if steps := message.Join(" ", got.Steps...).String(); got.Lifetime != c.want || !strings.Contains(steps, c.step) {
			t.Errorf("%q: lifetime %s, want %s; steps %q, want %q", c.head, got.Lifetime, c.want, steps, c.step)
		}
	}
}

// TestSteps: each directive that decides is named.
func TestSteps(t *testing.T) {
	for _, c := range []struct {
		head []string
		want []string
	}{
		{nil, []string{"There is no Cache-Control.", "There is no Vary", "status 200 lets a cache choose one"}},
		{[]string{"Cache-Control", "private"}, []string{"Cache-Control: private.", "must not store it"}},
		{[]string{"Cache-Control", "no-store"}, []string{"no cache may store it"}},
		{[]string{"Vary", "Accept-Encoding", "Set-Cookie", "a=b"}, []string{"Vary: Accept-Encoding does not tell visitors apart.", "Set-Cookie does not forbid it either"}},
		{[]string{"Vary", "*"}, []string{"Vary: * matches no other request"}},
		{[]string{"Cache-Control", "no-cache"}, []string{"reused after asking the origin", "several waiting requests"}},
		{[]string{"Cache-Control", "max-age=soon"}, []string{"max-age has no valid value and counts as 0: it is stale from the start"}},
		{[]string{"Expires", "0"}, []string{"Expires: 0 is not a date"}},
	} {
		steps := message.Join(" ", judgeStorage(answerHead{Exchange: answerTo("A", "k", "x", c.head...).ex}).Steps...).String()
		for _, w := range c.want {
			if !strings.Contains(steps, w) {
				t.Errorf("%q: steps %q, want %q", c.head, steps, w)
			}
		}
		if len(c.head) == 0 && strings.Contains(steps, "Set-Cookie") {
			t.Errorf("steps %q speak of a cookie that is not there", steps)
		}
	}
}
