package cacheleak

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/web"
)

// answerTo is a made-up answer of a page to a visitor. Lines of head are header fields.
func answerTo(who, key, body string, head ...string) *observation {
	const length = 20 // of a real key; a shorter one would be part of many words
	if len(key) < length {
		key = strings.Repeat(key, length)
	}
	h := http.Header{"Content-Type": {"text/html"}}
	for i := 0; i+1 < len(head); i += 2 {
		h.Add(head[i], head[i+1])
	}
	u := &url.URL{Scheme: "http", Host: "site.test", Path: "/page", RawQuery: "sotomi=" + key}
	return newObservation(who, key, &web.Exchange{
		Request: &web.Request{URL: u}, URL: u, Status: 200, StatusLine: "HTTP/1.1 200 OK", Proto: "HTTP/1.1", Header: h,
		Body: []byte("<html><body>" + body + "</body></html>"),
	})
}

// threeRounds are references of a page made for each visitor by body, whose argument is different for every answer.
func threeRounds(body func(who, id string) string) *references {
	var list []*observation
	for round := range 3 {
		for _, who := range []string{anonymous, "A", "B"} {
			id := fmt.Sprintf("%s%d0123456789abcdef", who[:1], round)
			list = append(list, answerTo(who, "k"+id, body(who, id)))
		}
	}
	return newReferences(list)
}

var people = map[string]string{"A": "Alice alice@example.test", "B": "Bob bob@example.test", anonymous: "sign in"}

func personalBody(who, id string) string {
	return "<p>Hello " + people[who] + "</p><i>" + id + "</i>"
}

func TestMarkers(t *testing.T) {
	themes := map[string]string{"A": "dark", "B": "light", anonymous: "light"}
	threeThemes := map[string]string{"A": "theme-dark", "B": "theme-light", anonymous: "theme-auto"}
	names := map[string]string{"A": "Alice", "B": "Bob", anonymous: "sign in"}
	round := 0
	for _, c := range []struct {
		name string
		body func(who, id string) string
		want []string // markers of A
	}{
		{"names_and_addresses", personalBody, []string{"Alice", "alice@example.test"}},
		{"names_only", func(who, _ string) string { return "<p>" + names[who] + "</p>" }, []string{"Alice"}},
		{"names_that_nobody_sees", func(who, _ string) string { return `<p class="` + names[who] + `">x</p>` }, nil},
		{"a_theme_of_two", func(who, id string) string { return "<p>" + themes[who] + " mode</p>" + id }, nil},
		{"a_theme_of_three", func(who, id string) string { return "<p>" + threeThemes[who] + "</p>" + id }, nil},
		{"noise_in_every_answer", func(_, id string) string { return "<p>" + id + "</p>" }, nil},
		{"the_same_for_all", func(string, string) string { return "<p>Call 0312345678</p>" }, nil},
		{"a_clock", func(string, string) string {
			round++
			return fmt.Sprintf("<p>2026-11-23T08:%02d:00Z</p>", round/3)
		}, nil},
		{"members_see_more", func(who, _ string) string {
			if who == anonymous {
				return "<p>sign in</p>"
			}
			return "<p>log out, member news 20261123</p>"
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for token := range threeRounds(c.body).markers("A") {
				got = append(got, token)
			}
			if diff := cmp.Diff(sortedStrings(c.want), sortedStrings(got)); diff != "" {
				t.Errorf("markers (-want +got):\n%s", diff)
			}
		})
	}
}

func sortedStrings(list []string) []string {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return slices.Sorted(maps.Keys(set))
}

func TestCrossed(t *testing.T) {
	refs := threeRounds(personalBody)
	fill := answerTo("A", "k", personalBody("A", "fill0123456789abcdef"))
	other := answerTo("B", "c", personalBody("B", "control0123456789abcdef"))
	for _, c := range []struct {
		name    string
		got     *observation
		control *observation
		want    proof // "" for none
	}{
		{"the_very_answer", answerTo("B", "k", personalBody("A", "fill0123456789abcdef")), other, proofSameAnswer},
		{"the_page_without_its_identifier", answerTo("B", "k", "<p>Hello "+people["A"]+"</p>"), other, proofWhole},
		{"an_address_in_the_own_page", answerTo("B", "k", personalBody("B", "new0123456789abcdef0")+"<p>alice@example.test</p>"), other, proofMark},
		{"a_name_in_the_own_page", answerTo("B", "k", personalBody("B", "new0123456789abcdef0")+"<p>Alice</p>"), other, ""},
		{"the_own_page", answerTo("B", "k", personalBody("B", "new0123456789abcdef0")), other, ""},
		{"a_page_that_shows_the_last_visitor_to_all", answerTo("B", "k", "<p>last: alice@example.test</p>"), answerTo("B", "c", "<p>last: alice@example.test</p>"), ""},
		{"a_guests_page", answerTo("B", "k", personalBody(anonymous, "new0123456789abcdef0")), other, ""},
		{"our_key_repeated", answerTo("B", "k0123456789abcdef0123", personalBody("B", "k0123456789abcdef0123")), other, ""},
		{"to_its_owner", answerTo("A", "k", personalBody("A", "fill0123456789abcdef")), nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got proof
			if x := refs.crossed([]*observation{fill}, c.got, c.control); x != nil {
				got = x.proof
			}
			if got != c.want {
				t.Errorf("proof %q, want %q", got, c.want)
			}
		})
	}
}

func TestCookieCrossed(t *testing.T) {
	session := func(value string) []string { return []string{"Set-Cookie", "PHPSESSID=" + value + "; path=/"} }
	refs := newReferences([]*observation{
		answerTo(anonymous, "k1", "x", session("one0123456789")...), answerTo(anonymous, "k2", "x", session("two0123456789")...),
	})
	fill := answerTo(anonymous, "k", "x", session("three0123456789")...)
	for _, c := range []struct {
		name string
		got  *observation
		want bool
	}{
		{"the_same_session", answerTo(anonymous, "k", "x", session("three0123456789")...), true},
		{"a_session_of_its_own", answerTo(anonymous, "k", "x", session("four0123456789")...), false},
		{"no_cookie", answerTo(anonymous, "k", "x"), false},
		{"a_load_balancers_cookie", answerTo(anonymous, "k", "x", "Set-Cookie", "AWSALB=three0123456789"), false},
		{"a_session_that_everybody_gets", answerTo(anonymous, "k", "x", session("one0123456789")...), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := refs.cookieCrossed([]*observation{fill}, c.got, answerTo(anonymous, "c", "x", session("five0123456789")...)) != nil
			if got != c.want {
				t.Errorf("crossed %v, want %v", got, c.want)
			}
		})
	}
}

func TestJudgeBuster(t *testing.T) {
	for _, c := range []struct {
		name   string
		visits []*observation
		want   busterResult
	}{
		{"each_its_own", []*observation{answerTo("A", "1", "a10123456789abcdef"), answerTo("A", "2", "a20123456789abcdef"), answerTo("B", "3", "b10123456789abcdef")}, busterWorks},
		{"misses", []*observation{answerTo(anonymous, "1", "x", "X-Cache", "MISS"), answerTo(anonymous, "2", "x", "X-Cache", "MISS")}, busterWorks},
		{"a_hit_on_a_new_key", []*observation{answerTo(anonymous, "1", "x", "X-Cache", "MISS"), answerTo(anonymous, "2", "x", "X-Cache", "HIT")}, busterFails},
		{"an_age_on_a_new_key", []*observation{answerTo(anonymous, "1", "x"), answerTo(anonymous, "2", "x", "Age", "7")}, busterFails},
		{"a_second_may_pass", []*observation{answerTo(anonymous, "1", "x"), answerTo(anonymous, "2", "x", "Age", "1")}, busterUnknown},
		{"another_visitors_answer", []*observation{answerTo("A", "1", "a10123456789abcdef"), answerTo("B", "2", "a10123456789abcdef"), answerTo("A", "3", "a20123456789abcdef")}, busterFails},
		{"an_identifier_of_the_page", []*observation{answerTo("A", "1", "app0123456789abcdef"), answerTo("B", "2", "app0123456789abcdef"), answerTo("A", "3", "app0123456789abcdef")}, busterWorks},
		{"nothing_to_see", []*observation{answerTo(anonymous, "1", "x"), answerTo(anonymous, "2", "x")}, busterUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := judgeBuster(c.visits); got != c.want {
				t.Errorf("judgeBuster = %q, want %q", got, c.want)
			}
		})
	}
}

func TestCacheSigns(t *testing.T) {
	for _, c := range []struct {
		head []string
		want signs
	}{
		{nil, signs{}},
		{[]string{"Cache-Status", `"Vinyl"; hit; ttl=30`}, signs{Status: "hit", Hit: true}},
		{[]string{"Cache-Status", `edge; fwd=uri-miss; collapsed`}, signs{Status: "collapsed", Hit: true}},
		{[]string{"Cache-Status", `edge; fwd=uri-miss; stored`}, signs{Status: "miss", Miss: true}},
		{[]string{"X-Varnish", "32770 3", "Via", "1.1 varnish (Varnish/7.1)"}, signs{"Varnish", "hit", true, false}},
		{[]string{"X-Varnish", "32770"}, signs{"Varnish", "miss", false, true}},
		{[]string{"X-Cache", "HIT from lab.test", "Via", "1.1 lab.test (squid/5.7)"}, signs{"Squid", "hit", true, false}},
		{[]string{"X-Cache", "MISS from lab.test", "X-Cache-Lookup", "HIT from lab.test:80"}, signs{"Squid", "miss", false, true}},
		{[]string{"X-Cache", "MISS, HIT", "X-Served-By", "cache-nrt1", "X-Timer", "S1"}, signs{"Fastly", "hit", true, false}},
		{[]string{"X-Cache", "Hit from cloudfront", "X-Amz-Cf-Id", "x"}, signs{"CloudFront", "hit", true, false}},
		{[]string{"X-Cache", "RefreshHit from cloudfront", "Via", "1.1 x.cloudfront.net (CloudFront)"}, signs{"CloudFront", "hit", true, false}},
		{[]string{"X-Cache", "TCP_MISS from a23 (AkamaiGHost/10)"}, signs{"Akamai", "miss", false, true}},
		{[]string{"X-Cache", "TCP_MEM_HIT from a23 (AkamaiGHost/10)"}, signs{"Akamai", "hit", true, false}},
		{[]string{"Cf-Cache-Status", "DYNAMIC", "Cf-Ray", "1"}, signs{"Cloudflare", "miss", false, true}},
		{[]string{"Cf-Cache-Status", "UPDATING"}, signs{"Cloudflare", "hit", true, false}},
		{[]string{"X-Cache-Status", "BYPASS"}, signs{"nginx", "miss", false, true}},
		{[]string{"X-Cache", "HIT-FOR-PASS"}, signs{"", "miss", false, true}},
		{[]string{"X-Cache", "hit-for-miss"}, signs{"", "miss", false, true}},
		{[]string{"Via", "http/1.1 ats (ApacheTrafficServer/9.2.9 [cHs f ])"}, signs{"Traffic Server", "hit", true, false}},
		{[]string{"Via", "http/1.1 ats (ApacheTrafficServer/9.2.9 [cMsSfW])"}, signs{"Traffic Server", "miss", false, true}},
		{[]string{"Age", "2"}, signs{Status: "hit", Hit: true}},
		{[]string{"Age", "0", "Server", "nginx"}, signs{Product: "nginx"}},
	} {
		t.Run(fmt.Sprint(c.head), func(t *testing.T) {
			if diff := cmp.Diff(c.want, cacheSigns(answerTo("A", "k", "x", c.head...).ex)); diff != "" {
				t.Errorf("signs (-want +got):\n%s", diff)
			}
		})
	}
}

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
		})
	}
}
