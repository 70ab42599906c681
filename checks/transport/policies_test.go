package transport

import (
	"net/http"
	"net/url"
	"testing"

	"sotomi/scanner/web"
)

// headed is an HTML page with further header fields, given as name, value, name, value.
func headed(t *testing.T, body string, fields ...string) *web.Page {
	t.Helper()
	u, err := url.Parse("https://a.test/login")
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{"Content-Type": {"text/html"}}
	for i := 0; i < len(fields); i += 2 {
		h.Add(fields[i], fields[i+1])
	}
	p, err := web.ParsePage(&web.Exchange{URL: u, Status: 200, Header: h, Body: []byte(body)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	frameOptions = "X-Frame-Options"
	policyHeader = "Content-Security-Policy"
)

func TestFramable(t *testing.T) {
	for name, c := range map[string]struct {
		fields []string
		body   string
		want   bool
	}{
		"nothing":                  {nil, "", true},
		"same_origin":              {[]string{frameOptions, "SAMEORIGIN"}, "", false},
		"deny_in_small_letters":    {[]string{frameOptions, "deny"}, "", false},
		"said_twice":               {[]string{frameOptions, "SAMEORIGIN", frameOptions, "SAMEORIGIN"}, "", false},
		"said_twice_differently":   {[]string{frameOptions, "SAMEORIGIN, DENY"}, "", false},
		"one_of_two_unknown":       {[]string{frameOptions, "nonsense, DENY"}, "", false},
		"allow_from_is_ignored":    {[]string{frameOptions, "ALLOW-FROM https://b.test/"}, "", true},
		"allow_all":                {[]string{frameOptions, "ALLOWALL"}, "", true},
		"ancestors_self":           {[]string{policyHeader, "default-src 'self'; frame-ancestors 'self'"}, "", false},
		"ancestors_none":           {[]string{policyHeader, "FRAME-ANCESTORS 'none'"}, "", false},
		"ancestors_empty":          {[]string{policyHeader, "frame-ancestors"}, "", false},
		"ancestors_a_partner":      {[]string{policyHeader, "frame-ancestors https://b.test"}, "", false},
		"ancestors_anybody":        {[]string{policyHeader, "frame-ancestors *"}, "", true},
		"ancestors_any_https":      {[]string{policyHeader, "frame-ancestors 'self' https:"}, "", true},
		"ancestors_win":            {[]string{frameOptions, "DENY", policyHeader, "frame-ancestors *"}, "", true},
		"second_policy_narrower":   {[]string{policyHeader, "frame-ancestors *, frame-ancestors 'self'"}, "", false},
		"another_directive":        {[]string{policyHeader, "frame-src 'none'"}, "", true},
		"default_does_not_replace": {[]string{policyHeader, "default-src 'none'"}, "", true},
		"report_only":              {[]string{policyHeader + "-Report-Only", "frame-ancestors 'none'"}, "", true},
		"in_the_page_is_ignored":   {nil, `<meta http-equiv="Content-Security-Policy" content="frame-ancestors 'none'"><meta http-equiv="X-Frame-Options" content="DENY">`, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := framable(headed(t, c.body, c.fields...)); got != c.want {
				t.Errorf("framable(%q) = %v, want %v", c.fields, got, c.want)
			}
		})
	}
}

func TestScriptPolicy(t *testing.T) {
	for name, c := range map[string]struct{ policy, want string }{
		"none":                     {"", "missing"},
		"own_only":                 {"default-src 'self'", ""},
		"scripts_own_only":         {"script-src 'self' https://cdn.test", ""},
		"elements_come_first":      {"script-src-elem 'self'; script-src * 'unsafe-inline'", ""},
		"scripts_come_first":       {"default-src *; script-src 'self'", ""},
		"first_of_two_counts":      {"script-src 'self'; script-src *", ""},
		"nothing_about_scripts":    {"frame-ancestors 'self'; upgrade-insecure-requests", "missing"},
		"inline":                   {"script-src 'self' 'unsafe-inline'", "unsafe"},
		"inline_by_default":        {"default-src 'self' 'UNSAFE-INLINE'", "unsafe"},
		"inline_beside_a_nonce":    {"script-src 'unsafe-inline' 'nonce-r4nd0m'", ""},
		"inline_beside_a_hash":     {"script-src 'unsafe-inline' 'sha256-B2yPHKaXnvFWtRChIbabYmUBFZdVfKKXHbWtWidDVF8='", ""},
		"strict_dynamic":           {"script-src 'strict-dynamic' 'nonce-x' https: 'unsafe-inline'", ""},
		"any_host":                 {"script-src *", "unsafe"},
		"any_https_host":           {"script-src 'self' https:", "unsafe"},
		"data":                     {"script-src 'self' data:", "unsafe"},
		"styles_inline":            {"default-src 'self'; style-src 'unsafe-inline'", ""},
		"second_policy_is_tighter": {"script-src *, script-src 'self'", ""},
		"empty_means_nothing_runs": {"script-src", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := scriptPolicy(headed(t, "", policyHeader, c.policy)); got != c.want {
				t.Errorf("scriptPolicy(%q) = %q, want %q", c.policy, got, c.want)
			}
		})
	}
	if got := scriptPolicy(headed(t, `<meta http-equiv="Content-Security-Policy" content="script-src 'self'">`)); got != "" {
		t.Errorf("a policy in the page: %q, want none", got)
	}
	if got := scriptPolicy(headed(t, "", policyHeader+"-Report-Only", "script-src 'self'")); got != "missing" {
		t.Errorf("a policy that is only reported: %q, want missing", got)
	}
}

func TestReferrerPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		fields []string
		body   string
		want   string
	}{
		"nothing":              {nil, "", ""},
		"strict":               {[]string{"Referrer-Policy", "strict-origin-when-cross-origin"}, "", "strict-origin-when-cross-origin"},
		"last_known_one":       {[]string{"Referrer-Policy", "no-referrer, Unsafe-URL, nonsense"}, "", "unsafe-url"},
		"two_fields":           {[]string{"Referrer-Policy", "unsafe-url", "Referrer-Policy", "same-origin"}, "", "same-origin"},
		"nothing_known":        {[]string{"Referrer-Policy", "nonsense"}, "", ""},
		"in_the_page":          {nil, `<meta name="referrer" content="origin">`, "origin"},
		"the_page_is_later":    {[]string{"Referrer-Policy", "no-referrer"}, `<meta name="referrer" content="unsafe-url">`, "unsafe-url"},
		"old_word_in_the_page": {nil, `<meta name="referrer" content="never">`, "no-referrer"},
		"old_word_for_all":     {nil, `<meta name="referrer" content="always">`, "unsafe-url"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := referrerPolicy(headed(t, c.body, c.fields...)); got != c.want {
				t.Errorf("referrerPolicy(%q) = %q, want %q", c.fields, got, c.want)
			}
		})
	}
}

func TestNoSniff(t *testing.T) {
	for name, c := range map[string]struct {
		fields []string
		want   bool
	}{
		"nothing":         {nil, false},
		"stated":          {[]string{"X-Content-Type-Options", "NoSniff"}, true},
		"stated_twice":    {[]string{"X-Content-Type-Options", "nosniff", "X-Content-Type-Options", "nosniff"}, true},
		"first_one_holds": {[]string{"X-Content-Type-Options", "sniff, nosniff"}, false},
		"with_a_quote":    {[]string{"X-Content-Type-Options", `"nosniff"`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := noSniff(headed(t, "", c.fields...).Exchange); got != c.want {
				t.Errorf("noSniff(%q) = %v, want %v", c.fields, got, c.want)
			}
		})
	}
}

func TestHolds(t *testing.T) {
	for name, c := range map[string]struct {
		body   string
		fields []string
		want   bool
	}{
		"a_leaflet":            {`<p>Open from ten</p>`, nil, false},
		"search":               {`<form action="/s"><input name="q"></form>`, nil, false},
		"login":                {`<form action="/in"><input type="password" name="p"></form>`, nil, true},
		"order":                {`<form method="post" action="/cart"><input name="n"></form>`, nil, true},
		"session":              {`<p>x</p>`, []string{"Set-Cookie", "PHPSESSID=5f2d8c1e9a7b; path=/"}, true},
		"session_of_no_value":  {`<p>x</p>`, []string{"Set-Cookie", "PHPSESSID=deleted; Max-Age=0"}, false},
		"a_cookie_of_no_worth": {`<p>x</p>`, []string{"Set-Cookie", "lang=ja"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := holds(headed(t, c.body, c.fields...)); got != c.want {
				t.Errorf("holds = %v, want %v", got, c.want)
			}
		})
	}
}
