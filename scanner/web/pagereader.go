package web

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// pageReader reads a page token by token: a tree of a hostile page costs hundreds of times its size.
type pageReader struct {
	page    *Page
	base    string // href of the first <base>
	links   addresses
	scripts addresses
	styles  addresses
	frames  addresses
	media   addresses
	assets  addresses
	actions []string // of the forms

	attributes map[string]string // of the element at hand

	quotes  map[string]bool // quoting elements that are open
	hidden  map[string]int  // elements that are open whose text nobody sees as such
	inTitle bool
	titled  bool
	inForm  bool
	fields  int    // of all forms
	choice  *Field // the select that is open
	chosen  bool   // its selected option was seen
}

// unseen are elements whose text is no text of the page.
var unseen = []string{"title", "script", "style", "textarea", "pre", "code", "template", "noscript"}

func (r *pageReader) read(text string) {
	r.attributes, r.hidden, r.quotes = map[string]string{}, map[string]int{}, map[string]bool{}
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			r.page.Title = strings.TrimSpace(r.page.Title)
			return
		case html.TextToken:
			r.text(z)
		case html.CommentToken:
			if r.keep(len(r.page.Comments) < maxComments) {
				r.page.Comments = append(r.page.Comments, string(z.Text()))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			r.start(r.tag(z), r.attributes)
		case html.EndTagToken:
			name, _ := z.TagName()
			r.end(string(name))
		case html.DoctypeToken:
		}
	}
}

// keep marks the page as cut when there is no room, and reports whether there is.
func (r *pageReader) keep(room bool) bool {
	r.page.Cut = r.page.Cut || !room
	return room
}

func (r *pageReader) text(z *html.Tokenizer) {
	if r.inTitle {
		r.page.Title += string(z.Text())
		return
	}
	for _, open := range r.hidden {
		if open > 0 {
			return
		}
	}
	text := strings.TrimSpace(string(z.Text()))
	if text != "" && r.keep(len(r.page.Visible) < maxVisible) {
		r.page.Visible = append(r.page.Visible, text)
		r.page.Within = append(r.page.Within, r.within())
	}
}

// quoting are elements in which text is an entry or a quotation, and the tags that end them beside their own: many pages
// leave those out.
var quoting = map[string][]string{
	"dt": {"dd", "/dl"}, "dd": {"dt", "/dl"}, "td": {"td", "th", "tr", "/tr", "/table"}, "th": {"td", "th", "tr", "/tr", "/table"},
	"blockquote": nil, "q": nil, "samp": nil, "kbd": nil, "tt": nil,
}

// within is the quoting element that is open, "" for none; tables, which pages are laid out with, count last.
func (r *pageReader) within() string {
	for _, name := range []string{"blockquote", "q", "samp", "kbd", "tt", "dt", "dd", "td", "th"} {
		if r.quotes[name] {
			return name
		}
	}
	return ""
}

// quote notes a tag that begins or ends a quoting element; "/" stands before the name of one that ends.
func (r *pageReader) quote(tag string) {
	for name := range r.quotes {
		if tag == "/"+name || slices.Contains(quoting[name], tag) {
			delete(r.quotes, name)
		}
	}
	if _, is := quoting[tag]; is {
		r.quotes[tag] = true
	}
}

// tag is the name of an element. Its attributes are read where they matter; of several with one name the first counts.
func (r *pageReader) tag(z *html.Tokenizer) string {
	clear(r.attributes)
	name, more := z.TagName()
	element := string(name)
	if !slices.Contains(elements, element) {
		return element
	}
	for n := 0; more; n++ {
		if !r.keep(n < maxAttributes) {
			break
		}
		var key, value []byte
		key, value, more = z.TagAttr()
		if _, ok := r.attributes[string(key)]; !ok {
			r.attributes[string(key)] = string(value)
		}
	}
	return element
}

// elements are those whose attributes are looked at.
var elements = []string{
	"a", "area", "iframe", "frame", "link", "script", "img", "source", "video", "audio", "track", "embed", "object",
	"base", "meta", "form", "input", "button", "select", "textarea", "option",
}

func (r *pageReader) start(name string, a map[string]string) {
	r.quote(name)
	if slices.Contains(unseen, name) {
		r.hidden[name]++
	}
	switch name {
	case "title":
		r.inTitle = !r.titled
		r.titled = true
	case "a", "area":
		r.links.take(a, "href")
	case "iframe", "frame":
		r.links.take(a, "src")
		r.frames.take(a, "src")
	case "script":
		r.scripts.take(a, "src")
	case "img", "source", "video", "audio":
		r.assets.take(a, "src")
		r.media.take(a, "src")
	case "track":
		r.media.take(a, "src")
	case "embed":
		r.assets.take(a, "src")
		r.frames.take(a, "src")
	case "object":
		r.assets.take(a, "data")
		r.frames.take(a, "data")
	case "link":
		r.link(a)
	case "base":
		if href, ok := a["href"]; ok && r.base == "" {
			r.base = strings.TrimSpace(href)
		}
	case "meta":
		r.meta(a)
	case "form":
		r.form(a)
	case "input", "button", "select", "textarea", "option":
		if name == "input" && strings.EqualFold(a["type"], "image") {
			r.media.take(a, "src")
		}
		r.field(name, a)
	}
}

func (r *pageReader) end(name string) {
	r.quote("/" + name)
	if r.hidden[name] > 0 {
		r.hidden[name]--
	}
	switch name {
	case "title":
		r.inTitle = false
	case "form":
		r.inForm, r.choice = false, nil
	case "select":
		r.choice = nil
	}
}

func (r *pageReader) link(a map[string]string) {
	for rel := range strings.FieldsSeq(strings.ToLower(a["rel"])) {
		switch rel {
		case "stylesheet", "icon", "preload":
			r.assets.take(a, "href")
			if rel == "stylesheet" {
				r.styles.take(a, "href")
			}
			return
		case "canonical", "next", "prev":
			r.links.take(a, "href")
			return
		}
	}
	if strings.EqualFold(strings.TrimSpace(a["rel"]), "alternate") {
		r.links.take(a, "href")
	}
}

func (r *pageReader) meta(a map[string]string) {
	content, ok := a["content"]
	if ok && strings.EqualFold(strings.TrimSpace(a["name"]), "generator") {
		r.add(&r.page.Generators, content)
	}
	if ok && strings.EqualFold(strings.TrimSpace(a["http-equiv"]), "content-security-policy") {
		r.add(&r.page.Policies, content)
	}
	var name string
	for _, key := range []string{"http-equiv", "property", "name"} {
		if value, ok := a[key]; ok {
			name = strings.ToLower(value)
		}
	}
	if _, known := r.page.Meta[name]; ok && !known && name != "" && r.keep(len(r.page.Meta) < maxMeta) {
		r.page.Meta[name] = content
	}
}

func (r *pageReader) add(list *[]string, content string) {
	if r.keep(len(*list) < maxMeta) {
		*list = append(*list, strings.TrimSpace(content))
	}
}

// form begins one. A form within a form is none.
func (r *pageReader) form(a map[string]string) {
	if r.inForm || !r.keep(len(r.page.Forms) < maxForms) {
		return
	}
	r.inForm = true
	method := "GET"
	if strings.EqualFold(a["method"], "POST") {
		method = "POST"
	}
	r.page.Forms = append(r.page.Forms, Form{Method: method})
	r.actions = append(r.actions, strings.TrimSpace(a["action"]))
}

// field notes a named field of the form that is open. A select has the value of its selected option, or of its first.
func (r *pageReader) field(element string, a map[string]string) {
	if element == "option" {
		_, selected := a["selected"]
		if r.choice != nil && !r.chosen && (selected || r.choice.Value == "") {
			r.choice.Value, r.chosen = a["value"], selected
		}
		return
	}
	name, named := a["name"]
	if !named || !r.inForm || !r.keep(r.fields < maxFields) {
		return
	}
	f := Field{Name: name, Type: element, Value: a["value"]}
	switch kind, given := a["type"]; {
	case element == "input" && !given:
		f.Type = "text"
	case element == "button" && !given:
		f.Type = "submit"
	case element == "input", element == "button":
		f.Type = strings.ToLower(kind)
	}
	form := &r.page.Forms[len(r.page.Forms)-1]
	form.Fields = append(form.Fields, f)
	r.fields++
	if r.choice = nil; element == "select" {
		r.choice, r.chosen = &form.Fields[len(form.Fields)-1], false
		r.choice.Value = ""
	}
}
