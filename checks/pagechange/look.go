package pagechange

import (
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"sotomi/scanner/web"
)

// kind is what a part of a page is. The letters stand in histories: never give one another meaning.
type kind string

// What parts of a page there are.
const (
	kindTitle     kind = "t"
	kindText      kind = "x" // a block of text that visitors see
	kindScript    kind = "s" // whose scripts run: another site's, by its domain
	kindInline    kind = "o" // an inline script that hides what it does
	kindFrame     kind = "f" // another site in a frame
	kindHidden    kind = "h" // another site in a frame that nobody sees
	kindForm      kind = "a" // another site that a form sends to
	kindRefresh   kind = "r" // another site that the page, or the server, sends visitors on to
	kindBase      kind = "b" // another site that all addresses of the page are on
	kindCanonical kind = "c" // another site that the page calls its own address
	kindLink      kind = "l" // another site that the page links to
	kindHiddenTo  kind = "L" // another site that the page links to where nobody sees it
	kindHiddenOwn kind = "H" // a place where nobody sees many links to pages of the site itself
	kindTerm      kind = "w" // a term of spam
	kindBoast     kind = "B" // the words of somebody who has changed the page
)

// part is something of a page by which it is known again.
type part struct {
	kind  kind
	value string // what it is known by: a domain, or the hash of a text
	slot  string // where on the page it stands
	shown string // for people

	unsure bool // a script may do this when visitors ask for it, and not before
	buried bool // nothing ever shows it
}

// needles are texts by which a part is found in a page.
func (v part) needles() []string {
	domain, _, _ := strings.Cut(v.value, " ")
	return []string{v.shown, domain}
}

func (v part) id() string { return string(v.kind) + v.value }

// look is what one visitor saw of a page.
type look struct {
	exchange *web.Exchange
	home     *url.URL // the page as it was asked for
	status   int
	to       *url.URL // where the server sends visitors on to, nil for nowhere else

	title       string
	description string
	texts       []part // of kindText, in order
	parts       []part // all others
	hiddenOwn   map[string]int
	ownLinks    map[string]bool // addresses on the site that a visitor sees links to
	announces   map[string]bool // other sites that it says it can be had at, such as for phones
	spam        spamSeen
	links       int    // a visitor sees
	boast       string // of somebody who has changed the page; "" for none
}

// newLook reads an answer. ok is false when it is no page and no redirect to another site.
func newLook(home *url.URL, ex *web.Exchange) (l *look, ok bool) {
	l = &look{exchange: ex, home: home, status: ex.Status, hiddenOwn: map[string]int{}, ownLinks: map[string]bool{}, announces: map[string]bool{}}
	if to := ex.SendsTo(); to != nil && (ex.Status != http.StatusOK || ex.Header.Get("Refresh") != "") {
		if sameSite(to.Hostname(), home.Hostname()) {
			return l, false
		}
		l.to = to
		l.parts = append(l.parts, part{kind: kindRefresh, value: domainOf(to), slot: "header", shown: to.String()})
		return l, true
	}
	if ex.Status != http.StatusOK || ex.Broken {
		return l, false
	}
	if _, err := web.ParsePage(ex); err != nil {
		return l, false
	}
	r := newReader(l, ex.URL)
	r.read(ex.Text())
	r.finish()
	return l, true
}

// has reports whether the look shows a part.
func (l *look) has(k kind, value string) bool {
	for _, p := range l.parts {
		if p.kind == k && p.value == value {
			return true
		}
	}
	return false
}

// values are those of the parts of a kind, each once, in order.
func (l *look) values(k kind) []part {
	var list []part
	seen := map[string]bool{}
	for _, p := range l.parts {
		if p.kind == k && !seen[p.value] {
			seen[p.value] = true
			list = append(list, p)
		}
	}
	return list
}

// blocks are the values of the blocks of text.
func (l *look) blocks() map[string]bool {
	set := make(map[string]bool, len(l.texts))
	for _, p := range l.texts {
		set[p.value] = true
	}
	return set
}

// sameSite reports whether two hosts are of one registered domain, or the same.
func sameSite(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	return a == b || registered(a) != "" && registered(a) == registered(b)
}

// registered is the domain that somebody registered, "" for addresses and names without one.
func registered(host string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host))
	if err != nil {
		return ""
	}
	return domain
}

// domainOf is the name under which another site is known: its registered domain, else its host; where many people have
// something of their own on one host, with what tells them apart.
func domainOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	domain := registered(host)
	if domain == "" {
		domain = host
	}
	if own := ownPlace(host, u); own != "" {
		return domain + " " + own
	}
	return domain
}

// ownPlace tells apart those who share a host: an account, a container, a bucket.
func ownPlace(host string, u *url.URL) string {
	first := func(n int) string {
		list := strings.SplitN(strings.TrimPrefix(u.Path, "/"), "/", n+1)
		return strings.Join(list[:min(n, len(list))], "/")
	}
	switch {
	case host == "www.googletagmanager.com":
		return u.Query().Get("id")
	case host == "cdn.jsdelivr.net" && strings.HasPrefix(u.Path, "/gh/"), host == "cdn.statically.io":
		return first(2)
	case host == "raw.githubusercontent.com", host == "rawcdn.githack.com", host == "raw.githack.com", host == "storage.googleapis.com", host == "pastebin.com":
		return first(1)
	case strings.HasPrefix(host, "s3.") && strings.HasSuffix(host, ".amazonaws.com"), strings.HasPrefix(host, "s3-") && strings.HasSuffix(host, ".amazonaws.com"):
		return first(1)
	}
	return ""
}
