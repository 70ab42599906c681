package template

import (
	"errors"
	"io/fs"
	"strings"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/signature"

	"sotomi/scanner/message"
)

// What one block may ask for: combinations of its payloads, and requests with all of them.
const (
	maxCombinations = 10000
	maxRequests     = 2 * maxCombinations
)

// payloads are the values that a block puts into its requests, one combination after another.
type payloads struct {
	attack string
	names  []string // in the order of the file
	lists  []string // by payload, the list that comes before its values; "" for none
	values [][]string
}

// loadPayloads reads the payloads of a block: those that it uses anywhere. It is nil when there are none.
func loadPayloads(s *signature.Signature, h *signature.HTTP) (*payloads, error) {
	p := &payloads{attack: strings.ToLower(strings.TrimSpace(h.Attack))}
	for _, name := range h.PayloadNames {
		if !mentions(h, name) {
			continue
		}
		values, err := s.Lines(h.Payloads[name])
		if errors.Is(err, fs.ErrNotExist) && !s.Own {
			return nil, scanner.Unsupported("payload file %q, which is not there (name its folder with --template-root)", h.Payloads[name].File)
		}
		if err != nil {
			return nil, message.Errorf("payload %s: %w", name, err)
		}
		if len(values) == 0 && h.Payloads[name].List == "" {
			return nil, message.Errorf("%s:%d: payload %s has no values", s.File, h.Line, name)
		}
		p.names = append(p.names, name)
		p.lists = append(p.lists, h.Payloads[name].List)
		p.values = append(p.values, values)
	}
	if len(p.names) == 0 {
		return nil, nil
	}
	switch p.attack {
	case "", "batteringram":
		if len(p.names) != 1 {
			return nil, message.Errorf("%s:%d: attack batteringram takes one payload, not %d", s.File, h.Line, len(p.names))
		}
	case "pitchfork", "clusterbomb":
	default:
		return nil, message.Errorf("%s:%d: attack %q: there are batteringram, pitchfork, clusterbomb", s.File, h.Line, h.Attack)
	}
	if p.count() > maxCombinations {
		return nil, message.Errorf("%s:%d: the payloads make more than %d combinations", s.File, h.Line, maxCombinations)
	}
	return p, nil
}

// mentions reports whether the block uses a name anywhere.
func mentions(h *signature.HTTP, name string) bool {
	texts := append([]string{h.Body, h.Method}, h.Path...)
	texts = append(texts, h.Raw...)
	for k, v := range h.Headers {
		texts = append(texts, k, v)
	}
	for _, m := range h.Matchers {
		texts = append(append(append(append(texts, m.Part, m.Name), m.Words...), m.DSL...), m.Regex...)
	}
	for _, e := range h.Extractors {
		texts = append(append(append(texts, e.Part, e.Name), e.DSL...), e.Regex...)
	}
	for _, t := range texts {
		if strings.Contains(t, name) {
			return true
		}
	}
	return false
}

// count is the number of combinations, one without payloads; it stops counting above maxCombinations.
func (p *payloads) count() int {
	if p == nil {
		return 1
	}
	n := len(p.values[0])
	for _, v := range p.values[1:] {
		if p.attack == "clusterbomb" {
			n *= len(v)
		} else {
			n = min(n, len(v))
		}
		if n > maxCombinations {
			return n
		}
	}
	return n
}

// combination is the i-th: of a cluster bomb the first name changes fastest.
func (p *payloads) combination(i int) match.Vars {
	vars := make(match.Vars, len(p.names))
	for j, name := range p.names {
		if p.attack == "clusterbomb" {
			vars[name] = p.values[j][i%len(p.values[j])]
			i /= len(p.values[j])
			continue
		}
		vars[name] = p.values[j][i]
	}
	return vars
}
