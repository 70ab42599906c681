package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sotomi/scanner/match"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// block is one block under http:, compiled.
type block struct {
	spec    *signature.HTTP
	program *match.Program
	names   []string            // of the payloads, in the order of the file
	lists   map[string][]string // their values
}

func newBlock(s *signature.Signature, h *signature.HTTP) (*block, error) {
	program, err := match.Compile(h)
	if err != nil {
		return nil, err
	}
	b := &block{spec: h, program: program, lists: map[string][]string{}}
	for _, name := range h.PayloadNames {
		values, err := s.Lines(h.Payloads[name])
		if err != nil {
			return nil, &match.UnsupportedError{Feature: fmt.Sprintf("payload %s: the file %q is not there; name its folder with --template-root", name, h.Payloads[name].File)}
		}
		b.names = append(b.names, name)
		b.lists[name] = values
	}
	switch strings.ToLower(h.Attack) {
	case "", "batteringram", "pitchfork", "clusterbomb":
	default:
		return nil, fmt.Errorf("line %d: attack %q: there are batteringram, pitchfork, clusterbomb", h.Line, h.Attack)
	}
	return b, nil
}

// templateRequest is one request of a block, ready to be sent, or why it cannot be.
type templateRequest struct {
	index   int // of the path or raw request, for body_2 and the like
	request *web.Request
	vars    match.Vars
	err     error
}

// each calls use with every request of the block: all paths or raw requests for the first payloads, then for the next.
// It ends with the first error that use returns.
func (b *block) each(vars match.Vars, use func(*templateRequest) error) error {
	return b.eachDynamic(vars, nil, use)
}

// eachDynamic is each with what internal extractors take while it goes on: taken is looked at before every request.
func (b *block) eachDynamic(vars, taken match.Vars, use func(*templateRequest) error) error {
	once := map[int]bool{}
	for payload := range b.payloads {
		for i := range len(b.spec.Path) + len(b.spec.Raw) {
			if once[i] {
				continue
			}
			once[i] = b.isOnce(i)
			for _, dynamic := range b.variations(taken) {
				if err := use(b.build(i, vars, dynamic, payload)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// isOnce: a raw request with this annotation is not repeated for every payload.
func (b *block) isOnce(i int) bool {
	return i >= len(b.spec.Path) && strings.HasPrefix(strings.TrimSpace(b.spec.Raw[i-len(b.spec.Path)]), "@once")
}

// variations are the values that internal extractors took: the first of each, or with iterate-all every one in turn.
func (b *block) variations(taken match.Vars) []match.Vars {
	first := match.Vars{}
	longest := 1
	for name, value := range taken {
		first[name] = value
		if list, ok := value.([]string); ok && len(list) > 0 {
			first[name] = list[0]
			longest = max(longest, len(list))
		}
	}
	if !b.spec.IterateAll || longest == 1 {
		return []match.Vars{first}
	}
	all := make([]match.Vars, longest)
	for i := range all {
		all[i] = maps.Clone(first)
		for name, value := range taken {
			if list, ok := value.([]string); ok && len(list) > 0 {
				all[i][name] = list[min(i, len(list)-1)]
			}
		}
	}
	return all
}

// payloads goes through the payloads in the way of the block's attack; once with none when it has none.
func (b *block) payloads(yield func(match.Vars) bool) {
	if len(b.names) == 0 {
		yield(nil)
		return
	}
	switch strings.ToLower(b.spec.Attack) {
	case "pitchfork":
		shortest := len(b.lists[b.names[0]])
		for _, name := range b.names {
			shortest = min(shortest, len(b.lists[name]))
		}
		for i := range shortest {
			v := match.Vars{}
			for _, name := range b.names {
				v[name] = b.lists[name][i]
			}
			if !yield(v) {
				return
			}
		}
	case "clusterbomb":
		b.product(yield)
	default:
		for _, name := range b.names {
			for _, value := range b.lists[name] {
				if !yield(match.Vars{name: value}) {
					return
				}
			}
		}
	}
}

// product goes through all combinations, the first payload the fastest.
func (b *block) product(yield func(match.Vars) bool) {
	if slices.ContainsFunc(b.names, func(name string) bool { return len(b.lists[name]) == 0 }) {
		return
	}
	at := make([]int, len(b.names))
	for {
		v := match.Vars{}
		for i, name := range b.names {
			v[name] = b.lists[name][at[i]]
		}
		if !yield(v) {
			return
		}
		i := 0
		for ; i < len(at); i++ {
			if at[i]++; at[i] < len(b.lists[b.names[i]]) {
				break
			}
			at[i] = 0
		}
		if i == len(at) {
			return
		}
	}
}
