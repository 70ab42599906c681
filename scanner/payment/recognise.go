package payment

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner/web"
)

// checkoutPaths are the paths of carts and checkouts, each of the shop system that it is named after.
var checkoutPaths = regexp.MustCompile(strings.Join([]string{
	`(?i)/(?:cart|basket|checkout|order|orders/new|payment|purchase|shopping)(?:/|/index(?:\.php|\.html)?|/confirm|/payment|/login|\.php|\.html|\.aspx)?$`, // in general, and Shopify, WooCommerce, futureshop
	`/shopping(?:/(?:login|nonmember|payment|confirm|deliv|shipping|index\.php|payment\.php|confirm\.php))?/?$`,                                            // EC-CUBE 2 to 4: src/Eccube/Controller/ShoppingController.php, html/shopping/
	`/cart/index\.php$`,                          // EC-CUBE 2
	`/checkouts/[^/]+`,                           // Shopify: /checkouts/cn/TOKEN
	`/usces-(?:cart|member)/?$`,                  // Welcart: usc-e-shop/classes/usceshop.class.php
	`/shop/(?:basket|order[a-z]*)\.html$`,        // MakeShop
	`/cart/proxy/basket`,                         // Color Me Shop
	`/p/(?:cart|order)(?:/|$)`,                   // futureshop
	`/(?:onepage|onestepcheckout|checkout/cart)`, // Magento
}, "|"))

// addsToCart are addresses of links that put an article into the cart when they are followed.
var addsToCart = regexp.MustCompile(`[?&]add-to-cart=[0-9]+(?:&|$)|/cart/[0-9]+:1(?:\?|$)`) // WooCommerce; Shopify's permalinks

// IsCheckout reports whether an address is that of a cart or a checkout.
func IsCheckout(u *url.URL) bool { return checkoutPaths.MatchString(u.Path) }

// AddsToCart reports whether following a link puts an article into the cart, as some shops let it.
func AddsToCart(u *url.URL) bool { return addsToCart.MatchString(u.RequestURI()) }

// Recognise tells why a page counts as a payment page, "" for others.
func Recognise(page *web.Page) Why {
	look := LookAt(page.Exchange, "")
	for _, f := range look.Forms {
		for _, field := range f.Fields {
			if field.Holds == holdsCard {
				return WhyCard
			}
		}
	}
	site := page.Exchange.URL.Hostname()
	provider := func(u *url.URL) bool { return PartyOf(strings.ToLower(u.Hostname()), site) == Provider }
	if slices.ContainsFunc(page.Scripts, provider) || slices.ContainsFunc(page.Frames, provider) {
		return WhyProvider
	}
	if IsCheckout(page.Exchange.URL) {
		return WhyAddress
	}
	return ""
}
