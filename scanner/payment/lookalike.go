package payment

import (
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// brands are names that hosts are made to look like, as skimmers do.
var brands = []string{
	"google", "googletagmanager", "googleanalytics", "googleapis", "gstatic", "jquery", "facebook", "cloudflare", "jsdelivr", "bootstrapcdn", "fontawesome",
	"stripe", "paypal", "paypay", "payjp", "mulpay", "komoju", "paidy", "braintree", "adyen", "klarna", "amazonpay", "rakuten", "hotjar", "shopify", "magento", "woocommerce",
}

// stands are names that no host but the known ones has in its own.
var stands = []string{"googletagmanager", "googleanalytics", "google-analytics", "google-tag", "googletag", "jsdelivr"}

// beside are words that are put beside a brand in such names.
var beside = []string{"cdn", "js", "code", "static", "api", "analytics", "tag", "tags", "min", "lib", "assets", "script", "scripts", "stat", "stats", "pay", "secure", "checkout", "net", "com"}

// drawn are letters and digits that look like others.
var drawn = strings.NewReplacer("0", "o", "1", "l", "3", "e", "5", "s", "vv", "w", "rn", "m", "-", "", "_", "")

// looksAlike reports whether a host of nobody known is named so that it is taken for a well known one.
func looksAlike(host string) bool {
	site, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil {
		return false
	}
	label, suffix, _ := strings.Cut(site, ".")
	if suffix == "localhost" || suffix == "test" || suffix == "example" || suffix == "invalid" {
		label = strings.TrimSuffix(host, "."+suffix) // names that belong to nobody: the whole of it
	}
	bare := label
	if plain, err := idna.ToUnicode(label); err == nil {
		bare = latin(plain)
	}
	bare = tripled.Replace(drawn.Replace(bare))
	for _, brand := range brands {
		const long = 8 // letters: shorter names are one letter from ordinary words
		if bare == brand && label != brand || len(brand) >= long && distance(bare, brand) == 1 {
			return true
		}
	}
	parts := strings.Split(label, "-")
	named := func(part string) bool { return slices.Contains(brands, part) }
	if len(parts) > 1 && slices.ContainsFunc(parts, named) && !slices.ContainsFunc(parts, func(part string) bool { return !named(part) && !slices.Contains(beside, part) }) {
		return true
	}
	return slices.ContainsFunc(stands, func(b string) bool {
		return strings.Contains(label, b) || strings.Contains(drawn.Replace(label), drawn.Replace(b))
	})
}

// tripled are letters that stand thrice.
var tripled = strings.NewReplacer("ooo", "oo", "eee", "ee", "lll", "ll", "ppp", "pp")

// latin are Cyrillic and Greek letters as the Latin ones that they look like.
func latin(text string) string {
	return strings.NewReplacer("а", "a", "е", "e", "о", "o", "р", "p", "с", "c", "у", "y", "х", "x", "і", "i", "ѕ", "s", "ɡ", "g", "α", "a", "ο", "o", "ѵ", "v", "ԁ", "d", "ⅼ", "l").Replace(text)
}

// distance is how many letters two words differ in, where one may be missing, added, or another; 2 stands for more.
func distance(a, b string) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if a == b {
		return 0
	}
	if len(b)-len(a) > 1 {
		return 2
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if a[i:] == b[i+1:] || len(a) == len(b) && a[i+1:] == b[i+1:] {
		return 1
	}
	if len(a) == len(b) && i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:] {
		return 1
	}
	return 2
}
