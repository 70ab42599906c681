package pagechange

import (
	"encoding/json"
	"math/bits"
	"slices"

	"sotomi/scanner/evidence"
)

// Bounds of what is kept of a page.
const (
	learning  = 5   // looks until a page is known, and after which something new belongs to it
	keptLooks = 16  // looks after which what is not seen any more is forgotten
	keptTexts = 150 // blocks of text
	keptParts = 120 // other parts
	keptLinks = 100 // other sites that are linked to; of a page with more, they are not looked at
	keptShown = 24  // blocks of text that can be shown to people
	keptBad   = 60  // parts that were told
	keptOlder = 60  // blocks of text that were there before a page was replaced
	keptEvent = 8   // replacements of one page
)

// page is what is known of a page from earlier looks at it.
type page struct {
	Runs    int               `json:"runs"`
	Looks   map[visitor]int   `json:"looks"` // by visitor, keptLooks at most
	Parts   []*known          `json:"parts"`
	Titles  map[visitor]title `json:"titles,omitempty"`
	Crowded bool              `json:"crowded,omitempty"` // it links to more sites than are kept
	Most    map[string]int    `json:"most,omitempty"`    // by kind and place: how many parts that come and go were there at once
	Fresh   int               `json:"fresh,omitempty"`   // how many other sites were linked to that were not before, at most
	Changes []*change         `json:"changes,omitempty"`

	Picture *evidence.Picture `json:"picture,omitempty"` // of the last look at which nothing was wrong
}

// title is the usual title of a page, and by how many looks it is ahead of others.
type title struct {
	Hash  string `json:"h"`
	Shown string `json:"t,omitempty"`
	Row   int    `json:"n"`
}

// known is a part that was seen, one bit for each look of each visitor, the newest first.
type known struct {
	Kind  kind               `json:"k"`
	Value string             `json:"v"`
	Slot  string             `json:"s,omitempty"` // hash
	Shown string             `json:"t,omitempty"`
	Seen  map[visitor]uint16 `json:"b,omitempty"`
	Bad   string             `json:"bad,omitempty"` // the variant as which it was told: it is never learned; "" for others
}

// change is a page that was replaced. It is told until what was there before is back.
type change struct {
	ID     string   `json:"id"`
	Who    visitor  `json:"who"`
	Grave  bool     `json:"grave,omitempty"`
	Before []string `json:"before,omitempty"` // for people
	Old    []string `json:"old"`              // hashes of blocks
	Back   int      `json:"back,omitempty"`   // for how many looks what was there before is back
}

func newPage() *page {
	return &page{Looks: map[visitor]int{}, Titles: map[visitor]title{}, Most: map[string]int{}}
}

// readPage reads what was remembered; nothing is known when that cannot be read.
func readPage(text json.RawMessage) *page {
	p := newPage()
	if json.Unmarshal(text, p) != nil || p.Looks == nil {
		return newPage()
	}
	if p.Titles == nil {
		p.Titles = map[visitor]title{}
	}
	if p.Most == nil {
		p.Most = map[string]int{}
	}
	p.Picture = p.Picture.Sound()
	return p
}

// learned reports whether enough is known to tell a change.
func (p *page) learned() bool { return p.Runs >= learning }

// troubled reports whether something was told of the page that was there in the newest look.
func (p *page) troubled() bool {
	there := func(k *known) bool {
		return k.Bad != "" && slices.ContainsFunc([]visitor{plain, phone, search}, func(who visitor) bool { return k.Seen[who]&1 != 0 })
	}
	return slices.ContainsFunc(p.Parts, there) || slices.ContainsFunc(p.Changes, func(c *change) bool { return c.Back == 0 })
}

// find is a part that is known, nil for none.
func (p *page) find(k kind, value string) *known {
	for _, part := range p.Parts {
		if part.Kind == k && part.Value == value {
			return part
		}
	}
	return nil
}

// usual reports whether a part was in all of a visitor's newest looks but one.
func (p *page) usual(k *known, who visitor) bool {
	const newest = 1<<learning - 1
	return p.Looks[who] >= learning && bits.OnesCount16(k.Seen[who]&newest) >= learning-1
}

// sometimes reports whether a part comes and goes.
func (p *page) sometimes(k *known) bool {
	for who, n := range p.Looks {
		if count := bits.OnesCount16(k.Seen[who]); count > 0 && count < min(n, keptLooks) {
			return true
		}
	}
	return false
}

// stable are the blocks of text that are usually there.
func (p *page) stable(who visitor) []*known {
	var list []*known
	for _, k := range p.Parts {
		if k.Kind == kindText && p.usual(k, who) {
			list = append(list, k)
		}
	}
	return list
}

// learn adds a look, but for parts of it that were told and are too many to be remembered.
func (p *page) learn(who visitor, l *look, except map[string]bool) {
	if l.to == nil {
		p.shift(who, l)
	}
	index := map[string]*known{}
	counts := map[kind]int{}
	for _, k := range p.Parts {
		index[string(k.Kind)+k.Value] = k
		counts[k.Kind]++
	}
	for _, v := range slices.Concat(l.texts, l.parts) {
		k := index[v.id()]
		if k == nil && except[v.id()] {
			continue
		}
		if k == nil {
			if v.kind == kindText && counts[kindText] >= keptTexts {
				continue
			}
			if (v.kind == kindLink || v.kind == kindHiddenTo) && counts[v.kind] >= keptLinks {
				p.Crowded = true
				continue
			}
			counts[v.kind]++
			k = newKnown(v, counts[v.kind])
			p.Parts = append(p.Parts, k)
			index[v.id()] = k
		}
		if k.Seen == nil {
			k.Seen = map[visitor]uint16{}
		}
		k.Seen[who] |= 1
	}
	p.busy(l)
}

// shift makes room for one more look of a visitor.
func (p *page) shift(who visitor, l *look) {
	p.Looks[who] = min(p.Looks[who]+1, keptLooks)
	for _, k := range p.Parts {
		if k.Seen[who] <<= 1; k.Seen[who] == 0 {
			delete(k.Seen, who)
		}
	}
	t := p.Titles[who]
	switch hash := hashOf(normal(l.title)); {
	case t.Hash == hash:
		t.Row = min(t.Row+1, learning)
	case t.Row > 0:
		t.Row--
	default:
		t = title{Hash: hash, Shown: shown(l.title), Row: 1}
	}
	p.Titles[who] = t
}

// newKnown is a part that was seen for the first time, the nth of its kind.
func newKnown(v part, n int) *known {
	k := &known{Kind: v.kind, Value: v.value}
	switch v.kind {
	case kindText:
		if n <= keptShown {
			k.Shown = shown(v.shown)
		}
	case kindLink, kindHiddenTo, kindTerm, kindBoast:
	default:
		k.Slot = hashOf(v.slot)
	}
	return k
}

// place is where parts may take turns.
func place(k kind, slot string) string { return string(k) + " " + slot }

// busy notes how many parts that come and go are at each place at once.
func (p *page) busy(l *look) {
	counts := map[string]int{}
	for _, v := range l.unique() {
		if k := p.find(v.kind, v.value); k != nil && k.Bad == "" && p.sometimes(k) {
			counts[place(v.kind, hashOf(v.slot))]++
		}
	}
	for at, n := range counts {
		p.Most[at] = max(p.Most[at], n)
	}
}

// unique are the parts that tell whom a page trusts, each once.
func (l *look) unique() []part {
	var list []part
	seen := map[string]bool{}
	for _, v := range l.parts {
		if _, tells := variantOf[v.kind]; tells && !seen[v.id()] {
			seen[v.id()] = true
			list = append(list, v)
		}
	}
	return list
}

// tells reports whether a part is told by itself.
func (k *known) tells() bool {
	_, is := variantOf[k.Kind]
	return is
}

// forget drops what was not seen for long, and what is too much: first what comes and goes.
func (p *page) forget() {
	p.Parts = slices.DeleteFunc(p.Parts, func(k *known) bool { return k.Bad == "" && len(k.Seen) == 0 })
	bad, others := 0, 0
	for _, k := range p.Parts {
		switch {
		case k.Bad != "":
			bad++
		case k.tells():
			others++
		}
	}
	p.Parts = slices.DeleteFunc(p.Parts, func(k *known) bool {
		switch {
		case k.Bad != "" && bad > keptBad:
			bad--
			return true
		case k.Bad == "" && k.tells() && others > keptParts && p.sometimes(k):
			others--
			return true
		}
		return false
	})
	p.Changes = p.Changes[max(0, len(p.Changes)-keptEvent):]
}
