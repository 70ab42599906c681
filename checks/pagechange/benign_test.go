package pagechange

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
)

// benign are pages that change without anybody's harm, in eight looks.
var benign = map[string]changing{
	"nothing": func(int, visitor, *rand.Rand) site { return shop() },
	"date": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		s.aside += fmt.Sprintf(`<p>Today is Monday, %d November 2026, 10:%02d</p>`, 10+n, n*7)
		return s
	},
	"counter": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.foot += fmt.Sprintf("<p>%d visitors since 1998</p><p>%d people look at this now</p>", 120000+n*31, r.IntN(40))
		return s
	},
	"stock_and_prices": func(_ int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.main += fmt.Sprintf(`<p>Only <b>%d</b> left</p><p>¥%d,%03d (tax included)</p>`, r.IntN(30), r.IntN(9), r.IntN(999))
		return s
	},
	"tokens": func(_ int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.head += fmt.Sprintf(`<meta name="csrf-token" content="%s"><script nonce="%s">window.csrf=%q</script>`, token(r), token(r), token(r))
		s.main += fmt.Sprintf(`<form method="post" action="/cart;jsessionid=%s"><input type="hidden" name="_token" value="%s"></form>`, token(r), token(r))
		return s
	},
	"hash_named_bundles": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		release := fmt.Sprintf("%x", 0xabc123+n/2*7919)
		s.head += fmt.Sprintf(`<link rel="stylesheet" href="/assets/app.%s.css"><script src="/assets/app.%s.js"></script><script src="https://static.camellia.example/vendor.%s.js"></script>`, release, release, release)
		s.main = strings.ReplaceAll(s.main, `class="item"`, fmt.Sprintf(`class="item_%s"`, release[:5]))
		return s
	},
	"ad_rotation": func(_ int, _ visitor, r *rand.Rand) site {
		s := shop()
		network := pick(r, "ads-one.example", "ads-two.example", "ads-three.example", "ads-four.example", "ads-five.example", "ads-six.example", "ads-seven.example")
		s.aside += fmt.Sprintf(`<div class="ad"><script src="https://%s/show.js?cb=%s"></script><iframe src="https://%s/frame?x=%s" width="300" height="250"></iframe><iframe src="https://sync.%s/" width="1" height="1"></iframe></div>`,
			network, token(r), network, token(r), network)
		return s
	},
	"ad_rotation_in_the_body": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.after = fmt.Sprintf(`<script src="https://%s/a.js"></script>`, pick(r, "one.example", "two.example", "three.example", "four.example", "five.example", "six.example"))
		return s
	},
	"sponsored_links": func(_ int, _ visitor, r *rand.Rand) site {
		s := shop()
		for range 4 {
			s.aside += fmt.Sprintf(`<p><a href="https://partner-%d.example/">A partner of ours, number %c</a></p>`, r.IntN(60), 'a'+r.IntN(20))
		}
		return s
	},
	"a_b_headline": func(_ int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.main = strings.Replace(s.main, "Bowls and cups from Arita", pick(r, "Bowls and cups from Arita", "Made by hand in Arita", "Porcelain for every day"), 1)
		return s
	},
	"a_b_script": func(_ int, _ visitor, r *rand.Rand) site {
		s := shop()
		if r.IntN(2) == 0 {
			s.head += `<script src="https://cdn.experiments.example/variant.js"></script>`
		}
		return s
	},
	"a_b_layout": func(_ int, _ visitor, r *rand.Rand) site {
		s := shop()
		if r.IntN(2) == 0 {
			s.main = `<main><h1>Porcelain for your table</h1><p>Choose a set of three bowls.</p><p>We deliver within the week.</p></main>`
		}
		return s
	},
	"new_article_in_a_list": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		titles := []string{"Spring fair", "Closed on Monday", "A visit by schools", "Our new oven", "Cups for autumn", "On the history of cobalt", "Winter sale", "A pot with a story"}
		for i := range n {
			s.news = strings.Replace(s.news, `<ul class="list">`, `<ul class="list"><li><a href="/news/`+fmt.Sprint(13+i)+`">`+titles[i]+`</a></li>`, 1)
		}
		return s
	},
	"blog_with_links_out": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		for i := range 3 {
			s.news += fmt.Sprintf(`<article><h2>Reading, week %c</h2><p>Worth it: <a href="https://blog-%d.example/">a post on kilns</a> and <a href="https://paper-%d.example/">a paper</a></p></article>`, 'a'+n+i, n+i, n+i)
		}
		return s
	},
	"news_about_break_ins": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		if n > 5 {
			s.news = strings.Replace(s.news, `<ul class="list">`, `<ul class="list"><li><a href="/news/31">Museum hacked by a group of students: what potters can learn</a></li><li><a href="/news/32">大阪のカジノ計画と焼き物</a></li>`, 1)
		}
		return s
	},
	"banner_swap": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		s.top += fmt.Sprintf(`<div id="banner"><a href="/fair-%d"><img src="/img/banner-%d.jpg" alt="Fair"></a><p>%s</p></div>`, n, n, []string{"Spring fair", "Summer of cups", "Autumn sale", "Gifts for winter"}[n/2])
		return s
	},
	"cart_count_and_cookies": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.top += fmt.Sprintf(`<div class="cart">Cart (%d)</div>`, r.IntN(3))
		s.header = http.Header{"Set-Cookie": {"s=" + token(r)}}
		return s
	},
	"cookie_consent": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		if n > 5 {
			s.after = `<div id="consent" style="position:fixed;bottom:0"><p>We use cookies to count visitors.</p><button>Accept</button> <a href="/cookies">More</a></div><div class="modal" style="display:none"><p>Cookies in detail</p></div>`
		}
		return s
	},
	"server_timing_comments": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.after = fmt.Sprintf("<!-- page made in %d ms by web%d, cache %s --><!-- hacked by nobody -->", r.IntN(900), r.IntN(4), token(r))
		return s
	},
	"shuffled_recommendations": func(_ int, _ visitor, r *rand.Rand) site {
		s := shop()
		for _, i := range r.Perm(12)[:5] {
			s.aside += fmt.Sprintf(`<div class="also"><a href="/item/%d">%s</a></div>`, i, strings.Repeat(string(rune('a'+i)), 4)+" bowl")
		}
		return s
	},
	"error_once": func(n int, who visitor, _ *rand.Rand) site {
		s := shop()
		if n == 6 {
			s.status, s.main, s.title = http.StatusServiceUnavailable, "", "503 Service Unavailable"
		}
		return s
	},
	"maintenance_with_200": func(n int, _ visitor, _ *rand.Rand) site {
		if n == 6 {
			return site{lang: "ja", title: "メンテナンス中", main: "<h1>ただいまメンテナンス中です</h1><p>明日の朝に再開します。</p>"}
		}
		return shop()
	},
	"mobile_layout": func(_ int, who visitor, _ *rand.Rand) site {
		s := shop()
		if who == phone {
			s.top = `<header class="sp"><a href="/">Camellia</a><div class="drawer" style="display:none"><a href="/bowls">Bowls</a><a href="/cups">Cups</a><a href="https://lin.ee/abc">LINE</a></div></header>`
			s.main, s.aside = `<main><h1>Camellia</h1><p>Pottery from Arita, in your hand.</p></main>`, ""
			s.head += `<script src="https://sp-widgets.example/tap.js"></script>`
		}
		return s
	},
	"one_block_redesigned": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		if n > 5 {
			s.main = `<main><h1>From the kiln to your table</h1><div class="hero"><p>A new collection for the autumn.</p><a href="/autumn">See it</a></div><p>Four families have made it with us.</p></main>`
		}
		return s
	},
	"pagination": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		s.news += fmt.Sprintf(`<div class="pages">%s<a href="/?page=%d">next</a></div>`, repeat(n+2, `<a href="/?page=$">$</a>`), n)
		return s
	},
	"tag_manager_and_share_buttons_are_there": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.head += fmt.Sprintf(`<script>(function(w,d,s,l,i){var f=d.getElementsByTagName(s)[0],j=d.createElement(s);j.async=true;j.src='https://www.googletagmanager.com/gtm.js?id='+i;f.parentNode.insertBefore(j,f);})(window,document,'script','dataLayer','GTM-ABC');w=%q</script>`, token(r))
		s.after = `<noscript><iframe src="https://www.googletagmanager.com/ns.html?id=GTM-ABC" height="0" width="0" style="display:none;visibility:hidden"></iframe></noscript>`
		return s
	},
	"hidden_menu_for_phones_is_new": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		if n > 5 {
			s.after = `<div class="drawer" style="display:none">` + repeat(60, `<a href="/category/$">Category $</a>`) + `<a href="https://www.facebook.com/c">f</a><a href="https://x.com/c">x</a><a href="https://line.me/c">l</a><a href="https://www.youtube.com/c">y</a></div>`
		}
		return s
	},
	"group_companies_in_a_drawer": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		if n > 5 {
			s.foot += `<div class="group" style="display:none">` + repeat(4, `<a href="https://group-$.example/">A company of ours</a><a href="https://group-$.example/about">About it</a>`) + `</div>`
		}
		return s
	},
	"button_to_a_partner": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		if n > 5 {
			s.main += `<button onclick="location.href='https://booking.example/camellia'">Book a visit</button>`
			s.head += `<meta http-equiv="refresh" content="300">`
		}
		return s
	},
	"pictures_in_a_script": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.head += fmt.Sprintf(`<script type="application/json">{"img":"data:image/png;base64,%s","see":"https://schema.example/x.js"}</script><script type="application/ld+json">{"@context":"https://schema.org","v":%d}</script>`, strings.Repeat(token(r), 8), n)
		if n > 5 {
			s.head += `<script>var logo="` + strings.Repeat("iVBORw0KGgoAAAANSUhEUg", 20) + `";document.title=document.title</script>`
		}
		return s
	},
	"bot_defence_with_a_new_script_each_time": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.after = fmt.Sprintf(`<script>(function(){var _0x%s=["%s"];eval(atob("%s"));%s})()</script>`, token(r)[:4], token(r), strings.Repeat(token(r), 2), strings.Repeat("f();", 1+r.IntN(50)))
		return s
	},
	"copyright_year_and_language_of_dates": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		s.foot += fmt.Sprintf("<p>© 1998-%d Camellia Pottery</p><time>%s</time>", 2020+n, []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Mon"}[n])
		return s
	},
	"casino_that_always_was_one": func(n int, _ visitor, r *rand.Rand) site {
		s := shop()
		s.title = "Arita Casino Review"
		s.main += fmt.Sprintf(`<p>Slot gacor, togel, judi online: review no %c</p>`, 'a'+n) + `<a href="https://casino-one.example/">Visit</a>`
		return s
	},
	"own_subdomain_and_other_port": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		if n > 5 {
			s.head += `<script src="https://cdn.camellia.example/new.js"></script><script>fetch("https://api.camellia.example/v2/x.js")</script>`
			s.main += `<form action="https://pay.camellia.example/order"></form><iframe src="https://map.camellia.example/" width="1" height="1"></iframe>`
		}
		return s
	},
	"feature_with_a_mention_of_maintenance": func(n int, _ visitor, _ *rand.Rand) site {
		s := shop()
		if n > 5 {
			s.news = strings.Replace(s.news, "<h2>News</h2>", "<h2>News</h2><p>メンテナンスのお知らせ: 12/1</p>", 1)
		}
		return s
	},
}

func TestBenignChanges(t *testing.T) {
	if len(benign) < 20 {
		t.Errorf("%d benign changes", len(benign))
	}
	for name, page := range benign {
		t.Run(name, func(t *testing.T) {
			for n, alarms := range watched(t, page, 8) {
				for _, a := range alarms {
					t.Errorf("look %d: %s %q (%s): %q -> %q", n+1, a.variant, a.matcher, a.who, a.before, a.after)
				}
			}
		})
	}
}
