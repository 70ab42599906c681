package payment

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"sotomi/scanner/browser"
)

// Kind is how a page differs from what was approved.
type Kind string

// How pages differ from what was approved. They are the variants of the signature that tells of them.
const (
	KindListener      Kind = "listener"               // a script that is not approved is told what is typed into card fields
	KindFormCard      Kind = "form-card"              // card data go to an address that is not approved
	KindForm          Kind = "form"                   // another form goes to one
	KindForeignScript Kind = "script-foreign"         // a new script of another host
	KindInlineScript  Kind = "script-inline"          // a new script within the page, or one that a script made
	KindForeignEarly  Kind = "script-foreign-no-card" // the same, on a page that has no field for card data and no payment provider
	KindInlineEarly   Kind = "script-inline-no-card"
	KindOwnScript     Kind = "script-own"     // a new file of the shop's own host
	KindChanged       Kind = "changed"        // a file with other contents than those that were approved
	KindChangedInline Kind = "changed-inline" // a script within the page whose code changed
	KindIntegrity     Kind = "integrity"      // what keeps a script as it was is gone
	KindStyle         Kind = "style"          // a new style sheet of another host that may be used otherwise
	KindChangedStyle  Kind = "style-changed"  // one with other contents than those that were approved
	KindFrame         Kind = "frame"
	KindHost          Kind = "host"
	KindWorker        Kind = "worker"
	KindHeader        Kind = "header"
	KindExpired       Kind = "expired"
	KindGone          Kind = "gone"         // something that is listed is no longer on the page
	KindGoneGuarded   Kind = "gone-guarded" // the same, of a script that its attribute or the policy of the page protected
)

// Deviation is one difference between a page and what was approved.
type Deviation struct {
	Kind       Kind
	What       string // an address, a host or a name
	Key        string // the same from scan to scan, also where What has parts that are made up
	Approved   string // what was approved in its place, such as a hash or a value; "" for nothing
	Seen       string // what was seen, such as a hash
	Difference string // of two inline scripts
	Visits     []browser.Visit
	Initiators []string
}

// Judge compares a page with what was approved, and notes in the page who approved its scripts.
func (f *File) Judge(p *Page, now time.Time) []Deviation {
	j := &judge{file: f, page: p, now: now}
	j.scripts()
	j.listeners()
	j.forms()
	j.frames()
	j.styles()
	j.hosts()
	j.workers()
	j.headers()
	return j.list
}

type judge struct {
	file *File
	page *Page
	now  time.Time
	list []Deviation

	bad     []*Script // scripts that are not approved
	expired []string
}

// foreign reports whether something lies in a frame of another site: what goes on there is its business, and the frame is
// judged as one.
func (j *judge) foreign(frame string) bool {
	return frame != "" && !madeHere(frame) && PartyOf(hostOf(frame), j.page.site()) != Own
}

func (j *judge) add(d Deviation) {
	if !slices.ContainsFunc(j.list, func(o Deviation) bool { return o.Kind == d.Kind && o.Key == d.Key }) {
		j.list = append(j.list, d)
	}
}

// over tells of an approval whose last day is over, once.
func (j *judge) over(a *Approval, what string) {
	if a.ended(j.now) && !slices.Contains(j.expired, what) {
		j.expired = append(j.expired, what)
		j.add(Deviation{Kind: KindExpired, What: what, Key: what, Approved: a.Until})
	}
}

func (j *judge) scripts() {
	for i := range j.page.Scripts {
		s := &j.page.Scripts[i]
		if j.foreign(s.Frame) || j.ofVendor(s) {
			continue
		}
		d := j.script(s)
		if d == nil {
			continue
		}
		j.bad = append(j.bad, s)
		if d.Visits, d.Initiators = s.Visits, s.Initiators; !j.listens(s) { // else it is told with what it listens to
			j.add(*d)
		}
	}
}

// ofVendor reports whether code was made of a text by the script of a known vendor that is approved.
func (j *judge) ofVendor(s *Script) bool {
	if s.Kind != "eval" || len(s.Initiators) == 0 {
		return false
	}
	by := s.Initiators[0]
	party := PartyOf(hostOf(by), j.page.site())
	return (party == Provider || party == Service) && slices.ContainsFunc(j.file.Scripts, func(e Entry) bool {
		return e.URL != "" && e.Integrity == ByVendor && fits(e.URL, by)
	})
}

// script is how one differs, nil when it is approved.
func (j *judge) script(s *Script) *Deviation {
	if s.isInline() {
		return j.inline(s)
	}
	var first *Deviation
	for i := range j.file.Scripts {
		e := &j.file.Scripts[i]
		if e.URL == "" || !fits(e.URL, s.URL) {
			continue
		}
		d := e.differs(s)
		if d == nil {
			j.approve(s, e)
			return nil
		}
		if first == nil {
			first = d
		}
	}
	if first != nil {
		return first
	}
	kind := j.graded(KindForeignScript, KindForeignEarly)
	if s.Party == Own {
		kind = KindOwnScript
	}
	return &Deviation{Kind: kind, What: s.URL, Key: target(s.URL), Seen: hashText(s.SHA384)}
}

// graded is the kind of a new script: another where the page has nothing yet that it could steal.
func (j *judge) graded(kind, early Kind) Kind {
	if j.page.HasCard() || j.page.HasProvider() {
		return kind
	}
	return early
}

func (j *judge) approve(s *Script, e *Entry) {
	a := e.Approval
	a.Kept = e.Integrity
	s.Approval = &a
	j.over(&a, cmp.Or(e.URL, e.Inline))
}

// differs is how a file differs from its entry, nil when it does not.
func (e *Entry) differs(s *Script) *Deviation {
	changed := func(approved string) *Deviation {
		return &Deviation{Kind: KindChanged, What: s.URL, Key: target(s.URL), Approved: approved, Seen: hashText(s.SHA384)}
	}
	lost := &Deviation{Kind: KindIntegrity, What: s.URL, Key: target(s.URL), Approved: string(e.Integrity), Seen: s.Integrity}
	read := s.SHA384 != ""
	switch e.Integrity {
	case ByHash:
		if read && !slices.Contains(e.Hashes, sha384+s.SHA384) {
			return changed(strings.Join(e.Hashes, ", "))
		}
	case ByDeploy:
		for _, known := range e.Files {
			if read && known.URL == s.URL && known.Hash != sha384+s.SHA384 {
				return changed(known.Hash)
			}
		}
	case BySRI:
		if s.Integrity == "" {
			return lost
		}
		if len(e.Hashes) > 0 && !slices.ContainsFunc(strings.Fields(s.Integrity), func(h string) bool { return slices.Contains(e.Hashes, h) }) {
			return changed(strings.Join(e.Hashes, ", "))
		}
	case ByCSP:
		if !s.Nonce && s.CSP != "allowed" {
			return lost
		}
	case ByVendor, ByShape:
	}
	return nil
}

func hashText(hash string) string {
	if hash == "" {
		return ""
	}
	return sha384 + hash
}

// inline is how a script within the page differs, nil when it is approved.
func (j *judge) inline(s *Script) *Deviation {
	for i := range j.file.Scripts {
		e := &j.file.Scripts[i]
		if e.Inline != "" && e.holds(s) {
			j.approve(s, e)
			return nil
		}
	}
	seen := cmp.Or(s.Shape, s.SHA384)
	if was := j.closest(s); was != nil {
		return &Deviation{
			Kind: KindChangedInline, What: was.Inline, Key: was.Inline, Approved: strings.Join(was.Hashes, ", "), Seen: hashText(seen),
			Difference: Difference(was.Text, s.Text),
		}
	}
	d := &Deviation{Kind: j.graded(KindInlineScript, KindInlineEarly), What: beginning(s), Key: seen, Seen: hashText(seen)}
	if s.Text != "" {
		d.Difference = Difference("", s.Text)
	}
	return d
}

// holds reports whether an entry is of this inline script.
func (e *Entry) holds(s *Script) bool {
	if e.Integrity == ByShape {
		return s.Shape != "" && slices.Contains(e.Hashes, sha384+s.Shape)
	}
	for _, hash := range append([]string{s.SHA384}, s.Hashes...) {
		if !slices.Contains(e.Hashes, sha384+hash) {
			return false
		}
	}
	return true
}

// closest is the approved inline script that this one was made of: it is not on the page any more, and most of its words are
// in this one. nil for none.
func (j *judge) closest(s *Script) *Entry {
	var best *Entry
	most := 0.5
	words := wordsOf(s.Text)
	for i := range j.file.Scripts {
		e := &j.file.Scripts[i]
		if e.Inline == "" || e.Text == "" || slices.ContainsFunc(j.page.Scripts, func(o Script) bool { return o.isInline() && e.holds(&o) }) {
			continue
		}
		if part := shared(wordsOf(e.Text), words); part > most {
			best, most = e, part
		}
	}
	return best
}

// wordsOf are the words of a script and how often each is there.
func wordsOf(text string) map[string]int {
	list, _ := tokens([]byte(text))
	words := map[string]int{}
	for _, t := range list {
		words[t.text]++
	}
	return words
}

// shared is the part of some words that others have too.
func shared(of, others map[string]int) float64 {
	all, both := 0, 0
	for word, n := range of {
		all += n
		both += min(n, others[word])
	}
	if all == 0 {
		return 0
	}
	return float64(both) / float64(all)
}

// beginning names an inline script by the first of its code.
func beginning(s *Script) string {
	const most = 60 // characters
	text := strings.Join(strings.Fields(s.Text), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "..."
	}
	return cmp.Or(text, s.Kind)
}
