package cacheleak

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCacheSigns: what the head says about the cache, in the words of every product.
func TestCacheSigns(t *testing.T) {
	for _, c := range []struct {
		head []string
		want signs
	}{
		{nil, signs{}},
		{[]string{"Cache-Status", `"Vinyl"; hit; ttl=30`}, signs{Status: "hit", Hit: true}},
		{[]string{"Cache-Status", `edge; fwd=uri-miss; collapsed`}, signs{Status: "collapsed", Hit: true}},
		{[]string{"Cache-Status", `edge; fwd=uri-miss; stored`}, signs{Status: "miss", Miss: true}},
		{[]string{"X-Varnish", "32770 3", "Via", "1.1 varnish (Varnish/7.1)"}, signs{"Varnish", "hit", true, false}},
		{[]string{"X-Varnish", "32770"}, signs{"Varnish", "miss", false, true}},
		{[]string{"X-Cache", "HIT from lab.test", "Via", "1.1 lab.test (squid/5.7)"}, signs{"Squid", "hit", true, false}},
		{[]string{"X-Cache", "MISS from lab.test", "X-Cache-Lookup", "HIT from lab.test:80"}, signs{"Squid", "miss", false, true}},
		{[]string{"X-Cache", "MISS, HIT", "X-Served-By", "cache-nrt1", "X-Timer", "S1"}, signs{"Fastly", "hit", true, false}},
		{[]string{"X-Cache", "Hit from cloudfront", "X-Amz-Cf-Id", "x"}, signs{"CloudFront", "hit", true, false}},
		{[]string{"X-Cache", "RefreshHit from cloudfront", "Via", "1.1 x.cloudfront.net (CloudFront)"}, signs{"CloudFront", "hit", true, false}},
		{[]string{"X-Cache", "TCP_MISS from a23 (AkamaiGHost/10)"}, signs{"Akamai", "miss", false, true}},
		{[]string{"X-Cache", "TCP_MEM_HIT from a23 (AkamaiGHost/10)"}, signs{"Akamai", "hit", true, false}},
		{[]string{"Cf-Cache-Status", "DYNAMIC", "Cf-Ray", "1"}, signs{"Cloudflare", "miss", false, true}},
		{[]string{"Cf-Cache-Status", "UPDATING"}, signs{"Cloudflare", "hit", true, false}},
		{[]string{"X-Cache-Status", "BYPASS"}, signs{"nginx", "miss", false, true}},
		{[]string{"X-Cache", "HIT-FOR-PASS"}, signs{"", "miss", false, true}},
		{[]string{"X-Cache", "hit-for-miss"}, signs{"", "miss", false, true}},
		{[]string{"Via", "http/1.1 ats (ApacheTrafficServer/9.2.9 [cHs f ])"}, signs{"Traffic Server", "hit", true, false}},
		{[]string{"Via", "http/1.1 ats (ApacheTrafficServer/9.2.9 [cMsSfW])"}, signs{"Traffic Server", "miss", false, true}},
		{[]string{"Age", "3"}, signs{Status: "hit", Hit: true}},
		{[]string{"Age", "2"}, signs{}},
		{[]string{"Age", "soon"}, signs{}},
		{[]string{"Cache-Status", "a; fwd=miss", "Cache-Status", "b; hit"}, signs{Status: "hit", Hit: true, Miss: true}},
		{[]string{"X-Cache", "HIT", "X-Cache-Status", "MISS"}, signs{Product: "nginx", Status: "hit", Hit: true, Miss: true}},
		{[]string{"X-Cache-Status", "MISS", "Age", "9"}, signs{Product: "nginx", Status: "hit", Hit: true, Miss: true}},
		{[]string{"X-Nextjs-Cache", "HIT"}, signs{}},
		{[]string{"X-Nitro-Cache", "HIT"}, signs{}},
		{[]string{"X-Drupal-Cache", "HIT"}, signs{}},
		{[]string{"Cache-Status", `"Next.js"; hit`}, signs{}},
		{[]string{"Cache-Status", `"Next.js"; hit, "Netlify Edge"; fwd=miss`}, signs{Status: "miss", Miss: true}},
		{[]string{"X-Cache", "white"}, signs{}},
		{[]string{"X-Cache", "dismissed"}, signs{}},
		{[]string{"X-Cache", "HIT_PASS"}, signs{Status: "miss", Miss: true}},
		{[]string{"X-Cache", "none"}, signs{Status: "miss", Miss: true}},
		{[]string{"X-Cache", "EXPIRED"}, signs{Status: "miss", Miss: true}},
		{[]string{"X-Cache", "STALE"}, signs{Status: "hit", Hit: true}},
		{[]string{"X-Cache", "Revalidated"}, signs{Status: "hit", Hit: true}},
		{[]string{"X-Vinyl", "5"}, signs{"Varnish", "miss", false, true}},
		{[]string{"X-Vinyl", "5 6"}, signs{"Varnish", "hit", true, false}},
		{[]string{"Via", "http/1.1 ats (ApacheTrafficServer/9.2.9 [cRs f ])"}, signs{"Traffic Server", "hit", true, false}},
		{[]string{"Via", "http/1.1 other [cHs f ]"}, signs{}},
		{[]string{"Age", "0", "Server", "nginx"}, signs{Product: "nginx"}},
	} {
		t.Run(fmt.Sprint(c.head), func(t *testing.T) {
			if diff := cmp.Diff(c.want, cacheSigns(answerTo("A", "k", "x", c.head...).ex)); diff != "" {
				t.Errorf("signs (-want +got):\n%s", diff)
			}
		})
	}
}

// TestAgeOnTheWay: an age that an answer may have got on its way to the cache and to the client is no sign of a store.
func TestAgeOnTheWay(t *testing.T) {
	for _, c := range []struct {
		age  string
		took time.Duration
		want bool
	}{
		{"2", 30 * time.Millisecond, false},
		{"3", 30 * time.Millisecond, true},
		{"4", 1200 * time.Millisecond, false},
		{"5", 1200 * time.Millisecond, true},
		{"6", 2 * time.Second, false},
		{"7", 2 * time.Second, true},
	} {
		ex := answerTo("A", "k", "x", "Age", c.age).ex
		ex.FirstByte = c.took
		if got := cacheSigns(ex).Hit; got != c.want {
			t.Errorf("age %s after %s: hit %v, want %v", c.age, c.took, got, c.want)
		}
	}
}

// TestCacheProduct: the outermost cache is named, and a web server alone is no cache.
func TestCacheProduct(t *testing.T) {
	for _, c := range []struct {
		head []string
		want string
	}{
		{nil, ""},
		{[]string{"Server", "nginx"}, ""},
		{[]string{"Server", "Apache"}, ""},
		{[]string{"Server", "Apache", "X-Cache", "HIT"}, "Apache httpd"},
		{[]string{"X-Cache-Detail", "x"}, "Apache httpd"},
		{[]string{"Server", "nginx", "X-Cache", "HIT"}, "nginx"},
		{[]string{"X-Srcache-Fetch-Status", "HIT"}, "nginx"},
		{[]string{"Server", "cloudflare"}, "Cloudflare"},
		{[]string{"Cf-Ray", "1", "X-Varnish", "1"}, "Cloudflare"},
		{[]string{"X-Amz-Cf-Pop", "NRT"}, "CloudFront"},
		{[]string{"Server", "AkamaiGHost"}, "Akamai"},
		{[]string{"Cache-Status", "Akamai; hit"}, "Akamai"},
		{[]string{"X-Timer", "S1"}, ""},
		{[]string{"X-Served-By", "cache-nrt1"}, ""},
		{[]string{"X-Timer", "S1", "X-Served-By", "cache-nrt1", "Via", "1.1 varnish"}, "Fastly"},
		{[]string{"X-Fastly-Request-Id", "1"}, "Fastly"},
		{[]string{"X-Vercel-Id", "1"}, "Vercel"},
		{[]string{"Via", "1.1 vinyl"}, "Varnish"},
		{[]string{"Server", "ATS/9"}, "Traffic Server"},
		{[]string{"Server", "squid/5"}, "Squid"},
		{[]string{"X-Squid-Error", "1"}, "Squid"},
		{[]string{"Via", "1.1 google"}, "Google Cloud CDN"},
		{[]string{"X-Azure-Ref", "1"}, "Azure Front Door"},
		{[]string{"X-Litespeed-Cache", "hit"}, "LiteSpeed"},
		{[]string{"X-Haproxy-Cache", "HIT"}, "HAProxy"},
	} {
		if got := cacheProduct(answerTo("A", "k", "x", c.head...).ex.Header); got != c.want {
			t.Errorf("cacheProduct(%q) = %q, want %q", c.head, got, c.want)
		}
	}
}

func TestSignsString(t *testing.T) {
	for want, s := range map[string]signs{
		"not shown": {}, "unknown (hit)": {Status: "hit"}, "Squid": {Product: "Squid"}, "Squid (hit)": {Product: "Squid", Status: "hit"},
	} {
		if got := s.String(); got != want {
			t.Errorf("%+v is %q, want %q", s, got, want)
		}
	}
}
