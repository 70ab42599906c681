package payment

import (
	"encoding/json"
	"slices"

	"sotomi/scanner/evidence"
)

// hashes are the keys of what is no secret although it looks like one.
var hashes = []string{"sha384", "shape", "hashes", "integrity"}

// Map is the page with every text in it replaced, but for hashes: for what must not be shown.
func (p *Page) Map(replace func(string) string) *Page { return p.mapped(replace, hashes) }

// Redacted is the page without what looks like a secret. The values of headers stay, for they hold hashes.
func (p *Page) Redacted() *Page {
	return p.mapped(evidence.Redact, append([]string{"value"}, hashes...))
}

func (p *Page) mapped(replace func(string) string, kept []string) *Page {
	if p == nil {
		return nil
	}
	text, err := json.Marshal(p)
	if err != nil {
		return &Page{} // it has nothing that JSON lacks
	}
	var all any
	if err := json.Unmarshal(text, &all); err != nil {
		return &Page{}
	}
	mapped := &Page{}
	if text, err = json.Marshal(mapTexts(all, replace, kept)); err != nil || json.Unmarshal(text, mapped) != nil {
		return &Page{} // a day or a number was taken for a secret
	}
	return mapped
}

func mapTexts(value any, replace func(string) string, kept []string) any {
	switch value := value.(type) {
	case string:
		return replace(value)
	case []any:
		for i := range value {
			value[i] = mapTexts(value[i], replace, kept)
		}
	case map[string]any:
		for name := range value {
			if !slices.Contains(kept, name) {
				value[name] = mapTexts(value[name], replace, kept)
			}
		}
	}
	return value
}
