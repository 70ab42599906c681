package target

import (
	"net/url"
	"strings"
	"testing"
)

func TestIncludes(t *testing.T) {
	list, err := Parse([]string{
		"https://url.test/shop/", "http://odd.test:8080", "https://crossed.test:80", "bare.test", "port.test:8443", "plain.test:80",
		"192.0.2.0/30", "2001:db8::1",
	}, strings.NewReader(""), nil)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]bool{
		"https://url.test/": true, "https://url.test:443/": true, "http://url.test/": false, "https://url.test:9200/": false,
		"http://odd.test:8080/": true, "https://odd.test:8080/": true, "http://odd.test/": false,
		"https://crossed.test:80/": true, "http://crossed.test/": false,
		"https://bare.test/": true, "http://bare.test/": true, "http://bare.test:9200/": true, "http://bare.test:8080/": false, "https://bare.test:80/": false,
		"https://port.test:8443/": true, "http://port.test:8443/": true, "https://port.test/": false,
		"http://plain.test/": true, "https://plain.test/": false,
		"http://192.0.2.3/": true, "http://192.0.2.4/": false, "https://192.0.2.1:9200/": true, "https://[2001:db8::1]/": true, "https://[2001:db8::2]/": false,
		"https://www.url.test/": false,
	}
	for address, want := range cases {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := list.Includes(u, u.Port() == "9200"); got != want {
			t.Errorf("Includes(%s) = %v, want %v", address, got, want)
		}
	}
}

func TestNearest(t *testing.T) {
	list, err := Parse([]string{"https://shop.example/x", "www.shop.example", "api.other.test:8443", "192.0.2.0/28"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"https://shop.example:8443/": "https://shop.example/x", "https://shpo.example/": "https://shop.example/x", "http://www2.shop.example/": "www.shop.example",
		"https://www.shop.example.com/": "www.shop.example", "https://api.othre.test/": "api.other.test:8443", "http://192.0.2.77/": "192.0.2.0/28",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := list.Nearest(u); got != want {
			t.Errorf("Nearest(%s) = %s, want %s", address, got, want)
		}
	}
}
