package cacheleak

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sotomi/scanner/web"
)

// signs are what an answer's head says about the caches it came through.
type signs struct {
	Product string // as in the remedies of the signature; "" when nothing tells
	Status  string // "hit", "miss", "collapsed", ... ; "" when nothing tells
	Hit     bool   // it says that it comes from a store
	Miss    bool   // it says that it was made for this request
}

// String is the value "cache" of a finding.
func (s signs) String() string {
	switch {
	case s.Product == "" && s.Status == "":
		return "not shown"
	case s.Product == "":
		return "unknown (" + s.Status + ")"
	case s.Status == "":
		return s.Product
	}
	return s.Product + " (" + s.Status + ")"
}

// statusHeaders hold the word HIT or MISS in one form or another. Those of applications (X-Nextjs-Cache, X-Drupal-Cache,
// X-Nitro-...) are not among them: what is stored there is a part of the page or a page that was made for all, and it says
// nothing about the cache in front.
var statusHeaders = []string{
	"X-Cache", "X-Cache-Status", "X-Proxy-Cache", "X-Nginx-Cache", "X-Nginx-Cache-Status", "X-Fastcgi-Cache", "Cf-Cache-Status",
	"Akamai-Cache-Status", "X-Vercel-Cache", "X-Litespeed-Cache", "X-Cache-Result", "X-Haproxy-Cache", "X-Varnish-Cache", "X-Cache-Debug",
	"X-Srcache-Fetch-Status",
}

// application are the names under which applications, not caches in front of them, appear in Cache-Status.
var application = regexp.MustCompile(`(?i)^"?(next\.?js|nuxt|nitro|remix|astro|sveltekit|gatsby|rails|laravel|symfony|django|drupal|wordpress|express|app(lication)?)\b`)

var (
	hitWord  = regexp.MustCompile(`(?i)(^|[^a-z])(tcp_)?([a-z]+_)?(refresh ?hit|hit|stale|updating|revalidated)([^a-z-]|$)`)
	missWord = regexp.MustCompile(`(?i)(^|[^a-z])(tcp_)?([a-z]+_)?(miss|expired|bypass|dynamic|pass|hit-for-(miss|pass)|hitmiss|hitpass|none)([^a-z]|$)`)
	atsCodes = regexp.MustCompile(`\[[^\]]*c([A-Z ])[^\]]*\]`)
)

// cacheSigns reads an answer's head (RFC 9211 and what products send).
func cacheSigns(ex *web.Exchange) signs {
	h := ex.Header
	s := signs{Product: cacheProduct(h)}
	mark := func(hit bool, status string) {
		s.Hit, s.Miss = s.Hit || hit, s.Miss || !hit
		if s.Status == "" || hit {
			s.Status = status
		}
	}
	for _, member := range strings.Split(strings.Join(h.Values("Cache-Status"), ","), ",") {
		if application.MatchString(strings.TrimSpace(member)) {
			continue
		}
		low := strings.ToLower(strings.ReplaceAll(member, " ", ""))
		switch {
		case strings.Contains(low, ";collapsed"):
			mark(true, "collapsed")
		case strings.Contains(low, ";hit"):
			mark(true, "hit")
		case strings.Contains(low, ";fwd"):
			mark(false, "miss")
		}
	}
	for _, name := range []string{"X-Varnish", "X-Vinyl"} {
		if v := h.Get(name); v != "" {
			if len(strings.Fields(v)) >= 2 { // the number of the request that stored it follows
				mark(true, "hit")
			} else {
				mark(false, "miss")
			}
		}
	}
	for _, name := range statusHeaders {
		switch v := h.Get(name); {
		case v == "":
		case hitWord.MatchString(missWord.ReplaceAllString(v, " ")):
			mark(true, "hit")
		case missWord.MatchString(v):
			mark(false, "miss")
		}
	}
	for _, v := range h.Values("Via") {
		if m := atsCodes.FindStringSubmatch(v); m != nil && strings.Contains(v, "TrafficServer") {
			if m[1] == "H" || m[1] == "R" {
				mark(true, "hit")
			} else {
				mark(false, "miss")
			}
		}
	}
	// Caches count whole seconds, and each of those that pass on the way twice: as the answer's distance from its Date, and as
	// the time that it took (RFC 9111 section 4.2.3).
	onTheWay := 2 * (1 + int(ex.FirstByte/time.Second))
	if age, err := strconv.Atoi(h.Get("Age")); err == nil && age > onTheWay {
		mark(true, "hit")
	}
	return s
}

// cacheProduct names the outermost cache that an answer's head shows, "" when it shows none.
func cacheProduct(h http.Header) string {
	has := func(names ...string) bool {
		for _, n := range names {
			if h.Get(n) != "" {
				return true
			}
		}
		return false
	}
	via := strings.ToLower(strings.Join(h.Values("Via"), ", "))
	server := strings.ToLower(h.Get("Server"))
	cached := strings.ToLower(h.Get("X-Cache") + " " + strings.Join(h.Values("Cache-Status"), ", "))
	switch {
	case has("Cf-Cache-Status", "Cf-Ray") || server == "cloudflare":
		return "Cloudflare"
	case has("X-Amz-Cf-Id", "X-Amz-Cf-Pop") || strings.Contains(via, "cloudfront"):
		return "CloudFront"
	case has("X-Akamai-Request-Id", "X-Akamai-Transformed", "Akamai-Cache-Status", "X-Akamai-Session-Info") ||
		strings.Contains(server, "akamai") || strings.Contains(cached, "akamai"):
		return "Akamai"
	case has("X-Timer", "Fastly-Debug-Digest", "X-Fastly-Request-Id") && has("X-Served-By", "X-Fastly-Request-Id", "Fastly-Debug-Digest"):
		return "Fastly"
	case has("X-Vercel-Cache", "X-Vercel-Id"):
		return "Vercel"
	case has("X-Vinyl", "X-Varnish") || strings.Contains(via, "varnish") || strings.Contains(via, "vinyl"):
		return "Varnish"
	case strings.Contains(via, "trafficserver") || strings.HasPrefix(server, "ats/") || strings.Contains(server, "trafficserver"):
		return "Traffic Server"
	case strings.Contains(via, "squid") || has("X-Squid-Error", "X-Cache-Lookup") || strings.Contains(server, "squid"):
		return "Squid"
	case strings.Contains(via, "google"):
		return "Google Cloud CDN"
	case has("X-Azure-Ref"):
		return "Azure Front Door"
	case has("X-Litespeed-Cache"):
		return "LiteSpeed"
	case has("X-Haproxy-Cache"):
		return "HAProxy"
	case has("X-Cache-Detail") || has("X-Cache", "Age") && strings.Contains(server, "apache"):
		return "Apache httpd"
	case has("X-Cache-Status", "X-Proxy-Cache", "X-Fastcgi-Cache", "X-Nginx-Cache", "X-Nginx-Cache-Status", "X-Srcache-Fetch-Status") ||
		has("X-Cache", "Age") && strings.Contains(server, "nginx"):
		return "nginx"
	}
	return ""
}
