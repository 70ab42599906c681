package report

import (
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"slices"
	"strings"
	text "text/template"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// letterPlaces is how many places of one finding, and how many sites, a letter names.
const letterPlaces = 20

// NewLetter writes a message to the owner of the targets in plain language, as text and as HTML: what was found, each thing
// once with the places where it is, and what to do. Places are no links, so that nobody calls them up by a click.
func NewLetter(plain, page io.Writer, o Options) scanner.Sink {
	return &letter{plain: plain, page: page, language: o.Language, words: message.In(o.Language), byRule: map[string]*letterItem{}, seen: map[string]bool{}}
}

type letter struct {
	scanner.Discard
	plain, page io.Writer
	language    string
	words       message.Language

	start          scanner.Start
	owner, contact string
	sites          []string
	byRule         map[string]*letterItem
	seen           map[string]bool // sites, and rules with their places
}

// letterItem is one thing that was found.
type letterItem struct {
	entry
	Grade  string // severity in words, and that it is only possible
	Places []string
	More   string // how many places are not named; "" when all are
	all    int
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
	e := newEntry(f, l.language)
	item, ok := l.byRule[e.Rule]
	if !ok {
		item = &letterItem{entry: e}
		l.byRule[e.Rule] = item
	}
	if rank(&e, &item.entry) < 0 {
		item.entry = e
	}
	if at := inWords(cmp.Or(e.URL, e.Target)); l.first(e.Rule + "\n" + at) {
		item.all++
		if len(item.Places) < letterPlaces {
			item.Places = append(item.Places, at)
		}
	}
	return nil
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

func (l *letter) Close(s scanner.Summary) error {
	items := make([]*letterItem, 0, len(l.byRule))
	for _, item := range l.byRule {
		item.Grade = l.words.Say("severity-"+string(item.Severity), nil)
		if item.Certainty == scanner.Possible {
			item.Grade += ", " + l.words.Say("certainty-possible", nil)
		}
		if more := item.all - len(item.Places); more > 0 {
			item.More = l.words.Say("more", map[string]any{"N": more})
		}
		items = append(items, item)
	}
	slices.SortFunc(items, func(a, b *letterItem) int { return cmp.Or(rank(&a.entry, &b.entry), strings.Compare(a.Rule, b.Rule)) })
	open := 0
	for status, n := range s.Statuses {
		if status.Gap() {
			open += n
		}
	}
	owner := cmp.Or(l.owner, l.words.Say("letter-nobody", nil))
	sites := strings.Join(l.sites[:min(len(l.sites), letterPlaces)], l.words.Say("list-separator", nil))
	if more := len(l.sites) - letterPlaces; more > 0 {
		sites += " " + l.words.Say("more", map[string]any{"N": more})
	}
	v := map[string]any{
		"Language": l.language, "To": owner, "Items": items,
		"Subject":  l.words.Count("letter-subject", len(items), nil),
		"Greeting": l.words.Say("letter-greeting", map[string]any{"Owner": owner}),
		"Opening":  l.words.Count("letter-opening", len(items), map[string]any{"Date": l.start.Time.UTC().Format("2006-01-02"), "Sites": sites}),
		"Where":    l.words.Say("where", nil), "Todo": l.words.Say("todo", nil), "Open": "",
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
{{inc $i}}. {{$item.Name}} ({{$item.Grade}})
{{$.Where}}:
{{range $item.Places}}  - {{.}}
{{end}}{{if $item.More}}  {{$item.More}}
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
{{range $i, $item := .Items}}<h2>{{inc $i}}. {{$item.Name}} ({{$item.Grade}})</h2>
<p>{{$.Where}}:</p>
<ul>{{range $item.Places}}<li>{{.}}</li>{{end}}{{if $item.More}}<li>{{$item.More}}</li>{{end}}</ul>
{{if $item.Description}}<p class="words">{{$item.Description}}</p>
{{end}}{{if $item.Remediation}}<p class="words"><strong>{{$.Todo}}:</strong> {{$item.Remediation}}</p>
{{end}}{{end}}{{if .Open}}<p>{{.Open}}</p>
{{end}}<p class="words">{{.Closing}}</p>
</body></html>
`))
)

func inc(i int) int { return i + 1 }
