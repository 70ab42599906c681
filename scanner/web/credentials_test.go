package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func credentials(t *testing.T, text string) Credentials {
	t.Helper()
	c, err := ReadCredentials(strings.NewReader(text), "a.txt")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sends is the Cookie header of a request of the visitor.
func sends(t *testing.T, s *Session, r *Request) string {
	t.Helper()
	req, err := s.build(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	s.credentials(req, r)
	return strings.Join(req.Header["Cookie"], " | ")
}

// The lines of a jar: domain, subdomains, path, secure, expires, name, value.
func TestCookieJarLines(t *testing.T) {
	soon, gone := fmt.Sprint(time.Now().Add(time.Hour).Unix()), fmt.Sprint(time.Now().Add(-time.Hour).Unix())
	for name, c := range map[string]struct{ line, address, want string }{
		"plain":                      {"shop.test FALSE / FALSE 0 sid 1", "http://shop.test/", "sid=1"},
		"http_only":                  {"#HttpOnly_shop.test FALSE / TRUE 0 sid 1", "https://shop.test/", "sid=1"},
		"another_site":               {"other.test FALSE / FALSE 0 sid 1", "http://shop.test/", ""},
		"secure_over_http":           {"shop.test FALSE / TRUE 0 sid 1", "http://shop.test/", ""},
		"secure_over_https":          {"shop.test FALSE / TRUE 0 sid 1", "https://shop.test/", "sid=1"},
		"path":                       {"shop.test FALSE /admin FALSE 0 sid 1", "http://shop.test/admin/x", "sid=1"},
		"another_path":               {"shop.test FALSE /admin FALSE 0 sid 1", "http://shop.test/administrator", ""},
		"host_only_on_a_subdomain":   {"shop.test FALSE / FALSE 0 sid 1", "http://www.shop.test/", ""},
		"domain_on_a_subdomain":      {"shop.test TRUE / FALSE 0 sid 1", "http://www.shop.test/", "sid=1"},
		"dotted_domain":              {".shop.test TRUE / FALSE 0 sid 1", "http://www.shop.test/", "sid=1"},
		"dotted_domain_itself":       {".shop.test TRUE / FALSE 0 sid 1", "http://shop.test/", "sid=1"},
		"ends_alike":                 {"shop.test TRUE / FALSE 0 sid 1", "http://myshop.test/", ""},
		"public_suffix":              {"co.jp TRUE / FALSE 0 sid 1", "http://shop.co.jp/", ""},
		"address":                    {"127.0.0.1 TRUE / FALSE 0 sid 1", "http://127.0.0.1/", "sid=1"},
		"port":                       {"shop.test FALSE / FALSE 0 sid 1", "http://shop.test:8080/", "sid=1"},
		"not_yet_expired":            {"shop.test FALSE / FALSE " + soon + " sid 1", "http://shop.test/", "sid=1"},
		"expired_beside_one_that_is": {"shop.test FALSE / FALSE " + gone + " old 1\nshop.test FALSE / FALSE 0 sid 1", "http://shop.test/", "sid=1"},
		"no_value":                   {"shop.test FALSE / FALSE 0 sid", "http://shop.test/", "sid="},
		"odd_value":                  {`shop.test FALSE / FALSE 0 sid {"a":"b,c"}`, "http://shop.test/", `sid={"a":"b,c"}`},
		"upper_case":                 {"SHOP.test false / true 0 sid 1", "https://shop.test/", "sid=1"},
		"two":                        {"shop.test FALSE / FALSE 0 a 1\nshop.test FALSE / FALSE 0 b 2", "http://shop.test/", "a=1; b=2"},
	} {
		u := parse(t, c.address)
		s := client(t, Options{}).SessionWith(u, credentials(t, strings.ReplaceAll(c.line, " ", "\t")))
		for _, bare := range []bool{false, true} { // NoCookies leaves out what the site set, not what the user gave
			if got := sends(t, s, &Request{URL: u, NoCookies: bare}); got != c.want {
				t.Errorf("%s: sends %q, want %q", name, got, c.want)
			}
		}
	}
}

func TestGivenCookiesStayAtTheOrigin(t *testing.T) {
	base := parse(t, "https://shop.test/")
	s := client(t, Options{}).SessionWith(base, credentials(t, "shop.test\tTRUE\t/\tFALSE\t0\tsid\t1\nX-Key: abc\nCookie: c=3\n"))
	for address, want := range map[string]string{"https://shop.test/x": "sid=1; c=3", "http://shop.test/": "", "https://shop.test:8443/": ""} {
		if got := sends(t, s, &Request{URL: parse(t, address)}); got != want {
			t.Errorf("%s: sends %q, want %q", address, got, want)
		}
	}
	if !s.Carries("Cookie") || !s.Carries("x-key") || s.Carries("Authorization") {
		t.Error("the visitor does not know what it carries")
	}
	if other := client(t, Options{}).SessionWith(base, credentials(t, "other.test\tTRUE\t/\tFALSE\t0\tsid\t1\n")); other.Carries("Cookie") {
		t.Error("a visitor carries the cookie of another site")
	}
	s.setCookies(base, []*http.Cookie{{Name: "sid", Value: "2"}, {Name: "lang", Value: "ja"}})
	if got := sends(t, s, &Request{URL: base}); got != "sid=2; lang=ja; c=3" {
		t.Errorf("after the site replaced a cookie: sends %q", got)
	}
	if got := sends(t, s, &Request{URL: base, Header: http.Header{"Cookie": {"own=4"}}}); got != "own=4; sid=2; lang=ja; c=3" {
		t.Errorf("beside a cookie of the request: sends %q", got)
	}
}

func TestReadCredentials(t *testing.T) {
	c := credentials(t, "# Netscape HTTP Cookie File\r\n\r\n#HttpOnly_shop.test\tFALSE\t/\tTRUE\t0\tsid\tsecret\r\n")
	if text := fmt.Sprintf("%v %+v %#v %s", c, c, c, c); strings.Contains(text, "secret") {
		t.Errorf("printed: %s", text)
	}
	if diff := cmp.Diff([]string{"sid=secret", "secret"}, c.Secrets()); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	for in, want := range map[string]string{
		"Cookie: a=b\nnonsense secret": "b.txt:2: neither",
		"":                             "b.txt: no cookie and no header",
		"h\tF\t/\tT\tx\tn\tsecret":     "b.txt:1: the fifth field",
		"\tF\t/\tT\t0\tn\tsecret":      "b.txt:1: a cookie jar line must have a domain and a name",
		"#\nh\tF\t/\tT\t1\tn\tsecret\nh\tF\t/\tT\t2\tm\tsecret\n# end\n": "b.txt:3: all cookies have expired",
	} {
		if _, err := ReadCredentials(strings.NewReader(in), "b.txt"); err == nil || !strings.HasPrefix(err.Error(), want) && !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("ReadCredentials(%q) = %v, want %q", in, err, want)
		}
	}
	if c, err := ReadCredentials(strings.NewReader("h\tF\t/\tT\t1\tn\tv\nX-Key: abc"), "b.txt"); err != nil || c.header.Get("X-Key") != "abc" {
		t.Errorf("an expired cookie beside a header: %v", err)
	}
}

// A file that could not be sent as it stands is a mistake with its line, never a value in an error; a mark that editors put
// at its beginning is none.
func TestFilesOfSessionsAsEditorsWriteThem(t *testing.T) {
	if got := credentials(t, "\ufeffCookie: sid=1\r\n").Secrets(); len(got) != 0 {
		t.Errorf("secrets %q of a short cookie", got)
	}
	s := client(t, Options{}).SessionWith(parse(t, "https://shop.test/"), credentials(t, "\ufeffCookie: sid=1\r\n"))
	if !s.Carries("Cookie") {
		t.Error("the cookie behind a byte order mark is lost")
	}
	jar := "shop.test\tFALSE\t/\tFALSE\t0\tsid\t"
	for text, want := range map[string]string{
		"C\x00o\x00o\x00k\x00i\x00e\x00:\x00":            "b.txt:1: the file is binary or UTF-16; save it as UTF-8",
		"\xff\xfeC\x00o\x00":                             "b.txt:1: the file is binary or UTF-16; save it as UTF-8",
		"X-Key: secret\nX-Other: sec\x1bret":             "b.txt:2: the header X-Other has a control character",
		"X-K\u00e9y: secret":                             "b.txt:1: \"X-K\u00e9y\" is not the name of a header",
		jar + "sec\x1bret":                               "b.txt:1: the cookie \"sid\" has a control character",
		"X-Key: 1\nX-Key: " + strings.Repeat("x", 1<<20): "b.txt:2: the line is longer than 1048576 bytes",
	} {
		_, err := ReadCredentials(strings.NewReader(text), "b.txt")
		if err == nil || err.Error() != want {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}
