package match

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/antchfx/htmlquery"
	"github.com/antchfx/xmlquery"
)

// maxSeen is how much of what matched is kept for evidence, and of what length.
const (
	maxSeen       = 8
	maxSeenLength = 200
)

// Run judges one answer.
func (p *Program) Run(d *Data) Result {
	if p.cannotMatch(d.Exchange.Status) {
		return Result{}
	}
	s := &scope{data: d, view: viewOf(d.Exchange)}
	r := Result{}
	if !p.extractAfterMatch {
		p.extract(s, &r)
	}
	matched := false
	for i := range p.matchers {
		m := &p.matchers[i]
		ok, seen := m.run(s)
		if !ok {
			if p.and {
				r.Matched = false
				return r
			}
			continue
		}
		matched = true
		if !p.and && m.name != "" {
			r.Names = append(r.Names, m.name)
		}
		for _, text := range seen {
			if len(r.Seen) < maxSeen && text != "" {
				r.Seen = append(r.Seen, text[:min(len(text), maxSeenLength)])
			}
		}
	}
	if p.extractAfterMatch && matched {
		p.extract(s, &r)
	}
	r.Matched = matched
	r.Internal = matched && !slices.ContainsFunc(p.matchers, func(m matcher) bool { return !m.internal })
	return r
}

func (p *Program) extract(s *scope, r *Result) {
	for i := range p.extractors {
		p.extractors[i].run(s, r)
	}
	for name, value := range r.Dynamic {
		s.take(name, value)
	}
}

// extractsLate reports whether extractors may wait until an answer matches: nothing looks at what they take but the report.
func (p *Program) extractsLate() bool {
	return len(p.matchers) > 0 &&
		!slices.ContainsFunc(p.extractors, func(e extractor) bool { return e.internal }) &&
		!slices.ContainsFunc(p.matchers, func(m matcher) bool {
			return m.kind == "dsl" || slices.ContainsFunc(m.words, func(w word) bool { return w.dynamic }) ||
				slices.ContainsFunc(p.extractors, func(e extractor) bool { return e.name == m.part })
		})
}

func (s *scope) take(name string, value any) {
	if s.taken == nil {
		s.taken = Vars{}
	}
	s.taken[name] = value
}

func (m *matcher) run(s *scope) (bool, []string) {
	t, ok := s.part(m.part)
	if !ok && m.kind != "dsl" {
		return false, nil
	}
	var matched bool
	var seen []string
	switch m.kind {
	case "status":
		matched = slices.Contains(m.statuses, s.view.ex.Status)
	case "size":
		matched = slices.Contains(m.sizes, len(t.s))
	case "word":
		matched, seen = m.matchWords(t, s)
		if !matched && m.part == "body" && s.view.decoded().s != "" {
			matched, seen = m.matchWords(s.view.decoded(), s)
		}
	case "regex":
		matched, seen = m.matchRegexes(t)
		if !matched && m.part == "body" && s.view.decoded().s != "" {
			matched, seen = m.matchRegexes(s.view.decoded())
		}
	case "binary":
		matched, _ = m.each(len(m.binaries), func(i int) []string { return found(t.holds(m.binaries[i]), "") })
	case "dsl":
		matched = m.matchDSL(s)
	case "xpath":
		matched = m.matchXPath(t.s)
	case "favicon":
		matched, _ = m.each(len(m.words), func(i int) []string { return found(s.view.faviconHash() == m.words[i].text, "") })
	}
	return matched != m.negative, seen
}

func found(ok bool, what string) []string {
	if !ok {
		return nil
	}
	return []string{what}
}

// each runs n single comparisons under the matcher's condition: with "or" the first that holds decides, with "and" all
// must hold, with match-all one is enough but all are tried. No comparison at all never matches.
func (m *matcher) each(n int, compare func(int) []string) (bool, []string) {
	var seen []string
	for i := range n {
		hits := compare(i)
		if len(hits) == 0 {
			if m.and {
				return false, nil
			}
			continue
		}
		seen = append(seen, hits...)
		if !m.and && !m.all {
			return true, seen
		}
		if i == n-1 && !m.all {
			return true, seen
		}
	}
	return m.all && len(seen) > 0, seen
}

func (m *matcher) matchWords(t *text, s *scope) (bool, []string) {
	if m.fold {
		t = t.lower()
	}
	return m.each(len(m.words), func(i int) []string {
		w := m.words[i].text
		if m.words[i].dynamic {
			w = s.render(w)
		}
		return found(t.holds(w), w)
	})
}

func (m *matcher) matchRegexes(t *text) (bool, []string) {
	limit := 1
	if m.and || m.all {
		limit = 4
	}
	return m.each(len(m.regexes), func(i int) []string {
		if !m.regexes[i].possible(t) {
			return nil
		}
		return m.regexes[i].re().FindAllString(t.s, limit)
	})
}

// matchDSL: of expressions that all must hold, one whose value is neither true nor false is passed over, unless it is the
// last.
func (m *matcher) matchDSL(s *scope) bool {
	for i, x := range m.dsl {
		v, err := x.eval(s)
		holds, decided := v.(bool)
		switch {
		case err == nil && !decided:
		case holds && err == nil && (!m.and || i == len(m.dsl)-1):
			return true
		case m.and && (err != nil || !holds):
			return false
		}
	}
	return false
}

// matchXPath: XML when the text says so, else HTML.
func (m *matcher) matchXPath(in string) bool {
	counts, err := xpathCounts(in, m.xpaths)
	if err != nil {
		return false
	}
	total := 0
	for _, n := range counts {
		if n == 0 && m.and {
			return false
		}
		if n > 0 && !m.and && !m.all {
			return true
		}
		total += n
	}
	return total > 0
}

func xpathCounts(in string, queries []string) ([]int, error) {
	counts := make([]int, 0, len(queries))
	return counts, xpath(in, queries, func(n int, _ func(int, string) string) { counts = append(counts, n) })
}

// xpath calls visit for each query that is one, with the number of nodes and a way to their text or attribute.
func xpath(in string, queries []string, visit func(n int, value func(i int, attribute string) string)) error {
	if strings.HasPrefix(in, "<?xml") {
		doc, err := xmlquery.Parse(strings.NewReader(in))
		if err != nil {
			return err
		}
		for _, q := range queries {
			nodes, err := xmlquery.QueryAll(doc, q)
			if err != nil {
				continue
			}
			visit(len(nodes), func(i int, attribute string) string {
				if attribute != "" {
					return nodes[i].SelectAttr(attribute)
				}
				return nodes[i].InnerText()
			})
		}
		return nil
	}
	doc, err := htmlquery.Parse(strings.NewReader(in))
	if err != nil {
		return err
	}
	for _, q := range queries {
		nodes, err := htmlquery.QueryAll(doc, q)
		if err != nil {
			continue
		}
		visit(len(nodes), func(i int, attribute string) string {
			if attribute != "" {
				return htmlquery.SelectAttr(nodes[i], attribute)
			}
			return htmlquery.InnerText(nodes[i])
		})
	}
	return nil
}

// run takes values and puts them where matchers, later requests and the report find them.
func (e *extractor) run(s *scope, r *Result) {
	values := e.values(s)
	if len(values) == 0 {
		return
	}
	if e.internal {
		if r.Dynamic == nil {
			r.Dynamic = Vars{}
		}
		r.Dynamic[e.name] = values[0]
		if len(values) > 1 {
			r.Dynamic[e.name] = values
			for i, v := range values {
				r.Dynamic[e.name+strconv.Itoa(i)] = v
			}
		}
	} else {
		for _, v := range values {
			if !slices.Contains(r.Extracted, v) {
				r.Extracted = append(r.Extracted, v)
			}
		}
		if e.name != "" {
			if r.Named == nil {
				r.Named = map[string][]string{}
			}
			r.Named[e.name] = values
		}
	}
	if len(values) == 1 {
		s.take(e.name, values[0])
	} else {
		s.take(e.name, values)
	}
}

// values are what the extractor takes, in the order of the answer, without repeats.
func (e *extractor) values(s *scope) []string {
	var list []string
	add := func(v string) {
		if !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	t, ok := s.part(e.part)
	if !ok && e.kind != "kval" && e.kind != "dsl" {
		return nil
	}
	switch e.kind {
	case "regex":
		for i := range e.regexes {
			if !e.regexes[i].possible(t) {
				continue
			}
			for _, m := range e.regexes[i].re().FindAllStringSubmatch(t.s, -1) {
				if e.group < len(m) {
					add(m[e.group])
				}
			}
		}
	case "kval":
		for _, k := range e.keys {
			if v, ok := s.lookup(k); ok {
				text := toString(v)
				if e.fold {
					text = strings.ToLower(text)
				}
				add(text)
			}
		}
	case "json":
		e.json(t.s, add)
	case "xpath":
		_ = xpath(t.s, e.xpaths, func(n int, value func(int, string) string) { // text that does not parse holds nothing
			for i := range n {
				add(value(i, e.attribute))
			}
		})
	case "dsl":
		for _, x := range e.dsl {
			v, err := x.eval(s)
			if err != nil && !strings.HasPrefix(err.Error(), "no parameter") {
				return list
			}
			if text := fmt.Sprint(v); v != nil && text != "" {
				add(text)
			}
		}
	}
	return list
}

func (e *extractor) json(in string, add func(string)) {
	var doc any
	if json.Unmarshal([]byte(in), &doc) != nil {
		return
	}
	for _, q := range e.queries {
		for iter := q.Run(doc); ; {
			v, ok := iter.Next()
			if !ok {
				break
			}
			if _, failed := v.(error); failed {
				break
			}
			switch x := v.(type) {
			case string:
				add(x)
			case nil:
				add("")
			case bool, float64, int:
				add(toString(x))
			default:
				if b, err := json.Marshal(x); err == nil {
					add(string(b))
				}
			}
		}
	}
}
