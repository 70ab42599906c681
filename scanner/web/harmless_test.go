package web

import (
	"net/url"
	"testing"
)

func TestChangesState(t *testing.T) {
	for address, want := range map[string]bool{
		"/logout": true, "/log-out.php": true, "/user/signout": true, "/log_off": true, "/Account/LogOff": true,
		"/items/5/delete": true, "/deleteUser": true, "/doDelete?id=1": true, "/removeItem": true, "/list?op=del&id=4": true,
		"/mypage/withdraw": true, "/subscribe?plan=1": true, "/cart/99:1": true, "/newsletter/unsubscribe": true, "/?action=cancel": true, "/?_method=DELETE": true,
		"/cart/add": true, "/add": true, "/add/": true, "/cart?addToCart=1": true, "/buy/1": true, "/checkout": true, "/purchase": true,
		"/order/confirm": true, "/mail/send": true, "/admin/cache/clear": true, "/poll?vote=1": true, "/post/1/like": true,
		"/user/activate": true, "/verify?token=abc": true, "/a?csrf_token=1&x=2": true, "/a?_wpnonce=1": true, "/a?authToken=1": true,
		"/%E3%83%AD%E3%82%B0%E3%82%A2%E3%82%A6%E3%83%88": true, "/会員/退会": true, "/list?m=%E5%89%8A%E9%99%A4": true, "/mypage/taikai.php": true,
		"/注文確定": true, "/メルマガ/配信停止": true,

		"/": false, "/address": false, "/additional-services": false, "/delivery": false, "/sender-policy": false, "/news/update-2024": true,
		"/banner": false, "/urban": false, "/dropdown": false, "/likely": false, "/clearance-sale": false, "/voters": false,
		"/mypage": false, "/cart": false, "/order/history": false, "/products?category=1&page=2": false, "/search?q=shoes": false,
		"/tokens-explained": false, "/saved": false, "/商品/一覧": false, "/login": false, "/%zz?%zz": false,
	} {
		u, err := url.Parse("http://site.test" + address)
		if err != nil {
			u = &url.URL{Path: "/%zz", RawQuery: "%zz"}
		}
		if got := ChangesState(u); got != want {
			t.Errorf("ChangesState(%s) = %v, want %v", address, got, want)
		}
	}
}

func TestParameterChangesState(t *testing.T) {
	for name, want := range map[string]bool{
		"delete": true, "csrf_token": true, "_wpnonce": true, "formToken": true, "confirm": true, "退会": true,
		"": false, "q": false, "page": false, "keyword": false, "lang": false, "address": false,
	} {
		if got := ParameterChangesState(name); got != want {
			t.Errorf("ParameterChangesState(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestFiles(t *testing.T) {
	for p, want := range map[string][2]bool{ // media, file
		"/a.png": {true, true}, "/a.JPEG": {true, true}, "/film.webm": {true, true},
		"/a.css": {false, true}, "/a.min.js": {false, true}, "/b.tar.gz": {false, true}, "/feed.xml": {false, true}, "/x.woff2": {false, true},
		"/": {}, "/a": {}, "/a.html": {}, "/a.php": {}, "/a.png/b": {}, "/v1.2": {}, "/png": {},
	} {
		if got := [2]bool{IsMedia(p), IsFile(p)}; got != want {
			t.Errorf("IsMedia, IsFile of %s = %v, want %v", p, got, want)
		}
	}
}

func TestSessionCookie(t *testing.T) {
	for name, want := range map[string]bool{
		"PHPSESSID": true, "JSESSIONID": true, "ECSESSID": true, "eccube": true, "connect.sid": true, "sid": true, "laravel_session": true,
		"ASP.NET_SessionId": true, ".AspNetCore.Identity.Application": true, "wordpress_logged_in_1a2b": true, "remember_me": true, "auth": true,
		"access_token": true, "id-token": true, "jwt": true, "__Host-session": true, "rack.session": true, "CFTOKEN": true,
		"SSESS5f2d8c1e9a7b": true, ".ASPXAUTH": true, "Authorization": true, "oauth2_proxy": true, "userAuth": true, "is_authorised": true,

		"csrftoken": false, "XSRF-TOKEN": false, "csrf_session": false, "lang": false, "theme": false, "cookie_consent": false, "_ga": false,
		"residence": false, "aside": false, "sidebar": false, "cart": false, "banner_seen_session": false,
		"fav_author": false, "author": false, "comment_author_5f2d8c1e": false, "assessment": false, "visid_incap_12345": false, "_uetsid": false,
		"_hjSession_123456": false, "ai_session": false, "last_login": false, "login_attempts": false, "session_count": false,
	} {
		if got := SessionCookie(name); got != want {
			t.Errorf("SessionCookie(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestOnSite(t *testing.T) {
	for _, c := range []struct {
		base, u string
		want    bool
	}{
		{"http://a.test/", "http://a.test/x", true},
		{"http://a.test/", "http://A.TEST:80/x", true},
		{"https://a.test:443/", "https://a.test/x", true},
		{"http://a.test/", "https://a.test/x", true},
		{"https://a.test/", "http://a.test/x", true},
		{"http://a.test:8080/", "http://a.test:8080/x", true},
		{"http://a.test:8080/", "http://a.test/x", false},
		{"http://a.test/", "http://a.test:8080/x", false},
		{"http://a.test/", "https://a.test:8443/x", false},
		{"http://a.test:8080/", "https://a.test/x", false},
		{"http://a.test/", "http://b.test/x", false},
		{"http://a.test/", "http://www.a.test/x", false},
		{"http://a.test/", "ftp://a.test/x", false},
		{"http://a.test/", "//a.test/x", false},
	} {
		base, err := url.Parse(c.base)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(c.u)
		if err != nil {
			t.Fatal(err)
		}
		if got := OnSite(base, u); got != c.want {
			t.Errorf("OnSite(%s, %s) = %v, want %v", c.base, c.u, got, c.want)
		}
	}
}
