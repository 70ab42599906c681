package web

import (
	"net/http"
	"strings"
	"testing"
)

// No file with credentials is shown in an error, and what is read can be sent.
func FuzzReadCredentials(f *testing.F) {
	f.Add("# Netscape HTTP Cookie File\nshop.example\tFALSE\t/\tTRUE\t0\tsid\thidden-value\n")
	f.Add("#HttpOnly_.shop.example\tTRUE\t/a\tFALSE\t9999999999\tsid\n")
	f.Add("\ufeffCookie: sid=hidden-value\r\nAuthorization: Bearer hidden-value\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadCredentials(strings.NewReader(text), "a.txt")
		if err != nil {
			if strings.Contains(err.Error(), "hidden-value") {
				t.Errorf("the error shows a value: %v", err)
			}
			return
		}
		for name, values := range c.header {
			for _, value := range values {
				if err := CheckHeader(name, value); err != nil {
					t.Errorf("a header that cannot be sent: %v", err)
				}
			}
		}
		client, err := NewClient(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		u := parse(t, "https://shop.example/a/b")
		for _, cookie := range client.SessionWith(u, c).Cookies(u) {
			if err := CheckHeader("Cookie", cookie.Value); err != nil {
				t.Errorf("a cookie that cannot be sent: %v", err)
			}
		}
	})
}

// Every address of a page is one that can be asked for, and each list keeps to its bound.
func FuzzParsePage(f *testing.F) {
	f.Add([]byte(`<base href="//other.example/"><a href="x">a</a><form action=?q><input name=a><select name=b></form>`), "text/html; charset=utf-8")
	f.Add([]byte("<table><a href=http://[::1>b<p></table><frameset><frame src=/\x00><meta http-equiv=refresh content='0;url=x'>"), "text/html")
	f.Add([]byte("<svg><a xlink:href=javascript:1><template><script src=data:,1></template><noscript><img srcset='a 1x, b'>"), "")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		page, err := ParsePage(&Exchange{URL: parse(t, "http://shop.example/a/"), Header: http.Header{"Content-Type": {kind}}, Body: body})
		if err != nil {
			return
		}
		for _, u := range page.Links {
			if u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Fragment != "" {
				t.Errorf("no address to ask for: %v", u)
			}
		}
		if len(page.Links) > maxAddresses || len(page.Forms) > maxForms || len(page.Comments) > maxComments || len(page.Visible) > maxVisible {
			t.Error("more is kept than the bounds allow")
		}
		if len(page.Visible) != len(page.Within) {
			t.Errorf("%d runs of text, %d elements that they are in", len(page.Visible), len(page.Within))
		}
	})
}
