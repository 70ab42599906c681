package report

import (
	"cmp"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// mend is one thing to do, and how many findings go away by it.
type mend struct {
	Severity signature.Severity // of the worst of them
	Count    int
	Sites    int
	targets  []string        // the first of the sites
	worst    scanner.Finding // without evidence
	newest   scanner.Finding // of an update: the one that needs the newest release
	product  string          // of an update, as people call it; "" for anything else
	releases []string        // of an update: one for each line that the site can be of
	into     *mend           // that of all sites, once the site is done; nil for those themselves
}

// mends collects what is to be done, in the order of the first finding. What one update mends is known when a site is done.
type mends struct {
	by    map[string]*mend
	order []*mend

	target string           // the site that is open
	open   map[string]*mend // its own
	opened []*mend
}

func newMends() *mends { return &mends{by: map[string]*mend{}, open: map[string]*mend{}} }

// add gives the thing that mends a finding on its site; total is that of all sites.
func (m *mends) add(f scanner.Finding) *mend {
	if f.Target != m.target {
		m.flush()
		m.target = f.Target
	}
	f.Hit.Evidence = nil
	product, releases := updateOf(f)
	key := cmp.Or(remedyOf(f, "en"), f.Signature.ID+"/"+f.Hit.Variant)
	if product != "" {
		key = "update " + product
	}
	one, ok := m.open[key]
	if !ok {
		one = &mend{worst: f, newest: f, product: product, targets: []string{message.Line(f.Target)}, Sites: 1}
		m.open[key] = one
		m.opened = append(m.opened, one)
	}
	one.Count++
	if worth(f) > worth(one.worst) {
		one.worst = f
	}
	one.Severity = one.worst.Severity
	for _, release := range releases {
		if one.needs(release) {
			one.newest = f
		}
	}
	return one
}

// needs notes a release that the site has to be updated to, unless a newer one of its line is known already.
func (m *mend) needs(release string) bool {
	for i, known := range m.releases {
		if lineOf(known) != lineOf(release) {
			continue
		}
		if compareReleases(release, known) <= 0 {
			return false
		}
		m.releases[i] = release
		return true
	}
	m.releases = append(m.releases, release)
	return true
}

// flush adds what mends the open site to what mends all.
func (m *mends) flush() {
	for _, one := range m.opened {
		slices.SortFunc(one.releases, compareReleases)
		key := cmp.Or(remedyOf(one.worst, "en"), one.worst.Signature.ID+"/"+one.worst.Hit.Variant)
		if one.product != "" {
			key = "update " + one.title("en")
		}
		total, ok := m.by[key]
		if !ok {
			total = &mend{worst: one.worst, newest: one.newest, product: one.product, releases: one.releases}
			m.by[key] = total
			m.order = append(m.order, total)
		}
		one.into = total
		total.Count += one.Count
		total.Sites++
		if len(total.targets) < gapTargets {
			total.targets = append(total.targets, one.targets...)
		}
		if worth(one.worst) > worth(total.worst) {
			total.worst = one.worst
		}
		total.Severity = total.worst.Severity
	}
	m.open, m.opened = map[string]*mend{}, nil
}

// sorted are the things to do, what matters most first.
func (m *mends) sorted() []*mend {
	m.flush()
	list := slices.Clone(m.order)
	slices.SortStableFunc(list, func(a, b *mend) int { return cmp.Or(worth(b.worst)-worth(a.worst), b.Count-a.Count) })
	return list
}

// todo are those of them that mend something: a finding that is only good to know needs nothing.
func (m *mends) todo() []*mend {
	return slices.DeleteFunc(m.sorted(), (*mend).isNote)
}

// first is what matters most, nil when there is nothing to do.
func (m *mends) first() *mend {
	if list := m.todo(); len(list) > 0 {
		return list[0]
	}
	return nil
}

// isNote: the findings are only good to know.
func (m *mend) isNote() bool { return m.Severity == signature.SeverityInfo }

// title says what to do in one line, without a full stop.
func (m *mend) title(language string) string {
	words := message.In(language)
	switch {
	case m.isNote():
		return newEntry(m.worst, language).Name
	case m.product == "":
		e := newEntry(m.worst, language)
		return strings.TrimRight(cut(cmp.Or(firstSentence(e.Remediation), e.Name), 160), ".。")
	case len(m.releases) == 0:
		return words.Say("mend-update-text", map[string]any{"Product": m.product, "Releases": message.Line(valueText(words, m.worst.Hit.Values["update"]))})
	case len(m.releases) > 1:
		return words.Say("mend-update-all", map[string]any{"Product": m.product, "Releases": strings.Join(m.releases, ", ")})
	}
	return words.Say("mend-update", map[string]any{"Product": m.product, "Releases": m.releases[0]})
}

// gone is the title and how many findings go away.
func (m *mend) gone(language string) string {
	if m.isNote() {
		return m.title(language) + ": " + message.In(language).Count("findings", m.Count, nil)
	}
	return message.In(language).Count("mend-gone", m.Count, map[string]any{"What": m.title(language)})
}

// remedy is the whole text of what to do.
func (m *mend) remedy(language string) string {
	if m.product != "" {
		return remedyOf(m.newest, language)
	}
	return remedyOf(m.worst, language)
}

// where are the first sites.
func (m *mend) where(language string) string {
	text := strings.Join(m.targets, ", ")
	if more := m.Sites - len(m.targets); more > 0 {
		text += " " + message.In(language).Say("more", map[string]any{"N": more})
	}
	return text
}

// worth orders findings for people: the most severe first, then the surest.
func worth(f scanner.Finding) int {
	if f.Hit.Certainty == scanner.Possible {
		return 2 * f.Severity.Rank()
	}
	return 2*f.Severity.Rank() + 1
}

// byMend are the findings of one site, by the thing that mends them: the worst first.
func byMend(findings []scanner.Finding) []mended {
	all := newMends()
	by := map[*mend][]scanner.Finding{}
	for _, f := range findings {
		m := all.add(f)
		by[m] = append(by[m], f)
	}
	var list []mended
	for _, m := range all.opened {
		slices.SortStableFunc(by[m], func(a, b scanner.Finding) int { return worth(b) - worth(a) })
		list = append(list, mended{m, by[m]})
	}
	slices.SortStableFunc(list, func(a, b mended) int { return worth(b.findings[0]) - worth(a.findings[0]) })
	return list
}

// mended is a thing to do and the findings that it mends.
type mended struct {
	*mend
	findings []scanner.Finding
}
