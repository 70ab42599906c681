package payment

import "encoding/json"

// Map is the page with every text in it replaced: for what must not be shown.
func (p *Page) Map(replace func(string) string) *Page {
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
	if text, err = json.Marshal(mapTexts(all, replace)); err != nil || json.Unmarshal(text, mapped) != nil {
		return &Page{} // a day or a number was taken for a secret
	}
	return mapped
}

func mapTexts(value any, replace func(string) string) any {
	switch value := value.(type) {
	case string:
		return replace(value)
	case []any:
		for i := range value {
			value[i] = mapTexts(value[i], replace)
		}
	case map[string]any:
		for name := range value {
			value[name] = mapTexts(value[name], replace)
		}
	}
	return value
}
