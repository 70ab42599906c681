package web

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Sent is a request as it was written, for evidence and templates that look at it: without cookies and credentials of the
// user. The text is made on demand.
type Sent struct {
	method string
	url    *url.URL
	host   string
	header map[string][]string // never changes
	body   []byte

	text string // the whole instead, for exchanges that no Client made
}

// SentText is a request from elsewhere.
func SentText(text string) Sent { return Sent{text: text} }

// String is the request in HTTP/1.1, its headers by name.
func (s Sent) String() string {
	if s.url == nil {
		return s.text
	}
	var b strings.Builder
	b.WriteString(s.method + " " + s.url.RequestURI() + " HTTP/1.1\r\nHost: " + s.host + "\r\n")
	for _, name := range slices.Sorted(maps.Keys(s.header)) {
		for _, value := range s.header[name] {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString("\r\n")
	b.Write(s.body)
	return b.String()
}
