package web

import (
	"errors"
	"net/url"
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

// ParsePage reads an HTML exchange in its own charset. An error means that it is not HTML.
func ParsePage(ex *Exchange) (*Page, error) { return nil, errors.New("not built yet") }
