package paymentpage

import (
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/payment"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

// cartShop is a shop whose checkout has card fields once something is in the cart.
type cartShop struct {
	links    string // of its first page
	form     string // of its first page
	adds     string // the request that fills the cart; "" for none
	checkout string

	mu    sync.Mutex
	asked []string
}

const (
	cardForm = `<form method="post" action="/pay"><input name="card_number" autocomplete="cc-number"></form><script src="https://js.stripe.com/v3/"></script>`
	// Links that no look at a shop may follow.
	forbidden = `<a href="/buy-now?id=1">Buy now</a><a href="/order/confirm">Confirm</a><a href="/cart?action=delete&amp;id=1">Delete</a><a href="/cart/delete/1">Delete</a>
		<a href="/subscribe?plan=1">Subscribe</a><a href="/?add-to-cart=1&amp;buy-now=1">Buy</a><a href="/cart/?remove_item=1&amp;_wpnonce=2">x</a><a href="/checkout/complete">Done</a>
		<a href="/index.php?main_page=index&amp;products_id=1&amp;action=buy_now">Buy Now</a><a href="/cart/99:7">seven</a>`
)

func (s *cartShop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := r.Method + " " + r.URL.RequestURI()
	s.mu.Lock()
	s.asked = append(s.asked, request)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := r.Cookie("cart")
	switch {
	case request == "GET "+s.adds:
		http.SetCookie(w, &http.Cookie{Name: "cart", Value: "1", Path: "/"})
		http.Redirect(w, r, "/order/confirm", http.StatusFound) // it is not followed either
	case r.URL.RequestURI() == s.checkout && err == nil:
		fmt.Fprint(w, "<html>", cardForm)
	case r.URL.RequestURI() == s.checkout:
		fmt.Fprint(w, "<html><p>カートは空です</p>")
	case r.URL.Path == "/" && r.URL.RawQuery == "":
		fmt.Fprint(w, "<html>", s.links, s.form, forbidden, `<a href="`+strings.ReplaceAll(s.checkout, "&", "&amp;")+`">レジに進む</a>`)
	default:
		http.NotFound(w, r)
	}
}

// TestCartOfShops: the checkout is reached as a guest where the shop's own link fills the cart by GET, once; where that takes a
// form the page says what shows more. Nothing else is followed, and no form is sent.
func TestCartOfShops(t *testing.T) {
	const name = "payment/payment-page-inventory.yaml"
	text, err := fs.ReadFile(signatures.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := signature.Parse(name, text, true)
	if err != nil {
		t.Fatal(err)
	}
	for shop, s := range map[string]*cartShop{
		"EC-CUBE 2":    {form: `<form method="post" action="/products/detail.php?product_id=1"><input name="mode" value="cart" type="hidden"><input name="product_id" value="1"></form>`, checkout: "/shopping/"},
		"EC-CUBE 4":    {form: `<form method="post" action="/products/add_cart/1"><input name="product_id" value="1"></form>`, checkout: "/shopping"},
		"Zen Cart":     {form: `<form method="post" action="/index.php?main_page=product_info&amp;products_id=1&amp;action=add_product"><input name="products_id" value="1"></form>`, checkout: "/index.php?main_page=checkout_payment"},
		"Welcart":      {form: `<form method="post" action="/usces-cart/"><input name="zaiko[1][a]" value="1"></form>`, checkout: "/usces-cart/"},
		"WooCommerce":  {links: `<a href="/shop/?add-to-cart=12" rel="nofollow">カートに追加</a><a href="/shop/?add-to-cart=13">カートに追加</a>`, adds: "/shop/?add-to-cart=12", checkout: "/checkout/"},
		"Shopify":      {links: `<a href="/cart/99:1">購入</a>`, adds: "/cart/99:1", checkout: "/checkout"},
		"like Shopify": {links: `<a href="/cart/add?id=99">Add</a>`, adds: "/cart/add?id=99", checkout: "/cart"},
	} {
		t.Run(strings.ReplaceAll(shop, " ", "_"), func(t *testing.T) {
			r, err := sigtest.Scan(t.Context(), s, &signature.Case{}, sigtest.Options{Checks: scanner.Table{"payment": NewInventory}}, sig)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Findings) != 1 {
				t.Fatalf("%d findings; %+v", len(r.Findings), r.Outcomes)
			}
			page := r.Findings[0].Hit.Page
			added := 0
			for _, request := range s.asked {
				switch method, address, _ := strings.Cut(request, " "); {
				case method != http.MethodGet && method != http.MethodHead:
					t.Errorf("the shop was asked %s", request)
				case address == s.adds:
					added++
				case strings.Contains(forbidden, `"`+strings.ReplaceAll(address, "&", "&amp;")+`"`), strings.Contains(s.links, `"`+address+`"`):
					t.Errorf("the shop was asked %s", request)
				}
			}
			reached := s.adds != ""
			if page.HasCard() != reached || added != len(s.adds)/max(1, len(s.adds)) {
				t.Errorf("card fields: %v, filled %d times: %q", page.HasCard(), added, s.asked)
			}
			if told := slices.Contains(page.Unseen, payment.NotReached); told == reached {
				t.Errorf("%q", page.Unseen)
			}
		})
	}
}
