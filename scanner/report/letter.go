package report

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	text "text/template"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// letterPlaces is how many places of one thing, findings that it mends, and sites a letter names.
const letterPlaces = 20

// NewLetter writes a message to the owner of the targets in plain language, as text and as HTML: each thing to do once, with
// what it mends and the places where that is. Places are no links, so that nobody calls them up by a click.
func NewLetter(plain, page io.Writer, o Options) scanner.Sink {
	return &letter{
		plain: plain, page: page, language: o.Language, words: message.In(o.Language), seen: map[string]bool{},
		mends: newMends(), open: map[*mend]*letterItem{}, items: map[*mend]*letterItem{},
	}
}

type letter struct {
	scanner.Discard
	plain, page io.Writer
	language    string
	words       message.Language

	start          scanner.Start
	owner, contact string
	sites          []string
	seen           map[string]bool // sites

	mends *mends
	open  map[*mend]*letterItem // of the site that is told
	items map[*mend]*letterItem // of all sites before it
}

// letterItem is one thing to do.
type letterItem struct {
	Title, Grade string   // Grade is the severity in words, and that it is only possible
	Found        []string // what it mends, when that is more than the title says
	FoundMore    string   // how much of it is not named; "" when all is
	Places       []string
	PlacesMore   string
	Description  string
	Remediation  string

	rules  map[string]*entry // the worst finding of each
	places map[string]bool
	order  []string // of the places
}

func newLetterItem() *letterItem {
	return &letterItem{rules: map[string]*entry{}, places: map[string]bool{}}
}

// add notes what was found and where.
func (i *letterItem) add(e *entry, places ...string) {
	if known, ok := i.rules[e.Rule]; !ok || rank(e, known) < 0 {
		i.rules[e.Rule] = e
	}
	for _, place := range places {
		if !i.places[place] {
			i.places[place] = true
			i.order = append(i.order, place)
		}
	}
}

func (l *letter) Start(s scanner.Start) error {
	l.start = s
	return nil
}

func (l *letter) Target(t scanner.TargetInfo) error {
	l.owner, l.contact = cmp.Or(l.owner, message.Line(t.Owner)), cmp.Or(l.contact, message.Line(t.Contact))
	if site := inWords(t.Target); l.first(site) {
		l.sites = append(l.sites, site)
	}
	return nil
}

func (l *letter) Finding(f scanner.Finding) error {
	if f.Suppressed != nil {
		return nil // the owner has nothing to do
	}
	if f.Target != l.mends.target {
		l.settle()
	}
	one := l.mends.add(f)
	item, ok := l.open[one]
	if !ok {
		item = newLetterItem()
		l.open[one] = item
	}
	e := newEntry(f, l.language)
	e.Evidence, e.Curl = nil, "" // a letter has none
	item.add(&e, inWords(cmp.Or(e.URL, e.Target)))
	return nil
}

// settle adds what mends the site that was told to what mends all.
func (l *letter) settle() {
	opened := l.mends.opened
	l.mends.flush()
	for _, one := range opened {
		item, ok := l.items[one.into]
		if !ok {
			item = newLetterItem()
			l.items[one.into] = item
		}
		for _, e := range l.open[one].rules {
			item.add(e, l.open[one].order...)
		}
	}
	l.open = map[*mend]*letterItem{}
}

// first reports whether something has not been seen before.
func (l *letter) first(what string) bool {
	before := l.seen[what]
	l.seen[what] = true
	return !before
}

// inWords is an address as text that no program makes a link of.
func inWords(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return message.Line(address)
	}
	path := u.EscapedPath()
	if path == "" || path == "/" {
		return message.Line(u.Host)
	}
	return message.Line(u.Host + " " + path)
}

// list is the things to do in words, what matters most first.
func (l *letter) list() []*letterItem {
	l.settle()
	var items []*letterItem
	for _, m := range l.mends.sorted() {
		item := l.items[m]
		entries := slices.SortedFunc(maps.Values(item.rules), func(a, b *entry) int { return cmp.Or(rank(a, b), strings.Compare(a.Rule, b.Rule)) })
		worst := entries[0]
		item.Title, item.Grade, item.Description, item.Remediation = worst.Name, l.grade(worst), worst.Description, m.remedy(l.language)
		if len(entries) > 1 {
			item.Title = m.title(l.language)
			var found []string
			for _, e := range entries {
				found = append(found, e.Name+" ("+l.grade(e)+")")
			}
			item.Found, item.FoundMore = l.some(slices.Compact(found))
		}
		item.Places, item.PlacesMore = l.some(item.order)
		items = append(items, item)
	}
	return items
}

// grade is a severity in words, and that the finding is only possible.
func (l *letter) grade(e *entry) string {
	grade := l.words.Say("severity-"+string(e.Severity), nil)
	if e.Certainty == scanner.Possible {
		grade += ", " + l.words.Say("certainty-possible", nil)
	}
	return grade
}

// some are as many of a list as a letter names, and how many more there are in words.
func (l *letter) some(list []string) (named []string, more string) {
	if n := len(list) - letterPlaces; n > 0 {
		return list[:letterPlaces], l.words.Say("more", map[string]any{"N": n})
	}
	return list, ""
}

func (l *letter) Close(s scanner.Summary) error {
	items := l.list()
	open := 0
	for status, n := range s.Statuses {
		if status.Gap() {
			open += n
		}
	}
	owner := cmp.Or(l.owner, l.words.Say("letter-nobody", nil))
	named, more := l.some(l.sites)
	sites := strings.TrimSuffix(strings.Join(named, l.words.Say("list-separator", nil))+" "+more, " ")
	v := map[string]any{
		"Language": l.language, "To": owner, "Items": items,
		"Subject":  l.words.Count("letter-subject", len(items), nil),
		"Greeting": l.words.Say("letter-greeting", map[string]any{"Owner": owner}),
		"Opening":  l.words.Count("letter-opening", len(items), map[string]any{"Date": l.start.Time.UTC().Format("2006-01-02"), "Sites": sites}),
		"Where":    l.words.Say("where", nil), "Found": l.words.Say("letter-found", nil), "Todo": l.words.Say("todo", nil), "Open": "",
		"Closing": l.words.Say("letter-closing", nil),
	}
	if l.contact != "" {
		v["To"] = fmt.Sprintf("%s <%s>", owner, l.contact)
	}
	if open > 0 || !s.Complete {
		v["Open"] = l.words.Count("letter-open", open, nil)
	}
	return errors.Join(letterText.Execute(l.plain, v), letterPage.Execute(l.page, v))
}

// letterText and letterPage are the letter in both forms. The first is no HTML: everything in it has been made printable.
var (
	letterText = text.Must(text.New("letter").Funcs(text.FuncMap{"inc": inc}).Parse(`{{.To}}
{{.Subject}}

{{.Greeting}}

{{.Opening}}
{{range $i, $item := .Items}}
{{inc $i}}. {{$item.Title}} ({{$item.Grade}})
{{if $item.Found}}{{$.Found}}:
{{range $item.Found}}  - {{.}}
{{end}}{{if $item.FoundMore}}  {{$item.FoundMore}}
{{end}}{{end}}{{$.Where}}:
{{range $item.Places}}  - {{.}}
{{end}}{{if $item.PlacesMore}}  {{$item.PlacesMore}}
{{end}}{{if $item.Description}}
{{$item.Description}}
{{end}}{{if $item.Remediation}}
{{$.Todo}}: {{$item.Remediation}}
{{end}}{{end}}{{if .Open}}
{{.Open}}
{{end}}
{{.Closing}}
`))
	letterPage = template.Must(template.New("letter").Funcs(template.FuncMap{"inc": inc}).Parse(`<!DOCTYPE html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>{{.Subject}}</title>
<style>body{font-family:sans-serif;line-height:1.6;max-width:45em;margin:2em auto;padding:0 1em}h2{font-size:1.1em;margin-top:2em}.words{white-space:pre-line}</style></head>
<body>
<p>{{.To}}</p>
<h1>{{.Subject}}</h1>
<p>{{.Greeting}}</p>
<p>{{.Opening}}</p>
{{range $i, $item := .Items}}<h2>{{inc $i}}. {{$item.Title}} ({{$item.Grade}})</h2>
{{if $item.Found}}<p>{{$.Found}}:</p>
<ul>{{range $item.Found}}<li>{{.}}</li>{{end}}{{if $item.FoundMore}}<li>{{$item.FoundMore}}</li>{{end}}</ul>
{{end}}<p>{{$.Where}}:</p>
<ul>{{range $item.Places}}<li>{{.}}</li>{{end}}{{if $item.PlacesMore}}<li>{{$item.PlacesMore}}</li>{{end}}</ul>
{{if $item.Description}}<p class="words">{{$item.Description}}</p>
{{end}}{{if $item.Remediation}}<p class="words"><strong>{{$.Todo}}:</strong> {{$item.Remediation}}</p>
{{end}}{{end}}{{if .Open}}<p>{{.Open}}</p>
{{end}}<p class="words">{{.Closing}}</p>
</body></html>
`))
)

func inc(i int) int { return i + 1 }
