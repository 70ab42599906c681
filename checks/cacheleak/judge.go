package cacheleak

import (
	"maps"
	"slices"

	"sotomi/scanner/message"
)

// proof says how it is known that an answer was another visitor's.
type proof string

const (
	proofSameAnswer proof = "same answer"
	proofSameBytes  proof = "same bytes"
	proofWhole      proof = "all marks"
	proofMark       proof = "marks"
)

// message is the proof in a sentence.
func (p proof) message() message.Message {
	switch p {
	case proofSameAnswer:
		return message.New("It is the very response that the other visitor received: it carries an identifier made for that response only.")
	case proofSameBytes:
		return message.New("It is the other visitor's response, byte for byte.")
	case proofWhole:
		return message.New("It contains all of the other visitor's marks and none of the receiver's own.")
	default:
		return message.New("It contains marks of the other visitor and none of the receiver's own.")
	}
}

// crossUser is an answer in the wrong hands.
type crossUser struct {
	donor   string
	fill    *observation // the donor's answer that it is a copy of; nil when not known
	got     *observation
	control *observation // what the receiver got under a cache buster of its own
	tokens  []string
	proof   proof
	cookie  bool // only in Set-Cookie
	made    bool // the cookie is new and nobody's mark: two may get it by asking at one moment
}

// strength orders proofs: the best of a round is shown.
func (c *crossUser) strength() int {
	switch c.proof {
	case proofSameAnswer:
		return 4
	case proofSameBytes:
		return 3
	case proofWhole:
		return 2
	default:
		return 1
	}
}

// origin is the answer that got is a copy of, or got itself.
func (c *crossUser) origin() *observation {
	if c.fill != nil {
		return c.fill
	}
	return c.got
}

// crossed looks for another visitor's marks in got. fills are the answers to others under the same cache buster. control
// is an answer to the same visitor under a cache buster that nobody else used: what it holds proves nothing. It is nil
// for a first look, before it is worth a request. Marks beside the receiver's own are no proof: pages show whom they were
// last visited by.
func (r *references) crossed(fills []*observation, got, control *observation) *crossUser {
	for _, donor := range slices.Sorted(maps.Keys(r.identity)) {
		if donor == got.who || donor == anonymous {
			continue
		}
		if c := r.crossedFrom(donor, fills, got, control); c != nil && !got.holdsAny(r.identity[got.who]) {
			return c
		}
	}
	return nil
}

// mixed reports whether got holds marks that say by themselves that they are another visitor's, beside the receiver's own.
func (r *references) mixed(got, control *observation) bool {
	if !got.holdsAny(r.identity[got.who]) {
		return false
	}
	for donor := range r.identity {
		if donor == got.who || donor == anonymous {
			continue
		}
		for t := range r.markers(donor) {
			if strong(t) && got.has(t) && (control == nil || control.lacks(t)) {
				return true
			}
		}
	}
	return false
}

func (r *references) crossedFrom(donor string, fills []*observation, got, control *observation) *crossUser {
	marks := r.markers(donor)
	c := &crossUser{donor: donor, got: got, control: control}
	anyStrong, onlyCookie, inBody := false, true, false
	for t := range marks {
		if !got.has(t) || control != nil && !control.lacks(t) {
			continue
		}
		c.tokens = append(c.tokens, t)
		anyStrong = anyStrong || strong(t)
		onlyCookie = onlyCookie && got.tokens[t].places == placeSetCookie
		inBody = inBody || got.tokens[t].places&(placeBody|placeSeen|placeData) != 0
	}
	if len(c.tokens) == 0 {
		return nil
	}
	slices.Sort(c.tokens)
	c.cookie = onlyCookie
	whole := len(c.tokens) == len(marks)
	// Whoever has nothing of their own on the page cannot be seen to have lost it: guests, often. No page shows the
	// headers of another's answer.
	replaced := control == nil || control.holdsAny(r.identity[got.who]) || !inBody
	switch fill, same := r.source(donor, fills, got, control), r.sameBytes(donor, fills, got); {
	case fill != nil:
		c.proof, c.fill = proofSameAnswer, fill
	case inBody && same != nil:
		c.proof, c.fill = proofSameBytes, same
	case replaced && whole:
		c.proof = proofWhole
	case replaced && anyStrong:
		c.proof = proofMark
	default:
		return nil
	}
	return c
}

// sameBytes is an answer to donor whose body got has, nil when none is.
func (r *references) sameBytes(donor string, fills []*observation, got *observation) *observation {
	for _, f := range slices.Concat(fills, r.visits) {
		if f.who == donor && f.digest == got.digest && f.size > 0 {
			return f
		}
	}
	return nil
}

// source is the answer to donor that got is a copy of, nil when none is.
func (r *references) source(donor string, fills []*observation, got, control *observation) *observation {
	for _, f := range fills {
		if f.who == donor && len(r.sharedOnly(f, got, control)) > 0 {
			return f
		}
	}
	return nil
}

// sharedOnly are the tokens that were made for one answer and stand in both of two, in order.
func (r *references) sharedOnly(fill, got, control *observation) []string {
	var list []string
	for t := range got.tokens {
		if fill.has(t) && !r.known(t) && got.volatile(t) && (control == nil || control.lacks(t)) {
			list = append(list, t)
		}
	}
	slices.Sort(list)
	return list
}

// cookieCrossed looks for a session cookie that was made for one visitor in another's answer under the same cache buster.
// It needs no mark: the site gives every visitor a value of its own, and these two got the same. Of several cookies it
// shows the first in order.
func (r *references) cookieCrossed(fills []*observation, got, control *observation) *crossUser {
	for _, t := range slices.Sorted(maps.Keys(got.tokens)) {
		if !got.handsOut(t) || r.known(t) || control != nil && !control.lacks(t) {
			continue
		}
		for _, f := range fills {
			if f.handsOut(t) && (f.who != got.who || got.who == anonymous) {
				return &crossUser{donor: f.who, fill: f, got: got, control: control, tokens: []string{t}, proof: proofSameAnswer, cookie: true, made: true}
			}
		}
	}
	return nil
}

// handsOut reports whether the answer sets a token as a session cookie, and the value is none that two visitors get by
// chance: it has some 40 bits beside the time of the answer.
func (v *observation) handsOut(token string) bool {
	if v.tokens[token].places&placeSetCookie == 0 {
		return false
	}
	const fewest = 10
	rest := withoutTimes(token, v.ex.Started)
	return len(rest) >= fewest && slices.ContainsFunc([]byte(rest), func(c byte) bool { return c >= '0' && c <= '9' })
}

// displaced looks for a guest's very answer in a member's hands, in the place of the member's own page. control must be
// the member's own page.
func (r *references) displaced(fill, got, control *observation) *crossUser {
	marks := r.markers(got.who)
	if len(marks) == 0 || got.holdsAny(marks) || !control.holdsAny(marks) {
		return nil
	}
	shared := r.sharedOnly(fill, got, control)
	if len(shared) == 0 {
		return nil
	}
	return &crossUser{donor: fill.who, fill: fill, got: got, control: control, tokens: shared, proof: proofSameAnswer}
}
