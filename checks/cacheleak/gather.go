package cacheleak

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// visitor is one who asks: a test account of the operator, a guest with the cookies of a first visit, or a guest without
// any.
type visitor struct {
	name    string
	session *web.Session
	cookie  string // sent as Cookie; "" for what the session itself carries
}

// busterKind is how the cache buster gets into the address, so that no real visitor is ever given what the check stored.
type busterKind int

const (
	inQuery  busterKind = iota // a parameter that nobody else sends
	inPath                     // the path with some of its letters percent-encoded (RFC 3986 section 6.2.2.2), for caches that drop queries
	noBuster                   // the page's own address
)

// gatherer asks for one page as many visitors. It sends GET only and stores no cookies.
type gatherer struct {
	page     *url.URL
	guest    visitor
	members  []visitor // two, or one
	kind     busterKind
	used     map[string]bool
	requests int
	limit    int // of requests for this page
	count    func(int)
	cut      bool // one of the answers was not compared in full
	mixed    int  // answers with marks of another visitor beside the receiver's own, and not without the other
	shows    bool // the page shows its visitors to each other: such marks mean nothing

	apart     int  // rounds in which everybody asked at an address of their own
	momentary bool // visitors who ask at one moment get one new cookie, each at an address of their own: that means nothing
}

// errLimit ends a page.
var errLimit = message.Errorf("the limit of requests for one page was reached")

// errNoBuster says that the path has too few letters.
var errNoBuster = message.Errorf("the path cannot be spelt in another way")

// address is the page under a cache buster, and the request target when it must be sent byte for byte.
func (g *gatherer) address(key string) (*url.URL, string) {
	u := *g.page
	switch {
	case key == "" || g.kind == noBuster:
		return &u, ""
	case g.kind == inPath:
		if u.RawQuery != "" {
			return &u, key + "?" + u.RawQuery
		}
		return &u, key
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "sotomi=" + key
	return &u, ""
}

// cacheBuster is one that was never used before.
func (g *gatherer) cacheBuster() (string, error) {
	const tries = 64
	for range tries {
		key := unguessableKey()
		switch g.kind {
		case noBuster:
			return "", nil
		case inPath:
			key = respelt(g.page.EscapedPath(), key)
		case inQuery:
		}
		if key != "" && !g.used[key] {
			g.used[key] = true
			return key, nil
		}
	}
	return "", errNoBuster
}

// unguessableKey has 80 bits.
func unguessableKey() string {
	b := make([]byte, 10)
	_, _ = rand.Read(b) // crypto/rand never fails
	return hex.EncodeToString(b)
}

// respelt percent-encodes those letters of a path that the bits of key choose. "" when none was chosen, or the path has
// too few letters.
func respelt(path, key string) string {
	bits, _ := hex.DecodeString(key)
	var b strings.Builder
	n := 0
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch {
		case c == '%' && i+2 < len(path):
			b.WriteString(path[i : i+3])
			i += 2
		case (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') && n/8 < len(bits):
			if bits[n/8]>>(n%8)&1 == 1 {
				fmt.Fprintf(&b, "%%%02X", c)
			} else {
				b.WriteByte(c)
			}
			n++
		default:
			b.WriteByte(c)
		}
	}
	const fewest = 5 // letters: fewer have too few spellings
	if n < fewest || b.String() == path {
		return ""
	}
	return b.String()
}

func (g *gatherer) request(v visitor, key string) *web.Request {
	u, target := g.address(key)
	return v.request(u, target)
}

func (v visitor) request(u *url.URL, target string) *web.Request {
	r := &web.Request{Method: http.MethodGet, URL: u, Target: target, NoCookies: true, Once: true}
	if v.cookie != "" {
		r.Header = http.Header{"Cookie": {v.cookie}}
	}
	return r
}

// visit asks once.
func (g *gatherer) visit(ctx context.Context, v visitor, key string) (*observation, error) {
	return g.ask(ctx, v, key, g.request(v, key))
}

func (g *gatherer) ask(ctx context.Context, v visitor, key string, r *web.Request) (*observation, error) {
	if g.requests >= g.limit {
		return nil, errLimit
	}
	g.tally(1)
	ex, err := v.session.Do(ctx, r)
	if err != nil {
		return nil, err
	}
	return g.observe(v, key, ex), nil
}

func (g *gatherer) observe(v visitor, key string, ex *web.Exchange) *observation {
	got := newObservation(v.name, key, ex)
	g.cut = g.cut || got.cut
	return got
}

func (g *gatherer) tally(n int) {
	g.requests += n
	g.count(n)
}

// fresh asks under a new cache buster: what the visitor gets when nobody else asks.
func (g *gatherer) fresh(ctx context.Context, v visitor) (*observation, error) {
	key, err := g.cacheBuster()
	if err != nil {
		return nil, err
	}
	return g.visit(ctx, v, key)
}

// control is what a visitor gets at an address that nobody else asks for, also while the page's own address is probed.
func (g *gatherer) control(ctx context.Context, v visitor) (*observation, error) {
	if g.kind != noBuster {
		return g.fresh(ctx, v)
	}
	g.kind = inQuery
	defer func() { g.kind = noBuster }()
	return g.fresh(ctx, v)
}

// inTurn is one answer to each of who, each under a new cache buster.
func (g *gatherer) inTurn(ctx context.Context, who ...visitor) ([]*observation, error) {
	var list []*observation
	for _, v := range who {
		got, err := g.fresh(ctx, v)
		if err != nil {
			return list, err
		}
		list = append(list, got)
	}
	return list, nil
}

// newcomers are two guests who keep the cookies that the site gives them at first; nil when it gives none.
func newcomers(ctx context.Context, p *scanner.Probe, page *url.URL) ([]visitor, error) {
	var list []visitor
	for _, name := range []string{"A", "B"} {
		s := p.Session()
		u := *page
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += "sotomi=" + unguessableKey()
		if _, err := s.Do(ctx, &web.Request{Method: http.MethodGet, URL: &u, Once: true}); err != nil {
			return nil, err
		}
		p.Count(1)
		var pairs []string
		for _, c := range s.Cookies(page) {
			pairs = append(pairs, c.Name+"="+c.Value)
		}
		if len(pairs) == 0 {
			return nil, nil
		}
		list = append(list, visitor{name: name, session: p.Session(), cookie: strings.Join(pairs, "; ")})
	}
	if list[0].cookie == list[1].cookie {
		return nil, nil // the same for all, or shared already: run.cookies looks into that
	}
	return list, nil
}

// stranger is a visitor with cookies that no site has given out.
func stranger(p *scanner.Probe) visitor {
	var pairs []string
	for _, name := range []string{"sid", "session", "PHPSESSID", "JSESSIONID", "token"} {
		pairs = append(pairs, name+"="+unguessableKey())
	}
	return visitor{name: anonymous, session: p.Session(), cookie: strings.Join(pairs, "; ")}
}
