package pagechange

import (
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// How much of a page is looked at.
const (
	maxTexts = 1000
	maxParts = 3000
	maxDepth = 200 // elements within one another; deeper ones are as those around them
	maxShown = 80  // characters of a text for people
)

// element is one that is open.
type element struct {
	tag    string
	slot   string // its place: names of elements, ids and classes from the body on
	hidden hiddenBy
}

// reader makes a look of a page, token by token.
type reader struct {
	look  *look
	base  *url.URL
	rules map[string]hiddenBy // of style sheets within the page
	stack []element
	frame bool // what is read is the document of a frame

	title    strings.Builder
	block    strings.Builder // of text, until the next element that begins a line
	heading  bool            // a block stands in a heading
	linked   bool            // a block stands in a link
	script   *strings.Builder
	isScript bool

	hiddenLinks map[string][]string // addresses on the site, by place
}

func newReader(l *look, base *url.URL) *reader {
	return &reader{look: l, base: base, rules: map[string]hiddenBy{}, hiddenLinks: map[string][]string{}}
}

// byItself are events that come without anything that a visitor does.
var byItself = []string{"onload", "onerror", "onpageshow", "onbegin", "onend", "onanimationstart", "onanimationend", "ontransitionend", "ontoggle", "onscroll", "onfocus"}

// inlineTags are elements that do not begin a line.
var inlineTags = []string{"a", "abbr", "b", "bdi", "cite", "em", "font", "i", "img", "label", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "time", "u", "wbr", "var"}

// voidTags are elements without an end.
var voidTags = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}

// silentTags are elements whose text is none.
var silentTags = []string{"template", "textarea", "select", "option", "svg", "math", "iframe"}

var styleSheet = regexp.MustCompile(`(?is)<style[^>]*>(.*?)</style`)

func (r *reader) read(text string) {
	const sheets = 50
	for _, m := range styleSheet.FindAllStringSubmatch(text, sheets) {
		for selector, how := range hidingRules(m[1]) {
			r.rules[selector] = max(r.rules[selector], how)
		}
	}
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		switch z.Next() {
		case html.ErrorToken:
			r.endBlock()
			r.endScript()
			return
		case html.TextToken:
			r.text(string(z.Text()))
		case html.StartTagToken, html.SelfClosingTagToken:
			name, more := z.TagName()
			tag := string(name)
			a := map[string]string{}
			for n := 0; more && n < 100; n++ {
				var key, value []byte
				key, value, more = z.TagAttr()
				if _, known := a[string(key)]; !known {
					a[string(key)] = string(value)
				}
			}
			r.start(tag, a)
		case html.EndTagToken:
			name, _ := z.TagName()
			r.end(string(name))
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

func (r *reader) top() element {
	if len(r.stack) == 0 {
		return element{}
	}
	return r.stack[len(r.stack)-1]
}

func (r *reader) within(tags ...string) bool {
	return slices.ContainsFunc(r.stack, func(e element) bool { return slices.Contains(tags, e.tag) })
}

func (r *reader) text(text string) {
	switch {
	case r.script != nil:
		r.script.WriteString(text)
	case r.top().tag == "title" && !r.within("svg"):
		if !r.frame {
			r.title.WriteString(text)
		}
	case r.top().tag == "style":
	case r.within("noscript"): // the tokenizer does not read what is in it
		r.noscript(text)
	case r.within(silentTags...):
	case r.top().hidden != seen:
		r.look.spam.read(text)
	default:
		r.block.WriteString(text)
		r.heading = r.heading || r.within("h1")
		r.linked = r.linked || r.within("a")
	}
}

// noscript reads what stands for visitors without scripts, and search engines: nobody else sees it.
func (r *reader) noscript(text string) {
	inner := newReader(r.look, r.base)
	inner.frame, inner.hiddenLinks = true, r.hiddenLinks
	inner.stack = []element{{tag: "div", slot: r.top().slot, hidden: folded}}
	inner.read(text)
}

func (r *reader) start(tag string, a map[string]string) {
	if !slices.Contains(inlineTags, tag) {
		r.endBlock()
	}
	up := r.top()
	e := element{tag: tag, slot: slotOf(up.slot, tag, a), hidden: max(up.hidden, hiddenByAttributes(tag, a, r.rules))}
	if tag == "html" || tag == "body" {
		e.hidden = up.hidden // some hide all until a script has run
	}
	r.element(e, a)
	for name, value := range a {
		if strings.HasPrefix(name, "on") {
			r.inline(value, e.slot, slices.Contains(byItself, name))
		}
	}
	if !slices.Contains(voidTags, tag) && len(r.stack) < maxDepth {
		r.stack = append(r.stack, e)
	}
}

func (r *reader) end(tag string) {
	if !slices.Contains(inlineTags, tag) {
		r.endBlock()
	}
	if tag == "script" {
		r.endScript()
	}
	for i := len(r.stack) - 1; i >= 0; i-- {
		if r.stack[i].tag == tag {
			r.stack = r.stack[:i]
			return
		}
	}
}

// add notes a part, and reports whether there was room for it.
func (r *reader) add(k kind, value, slot, shown string) bool {
	if len(r.look.parts) >= maxParts {
		return false
	}
	r.look.parts = append(r.look.parts, part{kind: k, value: value, slot: slot, shown: shown})
	return true
}

// foreign is an address on another site; ok is false for one of the site itself, and for none.
func (r *reader) foreign(text string) (u *url.URL, ok bool) {
	u, err := r.base.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return u, false
	}
	return u, !sameSite(u.Hostname(), r.look.home.Hostname())
}

// other notes an address when it is on another site, and reports whether it has.
func (r *reader) other(k kind, text, slot string) bool {
	u, ok := r.foreign(text)
	return ok && r.add(k, domainOf(u), slot, u.Scheme+"://"+u.Host+u.EscapedPath())
}

func (r *reader) element(e element, a map[string]string) {
	switch e.tag {
	case "a", "area":
		r.link(e, a)
	case "script":
		r.scriptTag(e, a)
	case "iframe", "frame", "embed", "object":
		r.frameTag(e, a)
	case "form":
		r.other(kindForm, a["action"], e.slot)
	case "button", "input":
		if a["formaction"] != "" {
			r.other(kindForm, a["formaction"], e.slot)
		}
	case "base":
		if href := a["href"]; href != "" {
			r.other(kindBase, href, "head")
			if u, err := r.base.Parse(href); err == nil {
				r.base = u
			}
		}
	case "meta":
		r.meta(a)
	case "link":
		u, other := r.foreign(a["href"])
		switch rel := strings.ToLower(strings.TrimSpace(a["rel"])); {
		case rel == "canonical":
			r.other(kindCanonical, a["href"], "head")
		case other && (rel == "alternate" || rel == "amphtml"):
			r.look.announces[registered(u.Hostname())] = true
		}
	}
}

func (r *reader) link(e element, a map[string]string) {
	u, other := r.foreign(a["href"])
	if e.hidden != seen || r.frame && r.top().hidden != seen {
		r.look.spam.read(strings.ReplaceAll(a["href"], "-", " "))
	}
	switch {
	case other && e.hidden != seen:
		if n := len(r.look.parts); r.add(kindHiddenTo, domainOf(u), e.slot, u.Host) {
			r.look.parts[n].buried = e.hidden == buried
		}
	case other:
		r.look.links++
		r.add(kindLink, domainOf(u), e.slot, u.Host)
	case u == nil || u.Host == "" || a["href"] == "" || strings.HasPrefix(a["href"], "#"):
	case e.hidden == seen:
		r.look.links++
		r.look.ownLinks[u.RequestURI()] = true
	default:
		slot := r.top().slot
		r.hiddenLinks[slot] = append(r.hiddenLinks[slot], u.RequestURI())
		if e.hidden == buried {
			r.look.hiddenOwn[slot] = 0 // counted in the end
		}
	}
}

func (r *reader) scriptTag(e element, a map[string]string) {
	src := strings.TrimSpace(a["src"])
	kind, _, _ := mime.ParseMediaType(a["type"])
	r.script, r.isScript = &strings.Builder{}, kind == "" || kind == "module" || strings.Contains(kind, "javascript") || strings.Contains(kind, "ecmascript")
	switch {
	case strings.HasPrefix(src, "data:"):
		r.inline(dataOf(src), e.slot, true)
	case src != "":
		r.other(kindScript, src, e.slot)
	}
}

func (r *reader) endScript() {
	if r.script == nil {
		return
	}
	source := r.script.String()
	r.script = nil
	if r.isScript && strings.TrimSpace(source) != "" {
		r.inline(source, r.top().slot, true)
	}
}

// inline looks at the source of a script.
func (r *reader) inline(source, slot string, byItself bool) {
	s := readScript(source)
	for _, u := range s.loads {
		r.other(kindScript, u.String(), slot)
	}
	for _, u := range s.leaves {
		if !byItself {
			r.other(kindLink, u.String(), slot)
			continue
		}
		if n := len(r.look.parts); r.other(kindRefresh, u.String(), slot) {
			r.look.parts[n].unsure = true
		}
	}
	if len(s.hides) > 0 {
		r.add(kindInline, s.shape, slot, strings.Join(s.hides, ", "))
	}
}

func (r *reader) frameTag(e element, a map[string]string) {
	src := strings.TrimSpace(a["src"])
	if e.tag == "object" {
		src = strings.TrimSpace(a["data"])
	}
	switch {
	case strings.HasPrefix(src, "data:text/html"):
		r.document(dataOf(src), e)
	case strings.HasPrefix(strings.ToLower(src), "javascript:"):
		r.inline(src[len("javascript:"):], e.slot, true)
	case a["srcdoc"] != "":
		r.document(a["srcdoc"], e)
	case e.hidden != seen || tiny(a):
		r.other(kindHidden, src, e.slot)
	default:
		r.other(kindFrame, src, e.slot)
	}
}

// document reads the document of a frame.
func (r *reader) document(text string, e element) {
	if r.frame {
		return
	}
	inner := newReader(r.look, r.base)
	inner.frame, inner.hiddenLinks, inner.stack = true, r.hiddenLinks, []element{e}
	inner.read(text)
}

// refreshTo is the address in a refresh, with or without a name before it.
var refreshTo = regexp.MustCompile(`(?i)^[\s0-9.]*[;,\s]\s*(?:url\s*=\s*)?['"]?([^'"\s]+)`)

func (r *reader) meta(a map[string]string) {
	switch {
	case strings.EqualFold(strings.TrimSpace(a["http-equiv"]), "refresh"):
		if m := refreshTo.FindStringSubmatch(a["content"]); m != nil {
			r.other(kindRefresh, m[1], "head")
		}
	case strings.EqualFold(strings.TrimSpace(a["name"]), "description"):
		r.look.description = a["content"]
		r.look.spam.read(a["content"])
	}
}

// endBlock ends a block of text.
func (r *reader) endBlock() {
	text := strings.Join(strings.Fields(r.block.String()), " ")
	heading, linked := r.heading, r.linked
	r.block.Reset()
	r.heading, r.linked = false, false
	plain := normal(text)
	if plain == "" || len(r.look.texts) >= maxTexts {
		return
	}
	r.look.spam.read(text)
	p := part{kind: kindText, value: hashOf(plain), slot: r.top().slot, shown: beginning(text)}
	if boasts.MatchString(text) && (heading || !linked && signedBoast.MatchString(text) || signedBoast.MatchString(text)) {
		r.look.boast = shown(text)
	}
	r.look.texts = append(r.look.texts, p)
}

func (r *reader) finish() {
	l := r.look
	l.title = strings.Join(strings.Fields(r.title.String()), " ")
	l.spam.read(l.title)
	if boasts.MatchString(l.title) {
		l.boast = shown(l.title)
	}
	for _, term := range longest(l.spam.strong) {
		r.add(kindTerm, term, "", term)
	}
	if l.boast != "" {
		r.add(kindBoast, hashOf(l.boast), "", l.boast)
	}
	for slot, list := range r.hiddenLinks {
		_, isBuried := l.hiddenOwn[slot]
		slices.Sort(list)
		n := 0
		for _, address := range slices.Compact(list) {
			if !l.ownLinks[address] {
				n++
			}
		}
		delete(l.hiddenOwn, slot)
		if n >= manyHidden && (isBuried || len(l.spam.strong) > 1) {
			l.hiddenOwn[slot] = n
			l.parts = append(l.parts, part{kind: kindHiddenOwn, value: hashOf(slot), slot: slot, shown: slot})
		}
	}
}

// manyHidden is how many links to pages that nothing else links to have to be buried at one place to be odd.
const manyHidden = 20
