package signature

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestItems(t *testing.T) {
	if len(readChecklists().Lists) == 0 || len(readChecklists().Profiles) == 0 {
		t.Fatal("items.yaml has no lists or no profiles")
	}
	for profile, lists := range readChecklists().Profiles {
		for _, list := range lists {
			if _, ok := readChecklists().Lists[list]; !ok {
				t.Errorf("profile %s: no list %q", profile, list)
			}
		}
	}
	for name, list := range readChecklists().Lists {
		for id, item := range list.Items {
			if item.Name == "" || item.JA == "" || !slices.Contains([]string{"refutes", "hints", "nothing"}, item.Outside) {
				t.Errorf("%s/%s: %+v: want a name in both languages and what a look from outside can say", name, id, item)
			}
		}
	}
	lists := Checklists("jp-ec")
	if len(lists) != 3 || len(lists[1].Items) != 14 || lists[0].Items[0].ID != "card-6.0/1a" || lists[1].Items[9].Short != "10" || lists[1].Items[9].Outside != OutsideNothing || lists[2].JA == "" {
		t.Errorf("checklists of jp-ec: %+v", lists)
	}
	if len(Checklists("none")) != 0 {
		t.Error("an unknown profile has checklists")
	}
	if item, ok := itemOf("card-6.0/2a"); !ok || item.Outside != "refutes" {
		t.Errorf("itemOf(card-6.0/2a) = %+v, %v", item, ok)
	}
	if _, ok := itemOf("card-6.0"); ok {
		t.Error("a list is no item")
	}
}

const itemless = `id: %ID
info: {name: x, severity: low, description: x, remediation: x, reference: [https://a.test], tags: a, classification: {cwe-id: CWE-1}, %ITEMS ja: {name: x, description: x, remediation: x}}
http: [{method: GET, path: ["{{BaseURL}}/x"], matchers: [{type: word, words: [xyzzy]}]}]
tests:
  - {name: a, serve: {/x: {body: xyzzy}}, want: [{}]}
  - {name: b, serve: {/x: {body: x}}, want: []}
`

func itemSet(t *testing.T) *Set {
	t.Helper()
	files := fstest.MapFS{}
	for id, items := range map[string]string{"plain": "", "shop": "items: card-6.0/2a,", "wrong": "items: [card-6.0/9z],", "unseen": "items: ipa-ec/12,"} {
		text := strings.NewReplacer("%ID", id, "%ITEMS", items).Replace(itemless)
		files["a/"+id+".yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	set, err := Load(Sources{Embedded: files})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestLintOfItems(t *testing.T) {
	for _, s := range itemSet(t).Signatures {
		said := ""
		for _, err := range Lint(s) {
			said += err.Error()
		}
		want := map[string]string{"wrong": `"card-6.0/9z" is in no checklist`, "unseen": `can say anything about "ipa-ec/12"`}[s.ID]
		if got := strings.Contains(said, "info.items"); got != (want != "") || !strings.Contains(said, want) {
			t.Errorf("%s: lint says %q, want %q", s.ID, said, want)
		}
	}
}

func TestSelectByProfile(t *testing.T) {
	set := itemSet(t)
	selected, err := set.Select(Filter{Profile: "jp-ec"})
	if err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(selected, func(s *Signature) bool { return s.ID == "plain" }) || len(selected) != 3 {
		t.Errorf("jp-ec selects %d signatures, plain among them or not all others", len(selected))
	}
	if selected, err = set.Select(Filter{Profile: "jp-ec", Only: []string{"shop"}}); err != nil || len(selected) != 1 {
		t.Errorf("jp-ec and --only: %d, %v; want 1", len(selected), err)
	}
	if _, err = set.Select(Filter{Profile: "jp"}); err == nil || !strings.Contains(err.Error(), "jp-ec") {
		t.Errorf("an unknown profile: %v, want an error that names those there are", err)
	}
}
