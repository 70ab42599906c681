package pagechange

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sotomi/scanner/web"
)

// site is a page of a shop, in parts that tests change.
type site struct {
	status             int
	header             http.Header
	lang, title, head  string
	top, news, main    string
	aside, foot, after string
}

func shop() site {
	return site{
		lang: "en", title: "Camellia Pottery – bowls and cups from Arita",
		head: `<meta name="description" content="Pottery made by hand in Arita."><link rel="stylesheet" href="/css/site.css"><script src="/js/site.js"></script>
<script>window.shop={currency:"JPY",menu:function(){document.querySelector("nav").classList.toggle("open")}};</script>`,
		top: `<header id="top"><a href="/">Camellia Pottery</a><nav class="menu"><ul><li><a href="/bowls">Bowls</a></li><li><a href="/cups">Cups</a></li><li><a href="/plates">Plates</a></li>
<li><a href="/about">About the kiln</a></li><li><a href="/contact">Contact</a></li></ul></nav><form action="/search"><input name="q"><button>Search</button></form></header>`,
		news: `<section id="news"><h2>News</h2><ul class="list"><li><a href="/news/12">The kiln is open on Sundays in May</a></li><li><a href="/news/11">New glazes have arrived</a></li></ul></section>`,
		main: `<main><h1>Bowls and cups from Arita</h1><p>Each piece is thrown and glazed by hand, and fired for three days.</p><p>We ship to all of Japan, and wrap each piece in paper made from rice straw.</p>
<div class="products"><div class="item"><h3>Rice bowl, celadon</h3><p>A bowl of everyday use with a deep green glaze.</p></div><div class="item"><h3>Tea cup, white</h3><p>Thin and light, for green tea.</p></div>
<div class="item"><h3>Plate with plum blossoms</h3><p>Painted with cobalt under the glaze.</p></div></div></main>`,
		aside: `<aside><h2>Opening hours</h2><p>The shop is open from Tuesday to Saturday.</p></aside>`,
		foot:  `<footer><p>Camellia Pottery, Arita, Saga</p><a href="/privacy">Privacy</a> <a href="/terms">Terms</a> <a href="https://www.instagram.com/camellia">Instagram</a></footer>`,
	}
}

func (s site) html() string {
	return fmt.Sprintf(`<!DOCTYPE html><html lang=%q><head><meta charset="utf-8"><title>%s</title>%s</head><body class="home">%s%s%s%s%s%s</body></html>`,
		s.lang, s.title, s.head, s.top, s.news, s.main, s.aside, s.foot, s.after)
}

const home = "https://www.camellia.example/"

func (s site) exchange(t testing.TB) *web.Exchange {
	t.Helper()
	u, err := url.Parse(home)
	if err != nil {
		t.Fatal(err)
	}
	ex := &web.Exchange{URL: u, Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte(s.html())}
	if s.status != 0 {
		ex.Status = s.status
	}
	for name, values := range s.header {
		ex.Header[name] = values
	}
	return ex
}

// changing is a page as a visitor sees it in the nth look, counted from 0.
type changing func(n int, who visitor, random *rand.Rand) site

// watched looks at a page so many times, and gives the alarms of each time.
func watched(t testing.TB, page changing, times int) [][]alarm {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	known := newPage()
	var list [][]alarm
	for n := range times {
		var looks []seenBy
		for _, who := range []visitor{plain, phone, search} {
			ex := page(n, who, random).exchange(t)
			l, ok := newLook(ex.URL, ex)
			if !ok {
				if who == plain {
					break
				}
				continue
			}
			if s := (seenBy{who, l}); !known.away(s) {
				looks = append(looks, s)
			}
		}
		if len(looks) == 0 || looks[0].who != plain {
			list = append(list, nil)
			continue
		}
		if n == 0 {
			ex := page(n, plain, random).exchange(t)
			if l, ok := newLook(ex.URL, ex); ok {
				known.learn(plain, l, nil)
			}
		}
		list = append(list, known.judge(looks, testServices))
		known = remembered(t, known)
	}
	return list
}

var testServices = map[string]bool{"googletagmanager.com": true, "google-analytics.com": true, "facebook.com": true, "x.com": true, "instagram.com": true, "line.me": true, "youtube.com": true}

func pick(random *rand.Rand, list ...string) string { return list[random.IntN(len(list))] }

func token(random *rand.Rand) string {
	var b strings.Builder
	for range 32 {
		b.WriteByte("0123456789abcdef"[random.IntN(16)])
	}
	return b.String()
}

// repeat writes a text for each number from 0.
func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "$", fmt.Sprint(i)))
	}
	return b.String()
}
