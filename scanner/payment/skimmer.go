package payment

import (
	"cmp"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tdewolff/parse/v2/js"

	"sotomi/scanner/browser"
)

// Sign is a way in which a page looks like one that steals card data.
type Sign string

// How pages look that steal card data. They are the variants of the signature that tells of them.
const (
	SignCode      Sign = "code"       // code reads what is typed and names a host of nobody known
	SignHidden    Sign = "hidden"     // the same, in a text that has to be decoded first
	SignListener  Sign = "listener"   // a script of such a host is told what is typed into card fields
	SignForm      Sign = "form"       // fields for card data are sent to such a host
	SignFakeForm  Sign = "fake-form"  // fields for card data beside those that a provider shows in a frame
	SignLookAlike Sign = "look-alike" // a host whose name is made to look like that of a known service
	SignSometimes Sign = "sometimes"  // a script of such a host that only some visitors get
	SignSocket    Sign = "socket"     // a socket or a beacon to such a host
	SignStyle     Sign = "style"      // a style that tells such a host what is typed
)

// Suspicion is a sign on a page.
type Suspicion struct {
	Sign   Sign
	What   string   // the script, the form target or the host
	Key    string   // the same from scan to scan
	Hosts  []string // that nobody knows
	Code   string   // the script as it reads when it is laid out and decoded; "" for none
	Visits []browser.Visit
}

// Suspect looks for what pages have in common that steal card data. It knows nothing of what the operator has approved: each
// sign may have a good reason.
func Suspect(p *Page) []Suspicion {
	s := &suspect{page: p, card: p.HasCard()}
	for i := range p.Scripts {
		s.script(&p.Scripts[i])
	}
	for i := range p.Forms {
		s.form(&p.Forms[i])
	}
	s.fakeForm()
	for i := range p.Frames {
		s.lookAlike(hostOf(p.Frames[i].URL), p.Frames[i].Visits)
	}
	for i := range p.Hosts {
		s.host(&p.Hosts[i])
	}
	return s.list
}

type suspect struct {
	page *Page
	card bool // the page has fields for card data
	list []Suspicion
}

func (s *suspect) add(one Suspicion) {
	if !slices.ContainsFunc(s.list, func(o Suspicion) bool { return o.Sign == one.Sign && o.Key == one.Key }) {
		s.list = append(s.list, one)
	}
}

// unknown are those of some hosts that nobody knows.
func (s *suspect) unknown(hosts []string) []string {
	return slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return PartyOf(h, s.page.site()) != Other || notAHost(h) })
}

// notAHost reports whether a name is that of an XML namespace or an example, which scripts name without asking there.
func notAHost(h string) bool {
	return h == "www.w3.org" || h == "schema.org" || h == "localhost" || !strings.Contains(h, ".")
}

func (s *suspect) script(one *Script) {
	if one.Frame != "" && !madeHere(one.Frame) && PartyOf(hostOf(one.Frame), s.page.site()) != Own {
		return // it is in the frame of another site
	}
	host := hostOf(one.URL)
	s.lookAlike(host, one.Visits)
	what, key := one.URL, target(one.URL)
	if one.isInline() {
		what, key = beginning(one), cmp.Or(one.Shape, one.SHA384)
	}
	said := Suspicion{What: what, Key: key, Visits: one.Visits}
	if one.Party == Provider || one.Party == Service {
		return
	}
	code := readCode(one.source)
	foreign := one.Party == Other
	if said.Hosts = s.unknown(code.hosts); foreign {
		said.Hosts = union([]string{host}, said.Hosts)
	}
	listens := slices.ContainsFunc(s.page.Listeners, func(l browser.Listener) bool { return isOf(l, one) && l.Field.Holds == holdsCard })
	switch {
	case foreign && listens:
		said.Sign = SignListener
	case code.reads && code.sends && len(said.Hosts) > 0 && (s.card || code.card):
		said.Sign, said.Code = SignCode, shortened(Pretty(string(one.source)))
	case code.hidden != "" && (s.card || code.card):
		said.Sign, said.Code = SignHidden, shortened(Pretty(code.hidden))
	case foreign && s.onlySometimes(one.Visits):
		said.Sign = SignSometimes
	default:
		return
	}
	s.add(said)
}

// shortened is the beginning of a long text.
func shortened(text string) string {
	const most = 2000 // bytes
	if len(text) > most {
		return strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}

// onlySometimes reports whether something was there on some visits only, and not on the first.
func (s *suspect) onlySometimes(visits []browser.Visit) bool {
	first := func(v Visited) bool { return v.Visit == browser.VisitFirst }
	return slices.ContainsFunc(s.page.Looks, first) && !slices.Contains(visits, browser.VisitFirst)
}

func (s *suspect) form(f *Form) {
	host := hostOf(f.Action)
	s.lookAlike(host, f.Visits)
	if f.Card && f.Party == Other {
		s.add(Suspicion{Sign: SignForm, What: f.Action, Key: target(f.Action), Hosts: []string{host}, Visits: f.Visits})
	}
}

// showsFields are providers that show the fields for card data in frames of their own.
var showsFields = []string{"stripe.com", "squarecdn.com", "squareup.com", "komoju.com", "pay.jp", "adyen.com", "braintreegateway.com", "mul-pay.jp", "fincode.jp"}

// fakeForm looks for fields for card data that nobody needs: in a frame that was made on the page, or beside a provider's.
func (s *suspect) fakeForm() {
	provider := ""
	for i := range s.page.Frames {
		if host := hostOf(s.page.Frames[i].URL); s.page.Frames[i].Party == Provider && slices.ContainsFunc(showsFields, func(d string) bool { return strings.HasSuffix("."+host, "."+d) }) {
			provider = host
		}
	}
	for i := range s.page.Forms {
		f := &s.page.Forms[i]
		if made := f.Frame != "" && madeHere(f.Frame); f.Card && (made || provider != "" && f.Frame == "") {
			what := cmp.Or(f.Action, f.Frame, provider)
			s.add(Suspicion{Sign: SignFakeForm, What: what, Key: target(what), Hosts: s.unknown([]string{hostOf(f.Action)}), Visits: f.Visits})
		}
	}
}

func (s *suspect) host(h *Host) {
	s.lookAlike(h.Name, h.Visits)
	if !s.card || h.Party != Other {
		return
	}
	said := Suspicion{What: h.Name, Key: h.Name, Hosts: []string{h.Name}, Visits: h.Visits}
	switch {
	case slices.Contains(h.Kinds, kindTyped):
		said.Sign = SignStyle
	case slices.Contains(h.Kinds, "websocket") || slices.Contains(h.Kinds, "beacon"):
		said.Sign = SignSocket
	default:
		return
	}
	s.add(said)
}

func (s *suspect) lookAlike(host string, visits []browser.Visit) {
	if PartyOf(host, s.page.site()) == Other && looksAlike(host) {
		s.add(Suspicion{Sign: SignLookAlike, What: host, Key: host, Hosts: []string{host}, Visits: visits})
	}
}

// code is what a script does, as far as its text tells.
type code struct {
	card   bool // it names fields for card data
	reads  bool // it reads what is typed
	sends  bool
	hosts  []string // that its texts name, decoded ones included
	hidden string   // a text in it that has to be decoded and is such code itself; "" for none
}

var (
	readers = []string{"value", "FormData", "serialize", "serializeArray", "keyCode", "onkeyup", "onkeydown", "onblur"}
	sending = []string{
		"fetch", "XMLHttpRequest", "sendBeacon", "WebSocket", "EventSource", "RTCPeerConnection", "Image", "src", "action", "ajax", "post", "getScript",
		"write", "innerHTML", "insertAdjacentHTML", "backgroundImage", "FontFace", "importScripts",
	}
	inBase64 = regexp.MustCompile(`[A-Za-z0-9+/]{24,}={0,2}`)
)

// readCode tells what a script does. Texts in base64 or hexadecimal digits, and lists of character codes, are read too.
func readCode(source []byte) code {
	c := codeOf(source)
	for _, text := range decodedIn(source) {
		inner := codeOf([]byte(text))
		c.hosts = union(c.hosts, inner.hosts)
		if inner.sends && (inner.reads || inner.card) || inner.reads && len(inner.hosts) > 0 {
			c.hidden = text
		}
		c.card = c.card || inner.card
	}
	return c
}

func codeOf(source []byte) code {
	list, ok := tokens(source)
	if !ok && len(list) < 5 { // no program, but perhaps an address
		list = append(list, token{js.StringToken, `"` + string(source) + `"`})
	}
	c := code{hosts: hostsIn(list)}
	for _, t := range list {
		name := t.name()
		switch {
		case !t.isName() && !t.isText():
			continue
		case slices.Contains(readers, name):
			c.reads = true
		case slices.Contains(sending, name):
			c.sends = true
		}
		c.card = c.card || cardName.MatchString(name) || cardLabel.MatchString(name) || strings.Contains(name, "cc-")
	}
	return c
}

// decodedIn are the texts that a script hides: in base64, also in its comments, in hexadecimal digits, and as lists of
// character codes.
func decodedIn(source []byte) []string {
	var found []string
	keep := func(text []byte) {
		if len(text) >= 8 && utf8.Valid(text) && !strings.ContainsFunc(string(text), func(r rune) bool { return unicode.IsControl(r) && !unicode.IsSpace(r) }) {
			found = append(found, string(text))
		}
	}
	const most = 200 // pieces
	for _, m := range inBase64.FindAll(source, most) {
		text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(string(m), "="))
		if err == nil {
			keep(text)
		}
	}
	list, _ := tokens(source)
	var run []byte
	for i, t := range append(list, token{}) {
		n, err := strconv.ParseUint(t.text, 0, 8)
		switch {
		case js.IsNumeric(t.kind) && err == nil:
			run = append(run, byte(n))
		case t.text == "," && i > 0:
		default:
			keep(run)
			run = nil
		}
	}
	return found
}
