package match

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/antchfx/xpath"
	"github.com/itchyny/gojq"

	"sotomi/scanner/message"
)

// Bounds of what the extractors of one block take from one response. Result.Cut says that there was more.
const (
	MaxValues     = 1000
	maxValueBytes = 1 << 20 // of all values of an extractor together
)

// values are texts without repeats, in the order they were found.
type values struct {
	list  []string
	bytes int
	known map[string]bool
	cut   bool
}

// add is false when there is no room for more.
func (v *values) add(text string) bool {
	if v.known[text] {
		return true
	}
	if len(v.list) >= MaxValues || v.bytes+len(text) > maxValueBytes {
		v.cut = true
		return false
	}
	if v.known == nil {
		v.known = map[string]bool{}
	}
	v.known[text] = true
	v.list = append(v.list, text)
	v.bytes += len(text)
	return true
}

// extract runs all extractors.
func (p *Program) extract(s *scope, r *Result) {
	var all values // what is reported
	for i := range p.extractors {
		e := &p.extractors[i]
		var taken values
		e.take(s, &taken)
		if s.meter.err != nil {
			return
		}
		r.Cut = r.Cut || taken.cut
		if len(taken.list) == 0 {
			continue
		}
		if e.internal {
			e.hand(taken.list, r)
		} else {
			for _, text := range taken.list {
				all.add(text)
			}
			if e.name != "" {
				if r.Named == nil {
					r.Named = map[string][]string{}
				}
				r.Named[e.name] = withMore(r.Named[e.name], taken.list)
			}
		}
		if len(taken.list) == 1 {
			s.take(e.name, taken.list[0])
		} else {
			s.take(e.name, taken.list)
		}
	}
	r.Extracted, r.Cut = all.list, r.Cut || all.cut
	for name, value := range r.Dynamic {
		s.take(name, value)
	}
}

// withMore joins what several extractors of one name took, without repeats.
func withMore(list, more []string) []string {
	if len(list) == 0 {
		return more
	}
	var all values
	for _, text := range slices.Concat(list, more) {
		all.add(text)
	}
	return all.list
}

// hand puts what an internal extractor took where later requests find it.
func (e *extractor) hand(list []string, r *Result) {
	if r.Dynamic == nil {
		r.Dynamic = Vars{}
	}
	r.Dynamic[e.name] = list[0]
	if len(list) > 1 {
		r.Dynamic[e.name] = list
		for i, v := range list {
			r.Dynamic[e.name+strconv.Itoa(i)] = v
		}
	}
}

// take adds what the extractor finds in the response.
func (e *extractor) take(s *scope, to *values) {
	t, ok := s.part(e.part)
	if !ok && e.kind != "kval" && e.kind != "dsl" {
		return
	}
	switch e.kind {
	case "regex":
		for _, re := range e.regexes {
			if !re.possible(t) {
				continue
			}
			err := re.each(&s.meter, t.s, func(groups []int) bool {
				if 2*e.group+1 >= len(groups) {
					return false
				}
				text := ""
				if from := groups[2*e.group]; from >= 0 {
					text = t.s[from:groups[2*e.group+1]]
				}
				return to.add(text)
			})
			if err != nil {
				return
			}
		}
	case "kval":
		for _, k := range e.keys {
			if v, ok := s.lookup(k); ok {
				text := toString(v)
				if e.fold {
					text = strings.ToLower(text)
				}
				to.add(text)
			}
		}
	case "json":
		e.json(s, t.s, to)
	case "xpath":
		_ = s.eachNode(t, e.xpaths, func(_ int, node xpath.NodeNavigator) bool { // text that does not parse holds nothing
			return to.add(attribute(node, e.attribute))
		})
	case "dsl":
		e.compute(s, to)
	}
}

func (e *extractor) compute(s *scope, to *values) {
	for _, x := range e.dsl {
		v, err := x.eval(s)
		if err != nil && !strings.HasPrefix(err.Error(), "no parameter") {
			return
		}
		if text := fmt.Sprint(v); v != nil && text != "" {
			to.add(text)
		}
	}
}

// Bounds of a jq query. The parser and the compiler call themselves for each parenthesis.
const (
	maxQuery      = 4 << 10 // bytes
	maxQuerySteps = 2_000_000
	stepCost      = 50 // estimated nanoseconds
)

func compileJSON(text string) (*gojq.Code, error) {
	if len(text) > maxQuery {
		return nil, message.Errorf("too long, or nested too deeply")
	}
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, err
	}
	return gojq.Compile(query)
}

func (e *extractor) json(s *scope, in string, to *values) {
	var doc any
	if s.meter.spend(len(in)*parsed) != nil || json.Unmarshal([]byte(in), &doc) != nil {
		return
	}
	steps := &steps{Context: s.meter.ctx, meter: &s.meter}
	for _, q := range e.queries {
		for iter := q.RunWithContext(steps, doc); ; {
			v, ok := iter.Next()
			if !ok {
				break
			}
			if _, failed := v.(error); failed {
				break
			}
			if text, ok := jsonText(v); ok && !to.add(text) {
				return
			}
		}
	}
}

// jsonText is a result of a query as the language writes it, false for what JSON cannot say.
func jsonText(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case nil:
		return "", true
	case bool, float64, int:
		return toString(x), true
	}
	b, err := json.Marshal(v)
	return string(b), err == nil
}

// steps counts the steps of a query, before each of which the interpreter asks whether the context is done. A query that
// makes a list has it in memory: their number bounds that.
type steps struct {
	context.Context
	meter *meter
	taken int
}

var ended = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

func (s *steps) Done() <-chan struct{} {
	if s.taken++; s.taken > maxQuerySteps && s.meter.err == nil {
		s.meter.err = ErrTooCostly
	}
	if s.meter.spend(stepCost) != nil {
		return ended
	}
	return nil
}

func (s *steps) Err() error { return s.meter.err }
