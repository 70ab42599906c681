package web

import (
	"net/http"
	"net/url"
	"testing"
)

func TestSendsTo(t *testing.T) {
	const sso = "https://sso.example/login"
	html := http.Header{"Content-Type": {"text/html"}}
	for name, c := range map[string]struct {
		status int
		header http.Header
		body   string
		want   string
	}{
		"redirect":                  {302, http.Header{"Location": {sso}}, "", sso},
		"redirect on the host":      {308, http.Header{"Location": {"/ja/"}}, "", "https://shop.example/ja/"},
		"redirect nowhere":          {302, http.Header{}, "", ""},
		"redirect to an app":        {302, http.Header{"Location": {"myapp://open"}}, "", ""},
		"created":                   {201, http.Header{"Location": {sso}}, "", ""},
		"refresh header":            {200, http.Header{"Refresh": {"0; url=" + sso}}, "", sso},
		"refresh later":             {200, http.Header{"Refresh": {"300; url=" + sso}}, "", ""},
		"renewed page":              {200, html, `<meta http-equiv="refresh" content="5"><p>Queue</p>`, ""},
		"meta":                      {200, html, `<html><head><META content="0;URL='` + sso + `'" HTTP-EQUIV=Refresh></head></html>`, sso},
		"meta in a comment":         {200, html, `<!-- <meta http-equiv="refresh" content="0;url=` + sso + `"> --><p>Shop</p>`, ""},
		"script":                    {200, html, `<html><script>window.location.href = "` + sso + `";</script></html>`, sso},
		"script that replaces":      {200, html, `<script>location.replace('` + sso + `')</script><noscript>Please wait</noscript>`, sso},
		"page with a script":        {200, html, `<a href="/cart">Cart</a><script>function go() { location.href = "` + sso + `" }</script>`, ""},
		"page with text and script": {200, html, `<p>` + longText + `</p><script>location.href = "` + sso + `"</script>`, ""},
		"plain text":                {200, http.Header{"Content-Type": {"text/plain"}}, `location.href = "` + sso + `"`, ""},
		"error page":                {404, html, `<meta http-equiv="refresh" content="0;url=` + sso + `">`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if to := (&Exchange{URL: &url.URL{Scheme: "https", Host: "shop.example", Path: "/"}, Status: c.status, Header: c.header, Body: []byte(c.body)}).SendsTo(); to != nil {
				got = to.String()
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

const longText = "A shop that has sold tea since 1905. Our teas come from the slopes above the town, are picked by hand in May, and leave the house on the day you order. Read about the people who make them, and about how to make a pot."
