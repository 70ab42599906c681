package report

import (
	"cmp"
	"slices"
	"strings"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// mend is one thing to do, and how many findings go away by it.
type mend struct {
	Title    string
	Severity signature.Severity // of the worst of them
	Count    int
	worst    *entry
	product  string   // "" unless it is an update
	fixed    []string // releases with a fix, of an update
}

// mendKey is the same for findings that one thing mends: an update of a product, else the same remedy.
func mendKey(e *entry) string {
	if product := updatedProduct(e); product != "" {
		return "update " + product
	}
	return cmp.Or(e.Remediation, e.Rule)
}

// updatedProduct is the product that an update mends, by its tag; "" when the finding is of another kind.
func updatedProduct(e *entry) string {
	if len(e.Fixed) == 0 || !slices.Contains(e.Tags, "advisory") {
		return ""
	}
	for _, tag := range e.Tags {
		if tag != "advisory" && tag != "cve" {
			return tag
		}
	}
	return ""
}

// mends collects what is to be done, in the order of the first finding.
type mends struct {
	words message.Language
	by    map[string]*mend
	order []*mend
}

func newMends(words message.Language) *mends { return &mends{words: words, by: map[string]*mend{}} }

func (m *mends) add(e *entry) *mend {
	key := mendKey(e)
	one, ok := m.by[key]
	if !ok {
		one = &mend{worst: e, product: updatedProduct(e)}
		m.by[key] = one
		m.order = append(m.order, one)
	}
	one.Count++
	if rank(e, one.worst) < 0 {
		one.worst = e
	}
	one.Severity = one.worst.Severity
	if one.product != "" {
		for _, release := range e.Fixed {
			if !slices.Contains(one.fixed, release) {
				one.fixed = append(one.fixed, release)
			}
		}
	}
	return one
}

// title says what to do in one line.
func (m *mend) title(words message.Language) string {
	if m.product == "" {
		return cut(cmp.Or(firstSentence(m.worst.Remediation), m.worst.Name), 160)
	}
	if len(m.fixed) > 1 {
		return words.Say("mend-update-all", map[string]any{"Product": m.product, "Releases": strings.Join(m.fixed, ", ")})
	}
	return words.Say("mend-update", map[string]any{"Product": m.product, "Releases": m.fixed[0]})
}

// sorted are the things to do, what matters most first.
func (m *mends) sorted() []*mend {
	list := slices.Clone(m.order)
	slices.SortStableFunc(list, func(a, b *mend) int {
		return cmp.Or(b.Severity.Rank()-a.Severity.Rank(), rank(a.worst, b.worst), b.Count-a.Count)
	})
	for _, one := range list {
		one.Title = one.title(m.words)
	}
	return list
}
