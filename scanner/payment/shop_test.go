package payment_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"sotomi/scanner/browser"
	"sotomi/scanner/payment"
	"sotomi/scanner/web"
)

// now is the day of all tests.
var now = time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)

// shop is what hosts on this machine serve, by host and path: shop/checkout is http://shop.localhost/checkout. In texts,
// {shop} is the address of that host with its port.
type shop map[string]string

// The visitors whom an altered page is shown to; everybody, when there is none.
type only func(r *http.Request) bool

var (
	onPhones   only = func(r *http.Request) bool { return strings.Contains(r.UserAgent(), "Mobile") }
	fromSearch only = func(r *http.Request) bool { return strings.Contains(r.Referer(), "google") }
	whoReturn  only = func(r *http.Request) bool { _, err := r.Cookie("seen"); return err == nil }
)

const checkoutHead = `<html><head><title>ご購入手続き</title><meta charset="utf-8">
<link rel="stylesheet" href="/css/shop.css">
<script src="/assets/app-3f2a9c1b.js"></script>
<script src="/js/cart.js?v=20261101"></script>
<script src="{tags}/4.1.0/tag.js?id=GTM-ABC123" async></script>
<script src="{cdn}/lib.js" integrity="sha384-KmTrwYq3OU0nDhAZ9cXxg2aUMW9Mn2ZwxZKXbH4zpUbl2IMfkDgMfGvwDNx4zyEi" crossorigin="anonymous"></script>
<script>window.dataLayer = window.dataLayer || []; dataLayer.push({page: "checkout", day: "2026-11-26", total: 1200, items: [{id: 1, name: "りんご"}]});</script>
<script>document.addEventListener("DOMContentLoaded", function () { fetch("/api/stock", {headers: {"X-Token": "a81f0c2291bb4e0fa81f0c2291bb4e0f"}}); });</script>
<script>(function () { var s = document.createElement("script"); s.src = (window.sdk && sdk.href) || "/js/sdk.js"; document.head.appendChild(s); })();</script>
<script type="application/ld+json">{"@type": "Product", "price": 1200, "image": "/img/a.jpg"}</script>
`

const checkoutBody = `</head><body><h1>お支払い</h1><img src="/img/a.jpg"><img src="{ad1}/banner.gif">
<form id="search" action="/products/list"><input name="q"></form>
<form id="order" method="post" action="/checkout/confirm?sid=81f0c2291bb4e0fa"><label for="n">カード番号</label><input id="n" name="card_number" autocomplete="cc-number">
<input name="cvc" autocomplete="cc-csc"><input type="hidden" name="_token" value="a81f0c2291bb4e0f"><button>注文する</button></form>
<iframe src="{pay}/badge"></iframe>
`

// genuine is the shop as its operator has approved it.
func genuine() shop {
	return shop{
		"shop/checkout":               checkoutHead + checkoutBody + "</body></html>",
		"shop/assets/app-3f2a9c1b.js": `document.addEventListener("submit", function (e) { var n = e.target.card_number; if (n && n.value.length < 14) { e.preventDefault(); } });`,
		"shop/js/cart.js":             `var cart = {count: 1};`,
		"shop/js/sdk.js":              `window.Pay = {};`,
		"shop/css/shop.css":           `body { color: #222 }`,
		"shop/api/stock":              `{}`,
		"tags/4.1.0/tag.js":           `window.tags = 1;`,
		"cdn/lib.js":                  `window.lib = 1;`,
		"pay/badge":                   `<html><p>PCI DSS</p></html>`,
	}
}

// with is the shop with other texts in some places.
func (s shop) with(changes shop) shop {
	for place, text := range changes {
		s[place] = text
	}
	return s
}

// page is the shop with another checkout: old is replaced, and what follows it is put behind the head and the body.
func (s shop) page(head, body string) shop {
	return s.with(shop{"shop/checkout": checkoutHead + head + checkoutBody + body + "</body></html>"})
}

// running is the genuine shop on this machine, to some visitors another one.
type running struct {
	server *httptest.Server
	client *http.Client

	mu      sync.Mutex
	altered shop // nil for none
	to      only
}

// show alters the shop for some visitors.
func (r *running) show(altered shop, to only) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.altered, r.to = altered, to
}

// shop is what a visitor gets.
func (r *running) shop(request *http.Request) shop {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.altered != nil && (r.to == nil || r.to(request)) {
		return r.altered
	}
	return genuine()
}

func serve(t *testing.T) *running {
	t.Helper()
	run := &running{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from := run.shop(r)
		headers := map[string]string{"Content-Security-Policy": "script-src * 'unsafe-inline' 'unsafe-eval'; object-src 'nonce-" + strings.Repeat("x", len(from)) + "'", "X-Frame-Options": "DENY"}
		host, _, _ := strings.Cut(r.Host, ".")
		text, ok := from[host+r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		for name, value := range headers {
			if from["header/"+name] != "none" {
				w.Header().Set(name, value)
			}
		}
		kind := "text/html; charset=utf-8"
		switch {
		case strings.HasSuffix(r.URL.Path, ".js"):
			kind = "text/javascript"
		case strings.HasSuffix(r.URL.Path, ".css"):
			kind = "text/css"
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if host == "shop" {
			http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1"})
		}
		_, _ = io.WriteString(w, placed(text, "http://"+r.Host))
	}))
	t.Cleanup(server.Close)
	run.server, run.client = server, server.Client()
	return run
}

// placed is a text with the addresses of hosts in place of their names.
func placed(text, self string) string {
	u, err := url.Parse(self)
	if err != nil {
		return text
	}
	for _, host := range []string{"shop", "evil", "tags", "cdn", "pay", "ad1", "ad2", "chat", "g00gle-analytics"} {
		text = strings.ReplaceAll(text, "{"+host+"}", "http://"+host+".localhost:"+u.Port())
	}
	return text
}

// get asks for an address of the shop as a visitor.
func (r *running) get(t *testing.T, path string, v browser.Visit) *web.Exchange {
	t.Helper()
	u, err := url.Parse(r.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "shop.localhost:" + u.Port()
	switch v {
	case browser.VisitPhone:
		request.Header.Set("User-Agent", "Mozilla/5.0 (iPhone) Mobile")
	case browser.VisitSearch:
		request.Header.Set("Referer", "https://www.google.com/")
	case browser.VisitLater:
		request.AddCookie(&http.Cookie{Name: "seen", Value: "1"})
	case browser.VisitFirst:
	}
	answer, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	address := *request.URL
	address.Host = request.Host
	return &web.Exchange{URL: &address, Status: answer.StatusCode, Header: answer.Header, Body: body}
}

// fromHTML looks at the checkout without a browser. Scripts of the shop's own are read, as the check does.
func (r *running) fromHTML(t *testing.T) *payment.Page {
	t.Helper()
	var looks []*browser.Look
	for _, v := range browser.Visits() {
		l := payment.LookAt(r.get(t, "/checkout", v), v)
		for i := range l.Scripts {
			u, err := url.Parse(l.Scripts[i].URL)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(u.Host, "shop.") {
				payment.SetSource(&l.Scripts[i], r.get(t, u.RequestURI(), v).Body)
			}
		}
		for i := 0; i < len(l.Sheets); i++ {
			if u, err := url.Parse(l.Sheets[i].URL); err == nil && strings.HasPrefix(u.Host, "shop.") {
				payment.SetSheet(l, i, r.get(t, u.RequestURI(), v).Body)
			}
		}
		looks = append(looks, l)
	}
	return payment.NewPage(payment.WhyNamed, now, looks...)
}

// approved is the payment.yaml of a page that was found in order.
func approved(t *testing.T, p *payment.Page) *payment.File {
	t.Helper()
	text, _, err := payment.Add("payment.yaml", nil, []*payment.Page{p}, payment.Acceptance{By: "Sato", Purpose: "checkout", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	f, err := payment.Read("payment.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
