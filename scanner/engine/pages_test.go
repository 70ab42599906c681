package engine

import (
	"context"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
)

// Pages of an address that has moved are those of the place where it is now.
func TestPagesOfATargetThatMoved(t *testing.T) {
	client := resolving(t, map[string]string{"shop.test:80": redirecting(t, 301, "https://www.shop.test{path}"), "www.shop.test:443": pageOnly(t, httptest.NewTLSServer)})
	var got []string
	check := checkFunc(func(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
		for _, u := range p.Pages() {
			got = append(got, u.String())
		}
		return nil, nil
	})
	outcomes(t, Options{
		Client: client, Targets: mustTargets(t, "http://shop.test"), Signatures: sigsOf("a"), Checks: tableOf(map[string]scanner.Check{"a": check}),
		Pages: []*url.URL{{Path: "/mypage"}, mustURL(t, "http://shop.test/whole"), mustURL(t, "https://www.shop.test/new")},
	})
	if diff := cmp.Diff([]string{"https://www.shop.test/mypage", "https://www.shop.test/whole", "https://www.shop.test/new"}, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

// A target without a scheme is looked at in one of the two; its pages are those of both.
func TestPagesOfATargetWithoutAScheme(t *testing.T) {
	client := resolving(t, map[string]string{"shop.test:443": pageOnly(t, httptest.NewTLSServer), "shop.test:8080": pageOnly(t, httptest.NewServer)})
	for target, want := range map[string][]string{
		"shop.test":         {"https://shop.test/a?b=1", "https://shop.test/c"},
		"https://shop.test": {"https://shop.test/c"},
		"shop.test:8080":    {"http://shop.test:8080/d"},
	} {
		var got []string
		check := checkFunc(func(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
			for _, u := range p.Pages() {
				got = append(got, u.String())
			}
			return nil, nil
		})
		outcomes(t, Options{
			Client: client, Targets: mustTargets(t, target), Signatures: sigsOf("a"), Checks: tableOf(map[string]scanner.Check{"a": check}),
			Pages: []*url.URL{mustURL(t, "http://shop.test/a?b=1"), mustURL(t, "https://shop.test/c"), mustURL(t, "https://shop.test:8080/d"), mustURL(t, "http://www.shop.test/e")},
		})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: pages (-want +got):\n%s", target, diff)
		}
	}
}

// A path of --page is a page of every target that the user named; an address is one of its own target only.
func TestPagesOfATarget(t *testing.T) {
	s := hello(t)
	var got []string
	check := checkFunc(func(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
		for _, u := range p.Pages() {
			got = append(got, u.String())
		}
		return nil, nil
	})
	outcomes(t, Options{
		Targets: mustTargets(t, s.URL+"/shop/"), Signatures: sigsOf("a"), Checks: tableOf(map[string]scanner.Check{"a": check}),
		Pages: []*url.URL{{Path: "/mypage", RawQuery: "a=1"}, mustURL(t, s.URL+"/whole"), mustURL(t, "http://other.test/"), mustURL(t, "//other.test/x")},
	})
	if diff := cmp.Diff([]string{s.URL + "/mypage?a=1", s.URL + "/whole"}, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}
