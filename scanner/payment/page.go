// Package payment knows what a payment page is made of, what the operator has approved of it, and what of it looks like code
// that steals card data. It asks for nothing: pages come as looks of a browser, or are read from HTML.
package payment

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"sotomi/scanner/browser"
	"sotomi/scanner/evidence"
)

// Why says why a page counts as a payment page.
type Why string

// Why a page counts as a payment page.
const (
	WhyNamed    Why = "named"    // the user named it
	WhyCard     Why = "card"     // it has fields for card data
	WhyProvider Why = "provider" // it loads the script of a payment provider
	WhyAddress  Why = "address"  // its address is that of a cart or a checkout
)

// Page is the inventory of a payment page over all looks at it.
type Page struct {
	URL  string    `json:"url"`
	Why  Why       `json:"why"`
	Time time.Time `json:"time"` // UTC, in whole seconds, when it was looked at

	Looks []Visited `json:"looks"`

	Headers   []Header             `json:"headers,omitempty"` // those that protect, as received
	Scripts   []Script             `json:"scripts,omitempty"`
	Styles    []Style              `json:"styles,omitempty"`
	Forms     []Form               `json:"forms,omitempty"`
	Frames    []Frame              `json:"frames,omitempty"`
	Hosts     []Host               `json:"hosts,omitempty"` // other than the shop's own that the page asked for anything but scripts and frames
	Storage   []browser.StorageKey `json:"storage,omitempty"`
	Workers   []browser.Worker     `json:"workers,omitempty"`
	Listeners []browser.Listener   `json:"listeners,omitempty"`

	Gone []Gone `json:"gone,omitempty"` // what payment.yaml lists and the page no longer has

	Unseen []string `json:"unseen,omitempty"` // what could not be seen, in plain English
}

// Visited is one look at the page.
type Visited struct {
	Visit    browser.Visit `json:"visit"`
	Final    string        `json:"final,omitempty"` // where it led to, when that is another address
	Status   int           `json:"status"`
	HTMLOnly bool          `json:"html_only,omitempty"`
}

// Header is a header of the page. Nonces in it are left out, for each answer has its own.
type Header struct {
	Name   string          `json:"name"`
	Value  string          `json:"value"`
	Visits []browser.Visit `json:"visits"`
}

// Script is one that ran, or that the page names.
type Script struct {
	browser.Script
	Party    Party           `json:"party"`
	Shape    string          `json:"shape,omitempty"`  // of an inline one: the same as long as its code and the hosts in it are
	Text     string          `json:"text,omitempty"`   // of an inline one, without secrets; "" when it is long
	Hashes   []string        `json:"hashes,omitempty"` // further ones of an inline script whose data differ from look to look
	Visits   []browser.Visit `json:"visits"`
	Approval *Approval       `json:"approval,omitempty"` // nil for one that payment.yaml does not list

	source []byte // nil when it was not read
}

// Style is a style sheet with an address of its own.
type Style struct {
	browser.Sheet
	Party    Party           `json:"party"`
	Visits   []browser.Visit `json:"visits"`
	Approval *Approval       `json:"approval,omitempty"` // nil for one that payment.yaml does not list
}

// Form is a form, or fields outside of any.
type Form struct {
	browser.Form
	Party  Party           `json:"party"`
	Card   bool            `json:"card,omitempty"` // it has fields for card data
	Visits []browser.Visit `json:"visits"`
}

// Frame is a frame of the page.
type Frame struct {
	browser.Frame
	Party  Party           `json:"party"`
	Visits []browser.Visit `json:"visits"`
}

// Host is one that the page sent requests to.
type Host struct {
	Name       string          `json:"name"`
	Party      Party           `json:"party"`
	Kinds      []string        `json:"kinds"`                // of requests, such as image or websocket
	Initiators []string        `json:"initiators,omitempty"` // addresses of the scripts or pages that made them
	Visits     []browser.Visit `json:"visits"`
}

// maxText is the longest inline script that the inventory holds itself, in bytes.
const maxText = 16 << 10

// protecting are the headers that an inventory has.
var protecting = []string{
	"Content-Security-Policy", "Content-Security-Policy-Report-Only", "Cross-Origin-Embedder-Policy", "Cross-Origin-Opener-Policy",
	"Cross-Origin-Resource-Policy", "Permissions-Policy", "Referrer-Policy", "Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options",
}

// NewPage makes the inventory of a page of all looks at it, of which there must be one.
func NewPage(why Why, now time.Time, looks ...*browser.Look) *Page {
	p := &Page{URL: looks[0].URL, Why: why, Time: now.UTC().Truncate(time.Second)}
	for _, l := range looks {
		p.add(l)
	}
	for i := range p.Scripts {
		s := &p.Scripts[i]
		if text := string(s.source); s.isInline() && len(text) <= maxText {
			s.Text = evidence.Redact(text)
		}
	}
	return p
}

// site is the host of the page.
func (p *Page) site() string { return hostOf(p.URL) }

// HasCard reports whether the page has fields for card data.
func (p *Page) HasCard() bool {
	return slices.ContainsFunc(p.Forms, func(f Form) bool { return f.Card })
}

// HTMLOnly reports whether there was no browser.
func (p *Page) HTMLOnly() bool {
	return slices.ContainsFunc(p.Looks, func(v Visited) bool { return v.HTMLOnly })
}

// isInline reports whether a script has no file of its own.
func (s *Script) isInline() bool { return madeHere(s.URL) }

// Name is the address of a script without what differs from visit to visit, "" for one within the page.
func (s *Script) Name() string {
	if s.isInline() {
		return ""
	}
	return target(s.URL)
}

// Source is the code as it was read, nil when it was not.
func (s *Script) Source() []byte { return s.source }

// add takes what one look shows.
func (p *Page) add(l *browser.Look) {
	v := Visited{Visit: l.Visit, Status: l.Status, HTMLOnly: l.HTMLOnly}
	if l.Final != l.URL {
		v.Final = l.Final
	}
	p.Looks = append(p.Looks, v)
	p.addHeaders(l.Header, l.Visit)
	for i := range l.Scripts {
		s := l.Scripts[i]
		if at := target(s.URL); at != "" && (at == target(l.Final) || at == target(l.URL) || at == target(s.Frame)) {
			s.URL = "" // it stands in the page
		}
		p.addScript(&s, l.Visit)
	}
	for _, s := range l.Sheets {
		p.addStyle(s, l.Visit)
	}
	for _, f := range l.Forms {
		p.addForm(f, l.Visit)
	}
	for _, f := range l.Frames {
		p.addFrame(f, l.Visit)
	}
	for _, r := range l.Requests {
		p.addRequest(r, l.Visit)
	}
	p.Storage = union(p.Storage, l.Storage)
	p.Workers = union(p.Workers, l.Workers)
	p.Listeners = union(p.Listeners, l.Listeners)
	p.Unseen = union(p.Unseen, l.Unseen)
}

// union is a list with those of another that it lacks, in order.
func union[T comparable](list, more []T) []T {
	for _, one := range more {
		if !slices.Contains(list, one) {
			list = append(list, one)
		}
	}
	return list
}

func (p *Page) addHeaders(h http.Header, v browser.Visit) {
	for _, name := range protecting {
		for _, value := range h.Values(name) {
			value = nonce.ReplaceAllString(strings.TrimSpace(value), "'nonce-*'")
			at := slices.IndexFunc(p.Headers, func(other Header) bool { return other.Name == name && other.Value == value })
			if at < 0 {
				p.Headers = append(p.Headers, Header{Name: name, Value: value})
				at = len(p.Headers) - 1
			}
			p.Headers[at].Visits = union(p.Headers[at].Visits, []browser.Visit{v})
		}
	}
}

func (p *Page) addScript(s *browser.Script, v browser.Visit) {
	one := Script{Script: *s, Party: Own, Visits: []browser.Visit{v}, source: s.Source}
	one.Script.Source = nil
	if !one.isInline() {
		one.Party = PartyOf(hostOf(s.URL), p.site())
	} else if len(s.Source) > 0 {
		one.Shape = Shape(s.Source)
	}
	at := slices.IndexFunc(p.Scripts, func(other Script) bool {
		if one.isInline() {
			return other.isInline() && other.Frame == one.Frame && cmp.Or(other.Shape, other.SHA384) == cmp.Or(one.Shape, one.SHA384)
		}
		return other.URL == one.URL && other.Frame == one.Frame && other.SHA384 == one.SHA384
	})
	if at < 0 {
		p.Scripts = append(p.Scripts, one)
		return
	}
	p.Scripts[at].Visits = union(p.Scripts[at].Visits, one.Visits)
	if one.SHA384 != p.Scripts[at].SHA384 {
		p.Scripts[at].Hashes = union(p.Scripts[at].Hashes, []string{one.SHA384})
	}
}

func (p *Page) addStyle(s browser.Sheet, v browser.Visit) {
	one := Style{Sheet: s, Party: PartyOf(hostOf(s.URL), p.site()), Visits: []browser.Visit{v}}
	one.Source = nil
	at := slices.IndexFunc(p.Styles, func(o Style) bool { return o.URL == one.URL && o.SHA384 == one.SHA384 })
	if at < 0 {
		p.Styles = append(p.Styles, one)
		return
	}
	p.Styles[at].Visits = union(p.Styles[at].Visits, one.Visits)
}

func (p *Page) addForm(f browser.Form, v browser.Visit) {
	one := Form{Form: f, Party: PartyOf(hostOf(f.Action), p.site()), Visits: []browser.Visit{v}}
	one.Card = slices.ContainsFunc(f.Fields, func(field browser.Field) bool { return field.Holds == holdsCard || Holds(field) == holdsCard })
	at := slices.IndexFunc(p.Forms, func(other Form) bool {
		return target(other.Action) == target(one.Action) && other.Method == one.Method && other.Frame == one.Frame && other.Card == one.Card
	})
	if at < 0 {
		p.Forms = append(p.Forms, one)
		return
	}
	p.Forms[at].Visits = union(p.Forms[at].Visits, one.Visits)
}

func (p *Page) addFrame(f browser.Frame, v browser.Visit) {
	one := Frame{Frame: f, Party: PartyOf(hostOf(f.URL), p.site()), Visits: []browser.Visit{v}}
	at := slices.IndexFunc(p.Frames, func(other Frame) bool { return target(other.URL) == target(one.URL) && other.Hidden == one.Hidden })
	if at < 0 {
		p.Frames = append(p.Frames, one)
		return
	}
	p.Frames[at].Visits = union(p.Frames[at].Visits, one.Visits)
}

// addRequest notes a host that is not the shop's own. Scripts and frames are listed as such.
func (p *Page) addRequest(r browser.Request, v browser.Visit) {
	host := hostOf(r.URL)
	party := PartyOf(host, p.site())
	if party == Own || r.Kind == "script" || r.Kind == "document" {
		return
	}
	at := slices.IndexFunc(p.Hosts, func(h Host) bool { return h.Name == host })
	if at < 0 {
		p.Hosts = append(p.Hosts, Host{Name: host, Party: party})
		at = len(p.Hosts) - 1
	}
	h := &p.Hosts[at]
	h.Kinds = union(h.Kinds, []string{r.Kind})
	h.Visits = union(h.Visits, []browser.Visit{v})
	if r.Initiator != "" {
		h.Initiators = union(h.Initiators, []string{r.Initiator})
	}
}

// target is an address without what differs from visit to visit: query and fragment.
func target(address string) string {
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	return address
}
