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
		<img src="http://cdn.test/p.PNG"><img src="http://cdn.test/count?x=1"><video src="http://cdn.test/f.mp4"></video><img src="https://cdn.test/q.png">
		<a href="http://cdn.test/page.html">more</a>`))
	if d := cmp.Diff([]string{"http://cdn.test/a.js", "http://cdn.test/a.CSS"}, active); d != "" {
		t.Errorf("parts that can change the page (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"http://cdn.test/p.PNG", "http://cdn.test/f.mp4"}, passive); d != "" {
		t.Errorf("parts that only show (-want +got):\n%s", d)
	}
}

func TestWeakCookies(t *testing.T) {
	for name, c := range map[string]struct {
		cookie string
		tls    bool
		want   string
	}{
		"nothing_set":       {"PHPSESSID=a; Path=/", true, "PHPSESSID lacks Secure, HttpOnly, SameSite"},
		"plain_http":        {"PHPSESSID=a", false, "PHPSESSID lacks HttpOnly, SameSite"},
		"all_set":           {"PHPSESSID=a; Secure; HttpOnly; SameSite=Lax", true, ""},
		"none_is_said":      {"PHPSESSID=a; Secure; HttpOnly; SameSite=None", true, ""},
		"same_site_unknown": {"PHPSESSID=a; Secure; HttpOnly; SameSite=maybe", true, "PHPSESSID lacks SameSite"},
		"only_secure":       {"sid=a; HttpOnly; SameSite=Strict", true, "sid lacks Secure"},
		"only_http_only":    {"sid=a; Secure; SameSite=Strict", true, "sid lacks HttpOnly"},
		"ended":             {"sid=a; Max-Age=0", true, ""},
		"ended_long_ago":    {"sid=a; Expires=Thu, 01 Jan 1970 00:00:00 GMT", true, ""},
		"ends_later":        {"sid=a; Secure; HttpOnly; Expires=Thu, 01 Jan 2037 00:00:00 GMT", true, "sid lacks SameSite"},
		"empty":             {"sid=", true, ""},
		"no_session":        {"lang=ja", true, ""},
		"form_token":        {"csrf_session_token=a", true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ex := &web.Exchange{Header: http.Header{"Set-Cookie": {"theme=dark", c.cookie}}}
			if got := describeCookies(weakCookies(ex, c.tls)).String(); got != c.want {
				t.Errorf("weakCookies of %q = %q, want %q", c.cookie, got, c.want)
			}
		})
	}
	two := &web.Exchange{Header: http.Header{"Set-Cookie": {"sid=1; Secure; HttpOnly", "remember_me=1; Secure; SameSite=Lax"}}}
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
