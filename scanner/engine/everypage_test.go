package engine

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"sotomi/scanner"
)

// everyPages are pages with which every address of a site is answered, and how its checks end.
var everyPages = map[string]struct {
	status int
	page   string
	want   string // status and reason
}{
	// Filters that nobody knows.
	"denied":           {200, `<html><title>Error</title><h1>Access Denied</h1><p>Your request was denied by the security policy. Support ID: 8371</p>`, "blocked every address is answered with one page that refuses"},
	"human":            {200, `<html><title>Attention</title><h1>Please show that you are human</h1>`, "blocked every address is answered with one page that refuses"},
	"unusual":          {200, `<p>We have noticed unusual traffic from your network. Please complete the captcha below.</p>`, "blocked every address is answered with one page that refuses"},
	"kyohi":            {200, `<html><title>エラー</title><p>不正なアクセスを検知したため、アクセスを遮断しました。</p>`, "blocked every address is answered with one page that refuses"},
	"kaigai":           {200, `<html><title>お知らせ</title><p>日本国外からのアクセスは制限しております。</p>`, "blocked every address is answered with one page that refuses"},
	"region":           {200, `<html><title>Sorry</title><h1>This site is not available in your country or region.</h1>`, "blocked every address is answered with one page that refuses"},
	"your_location":    {200, `<p>Our service cannot be accessed from your location.</p>`, "blocked every address is answered with one page that refuses"},
	"kokugai":          {200, `<html><title>お知らせ</title><p>当サイトは日本国外からはご利用いただけません。</p>`, "blocked every address is answered with one page that refuses"},
	"kaigai_okotowari": {200, `<p>海外からの閲覧はお断りしています。</p>`, "blocked every address is answered with one page that refuses"},
	"cookie_script":    {200, `<html><body><script>document.cookie="k=1f2e; path=/"; location.reload();</script></body></html>`, "blocked every address is answered with one page that refuses"},
	"log_in":           {401, `<html><title>401</title><h1>Unauthorized</h1></html>`, "blocked asks for a log-in"},
	"proxy_log_in":     {407, ``, "blocked asks for a log-in"},
	"accepted":         {202, ``, "blocked every address is answered with one page that refuses"},
	"not_allowed":      {405, `<html><title>405</title></html>`, "blocked every address is answered with one page that refuses"},
	"law":              {451, `<html><title>Not available</title><p>This page is not there in your region.</p></html>`, "blocked everything is answered 451 with the same page"},
	"misdirected":      {421, `<html><h1>Misdirected Request</h1></html>`, "blocked everything is answered 421 with the same page"},
	"wrong_name":       {400, `<h1>Bad Request (400)</h1>`, "blocked everything is answered 400 with the same page"},
	"conflict":         {409, `error code: 1001`, "blocked everything is answered 409 with the same page"},
	// Sites that are away.
	"maintenance": {200, `<html><title>Maintenance</title><h1>We'll be back soon!</h1><p>The shop is down for maintenance.</p>`, "failed every address is answered with one page that says that the site is down for maintenance"},
	"mentenansu":  {200, `<html><title>メンテナンス中</title><p>ただいまメンテナンス中です。しばらくお待ちください。</p>`, "failed every address is answered with one page that says that the site is down for maintenance"},
	"wordpress":   {200, `<html><title>Maintenance</title><p>Briefly unavailable for scheduled maintenance. Check back in a minute.</p>`, "failed every address is answered with one page that says that the site is down for maintenance"},
	"it_works":    {200, `<html><body><h1>It works!</h1></body></html>`, "not-applicable there is no site: every address is answered with one page of a name for sale or of the hoster"},
	"parked":      {200, `<html><title>shop.example is for sale</title><h1>Buy this domain</h1><a href="/search">Related searches</a>`, "not-applicable there is no site: every address is answered with one page of a name for sale or of the hoster"},
	"hoster":      {200, `<html><title>Apache2 Ubuntu Default Page: It works</title><p>This is the default page.</p>`, "not-applicable there is no site: every address is answered with one page of a name for sale or of the hoster"},
	// Sites as they are.
	"nothing_there": {404, `<h1>Not Found</h1>`, "clean "},
	"all_gone":      {410, `<h1>Gone</h1>`, "clean "},
	"application":   {200, `<!doctype html><html><head><title>Shop</title><script type="module" src="/assets/index.js"></script></head><body><noscript>Please enable JavaScript to continue. Access denied without it.</noscript><div id="root">Access denied</div></body></html>`, "clean every address is answered with the site's own page"},
	"one_page":      {200, `<html><title>Bakery</title><h1>Fresh bread every day</h1><p>This site is protected by reCAPTCHA and the Google Privacy Policy applies.</p>`, "clean every address is answered with the site's own page"},
	"construction":  {200, `<html><title>Soon</title><h1>Under construction</h1>`, "clean every address is answered with the site's own page"},
	"firm":          {200, `<html><title>Miller Maintenance</title><h1>Elevators, doors, gates</h1><p>We offer scheduled maintenance for your house. It works! Ask for our plan.</p>`, "clean every address is answered with the site's own page"},
	"kaisha":        {200, `<html><title>山田設備</title><p>ビルのメンテナンスを承ります。お気軽にお問い合わせください。</p>`, "clean every address is answered with the site's own page"},
	"house":         {200, `<html><title>Lake street 5</title><p>This house is for sale. The gate is locked; we are happy to show you around.</p>`, "clean every address is answered with the site's own page"},
	"tiny":          {200, `OK`, "clean every address is answered with the site's own page"},
	"empty":         {200, ``, "clean every address is answered with the site's own page"},
	"shipping":      {200, `<html><title>Rose garden</title><p>Delivery is not available in your country yet. Call us.</p>`, "clean every address is answered with the site's own page"},
	"haisou":        {200, `<html><title>バラ園</title><p>海外への発送と、海外からのご注文での代金引換はご利用いただけません。</p>`, "clean every address is answered with the site's own page"},
	"about_blocks":  {200, `<html><title>Firewalls</title><h1>Access denied?</h1><p>Your request was blocked.</p>` + strings.Repeat("<p>We explain at length what firewalls do and why they do it.</p>", 40), "clean every address is answered with the site's own page"},
}

// What a site is whose every address is answered with one page is told by that page, also when the page is its own.
func TestOnePageForEveryAddress(t *testing.T) {
	for name, c := range everyPages {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				n.Add(1)
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				w.WriteHeader(c.status)
				fmt.Fprint(w, c.page)
			}))
			t.Cleanup(s.Close)
			sigs, table := many(60)
			client := resolving(t, nil)
			got, summary := outcomes(t, Options{Client: client, Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
			for _, l := range got {
				if !strings.HasSuffix(l, s.URL+" "+c.want) {
					t.Fatalf("outcome %q, want %q", l, c.want)
				}
			}
			incomplete := scanner.ExitStatus(summary, "high", false) == scanner.ExitIncomplete
			if want := !strings.HasPrefix(c.want, "clean") && !strings.HasPrefix(c.want, "not-app"); incomplete != want {
				t.Errorf("incomplete: %v, want %v", incomplete, want)
			}
			if n.Load() > 61+5 {
				t.Errorf("%d requests for 60 checks", n.Load())
			}
		})
	}
}

// However few addresses are asked for, a page that refuses them all is no clean result.
func TestOnePageThatRefusesFewRequests(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, everyPages["denied"].page) }))
	t.Cleanup(s.Close)
	sigs, table := many(2)
	got, _ := outcomes(t, Options{Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
	if statuses(got)["blocked"] != 2 {
		t.Errorf("outcomes %q, want both blocked", got)
	}
}

// A page of its own that a site shows at many addresses is no sign when others do not exist.
func TestOnePageAtManyAddressesOnly(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" || strings.HasPrefix(r.URL.Path, "/s0") {
			fmt.Fprint(w, everyPages["denied"].page)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	sigs, table := many(60)
	got, _ := outcomes(t, Options{Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
	for _, l := range got {
		if !strings.HasSuffix(l, " clean ") {
			t.Fatalf("outcome %q, want clean without a reason", l)
		}
	}
}

// An open front page alone does not tell what the rest of the site would say if it did not refuse.
func TestOnePageForAllButTheFrontPage(t *testing.T) {
	for name, want := range map[string]string{"denied": "blocked every address but the site's own page is answered with one page that refuses", "log_in": "clean ", "one_page": "clean "} {
		s := httptest.NewServer(unlessHome(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(everyPages[name].status)
			fmt.Fprint(w, everyPages[name].page)
		}))
		t.Cleanup(s.Close)
		sigs, table := many(60)
		got, _ := outcomes(t, Options{Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: 1})
		for _, l := range got {
			if !strings.HasSuffix(l, s.URL+" "+want) {
				t.Errorf("%s: outcome %q, want %q", name, l, want)
				break
			}
		}
	}
}
