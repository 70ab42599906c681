package message

import (
	"embed"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// words are the translations: en.json and ja.json hold the words of reports by id, with plural forms; phrases.ja.json the
// Japanese for the formats of Messages. Tests hold that none is missing.
//
//go:embed words/en.json words/ja.json words/phrases.ja.json
var words embed.FS

// Language says things in one language.
type Language struct {
	localizer *i18n.Localizer
	phrases   map[string]string // Japanese by English format; nil in English
}

// catalogue reads the embedded files once; it panics when one is broken, which a test would have seen.
var catalogue = sync.OnceValues(func() (*i18n.Bundle, map[string]string) {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, name := range []string{"words/en.json", "words/ja.json"} {
		if _, err := bundle.LoadMessageFileFS(words, name); err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
	}
	text, err := words.ReadFile("words/phrases.ja.json")
	if err != nil {
		panic(err)
	}
	phrases := map[string]string{}
	if err := json.Unmarshal(text, &phrases); err != nil {
		panic(fmt.Sprintf("words/phrases.ja.json: %v", err))
	}
	return bundle, phrases
})

// In is the language called "en" or "ja"; anything else is English.
func In(lang string) Language {
	bundle, phrases := catalogue()
	l := Language{localizer: i18n.NewLocalizer(bundle, lang)}
	if lang == "ja" {
		l.phrases = phrases
	}
	return l
}

// Text is a message in the language, fit for a terminal: what came from outside moves no cursor and begins no line. What has
// no translation comes in English.
func (l Language) Text(m Message) string {
	if len(m.Args) == 0 {
		if text, ok := l.phrases[m.Format]; ok {
			return text
		}
		return Line(m.Format) // perhaps a text from outside
	}
	args := make([]any, len(m.Args))
	for i, a := range m.Args {
		switch a := a.(type) {
		case Message:
			args[i] = l.Text(a)
		case string:
			args[i] = outside(a)
		case []string:
			list := make([]outside, len(a))
			for j, text := range a {
				list[j] = outside(text)
			}
			args[i] = list
		default:
			args[i] = a
		}
	}
	return fmt.Sprintf(l.phrase(m.Format), args...)
}

// outside is a text from outside, which %q quotes as it came and other verbs show in one line.
type outside string

// Format implements fmt.Formatter.
func (o outside) Format(to fmt.State, verb rune) {
	text := string(o)
	if verb != 'q' {
		text = Line(text)
	}
	fmt.Fprintf(to, fmt.FormatString(to, verb), text)
}

// translatable reports whether a format has a translation.
func translatable(format string) bool {
	_, phrases := catalogue()
	return phrases[format] != ""
}

// Literal is a text that was a message without arguments, such as one read back from JSON lines, in the language.
func (l Language) Literal(text string) string { return l.phrase(text) }

func (l Language) phrase(format string) string {
	if text, ok := l.phrases[format]; ok {
		return text
	}
	return format
}

// Say is the text with an id; data fills its places.
func (l Language) Say(id string, data map[string]any) string {
	text, err := l.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
	if err != nil {
		return Line(id) // of a file by another version
	}
	return text
}

// Count is the text with an id about n things, in the plural form that n needs.
func (l Language) Count(id string, n int, data map[string]any) string {
	if data == nil {
		data = map[string]any{}
	}
	data["N"] = n
	text, err := l.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: n})
	if err != nil {
		return Line(id) // of a file by another version
	}
	return text
}

// Name is the name of a kind of thing in the language: "value" for names of values, "word" for words and notes among
// values, "field" for kinds of personal fields. A name without a translation stays.
func (l Language) Name(kind, name string) string {
	if text, ok := l.phrases[kind+" "+name]; ok {
		return text
	}
	return name
}
