package report

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Checks say why and what they saw in English sentences, some with values in them. Reports in Japanese look them up by
// their fmt formats; those without a translation stay as they are. JSON lines keep the English.
//
//go:embed words/phrases.ja.json
var phraseFile embed.FS

// phrase is one sentence with places for values.
type phrase struct {
	pattern *regexp.Regexp
	verbs   string // of the places, in order: s, d, q
	text    string // fmt format
}

var verb = regexp.MustCompile(`%([sdqv])`)

// japanese are the phrases in the order of the file, which decides where two fit; it panics when the embedded file is
// broken, which a test would have seen.
var japanese = sync.OnceValue(func() []phrase {
	text, err := phraseFile.ReadFile("words/phrases.ja.json")
	if err != nil {
		panic(err)
	}
	d := json.NewDecoder(strings.NewReader(string(text)))
	var list []phrase
	if _, err := d.Token(); err != nil {
		panic(err)
	}
	for d.More() {
		var pair [2]string
		for i := range pair {
			token, err := d.Token()
			if err != nil {
				panic(err)
			}
			pair[i] = fmt.Sprint(token)
		}
		list = append(list, newPhrase(pair[0], pair[1]))
	}
	return list
})

func newPhrase(english, text string) phrase {
	p := phrase{text: text}
	pattern, last := "^", 0
	for _, at := range verb.FindAllStringIndex(english, -1) {
		kind := english[at[1]-1]
		p.verbs += string(kind)
		pattern += regexp.QuoteMeta(english[last:at[0]]) + map[byte]string{'s': "(.+)", 'v': "(.+)", 'd': `(-?\d+)`, 'q': `("[^"]*")`}[kind]
		last = at[1]
	}
	p.pattern = regexp.MustCompile(pattern + regexp.QuoteMeta(english[last:]) + "$")
	return p
}

// translate gives a sentence of a check in the language of the report.
func (w words) translate(sentence string) string {
	if !w.japanese {
		return sentence
	}
	for _, p := range japanese() {
		m := p.pattern.FindStringSubmatch(sentence)
		if m == nil {
			continue
		}
		values := make([]any, len(m)-1)
		for i, text := range m[1:] {
			values[i] = text
			switch p.verbs[i] {
			case 's':
				values[i] = w.translate(text) // a reason may hold another
			case 'd':
				if n, err := strconv.Atoi(text); err == nil {
					values[i] = n
				}
			case 'q':
				if plain, err := strconv.Unquote(text); err == nil {
					values[i] = plain
				}
			}
		}
		return fmt.Sprintf(p.text, values...)
	}
	return sentence
}

// named gives the names of a kind ("value ", "field ") in the language of the report; those without a translation stay.
func (w words) named(kind string, names any) any {
	switch names := names.(type) {
	case string:
		if text := w.translate(kind + names); text != kind+names {
			return text
		}
	case []string:
		list := make([]any, len(names))
		for i, name := range names {
			list[i] = w.named(kind, name)
		}
		return list
	case []any:
		list := make([]any, len(names))
		for i, name := range names {
			list[i] = w.named(kind, name)
		}
		return list
	}
	return names
}
