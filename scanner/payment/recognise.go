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
	`(?i)/(?:cart|basket|checkout|order|orders/new|payment|purchase|shopping)(?:/|/index(?:\.php|\.html)?|/confirm|/payment|/login|\.php|\.html|\.aspx)?$`, // in general, and Shopify, WooCommerce, PrestaShop, futureshop
	`/shopping(?:/(?:login|nonmember|payment|confirm|deliv|shipping|index\.php|payment\.php|confirm\.php))?/?$`,                                            // EC-CUBE 2 to 4: src/Eccube/Controller/ShoppingController.php, html/shopping/
	`/cart/index\.php$`,                                                // EC-CUBE 2
	`/checkouts/[^/]+`,                                                 // Shopify: /checkouts/cn/TOKEN
	`/usces-(?:cart|member)/?$`,                                        // Welcart: wp-plugins/usc-e-shop, usc-e-shop.php: USCES_CART_FOLDER, USCES_MEMBER_FOLDER
	`/shop/(?:basket|order[a-z]*)\.html$`,                              // MakeShop
	`/cart/proxy/basket`,                                               // Color Me Shop
	`/p/(?:cart|order)(?:/|$)`,                                         // futureshop
	`/(?:onepage|onestepcheckout|checkout/cart)(?:/index)*/?$`,         // Magento: magento/magento2, app/code/Magento/Checkout/Controller/{Onepage,Cart}/Index.php
	`/(?:shopping_cart|checkout_shipping|checkout_payment)(?:\.php)?$`, // osCommerce: gburton/CE-Phoenix, parse_actions.php; FILENAME_CHECKOUT_PAYMENT of its forks
}, "|"))

// checkoutQueries are those of shops whose pages differ in a parameter.
var checkoutQueries = regexp.MustCompile(strings.Join([]string{
	`(?:^|&)main_page=(?:shopping_cart|checkout_shipping|checkout_payment|checkout_one)(?:&|$)`, // Zen Cart: zencart/zencart, includes/modules/pages/checkout_payment/header_php.php
	`(?:^|&)route=checkout/(?:cart|checkout)(?:&|$)`,                                            // OpenCart: opencart/opencart, upload/catalog/controller/checkout/{cart,checkout}.php
	`(?:^|&)controller=(?:cart|order)(?:&|$)`,                                                   // PrestaShop: PrestaShop/PrestaShop, controllers/front/{Cart,Order}Controller.php
}, "|"))

// addsToCart are links that put one article into the cart when they are followed, and do no more. Other shops want a form that
// is sent: EC-CUBE, Welcart, MakeShop, osCommerce, OpenCart, and Magento, whose link checkout/cart/addToCartLinkV1 empties the cart
// before. Zen Cart's action=buy_now would do; but elsewhere that name stands for an order, so it is not followed.
var addsToCart = []struct{ path, query *regexp.Regexp }{
	{nil, regexp.MustCompile(`^add-to-cart=[0-9]+(?:&quantity=1)?$`)},                                         // WooCommerce: WC_Form_Handler::add_to_cart_action takes $_REQUEST['add-to-cart']
	{regexp.MustCompile(`/cart/[0-9]+:1$`), regexp.MustCompile(`^(?:channel=[a-z_]+)?$`)},                     // Shopify: shopify.dev/docs/apps/build/checkout/create-cart-permalinks
	{regexp.MustCompile(`/cart/add(?:\.php)?/?$`), regexp.MustCompile(`^id=[0-9]+(?:&(?:quantity|qty)=1)?$`)}, // Shopify: /cart/add, and shops after its model
}

// finishes are words of paths that go on to an order, or change something.
var finishes = regexp.MustCompile(`(?i)confirm|complete|finish|thank|success|process|place|submit|buy|subscri|delete|remove|cancel|clear|empty|update`)

// IsCheckout reports whether an address is that of a cart or a checkout.
func IsCheckout(u *url.URL) bool {
	return checkoutPaths.MatchString(u.Path) || checkoutQueries.MatchString(u.RawQuery)
}

// MayVisit reports whether a link to a cart or a checkout only shows it.
func MayVisit(u *url.URL) bool {
	query := &url.URL{RawQuery: checkoutQueries.ReplaceAllString(u.RawQuery, "")}
	return IsCheckout(u) && !finishes.MatchString(u.Path) && !finishes.MatchString(query.RawQuery) && !web.ChangesState(query)
}

// AddsToCart reports whether following a link puts an article into the cart, as some shops let it, and nothing else.
func AddsToCart(u *url.URL) bool {
	for _, way := range addsToCart {
		if (way.path == nil || way.path.MatchString(u.Path)) && way.query.MatchString(u.RawQuery) {
			return !finishes.MatchString(u.Path)
		}
	}
	return false
}

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
