package transport

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/web"
)

func pageOf(t *testing.T, address, body string) *web.Page {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p, err := web.ParsePage(&web.Exchange{URL: u, Status: 200, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestInsecureLogin(t *testing.T) {
	for name, c := range map[string]struct{ address, body, want string }{
		"plain_page":             {"http://a.test/", `<form action="/in"><input type="password" name="p"></form>`, "http://a.test/in|"},
		"plain_page_tls_action":  {"http://a.test/", `<form action="https://a.test/in"><input type="password" name="p"></form>`, "https://a.test/in|"},
		"plain_action":           {"https://a.test/", `<form action="http://a.test/in"><input type="password" name="p"></form>`, "http://a.test/in|action"},
		"second_form":            {"https://a.test/", `<form action="http://a.test/s"><input name="q"></form><form action="http://a.test/in"><input type="PASSWORD" name="p"></form>`, "http://a.test/in|action"},
		"second_field":           {"http://a.test/", `<form action="/in"><input name="u"><input type="password" name="p"><input name="x"></form>`, "http://a.test/in|"},
		"safe":                   {"https://a.test/", `<form action="/in"><input type="password" name="p"></form>`, ""},
		"safe_without_action":    {"https://a.test/", `<form><input type="password" name="p"></form>`, ""},
		"no_password":            {"http://a.test/", `<form action="/in"><input name="q"></form>`, ""},
		"no_form":                {"http://a.test/", `<input type="password" name="p">`, ""},
		"search_by_plain_action": {"https://a.test/", `<form action="http://a.test/s"><input name="q"></form>`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if form, variant := insecureLogin(pageOf(t, c.address, c.body)); form != nil {
				got = fmt.Sprintf("%s|%s", form.Action, variant)
			}
			if got != c.want {
				t.Errorf("insecureLogin = %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlainParts(t *testing.T) {
	active, passive := plainParts(pageOf(t, "https://a.test/", `
		<script src="http://cdn.test/a.js?v=1"></script><script src="http://cdn.test/a.js?v=1"></script><script src="https://cdn.test/b.js"></script>
		<script src="//cdn.test/c.js"></script><link rel="stylesheet" href="http://cdn.test/a.CSS"><link rel="stylesheet" href="/own.css">
		<link rel=stylesheet href=http://cdn.test/style.php><iframe src="http://pay.test/form"></iframe><frame src="http://pay.test/menu">
		<object data="http://pay.test/a.swf"></object><embed src="http://pay.test/b.swf"><iframe src="/own"></iframe><iframe src="about:blank"></iframe>
		<img src="http://cdn.test/p.PNG"><img src="http://cdn.test/count?x=1"><video src="http://cdn.test/f.mp4"></video><img src="https://cdn.test/q.png">
		<a href="http://cdn.test/page.html">more</a><link rel=canonical href=http://a.test/><form action="http://a.test/search"></form>
		<!-- <script src="http://cdn.test/gone.js"></script> -->`))
	if d := cmp.Diff([]string{
		"http://cdn.test/a.js", "http://cdn.test/a.CSS", "http://cdn.test/style.php",
		"http://pay.test/form", "http://pay.test/menu", "http://pay.test/a.swf", "http://pay.test/b.swf",
	}, active); d != "" {
		t.Errorf("parts that can change the page (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"http://cdn.test/p.PNG", "http://cdn.test/count", "http://cdn.test/f.mp4"}, passive); d != "" {
		t.Errorf("parts that only show (-want +got):\n%s", d)
	}
	active, _ = plainParts(pageOf(t, "https://a.test/", `<base href="http://cdn.test/"><script src="a.js"></script>`))
	if d := cmp.Diff([]string{"http://cdn.test/a.js"}, active); d != "" {
		t.Errorf("parts below a base over plain HTTP (-want +got):\n%s", d)
	}
}

// TestUpgraded: a browser that is told so fetches every part of a page over HTTPS. What is only reported changes nothing.
func TestUpgraded(t *testing.T) {
	for name, c := range map[string]struct {
		header map[string]string
		meta   string
		want   bool
	}{
		"nothing":            {nil, "", false},
		"header":             {map[string]string{"Content-Security-Policy": "upgrade-insecure-requests"}, "", true},
		"among_others":       {map[string]string{"Content-Security-Policy": "default-src 'self' https:; Upgrade-Insecure-Requests ;"}, "", true},
		"second_policy":      {map[string]string{"Content-Security-Policy": "img-src *, upgrade-insecure-requests"}, "", true},
		"meta":               {nil, `<meta http-equiv="Content-Security-Policy" content="upgrade-insecure-requests">`, true},
		"second_meta":        {nil, `<meta http-equiv=content-security-policy content="img-src *"><META CONTENT="upgrade-insecure-requests" HTTP-EQUIV="Content-Security-Policy">`, true},
		"reported_only":      {map[string]string{"Content-Security-Policy-Report-Only": "upgrade-insecure-requests"}, "", false},
		"meta_reported_only": {nil, `<meta http-equiv="Content-Security-Policy-Report-Only" content="upgrade-insecure-requests">`, false},
		"meta_in_a_comment":  {nil, `<!-- <meta http-equiv="Content-Security-Policy" content="upgrade-insecure-requests"> -->`, false},
		"part_of_a_word":     {map[string]string{"Content-Security-Policy": "report-uri /upgrade-insecure-requests"}, "", false},
		"request_header":     {map[string]string{"Upgrade-Insecure-Requests": "1"}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			page := pageOf(t, "https://a.test/", c.meta+`<script src="http://cdn.test/a.js"></script><img src="http://cdn.test/a.png">`)
			for k, v := range c.header {
				page.Exchange.Header.Set(k, v)
			}
			active, passive := plainParts(page)
			if got := len(active)+len(passive) == 0; got != c.want {
				t.Errorf("plainParts = %v, %v; want none: %v", active, passive, c.want)
			}
		})
	}
}

func TestWeakCookies(t *testing.T) {
	for name, c := range map[string]struct {
		cookie string
		tls    bool
		want   string
	}{
		"nothing_set":         {"PHPSESSID=a; Path=/", true, "PHPSESSID lacks Secure, HttpOnly, SameSite"},
		"plain_http":          {"PHPSESSID=a", false, "PHPSESSID lacks HttpOnly, SameSite"},
		"all_set":             {"PHPSESSID=a; Secure; HttpOnly; SameSite=Lax", true, ""},
		"none_is_said":        {"PHPSESSID=a; Secure; HttpOnly; SameSite=None", true, ""},
		"same_site_unknown":   {"PHPSESSID=a; Secure; HttpOnly; SameSite=maybe", true, "PHPSESSID lacks SameSite"},
		"only_secure":         {"sid=a; HttpOnly; SameSite=Strict", true, "sid lacks Secure"},
		"only_http_only":      {"sid=a; Secure; SameSite=Strict", true, "sid lacks HttpOnly"},
		"ended":               {"sid=a; Max-Age=0", true, ""},
		"ended_long_ago":      {"sid=a; Expires=Thu, 01 Jan 1970 00:00:00 GMT", true, ""},
		"ends_later":          {"sid=a; Secure; HttpOnly; Expires=Thu, 01 Jan 2037 00:00:00 GMT", true, "sid lacks SameSite"},
		"ended_yesterday":     {".ASPXAUTH=x; expires=Wed, 25 Nov 2026 11:00:00 GMT; path=/", true, ""},
		"ended_old_style":     {"sid=x; Expires=Thu, 01-Jan-70 00:00:10 GMT", true, ""},
		"ends_tomorrow":       {"sid=x; expires=Fri, 27 Nov 2026 11:00:00 GMT; Secure; HttpOnly", true, "sid lacks SameSite"},
		"a_switch":            {"logged_in=no; Path=/", true, ""},
		"deleted_in_capitals": {"sid=DELETED; Path=/", true, ""},
		"deleted_in_word":     {"sid=deleted; Path=/", true, ""},
		"favourite_author":    {"fav_author=5f2d8c1e9a7b", true, ""},
		"empty":               {"sid=", true, ""},
		"no_session":          {"lang=ja", true, ""},
		"form_token":          {"csrf_session_token=a", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ex := &web.Exchange{Started: time.Date(2026, 11, 26, 11, 0, 0, 0, time.UTC), Header: http.Header{"Set-Cookie": {"theme=dark", c.cookie}}}
			if got := describeCookies(weakCookies(ex, c.tls)).String(); got != c.want {
				t.Errorf("weakCookies of %q = %q, want %q", c.cookie, got, c.want)
			}
		})
	}
	for _, fields := range [][]string{
		{"sid=new; Path=/", "sid=x; Path=/; Max-Age=0"},                      // set, then taken away
		{"sid=new; Path=/", "sid=x; Path=/; Secure; HttpOnly; SameSite=Lax"}, // and set anew
	} {
		if got := weakCookies(&web.Exchange{Header: http.Header{"Set-Cookie": fields}}, true); len(got) > 0 {
			t.Errorf("%q: %v; the last of a name counts", fields, got)
		}
	}
	for _, other := range []string{"sid=x; Path=/old; Max-Age=0", "sid=x; Path=/; Domain=a.test; Max-Age=0"} {
		if got := weakCookies(&web.Exchange{Header: http.Header{"Set-Cookie": {"sid=new; Path=/", other}}}, true); len(got) != 1 {
			t.Errorf("%s takes away another cookie than sid=new; Path=/: %v", other, got)
		}
	}
	if got := weakCookies(&web.Exchange{Header: http.Header{"Set-Cookie": {"sid=x; Path=/old; Max-Age=0", "sid=new; Path=/"}}}, true); len(got) != 1 {
		t.Errorf("a cookie set after another was taken away: %v", got)
	}
	two := &web.Exchange{Header: http.Header{"Set-Cookie": {"sid=5f2d; Secure; HttpOnly", "remember_me=8c1e; Secure; SameSite=Lax"}}}
	if got := describeCookies(weakCookies(two, true)).String(); got != "sid lacks SameSite; remember_me lacks HttpOnly" {
		t.Errorf("two cookies: %q", got)
	}
}

// TestHSTSAge: RFC 6797 section 8.1: only the first field counts, and of it the first max-age.
func TestHSTSAge(t *testing.T) {
	for name, c := range map[string]struct {
		fields []string
		age    time.Duration
		stated bool
	}{
		"none":                 {nil, 0, false},
		"a_year":               {[]string{"max-age=31536000; includeSubDomains"}, 31536000 * time.Second, true},
		"quoted":               {[]string{`includeSubDomains; Max-Age = "300"`}, 300 * time.Second, true},
		"zero":                 {[]string{"max-age=0"}, 0, true},
		"first_field_is_short": {[]string{"max-age=300", "max-age=31536000"}, 300 * time.Second, true},
		"first_field_is_long":  {[]string{"max-age=31536000", "max-age=0"}, 31536000 * time.Second, true},
		"first_field_has_none": {[]string{"includeSubDomains", "max-age=31536000"}, 0, false},
		"twice_in_one_field":   {[]string{"max-age=300; max-age=31536000"}, 300 * time.Second, true},
		"no_number":            {[]string{"max-age=forever"}, 0, false},
		"negative":             {[]string{"max-age=-1"}, 0, false},
		"another_directive":    {[]string{"x-max-age=300"}, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			age, stated := hstsAge(c.fields)
			if stated != c.stated || stated && age != c.age {
				t.Errorf("hstsAge(%q) = %s, %v; want %s, %v", c.fields, age, stated, c.age, c.stated)
			}
		})
	}
}

// TestHSTSLearned: a browser that is sent on within the host learns what any of the answers says; the newest counts.
func TestHSTSLearned(t *testing.T) {
	hop := func(address string, previous *web.Exchange, fields ...string) *web.Exchange {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		return &web.Exchange{URL: u, Header: http.Header{"Strict-Transport-Security": fields}, Previous: previous}
	}
	const year = "max-age=31536000"
	for name, c := range map[string]struct {
		ex     *web.Exchange
		age    time.Duration
		stated bool
	}{
		"one_answer":         {hop("https://a.test/", nil, year), 365 * day, true},
		"only_the_page":      {hop("https://a.test/ja/", hop("https://a.test/", nil), year), 365 * day, true},
		"only_the_redirect":  {hop("https://a.test/ja/", hop("https://a.test/", nil, year)), 365 * day, true},
		"shorter_afterwards": {hop("https://a.test/ja/", hop("https://a.test/", nil, year), "max-age=300"), 300 * time.Second, true},
		"taken_back":         {hop("https://a.test/ja/", hop("https://a.test/", nil, year), "max-age=0"), 0, true},
		"none":               {hop("https://a.test/ja/", hop("https://a.test/", nil)), 0, false},
		"invalid_afterwards": {hop("https://a.test/ja/", hop("https://a.test/", nil, year), "max-age=x"), 365 * day, true},
		"plain_http":         {hop("http://a.test/ja/", hop("https://a.test/", nil), year), 0, false},
		"another_host":       {hop("https://b.test/", hop("https://a.test/", nil), year), 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			if age, stated := hstsLearned(c.ex, "a.test"); age != c.age || stated != c.stated {
				t.Errorf("hstsLearned = %s, %v; want %s, %v", age, stated, c.age, c.stated)
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	const soon = 14 * day
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		from, to time.Duration // from now
		want     string
	}{
		"half_way":           {-45 * day, 45 * day, ""},
		"ends_soon":          {-80 * day, 10 * day, "soon"},
		"ends_in_14_days":    {-76 * day, 14 * day, ""},
		"ended":              {-90 * day, -time.Second, "expired"},
		"begins_later":       {time.Second, 90 * day, "not-yet"},
		"of_six_days":        {-3 * day, 3 * day, ""},
		"of_six_days_at_end": {-5 * day, day, "soon"},
		"of_six_days_third":  {-4 * day, 2 * day, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, weak := expiry(now.Add(c.from), now.Add(c.to), now, soon)
			if weak && got == "" {
				got = "soon"
			}
			if got != c.want || weak != (c.want != "") {
				t.Errorf("expiry = %q, %v; want %q", got, weak, c.want)
			}
		})
	}
}

func TestWithoutQuery(t *testing.T) {
	if withoutQuery(nil) != "" {
		t.Error("an address that is none")
	}
	u, err := url.Parse("https://user:pw@a.test/in?token=x")
	if err != nil {
		t.Fatal(err)
	}
	if got := withoutQuery(u); got != "https://a.test/in" {
		t.Errorf("withoutQuery = %q", got)
	}
}
