package signature

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

// checklistItem is one item of a checklist that people have to fill in.
type checklistItem struct {
	Name    string `yaml:"name"`
	JA      string `yaml:"ja"`
	Outside string `yaml:"outside"` // what a look from outside can say of it: refutes, hints, nothing
}

// checklists is the file items.yaml.
type checklists struct {
	Lists map[string]struct {
		Name  string                   `yaml:"name"`
		JA    string                   `yaml:"ja"`
		Items map[string]checklistItem `yaml:"items"`
	} `yaml:"lists"`
	Profiles map[string][]string `yaml:"profiles"` // lists by profile
}

//go:embed items.yaml
var itemsText string

var readChecklists = sync.OnceValue(func() checklists {
	var c checklists
	d := yaml.NewDecoder(strings.NewReader(itemsText))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		panic(fmt.Sprintf("items.yaml: %v", err)) // embedded, and a test reads it
	}
	return c
})

// What a look from outside can say of an item.
const (
	OutsideRefutes = "refutes" // a finding shows that the item is not met
	OutsideHints   = "hints"   // a finding makes it doubtful
	OutsideNothing = "nothing"
)

// Checklist is a list that people have to fill in, with its items in their order.
type Checklist struct {
	Name, JA string
	Items    []Item
}

// Item is one item of a checklist.
type Item struct {
	ID       string // with the list, as in info.items: card-6.0/2a
	Short    string // within the list: 2a
	Name, JA string
	Outside  string // what a look from outside can say of it
}

// itemsOrder is the order of the items in the file.
var itemsOrder = sync.OnceValue(func() map[string][]string {
	var file struct {
		Lists map[string]struct {
			Items yaml.Node `yaml:"items"`
		} `yaml:"lists"`
	}
	if err := yaml.Unmarshal([]byte(itemsText), &file); err != nil {
		panic(fmt.Sprintf("items.yaml: %v", err)) // embedded, and a test reads it
	}
	order := map[string][]string{}
	for name, list := range file.Lists {
		for i := 0; i < len(list.Items.Content); i += 2 {
			order[name] = append(order[name], list.Items.Content[i].Value)
		}
	}
	return order
})

// Checklists are those of a profile; none for an unknown one.
func Checklists(profile string) []Checklist {
	var all []Checklist
	for _, name := range readChecklists().Profiles[profile] {
		list := readChecklists().Lists[name]
		c := Checklist{Name: list.Name, JA: list.JA}
		for _, id := range itemsOrder()[name] {
			item := list.Items[id]
			c.Items = append(c.Items, Item{ID: name + "/" + id, Short: id, Name: item.Name, JA: item.JA, Outside: item.Outside})
		}
		all = append(all, c)
	}
	return all
}

// itemOf is the item of a checklist with an id such as card-6.0/2a.
func itemOf(id string) (checklistItem, bool) {
	list, name, _ := strings.Cut(id, "/")
	item, ok := readChecklists().Lists[list].Items[name]
	return item, ok
}

// checkProfile refuses a profile that there is not.
func checkProfile(name string) error {
	profiles := slices.Sorted(maps.Keys(readChecklists().Profiles))
	if name == "" || slices.Contains(profiles, name) {
		return nil
	}
	return message.Errorf("--profile %q: there is %s", name, strings.Join(profiles, ", "))
}

// speaksTo reports whether the signature names an item of a profile's lists.
func (s *Signature) speaksTo(profile string) bool {
	return slices.ContainsFunc(s.Info.Items, func(id string) bool {
		list, _, _ := strings.Cut(id, "/")
		return slices.Contains(readChecklists().Profiles[profile], list)
	})
}
