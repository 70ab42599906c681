package template

import (
	"net/url"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// A request stays at the addresses that the user named.
func TestOutside(t *testing.T) {
	for _, c := range []struct{ named, site, request, want string }{
		{"https://shop.test", "https://shop.test", "https://shop.test/a", ""},
		{"https://shop.test", "https://shop.test", "https://SHOP.test:443/a", ""},
		{"https://shop.test", "https://shop.test", "http://shop.test/a", ""}, // a web site has both
		{"https://shop.test", "https://shop.test", "https://shop.test:8443/a", "shop.test:8443"},
		{"https://shop.test", "https://shop.test", "https://other.test/a", "other.test"},
		{"shop.test:8080", "http://shop.test:8080", "http://shop.test:9200/", "shop.test:9200"},
		{"shop.test:8080", "http://shop.test:8080", "http://shop.test/", "shop.test"},
		{"http://shop.test:8080/a", "http://shop.test:8080/a", "http://shop.test:8080/", ""},
		{"shop.test", "https://shop.test", "https://shop.test:8443/a", ""},
		{"192.0.2.0/30", "http://192.0.2.1", "http://192.0.2.1:9200/", ""},
		{"192.0.2.0/30", "http://192.0.2.1", "http://192.0.2.2/", "192.0.2.2"},
	} {
		v := &run{probe: &scanner.Probe{Target: target.Target{URL: parsed(t, c.site), Source: target.Source{Text: c.named}}}}
		if got := v.outside(&web.Request{URL: parsed(t, c.request)}); got != c.want {
			t.Errorf("%s on %s (named %s): outside %q, want %q", c.request, c.site, c.named, got, c.want)
		}
	}
}

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
