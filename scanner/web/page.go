package web

import (
	"errors"
	"mime"
	"net/url"
	"strings"

	"github.com/PuerkitoBio/goquery"
	"golang.org/x/net/html"
)

// Page is what an HTML answer refers to. Addresses are absolute, resolved against the page's <base> or its own URL.
type Page struct {
	Exchange *Exchange
	Title    string
	Links    []*url.URL // a, area, iframe, frame and link[rel=canonical|alternate|next|prev], in document order without repeats
	Forms    []Form
	Scripts  []*url.URL // script[src]
	Assets   []*url.URL // link[rel=stylesheet|icon|preload], img, source, video, audio, object, embed
	Meta     map[string]string
	Comments []string
	Visible  []string // runs of text between tags, outside of script, style, textarea, pre and code
}

// Form is one form of a page.
type Form struct {
	Method string // "GET" or "POST"
	Action *url.URL
	Fields []Field
}

// Field is one input, select, textarea or button with a name.
type Field struct {
	Name, Type, Value string
}

// ErrNotHTML says that an answer is no page.
var ErrNotHTML = errors.New("not an HTML page")

// ParsePage reads an HTML exchange in its own charset. The error is ErrNotHTML when the answer says that it is something
// else.
func ParsePage(ex *Exchange) (*Page, error) {
	kind, _, _ := mime.ParseMediaType(ex.Header.Get("Content-Type"))
	if kind != "text/html" && kind != "application/xhtml+xml" && (kind != "" || !strings.Contains(strings.ToLower(string(ex.Body[:min(len(ex.Body), 512)])), "<html")) {
		return nil, ErrNotHTML
	}
	doc, err := goquery.NewDocumentFromReader(strings.NewReader(ex.Text()))
	if err != nil {
		return nil, err
	}
	base := ex.URL
	if href, ok := doc.Find("base[href]").First().Attr("href"); ok {
		if u, err := ex.URL.Parse(strings.TrimSpace(href)); err == nil {
			base = u
		}
	}
	p := &Page{Exchange: ex, Title: strings.TrimSpace(doc.Find("title").First().Text()), Meta: map[string]string{}}
	p.Links = addresses(doc, base, "a[href], area[href], iframe[src], frame[src], link[rel=canonical], link[rel=alternate], link[rel=next], link[rel=prev]")
	p.Scripts = addresses(doc, base, "script[src]")
	p.Assets = addresses(doc, base, `link[rel~=stylesheet], link[rel~=icon], link[rel=preload], img[src], source[src], video[src], audio[src], object[data], embed[src]`)
	doc.Find("meta[content]").Each(func(_ int, s *goquery.Selection) {
		name := strings.ToLower(s.AttrOr("name", s.AttrOr("property", s.AttrOr("http-equiv", ""))))
		if _, ok := p.Meta[name]; name != "" && !ok {
			p.Meta[name] = s.AttrOr("content", "")
		}
	})
	doc.Find("form").Each(func(_ int, s *goquery.Selection) { p.Forms = append(p.Forms, form(s, base)) })
	for _, n := range doc.Nodes {
		p.walk(n)
	}
	return p, nil
}

func addresses(doc *goquery.Document, base *url.URL, selector string) []*url.URL {
	var list []*url.URL
	seen := map[string]bool{}
	doc.Find(selector).Each(func(_ int, s *goquery.Selection) {
		for _, attribute := range []string{"href", "src", "data"} {
			text, ok := s.Attr(attribute)
			if !ok {
				continue
			}
			u, err := base.Parse(strings.TrimSpace(text))
			if err != nil || u.Scheme != "http" && u.Scheme != "https" {
				continue
			}
			u.Fragment, u.RawFragment, u.User = "", "", nil
			if u.Path == "" {
				u.Path = "/"
			}
			if key := u.String(); !seen[key] {
				seen[key] = true
				list = append(list, u)
			}
		}
	})
	return list
}

func form(s *goquery.Selection, base *url.URL) Form {
	f := Form{Method: strings.ToUpper(s.AttrOr("method", "GET"))}
	if f.Method != "POST" {
		f.Method = "GET"
	}
	if u, err := base.Parse(strings.TrimSpace(s.AttrOr("action", ""))); err == nil {
		u.Fragment, u.RawFragment = "", ""
		f.Action = u
	}
	s.Find("input[name], select[name], textarea[name], button[name]").Each(func(_ int, in *goquery.Selection) {
		field := Field{Name: in.AttrOr("name", ""), Value: in.AttrOr("value", "")}
		switch goquery.NodeName(in) {
		case "input":
			field.Type = strings.ToLower(in.AttrOr("type", "text"))
		case "button":
			field.Type = strings.ToLower(in.AttrOr("type", "submit"))
		case "select":
			field.Type = "select"
			field.Value = in.Find("option[selected], option").First().AttrOr("value", "")
		default:
			field.Type = "textarea"
		}
		f.Fields = append(f.Fields, field)
	})
	return f
}

// walk collects comments and visible text.
func (p *Page) walk(n *html.Node) {
	switch n.Type {
	case html.CommentNode:
		p.Comments = append(p.Comments, n.Data)
	case html.TextNode:
		if t := strings.TrimSpace(n.Data); t != "" && shows(n.Parent) {
			p.Visible = append(p.Visible, t)
		}
	default: // holds the others
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		p.walk(c)
	}
}

func shows(n *html.Node) bool {
	for ; n != nil; n = n.Parent {
		switch n.Data {
		case "script", "style", "textarea", "pre", "code", "template", "noscript", "head":
			return false
		}
	}
	return true
}
