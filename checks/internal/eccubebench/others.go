package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"

	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/target"
)

// others scans sites that are not EC-CUBE. It returns those that were claimed to be, and the most requests that one of them
// cost beyond the first page.
func (b *bench) others(ctx context.Context) (claims []string, worst int, err error) {
	sites := sigtest.Noise()
	for name, page := range otherPages {
		sites[name] = fixed(page)
	}
	for name, h := range sites {
		var requests atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			h.ServeHTTP(w, r)
		}))
		u, err := url.Parse(server.URL + "/")
		if err != nil {
			return nil, 0, err
		}
		findings, _ := engine.RunCheck(ctx, b.client, target.Target{URL: u}, b.signature, b.check, signature.SafetyPassive)
		server.CloseClientConnections()
		server.Close()
		if len(findings) > 0 {
			claims = append(claims, name)
		}
		worst = max(worst, int(requests.Load())-1)
		if b.options.verbose {
			fmt.Printf("    %s: %d findings, %d requests\n", name, len(findings), requests.Load())
		}
	}
	return claims, worst, nil
}

// fixed answers a page at the root and 404 elsewhere; a page that begins with "*" is answered to anything.
func fixed(page string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, always := page, false
		if body[0] == '*' {
			body, always = body[1:], true
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/" && !always {
			w.WriteHeader(http.StatusNotFound)
			body = "<html><title>404</title></html>"
		}
		_, _ = w.Write([]byte(body)) // the scanner may stop reading
	})
}

var otherPages = map[string]string{
	"wordpress": `<!doctype html><html><head><meta name="generator" content="WordPress 6.4.2"><link rel="stylesheet" href="/wp-content/themes/twentytwenty/style.css?ver=2.5">
<script src="/wp-includes/js/jquery/jquery.min.js?ver=3.7.1"></script></head><body class="home"><a href="/contact/">Contact</a><a href="/shop/">Shop</a></body></html>`,
	"single-page application": `*<!doctype html><html><head><script src="/js/app.js"></script><link rel="stylesheet" href="/css/style.css"></head><body><div id="app"></div></body></html>`,
	"handmade shop": `*<html><head><link rel="stylesheet" href="/css/common.css"><script src="/js/jquery-1.4.2.min.js"></script><script src="/js/site.js"></script></head>
<body><a href="/products/list.php?category_id=3">Bags</a><a href="/cart/">Cart</a><a href="/mypage/login.php">Login</a><img src="/img/common/logo.gif"></body></html>`,
	"magento": `<html><head><link rel="stylesheet" href="/static/version1/frontend/Magento/luma/ja_JP/css/styles-m.css"></head><body><a href="/customer/account/login/">Login</a><a href="/checkout/cart/">Cart</a></body></html>`,
	"shopify": `<html><head><script src="https://cdn.shopify.com/s/files/1/theme.js"></script></head><body><a href="/cart">Cart</a><a href="/collections/all">All</a></body></html>`,
	"about EC-CUBE": `<html><body><h1>How to update EC-CUBE</h1><p>Open &lt;meta name="eccube-csrf-token"&gt; and user_data/packages/default. See <a href="https://www.ec-cube.net/">EC-CUBE</a>.</p>
<pre>/html/template/default/assets/css/style.css</pre></body></html>`,
	"laravel":   `<html><head><link rel="stylesheet" href="/css/app.css"><script src="/js/app.js"></script></head><body><a href="/login">Login</a><a href="/products/1">P</a></body></html>`,
	"bootstrap": `<html><head><link rel="stylesheet" href="/assets/css/bootstrap.min.css"><script src="/assets/js/bootstrap.min.js"></script></head><body id="page_home"></body></html>`,
}
