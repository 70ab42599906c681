package engine

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// filterFixtures are the answers of testdata/filters and the product that each is from. The pages are the products' own, as
// they stand in the sources that filterSigns names, less long styles and pictures and with addresses for documentation.
var filterFixtures = map[string]string{
	"akamai": "Akamai", "alibaba": "Alibaba Cloud WAF", "aws-captcha": "AWS WAF", "aws-challenge": "AWS WAF", "aws-challenge-page": "AWS WAF",
	"aws-cloudfront": "AWS WAF", "azure-gateway": "Azure Application Gateway", "azure-waf-challenge": "Azure WAF",
	"cloud-armor": "Google Cloud Armor", "cloudflare-1020": "Cloudflare", "cloudflare-block": "Cloudflare", "cloudflare-challenge": "Cloudflare",
	"crowdsec": "CrowdSec", "datadome": "DataDome", "ddos-guard": "DDoS-Guard", "f5": "F5", "fortiguard": "FortiGuard", "fortiweb": "FortiWeb",
	"heteml": "Lolipop / heteml", "imperva": "Imperva", "imperva-bots": "Imperva", "modsecurity": "ModSecurity", "netscaler": "NetScaler",
	"perimeterx": "HUMAN (PerimeterX)", "perimeterx-api": "HUMAN (PerimeterX)", "sakura": "SiteGuard", "siteground": "SiteGround",
	"siteguard": "SiteGuard", "stackpath": "StackPath", "sucuri": "Sucuri", "sucuri-page-alone": "Sucuri", "vercel": "Vercel",
	"wallarm": "Wallarm", "wordfence": "Wordfence",
}

// fixture is a recorded answer, written as it came.
type fixture struct {
	status int
	header http.Header
	body   []byte
}

func readFixture(t *testing.T, name string) fixture {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "filters", name+".http"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(text)), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fixture{res.StatusCode, res.Header, body}
}

func (f fixture) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, values := range f.header {
		w.Header()[name] = values
	}
	w.WriteHeader(f.status)
	_, _ = w.Write(f.body)
}

func (f fixture) exchange() *web.Exchange {
	ex := answered(f.status, "/x", string(f.body))
	ex.Header = f.header
	return ex
}

func TestEveryFixtureIsUsed(t *testing.T) {
	files, err := filepath.Glob("testdata/filters/*.http")
	if err != nil || len(files) != len(filterFixtures) {
		t.Errorf("%d files for %d names, %v", len(files), len(filterFixtures), err)
	}
}

// A site of which every address is answered with a filter's page is blocked, and the product is named.
func TestFilterAtEveryAddress(t *testing.T) {
	for name, product := range filterFixtures {
		t.Run(name, func(t *testing.T) {
			filter := readFixture(t, name)
			var asked atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked.Add(1)
				filter.ServeHTTP(w, r)
			}))
			t.Cleanup(s.Close)
			sigs, table := many(60)
			got, summary := outcomes(t, Options{Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
			for _, l := range got {
				if !strings.HasSuffix(l, " blocked blocked by "+product) {
					t.Fatalf("outcome %q, want blocked by %s", l, product)
				}
			}
			if scanner.ExitStatus(summary, "high", false) != scanner.ExitIncomplete {
				t.Errorf("exit status %d", scanner.ExitStatus(summary, "high", false))
			}
			if asked.Load() > manyRefusals+2 {
				t.Errorf("asked %d times", asked.Load())
			}
		})
	}
}

// Where a filter answers for some addresses only, what else was asked for stays what it is.
func TestFilterAtSomeAddresses(t *testing.T) {
	for name, product := range filterFixtures {
		t.Run(name, func(t *testing.T) {
			filter := readFixture(t, name)
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/":
					fmt.Fprint(w, shop(1))
				case "/s003", "/s017", "/s042":
					filter.ServeHTTP(w, r)
				default:
					http.NotFound(w, r)
				}
			}))
			t.Cleanup(s.Close)
			sigs, table := many(60)
			got, _ := outcomes(t, Options{Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
			var blocked []string
			for _, l := range got {
				if strings.HasSuffix(l, " blocked blocked by "+product) {
					blocked = append(blocked, strings.Fields(l)[0])
				}
			}
			if diff := cmp.Diff([]string{"s003", "s017", "s042"}, blocked); diff != "" || statuses(got)["clean"] != 57 {
				t.Errorf("blocked (-want +got):\n%s\nof %v", diff, statuses(got))
			}
		})
	}
}

// A page that shows a filter's page to readers, and a page about it, are pages of their site.
func TestPagesAboutFiltersAreNone(t *testing.T) {
	article := "<p>Some visitors meet the page below and ask what to do about it. It does not come from the shop, it comes from the filter before it.</p>"
	for name := range filterFixtures {
		f := readFixture(t, name)
		seen := textOf(f.exchange())
		for kind, page := range map[string]string{
			"quotes_its_source": "<html><head><title>What is this page?</title></head><body><article><h1>What is this page?</h1>" + article + "<pre>" + escape(f.body) + "</pre></article></body></html>",
			"quotes_its_words":  "<html><head><title>" + escape([]byte(seen.title)) + " - how to mend it</title></head><body><article><h1>Blocked</h1>" + article + "<blockquote>" + escape([]byte(seen.text)) + "</blockquote><p>Ask the owner of the site.</p></article></body></html>",
		} {
			ex := answered(200, "/blog", page)
			ex.Header = http.Header{"Content-Type": {"text/html; charset=utf-8"}}
			if got := filterOf(ex); got != "" {
				t.Errorf("%s: a page that %s is called blocked by %s", name, kind, got)
			}
		}
	}
}

// A page that says much is no filter's, whatever it begins with.
func TestLongPagesAreNoFilters(t *testing.T) {
	for name := range filterFixtures {
		f := readFixture(t, name)
		ex := answered(200, "/guide", string(f.body)+strings.Repeat("<p>We explain at length what this is and where it comes from.</p>\n", 100))
		ex.Header = http.Header{"Content-Type": {f.header.Get("Content-Type")}}
		if got := filterOf(ex); got != "" {
			t.Errorf("%s: a long page is called blocked by %s", name, got)
		}
	}
}

func escape(text []byte) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(string(text))
}

// Sites behind a product show its marks on every page.
func TestSitesBehindAFilterAreNotBlocked(t *testing.T) {
	page := "<html><head><title>Shop</title><script src=\"/_Incapsula_Resource?SWJIYLWA=719d34d31c8e\"></script>" +
		"<script src=\"https://abc.us-east-1.token.awswaf.com/abc/def/challenge.js\"></script></head><body><div id=\"root\"></div>" +
		"<script>(function(){var s=document.createElement('script');s.src='/cdn-cgi/challenge-platform/scripts/jsd/main.js';}())</script><script src=\"/main.js\"></script></body></html>"
	for _, header := range []http.Header{
		{"Server": {"cloudflare"}, "Cf-Ray": {"8f3a-NRT"}, "Cf-Cache-Status": {"DYNAMIC"}},
		{"Server": {"AkamaiGHost"}, "Set-Cookie": {"_abck=1~0; path=/", "bm_sz=2; path=/"}},
		{"Server": {"CloudFront"}, "X-Amz-Cf-Id": {"abc"}, "Via": {"1.1 abc.cloudfront.net (CloudFront)"}, "X-Cache": {"Miss from cloudfront"}},
		{"Set-Cookie": {"incap_ses_1=2; path=/", "visid_incap_1=2; path=/"}, "X-Iinfo": {"1-2-3"}, "X-Cdn": {"Imperva"}},
		{"Server": {"Sucuri/Cloudproxy"}, "X-Sucuri-Id": {"19002"}, "X-Sucuri-Cache": {"HIT"}},
		{"X-Azure-Ref": {"0abc"}},
		{"Server": {"Microsoft-Azure-Application-Gateway/v2"}},
		{"X-Datadome": {"protected"}},
		{"Set-Cookie": {"TS01a2b3c4=0; Path=/", "BIGipServerpool=1; path=/"}},
		{"Server": {"awselb/2.0"}},
		{"Server": {"Scutum"}},
		{"Server": {"ddos-guard"}},
		{"Server": {"QRATOR"}},
		{"X-Served-By": {"cache-nrt1-NRT"}},
		{"Server": {"imunify360-webshield/1.18"}},
	} {
		for _, status := range []int{200, 404} {
			ex := answered(status, "/", page)
			ex.Header = header.Clone()
			ex.Header.Set("Content-Type", "text/html")
			if got := filterOf(ex); got != "" {
				t.Errorf("%v, status %d: called blocked by %s", header, status, got)
			}
		}
	}
}

// Signs are told apart by what they require, so each must require something, and a body is searched for words first.
func TestFilterSigns(t *testing.T) {
	for i, p := range filterPatterns() {
		if p.name == "" || p.needle == "" && (p.header == nil || p.title != nil || p.inner != nil || p.raw != nil) || p.headerName != "" && p.headerName != http.CanonicalHeaderKey(p.headerName) {
			t.Errorf("sign %d of %q: no name, or no needle although it looks at the body, or a header that no answer has", i, p.name)
		}
		if n := len(p.needle); n > 0 && n < needleStart {
			t.Errorf("sign %d of %q: the needle %q is too short to be found", i, p.name, p.needle)
		}
		if p.header == nil && p.title == nil && p.inner == nil && p.raw == nil && p.most == textOfFilter {
			t.Errorf("sign %d of %q would call every page with %q a filter's", i, p.name, p.needle)
		}
	}
}

func BenchmarkFilterOf(b *testing.B) {
	page := answered(200, "/", "<html><head><title>Shop</title></head><body>"+strings.Repeat("<p>goods and <a href=\"/x\">more</a> of them</p>\n", 400)+"</body></html>")
	page.Header = http.Header{"Content-Type": {"text/html"}, "Server": {"nginx"}}
	for b.Loop() {
		filterOf(page)
	}
}
