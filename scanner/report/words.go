package report

import (
	"embed"
	"encoding/json"
	"fmt"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

// translations are the words of reports; a test holds that both files have the same.
//
//go:embed words/en.json words/ja.json
var translations embed.FS

// words are the words of one language.
type words struct {
	localizer *i18n.Localizer
	japanese  bool
}

// newWords panics when an embedded file is broken, which a test would have seen.
func newWords(lang string) words {
	bundle := i18n.NewBundle(language.English)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	for _, name := range []string{"words/en.json", "words/ja.json"} {
		if _, err := bundle.LoadMessageFileFS(translations, name); err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
	}
	return words{i18n.NewLocalizer(bundle, lang), lang == "ja"}
}

// say is a message; data fills its places.
func (w words) say(id string, data map[string]any) string {
	text, err := w.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data})
	if err != nil {
		return plain(id) // of a file by another version
	}
	return text
}

// count is a message about n things, in the plural form that n needs.
func (w words) count(id string, n int, data map[string]any) string {
	if data == nil {
		data = map[string]any{}
	}
	data["N"] = n
	text, err := w.localizer.Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: data, PluralCount: n})
	if err != nil {
		return plain(id) // of a file by another version
	}
	return text
}
