package payment

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner/browser"
)

// kindTyped is the kind of a request that a style makes when something is typed into a field.
const kindTyped = "typed"

// maxSheets is how many style sheets of a page are known, with those that others import.
const maxSheets = 100

// addLink adds a style sheet that a page or another sheet names.
func addLink(l *browser.Look, address, integrity string, room func(int) bool) {
	same := func(s browser.Sheet) bool { return s.URL == address }
	if address == "" || madeHere(address) || slices.ContainsFunc(l.Sheets, same) || len(l.Sheets) >= maxSheets || !room(len(l.Sheets)) {
		return
	}
	l.Sheets = append(l.Sheets, browser.Sheet{URL: address, Integrity: integrity})
}

// addSheet adds what a style sheet asks for. base is what its addresses are relative to, by is its own or that of its page. Of
// the pictures and fonts of a sheet in a file a page may use none: only those are wanted that are asked for by what is typed.
func addSheet(l *browser.Look, base *url.URL, by string, source []byte, room func(int) bool) {
	read := readSheet(source)
	ask := func(text, kind string) string {
		u, err := base.Parse(strings.TrimSpace(text))
		if err != nil || strings.TrimSpace(text) == "" || madeHere(u.String()) {
			return ""
		}
		r := browser.Request{URL: u.String(), Method: "GET", Kind: kind, Initiator: by}
		if room(len(l.Requests)) && !slices.Contains(l.Requests, r) {
			l.Requests = append(l.Requests, r)
		}
		return r.URL
	}
	for _, text := range read.imports {
		addLink(l, ask(text, "style"), "", room)
	}
	for _, a := range read.addresses {
		switch {
		case a.typed:
			ask(a.text, kindTyped)
		case by == l.Final:
			ask(a.text, "style")
		}
	}
}

// SetSheet gives a style sheet of a look its contents, and the look what it imports and asks for by what is typed.
func SetSheet(l *browser.Look, i int, source []byte) {
	s := &l.Sheets[i]
	s.Source, s.SHA384, s.Size = source, hash384(source), len(source)
	if base, err := url.Parse(s.URL); err == nil {
		addSheet(l, base, s.URL, source, func(n int) bool { return n < maxElements })
	}
}

// dataOf is the text that an address holds itself.
func dataOf(address string) (string, bool) {
	scheme, rest, ok := strings.Cut(address, ":")
	kind, text, comma := strings.Cut(rest, ",")
	if !ok || !comma || !strings.EqualFold(scheme, "data") {
		return "", false
	}
	plain, err := url.PathUnescape(text)
	if err != nil {
		plain = text
	}
	if !strings.HasSuffix(strings.ToLower(kind), ";base64") {
		return plain, true
	}
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(plain, "="))
	return string(decoded), err == nil
}
