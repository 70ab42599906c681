package cacheleak

import (
	"crypto/sha256"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// observation is one answer to one visitor, reduced to what is compared and reported. The body itself is not kept.
type observation struct {
	who       string        // the name of a test account, or anonymous
	ex        *web.Exchange // without its body
	tokens    tokens
	cut       bool // the body went on, or held more tokens than are kept
	full      bool // strong tokens were left out, so that a missing one says nothing
	digest    [sha256.Size]byte
	size      int // of the body, in bytes
	loggedOut bool
	page      bool     // it is HTML
	speaks    bool     // it says something to one visitor, or to one who is to log in
	fields    []string // values of form fields that look as if they were made for this answer
	mentions  mentions
}

const anonymous = scanner.Anonymous

// newObservation reads an answer. key is the cache buster in its address, "" when there is none.
func newObservation(who, key string, ex *web.Exchange) *observation {
	page, err := web.ParsePage(ex)
	if err != nil {
		page = nil
	}
	m := &markup{}
	if page != nil {
		m = readMarkup(ex.Text())
	}
	r := readTokens(ex, page, m, key)
	return &observation{
		who: who, tokens: r.tokens, cut: r.cut || ex.Truncated, full: r.strong.full, page: page != nil, speaks: speaks(ex, page),
		fields: clones(m.fields), mentions: mentionsOf(page, m),
		digest: sha256.Sum256(ex.Body), size: len(ex.Body), loggedOut: loggedOut(ex, page),
		ex: &web.Exchange{
			Request: ex.Request, URL: ex.URL, Status: ex.Status, StatusLine: ex.StatusLine, Proto: ex.Proto, Header: ex.Header,
			Truncated: ex.Truncated, Started: ex.Started, FirstByte: ex.FirstByte,
		},
	}
}

// clones are texts that do not hold the page that they stand in.
func clones(list []string) []string {
	const most = 20
	var kept []string
	for _, text := range list[:min(len(list), most)] {
		kept = append(kept, strings.Clone(text))
	}
	return kept
}

// speaks reports whether what is seen of an answer is meant for one visitor, or is too long to be looked through. page is
// nil when it is no HTML.
func speaks(ex *web.Exchange, page *web.Page) bool {
	texts := []string{ex.Text()}
	if page != nil {
		texts = page.Visible
	}
	left := 128 << 10 // bytes
	for _, text := range texts {
		if left -= len(text); left < 0 || speaksToVisitor.MatchString(text) {
			return true
		}
	}
	return false
}

func (v *observation) has(token string) bool { return v.tokens[token].places != 0 }

// lacks reports whether the answer is known not to hold a token.
func (v *observation) lacks(token string) bool {
	return !v.has(token) && (!v.full || !strong(token))
}

func (v *observation) holdsAny(list tokens) bool {
	for t := range list {
		if v.has(t) {
			return true
		}
	}
	return false
}

// volatile reports whether a token was made for this answer alone, as request ids and form tokens are. Times do not
// count: two answers of one moment share them.
func (v *observation) volatile(token string) bool {
	return classOf(token) == classIdentifier && classOf(withoutTimes(token, v.ex.Started)) == classIdentifier
}

// loginAddress is where sites send visitors who are not logged in.
var loginAddress = regexp.MustCompile(`(?i)(log[-_]?in|sign[-_]?in|auth|sso|entrance)`)

// loggedOut reports whether an answer is what a visitor gets who is not logged in. page is nil when it is no HTML.
func loggedOut(ex *web.Exchange, page *web.Page) bool {
	switch ex.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return true
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return loginAddress.MatchString(ex.Header.Get("Location"))
	}
	if page == nil {
		return false
	}
	for _, f := range page.Forms {
		for _, field := range f.Fields {
			if field.Type == "password" {
				return len(f.Fields) <= 6 // longer forms are for changing one's data
			}
		}
	}
	return false
}

// references are what visitors get when nobody else asks. Each has a cache buster that was used once, and the visitors
// take turns, so that whatever changes with time stands in another visitor's answer too.
type references struct {
	visits   []*observation
	identity map[string]tokens // by visitor: what all of its answers hold and no answer to anybody else
}

func newReferences(visits []*observation) *references {
	r := &references{visits: visits, identity: map[string]tokens{}}
	for _, v := range visits {
		if _, done := r.identity[v.who]; !done {
			r.identity[v.who] = r.own(v.who)
		}
	}
	for _, v := range visits {
		v.tokens = v.tokens.lasting()
	}
	return r
}

// own are the tokens that every answer to who holds and no other. One answer alone does not show what is stable.
func (r *references) own(who string) tokens {
	own := tokens{}
	var mine, others []*observation
	for _, v := range r.visits {
		if v.who == who {
			mine = append(mine, v)
		} else {
			others = append(others, v)
		}
	}
	if len(mine) < 2 {
		return own
	}
	for t, at := range mine[0].tokens {
		if all(mine, func(v *observation) bool { return v.has(t) }) && all(others, func(v *observation) bool { return v.lacks(t) }) {
			own[t] = at
		}
	}
	return own
}

func all(list []*observation, ok func(*observation) bool) bool {
	for _, v := range list {
		if !ok(v) {
			return false
		}
	}
	return true
}

// known reports whether a token stands in any of the references.
func (r *references) known(token string) bool {
	return !all(r.visits, func(v *observation) bool { return !v.has(token) })
}

// markers are the tokens by which an answer to who is recognised in another visitor's hands. Words and dates count only
// where two visitors have some of their own: a page with two faces (a theme, a campaign) shows one of them to everybody.
func (r *references) markers(who string) tokens {
	out := tokens{}
	weak := r.twoHaveOwn()
	for t, at := range r.identity[who] {
		if strong(t) || weak && named(t, at.places) {
			out[t] = at
		}
	}
	return out
}

func (r *references) twoHaveOwn() bool {
	n := 0
	for who, own := range r.identity {
		if who == anonymous {
			continue
		}
		for t, at := range own {
			if strong(t) || named(t, at.places) {
				n++
				break
			}
		}
	}
	return n >= 2
}

// personal reports whether a visitor gets what nobody else does.
func (r *references) personal() bool {
	for who := range r.identity {
		if who != anonymous && len(r.markers(who)) > 0 {
			return true
		}
	}
	return false
}

// sameAccount reports whether two visitors get the same mail addresses, and one among them that guests do not. A page that
// shows the visitor before shows each of them another one.
func (r *references) sameAccount() bool {
	seen := map[string]map[string]bool{} // addresses by visitor
	for _, v := range r.visits {
		if seen[v.who] == nil {
			seen[v.who] = map[string]bool{}
		}
		for t := range v.tokens {
			if classOf(t) == classMail {
				seen[v.who][t] = true
			}
		}
	}
	var first map[string]bool
	for _, who := range slices.Sorted(maps.Keys(seen)) {
		switch {
		case who == anonymous:
		case first == nil:
			first = seen[who]
		case maps.Equal(first, seen[who]):
			for t := range first {
				if !seen[anonymous][t] {
					return true
				}
			}
		}
	}
	return false
}

// status is that of the first answer to who, 0 when there is none.
func (r *references) status(who string) int {
	for _, v := range r.visits {
		if v.who == who {
			return v.ex.Status
		}
	}
	return 0
}

// sharedValidator reports whether different members got the same ETag, or without one the same Last-Modified.
func (r *references) sharedValidator() bool {
	owner := map[string]string{}
	for _, v := range r.visits {
		if v.who == anonymous {
			continue
		}
		tag := v.ex.Header.Get("Etag")
		if tag == "" {
			tag = v.ex.Header.Get("Last-Modified")
		}
		if tag == "" {
			continue
		}
		if who, ok := owner[tag]; ok && who != v.who {
			return true
		}
		owner[tag] = v.who
	}
	return false
}

// handsOutCookies reports whether the site gives every answer a session cookie of its own.
func (r *references) handsOutCookies() bool {
	values := map[string]bool{}
	answers := 0
	for _, v := range r.visits {
		found := false
		for t := range v.tokens {
			if v.handsOut(t) {
				values[t], found = true, true
			}
		}
		if found {
			answers++
		}
	}
	return answers >= 2 && len(values) >= 2
}

// handsOutFromStore reports whether a response that says it was stored sets a session cookie.
func (r *references) handsOutFromStore() bool {
	return slices.ContainsFunc(r.visits, func(v *observation) bool {
		if !cacheSigns(v.ex).Hit {
			return false
		}
		for t := range v.tokens {
			if v.handsOut(t) {
				return true
			}
		}
		return false
	})
}

// mentions are the addresses that the page names, as the first member got it, or whoever asked first.
func (r *references) mentions() mentions {
	var best mentions
	for i, v := range r.visits {
		if i == 0 || v.who != anonymous {
			best = v.mentions
		}
		if v.who != anonymous {
			break
		}
	}
	return best
}

// plainlyPublic reports whether a page is certainly meant for all. stranger is an answer to somebody with invented
// cookies. What says something to one visitor, or asks somebody to log in who should be logged in, is no such page, and
// neither is one whose form has the same token for everybody: that was made for one of them. Where nothing shows that
// each answer was made anew, it must be an HTML page at an address that is no account's.
func (r *references) plainlyPublic(page *url.URL, stranger *observation, state busterResult) bool {
	answers := append(slices.Clone(r.visits), stranger)
	if accountAddress.MatchString(page.Path) || state != busterWorks && !stranger.page {
		return false
	}
	for _, v := range answers {
		if v.ex.Status != http.StatusOK || v.loggedOut || v.speaks {
			return false
		}
	}
	return !slices.ContainsFunc(stranger.fields, func(token string) bool {
		return all(answers, func(v *observation) bool { return slices.Contains(v.fields, token) })
	})
}
