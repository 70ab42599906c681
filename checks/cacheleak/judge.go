package cacheleak

import (
	"bytes"
	"maps"
	"slices"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// sighting is one answer to one visitor under one key of ours.
type observation struct {
	who    string // "A", "B", or anonymous
	key    string // of our own, in the address; "" for the bare address
	ex     *web.Exchange
	tokens tokens
}

const anonymous = "anonymous"

func newObservation(who, key string, ex *web.Exchange) *observation {
	return &observation{who: who, key: key, ex: ex, tokens: tokensOf(ex, key)}
}

// references are what visitors get when nobody else asks: each under a key that was used once, the visitors in turn, so
// that what changes with time stands in somebody else's answer as well.
type references struct {
	visits   []*observation
	identity map[string]tokens // by visitor: in all of its answers and in nobody else's
	known    map[string]bool   // every token of any of them
}

// newReferences learns what belongs to whom. All that changes between two answers to the same visitor is noise and
// never enters.
func newReferences(visits []*observation) *references {
	r := &references{visits: visits, identity: map[string]tokens{}, known: map[string]bool{}}
	for _, v := range visits {
		for t := range v.tokens {
			r.known[t] = true
		}
	}
	for _, v := range visits {
		if _, done := r.identity[v.who]; !done {
			r.identity[v.who] = r.own(v.who)
		}
	}
	return r
}

func (r *references) own(who string) tokens {
	var own tokens
	for _, v := range r.visits {
		if v.who != who {
			continue
		}
		if own == nil {
			own = maps.Clone(v.tokens)
			continue
		}
		maps.DeleteFunc(own, func(t string, _ tokenPlace) bool { return v.tokens[t] == 0 })
	}
	for _, v := range r.visits {
		if v.who != who {
			maps.DeleteFunc(own, func(t string, _ tokenPlace) bool { return v.tokens[t] != 0 })
		}
	}
	maps.DeleteFunc(own, func(t string, _ tokenPlace) bool { return markerClass(t) == "time" })
	return own
}

// markers are the tokens by which an answer to who is known in another's hands. Words count only where two visitors each
// have some that nobody else gets: a page that has two faces (a theme, a language) shows one of them to everybody.
func (r *references) markers(who string) tokens {
	out := tokens{}
	words := r.bothNamed()
	for t, place := range r.identity[who] {
		if strong(t) || words && named(t, place) {
			out[t] = place
		}
	}
	return out
}

func (r *references) bothNamed() bool {
	n := 0
	for who, own := range r.identity {
		if who == anonymous {
			continue
		}
		for t, place := range own {
			if strong(t) || named(t, place) {
				n++
				break
			}
		}
	}
	return n >= 2
}

// personal reports whether any of the visitors gets what nobody else does.
func (r *references) personal() bool {
	for who := range r.identity {
		if who != anonymous && len(r.markers(who)) > 0 {
			return true
		}
	}
	return false
}

// sameAccount reports whether two visitors get one mail address that guests do not.
func (r *references) sameAccount() bool {
	holders := map[string]map[string]bool{}
	for _, v := range r.visits {
		for t := range v.tokens {
			if markerClass(t) != "mail address" {
				continue
			}
			if holders[t] == nil {
				holders[t] = map[string]bool{}
			}
			holders[t][v.who] = true
		}
	}
	for _, who := range holders {
		if len(who) >= 2 && !who[anonymous] {
			return true
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

// proof says how it is known that an answer was another visitor's.
type proof string

const (
	proofSameAnswer proof = "same answer"
	proofWhole      proof = "all marks"
	proofMark       proof = "marks"
)

// message is the proof in a sentence.
func (p proof) message() message.Message {
	switch p {
	case proofSameAnswer:
		return message.New("it is the very answer that the other visitor got: it carries an identifier made for that answer only")
	case proofWhole:
		return message.New("it has all of the other visitor's marks and none of the receiver's own")
	default:
		return message.New("it has marks of the other visitor")
	}
}

// crossing is an answer in the wrong hands.
type crossUser struct {
	donor    string
	fill     *observation // the donor's answer that it came from; nil when not known
	got      *observation
	control  *observation // what the receiver got under a key of its own
	tokens   []string
	proof    proof
	cookie   bool // only in Set-Cookie
	together bool // both asked at the same time
}

// strength orders crossings: the best of a round is shown.
func (c *crossUser) strength() int {
	switch c.proof {
	case proofSameAnswer:
		return 3
	case proofWhole:
		return 2
	default:
		return 1
	}
}

// crossed looks for another visitor's marks in got. fills are the answers under the same key to others, control is an
// answer to the same visitor under a key that nobody else used; it must not hold them.
func (r *references) crossed(fills []*observation, got, control *observation) *crossUser {
	for _, donor := range slices.Sorted(maps.Keys(r.identity)) {
		if donor == got.who || donor == anonymous {
			continue
		}
		if c := r.crossedFrom(donor, fills, got, control); c != nil {
			return c
		}
	}
	return nil
}

func (r *references) crossedFrom(donor string, fills []*observation, got, control *observation) *crossUser {
	marks := r.markers(donor)
	c := &crossUser{donor: donor, got: got, control: control}
	anyStrong, onlyCookie := false, true
	for t := range marks {
		place := got.tokens[t]
		if place == 0 || control != nil && control.tokens[t] != 0 {
			continue
		}
		c.tokens = append(c.tokens, t)
		anyStrong = anyStrong || strong(t)
		onlyCookie = onlyCookie && place == placeSetCookie
	}
	if len(c.tokens) == 0 {
		return nil
	}
	slices.Sort(c.tokens)
	c.cookie = onlyCookie
	whole := len(c.tokens) == len(marks) && !holdsAny(got, r.identity[got.who])
	switch fill := r.source(donor, fills, got, control); {
	case fill != nil:
		c.proof, c.fill = proofSameAnswer, fill
	case whole:
		c.proof = proofWhole
	case anyStrong:
		c.proof = proofMark
	default:
		return nil
	}
	return c
}

// source is the answer to donor that got is a copy of: they share a token that no other answer has.
func (r *references) source(donor string, fills []*observation, got, control *observation) *observation {
	for _, f := range fills {
		if f.who == donor && r.sameAnswer(f, got, control) {
			return f
		}
	}
	return nil
}

func (r *references) sameAnswer(f, got, control *observation) bool {
	for t := range got.tokens {
		if f.tokens[t] == 0 || r.known[t] || !volatile(t) || control != nil && control.tokens[t] != 0 {
			continue
		}
		return true
	}
	return false
}

func holdsAny(v *observation, own tokens) bool {
	for t := range own {
		if v.tokens[t] != 0 {
			return true
		}
	}
	return false
}

// cookieCrossed looks for a session cookie that was made for one visitor in another's answer under the same key. It needs
// no mark: the site gives every visitor a value of its own, and these two got the same.
func (r *references) cookieCrossed(fills []*observation, got, control *observation) *crossUser {
	for t, place := range got.tokens {
		if place&placeSetCookie == 0 || r.known[t] || control != nil && control.tokens[t] != 0 || !unguessable(t) {
			continue
		}
		for _, f := range fills {
			if f.tokens[t]&placeSetCookie != 0 {
				return &crossUser{donor: f.who, fill: f, got: got, control: control, tokens: []string{t}, proof: proofSameAnswer, cookie: true}
			}
		}
	}
	return nil
}

// displaced looks for a guest's very answer in a member's hands, in the place of the member's own page.
func (r *references) displaced(fill, got, control *observation) *crossUser {
	marks := r.markers(got.who)
	if len(marks) == 0 || holdsAny(got, marks) || !holdsAny(control, marks) || !r.sameAnswer(fill, got, control) {
		return nil
	}
	c := &crossUser{donor: fill.who, fill: fill, got: got, control: control, proof: proofSameAnswer}
	for t := range got.tokens {
		if volatile(t) && fill.tokens[t] != 0 && control.tokens[t] == 0 && !r.known[t] {
			c.tokens = append(c.tokens, t)
		}
	}
	slices.Sort(c.tokens)
	return c
}

// unguessable values have at least some 40 bits: nobody gets the same one by chance.
func unguessable(s string) bool {
	return len(s) >= 10 && slices.ContainsFunc([]byte(s), func(c byte) bool { return c >= '0' && c <= '9' })
}

// handsOutCookies reports whether the site gives every answer a session cookie of its own.
func (r *references) handsOutCookies() bool {
	seen := map[string]int{}
	answers := 0
	for _, v := range r.visits {
		found := false
		for t, place := range v.tokens {
			if place&placeSetCookie != 0 && unguessable(t) {
				seen[t]++
				found = true
			}
		}
		if found {
			answers++
		}
	}
	return answers >= 2 && len(seen) >= 2
}

// isolation says whether our key is part of the cache's own.
type busterResult string

const (
	busterWorks   busterResult = "isolated"     // every key brought an answer of its own
	busterFails   busterResult = "not isolated" // a key never used before brought a stored answer
	busterUnknown busterResult = "not known"    // nothing in the answers tells
)

// judgeIsolation compares answers that all have a key of their own. A stored answer among them, or one that is the copy
// of another, shows that the cache does not look at the key.
func judgeBuster(visits []*observation) busterResult {
	known := false
	for i, v := range visits {
		if s := cacheSigns(v.ex); s.Hit {
			return busterFails
		} else if s.Miss {
			known = true
		}
		for _, w := range visits[:i] {
			if copyOf(visits, v, w) {
				return busterFails
			}
		}
		for t := range v.tokens {
			known = known || volatile(t)
		}
	}
	if known {
		return busterWorks
	}
	return busterUnknown
}

// copyOf reports whether two visitors got one answer: the same bytes, with an identifier that other answers to these two
// lack. What all their answers share belongs to the page.
func copyOf(all []*observation, v, w *observation) bool {
	if v.who == w.who || !bytes.Equal(v.ex.Body, w.ex.Body) {
		return false
	}
	for t := range v.tokens {
		if !volatile(t) || w.tokens[t] == 0 {
			continue
		}
		for _, o := range all {
			if (o.who == v.who || o.who == w.who) && o.tokens[t] == 0 {
				return true
			}
		}
	}
	return false
}

// keyed reports whether a cache is seen to keep answers by our key: asked for twice under one key, a guest got one answer,
// and another under the next key. Where nothing is stored for guests this cannot be seen.
func keyedByBuster(first, second, other *observation) bool {
	return again(first, second) && !cacheSigns(other.ex).Hit && !again(first, other)
}

// again reports whether the second answer is the first one.
func again(first, second *observation) bool {
	if cacheSigns(second.ex).Hit {
		return true
	}
	shared := false
	for t := range first.tokens {
		if !volatile(t) {
			continue
		}
		if second.tokens[t] == 0 {
			return false
		}
		shared = true
	}
	return shared
}
