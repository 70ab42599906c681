package payment

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"sotomi/scanner/browser"
	"sotomi/scanner/web"
)

// LookAt reads from HTML alone what a page says of itself. Nothing that a script does is in it.
func LookAt(ex *web.Exchange, visit browser.Visit) *browser.Look {
	first := ex
	for first.Previous != nil {
		first = first.Previous
	}
	l := &browser.Look{URL: first.URL.String(), Final: ex.URL.String(), Visit: visit, HTMLOnly: true, Status: ex.Status, Header: ex.Header.Clone()}
	r := &reader{look: l, base: ex.URL}
	r.read(ex.Text())
	if r.cut {
		l.Unseen = append(l.Unseen, "the page holds more than is read of it")
	}
	return l
}

// maxElements is how many elements of one kind are read of a page.
const maxElements = 2000

// reader reads a page token by token, for a tree of a hostile page is large.
type reader struct {
	look *browser.Look
	base *url.URL
	cut  bool
	deep int // documents around this one

	style  bool          // within a style sheet
	form   *browser.Form // that is open
	loose  browser.Form  // fields outside of any
	labels map[string]string
	label  *string // of the label that is open: its text
	id     string  // of the field that it is for
}

func (r *reader) read(text string) {
	r.labels = map[string]string{}
	z := html.NewTokenizer(strings.NewReader(text))
	var script *browser.Script
	for {
		switch z.Next() {
		case html.ErrorToken:
			r.end()
			return
		case html.TextToken:
			switch {
			case script != nil:
				r.source(script, z.Text())
			case r.style:
				r.sheet(string(z.Text()))
			case r.label != nil:
				*r.label += strings.TrimSpace(string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			name, a := attributes(z)
			script = r.start(name, a)
		case html.EndTagToken:
			name, _ := z.TagName()
			switch string(name) {
			case "form":
				r.closeForm()
			case "label":
				r.closeLabel()
			}
			script, r.style = nil, false
		default:
		}
	}
}

// attributes are those of the element at hand; of several with one name the first counts.
func attributes(z *html.Tokenizer) (string, map[string]string) {
	name, more := z.TagName()
	element, list := string(name), map[string]string{}
	for n := 0; more && n < 100; n++ {
		var key, value []byte
		key, value, more = z.TagAttr()
		if _, ok := list[string(key)]; !ok {
			list[string(key)] = string(value)
		}
	}
	return element, list
}

// start takes an element. It returns the script whose text comes next, nil for none.
func (r *reader) start(name string, a map[string]string) *browser.Script {
	for key, code := range a {
		if strings.HasPrefix(key, "on") && strings.TrimSpace(code) != "" {
			r.handler(code)
		}
	}
	for _, key := range []string{"href", "action", "src"} {
		if code, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(a[key])), "javascript:"); ok && len(strings.Trim(code, "; ")) > len("void(0)") {
			r.handler(strings.TrimSpace(a[key])[len("javascript:"):])
		}
	}
	switch name {
	case "style":
		r.style = true
	case "base":
		if u, err := r.base.Parse(strings.TrimSpace(a["href"])); err == nil && a["href"] != "" {
			r.base = u
		}
	case "script":
		return r.script(a)
	case "iframe", "frame", "object", "embed":
		r.frame(a)
	case "form":
		r.openForm(a)
	case "input", "select", "textarea":
		r.field(name, a)
	case "label":
		text := ""
		r.label, r.id = &text, a["for"]
	case "img", "link", "source", "video", "audio":
		r.request(name, a)
	case "meta":
		if strings.EqualFold(strings.TrimSpace(a["http-equiv"]), "content-security-policy") {
			r.look.Header.Add("Content-Security-Policy", a["content"])
		}
	}
	return nil
}

// absolute is an address as the page means it, "" for none.
func (r *reader) absolute(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	u, err := r.base.Parse(text)
	if err != nil {
		return ""
	}
	return u.String()
}

// room reports whether there is room for one more of a kind.
func (r *reader) room(n int) bool {
	r.cut = r.cut || n >= maxElements
	return n < maxElements
}

// runs tells the kind of a script, "" for data that only look like one.
func runs(a map[string]string) string {
	kind := strings.ToLower(strings.TrimSpace(a["type"]))
	switch kind {
	case "module":
		return "module"
	case "", "text/javascript", "application/javascript", "application/x-javascript", "text/ecmascript", "application/ecmascript":
		return "inline"
	case "importmap":
		return "importmap"
	}
	return ""
}

func (r *reader) script(a map[string]string) *browser.Script {
	kind := runs(a)
	if kind == "" || !r.room(len(r.look.Scripts)) {
		return nil
	}
	_, hasNonce := a["nonce"]
	s := browser.Script{Kind: kind, Integrity: a["integrity"], Nonce: hasNonce}
	if src, ok := a["src"]; ok {
		if s.URL = r.absolute(src); s.URL == "" {
			return nil
		}
		if kind == "inline" {
			s.Kind = "file"
		}
	}
	r.look.Scripts = append(r.look.Scripts, s)
	if s.URL != "" {
		return nil
	}
	return &r.look.Scripts[len(r.look.Scripts)-1]
}

func (r *reader) source(s *browser.Script, text []byte) {
	s.Source = append([]byte(nil), text...)
	s.SHA384, s.Size = hash384(s.Source), len(s.Source)
}

// handler takes code that stands in an attribute.
func (r *reader) handler(code string) {
	if r.room(len(r.look.Scripts)) {
		r.look.Scripts = append(r.look.Scripts, browser.Script{Kind: "handler", Source: []byte(code), SHA384: hash384([]byte(code)), Size: len(code)})
	}
}

func (r *reader) frame(a map[string]string) {
	address := r.absolute(a["src"] + a["data"])
	if document, ok := a["srcdoc"]; ok {
		address = "about:srcdoc"
		r.inside(document)
	}
	if address != "" && r.room(len(r.look.Frames)) {
		r.look.Frames = append(r.look.Frames, browser.Frame{URL: address, Sandbox: a["sandbox"], Hidden: isHidden(a)})
	}
}

// inside reads a document that stands in an attribute.
func (r *reader) inside(document string) {
	const deepest = 4
	if r.deep == deepest {
		r.cut = true
		return
	}
	inner := &reader{look: &browser.Look{Header: map[string][]string{}}, base: r.base, deep: r.deep + 1}
	inner.read(document)
	r.cut = r.cut || inner.cut
	const here = "about:srcdoc"
	for i := range inner.look.Scripts {
		inner.look.Scripts[i].Frame = here
	}
	for i := range inner.look.Forms {
		inner.look.Forms[i].Frame = here
	}
	r.look.Scripts = append(r.look.Scripts, inner.look.Scripts...)
	r.look.Forms = append(r.look.Forms, inner.look.Forms...)
	r.look.Requests = append(r.look.Requests, inner.look.Requests...)
	r.look.Sheets = append(r.look.Sheets, inner.look.Sheets...)
}

// isHidden reports whether the page says that an element takes no room.
func isHidden(a map[string]string) bool {
	style := strings.ToLower(strings.ReplaceAll(a["style"], " ", ""))
	_, hidden := a["hidden"]
	none := func(size string) bool { return size == "0" || size == "1" || size == "0px" || size == "1px" }
	return hidden || strings.Contains(style, "display:none") || strings.Contains(style, "visibility:hidden") || strings.Contains(style, "opacity:0;") ||
		none(a["width"]) && none(a["height"])
}

func (r *reader) openForm(a map[string]string) {
	if r.form != nil || !r.room(len(r.look.Forms)) {
		return
	}
	f := browser.Form{Action: r.look.Final, Method: "GET", Hidden: isHidden(a)}
	if action := r.absolute(a["action"]); action != "" {
		f.Action = action
	}
	if strings.EqualFold(a["method"], "post") {
		f.Method = "POST"
	}
	r.form = &f
}

func (r *reader) closeForm() {
	if r.form != nil {
		r.look.Forms = append(r.look.Forms, *r.form)
		r.form = nil
	}
}

func (r *reader) field(element string, a map[string]string) {
	f := browser.Field{Name: a["name"], ID: a["id"], Type: strings.ToLower(a["type"]), Autocomplete: a["autocomplete"], Label: a["aria-label"] + a["placeholder"]}
	if element != "input" {
		f.Type = element
	}
	if r.label != nil {
		f.Label += *r.label
	}
	to := &r.loose
	if r.form != nil {
		to = r.form
	}
	if r.room(len(to.Fields)) {
		to.Fields = append(to.Fields, f)
	}
}

func (r *reader) closeLabel() {
	if r.label != nil && r.id != "" {
		r.labels[r.id] = *r.label
	}
	r.label = nil
}

// request takes what the page loads beside scripts and frames.
func (r *reader) request(element string, a map[string]string) {
	kind, address := "image", a["src"]
	if element == "link" {
		address = a["href"]
		switch rel := strings.ToLower(a["rel"]); {
		case strings.Contains(rel, "stylesheet"), strings.Contains(rel, "preload") && strings.EqualFold(a["as"], "style"):
			kind = "style"
			r.linked(address, a["integrity"])
		case strings.Contains(rel, "icon"):
		default:
			return // it is a hint, or is not loaded
		}
	}
	if address = r.absolute(address); address != "" && !madeHere(address) && r.room(len(r.look.Requests)) {
		r.look.Requests = append(r.look.Requests, browser.Request{URL: address, Method: "GET", Kind: kind, Initiator: r.look.Final})
	}
}

// linked takes a style sheet that the page names.
func (r *reader) linked(address, integrity string) {
	if text, ok := dataOf(strings.TrimSpace(address)); ok {
		r.sheet(text)
		return
	}
	addLink(r.look, r.absolute(address), integrity, r.room)
}

// sheet takes what a style sheet within the page asks for.
func (r *reader) sheet(text string) {
	addSheet(r.look, r.base, r.look.Final, []byte(text), r.room)
}

// end gives the fields what their labels say.
func (r *reader) end() {
	r.closeForm()
	if len(r.loose.Fields) > 0 {
		r.look.Forms = append(r.look.Forms, r.loose)
	}
	for i := range r.look.Forms {
		for j := range r.look.Forms[i].Fields {
			f := &r.look.Forms[i].Fields[j]
			f.Label += r.labels[f.ID]
			f.Holds = Holds(*f)
		}
	}
}

// Complete adds to a look of a browser what only the HTML shows: code in attributes, scripts within the page that the browser
// did not run, where modules come from, and addresses in style sheets that are asked for when something is typed.
func Complete(seen, html *browser.Look) *browser.Look {
	ran := map[string]bool{}
	for i := range seen.Scripts {
		if len(seen.Scripts[i].Source) > 0 {
			ran[Shape(seen.Scripts[i].Source)] = true
		}
	}
	for i := range html.Scripts {
		if s := &html.Scripts[i]; s.URL == "" && len(s.Source) > 0 && !ran[Shape(s.Source)] {
			seen.Scripts = append(seen.Scripts, *s)
		}
	}
	for _, r := range html.Requests {
		if r.Kind == kindTyped {
			seen.Requests = append(seen.Requests, r)
		}
	}
	for i := range seen.Sheets {
		s := &seen.Sheets[i]
		if at := slices.IndexFunc(html.Sheets, func(o browser.Sheet) bool { return o.URL == s.URL }); at >= 0 {
			s.Integrity = html.Sheets[at].Integrity
		}
	}
	return seen
}

// SetSource gives a script of a look the contents of its file.
func SetSource(s *browser.Script, source []byte) {
	s.Source, s.SHA384, s.Size = source, hash384(source), len(source)
}
