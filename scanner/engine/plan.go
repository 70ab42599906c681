// Package engine runs a scan: it plans which signatures run on which targets, runs them over one polite client, and hands
// findings and outcomes to sinks.
//
//	Options ─► NewPlan ─► Plan.Run ──► each input, some side by side (run.go)
//	                                     discover: which address answers (discover.go)
//	                                     scanSite: steps by several workers (step.go, schedule.go)
//	                                       site: shared answers (answers.go), facts, pages (crawl.go)
//	                                       health: is the site still itself? (health.go, recheck.go)
//	                                     finish: outcomes (verdict.go)
//	                                  └► delivery: one goroutine feeds the sinks (delivery.go)
//
// A step is one signature, ready to run on any target. A requestPlan is what the steps are known to ask before they run, so
// that identical requests are sent once and their answers dropped when the last step has seen them.
package engine

import (
	"cmp"
	"errors"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// Plan is what a scan will do: which signatures, in which order, on which targets.
type Plan struct {
	options     Options
	steps       []*step // by signature id
	everyPage   []int   // the indexes of the steps that look at sites
	atPorts     []int   // those of the steps that look at ports
	ports       []port  // that signatures name, ascending
	facts       bool    // some steps need others
	alone       bool    // some steps must be alone with their host
	aboveSafety []string
	journal     Journal // nil for none
	earlier     Earlier // nil for none

	browsing *browsing

	forecast     *forecast
	scanning     chan struct{} // a slot for each host that is scanned at the same time
	gates        gates
	mu           sync.Mutex
	requestPlans map[string]*requestPlan // by kind of target
	followed     map[digest]bool         // targets that redirects led to
	shared       atomic.Bool             // other processes scan too, so it is not known here which of them are first
}

// port is a further port of bare hosts, and the steps that run there.
type port struct {
	number int
	steps  []int
}

// step is one signature, ready to run on any target.
type step struct {
	index     int // in Plan.steps
	signature *signature.Signature
	helper    bool // others need what it finds out; nothing is reported of it
	check     scanner.Check
	end       *scanner.StatusError // the outcome on every target, when it cannot run at all
	givers    []int                // steps that must have ended before this one
	alone     bool                 // no other step may run on the host meanwhile
}

// NewPlan makes the checks of the signatures and puts them in order. The error names every mistake of all signatures;
// nothing has been sent then.
func NewPlan(o Options) (*Plan, error) {
	p := &Plan{options: o.withDefaults()}
	p.browsing = &browsing{client: p.options.Client, named: p.options.Chromium}
	if o.Client == nil || o.Targets == nil {
		return nil, message.Errorf("a scan needs a client and targets")
	}
	p.scanning, p.forecast = make(chan struct{}, p.options.Concurrency), p.newForecast()
	var errs []error
	all := slices.Concat(o.Signatures, o.Helpers)
	steps, mistakes := make([]*step, len(all)), make([]error, len(all))
	sideBySide(len(all), func(i int) {
		if s := all[i]; p.options.Safety.Allows(s.Safety) {
			steps[i], mistakes[i] = newStep(s, o.Checks)
		}
	})
	for i, s := range all {
		helper := i >= len(o.Signatures)
		switch {
		case mistakes[i] != nil:
			errs = append(errs, mistakes[i])
		case steps[i] != nil:
			steps[i].helper = helper
			p.steps = append(p.steps, steps[i])
		case !helper:
			p.aboveSafety = append(p.aboveSafety, s.ID)
		}
	}
	if len(errs) == 0 && p.selected() == 0 {
		errs = append(errs, p.nothingSelected())
	}
	slices.SortStableFunc(p.steps, func(a, b *step) int {
		return cmp.Or(strings.Compare(a.signature.ID, b.signature.ID), strings.Compare(a.signature.File, b.signature.File))
	})
	for i, st := range p.steps {
		st.index = i
		p.alone = p.alone || st.alone
		if portsAt(st.check) {
			p.atPorts = append(p.atPorts, i)
		} else {
			p.everyPage = append(p.everyPage, i)
		}
	}
	slices.Sort(p.aboveSafety)
	errs = append(errs, p.order())
	p.ports = p.furtherPorts()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	p.options.Signatures, p.options.Helpers = nil, nil // the checks have what they need of them
	return p, nil
}

// sideBySide calls work for 0 to n-1 on all processors; each call writes to places of its own.
func sideBySide(n int, work func(int)) {
	var group errgroup.Group
	var next atomic.Int64
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				work(i)
			}
			return nil
		})
	}
	_ = group.Wait() // no work has an error of its own
}

// selected is how many steps are reported.
func (p *Plan) selected() int {
	n := 0
	for _, st := range p.steps {
		if !st.helper {
			n++
		}
	}
	return n
}

// wanted reports whether a finding of a step is reported.
func (p *Plan) wanted(st *step, f scanner.Finding) bool {
	return !st.helper && (p.options.Wanted == nil || p.options.Wanted(f))
}

func (p *Plan) nothingSelected() error {
	if n := len(p.aboveSafety); n > 0 {
		return message.Errorf("no signature to run: all %d selected are above the safety level %s", n, p.options.Safety)
	}
	return message.Errorf("no signature to run: none is selected")
}

func newStep(s *signature.Signature, checks scanner.Table) (*step, error) {
	st := &step{signature: s}
	if len(s.Unsupported) > 0 {
		st.end = scanner.End(scanner.StatusUnsupported, "%s", message.Join(", ", s.Unsupported...))
		return st, nil
	}
	name := cmp.Or(s.Check, "http")
	factory, ok := checks[name]
	if !ok {
		return nil, message.Errorf("%s: no check is called %q", s.File, name)
	}
	check, err := factory(s)
	var end *scanner.StatusError
	switch {
	case errors.As(err, &end):
		st.end = end
	case err != nil && s.File != "" && strings.HasPrefix(err.Error(), s.File):
		return nil, err
	case err != nil:
		return nil, message.Errorf("%s: check %q: %w", cmp.Or(s.File, s.ID), name, err)
	}
	st.check, st.signature = check, s.WithoutBlocks()
	if l, ok := check.(scanner.Loner); ok {
		st.alone = l.Alone()
	}
	return st, nil
}

// order links each step to those that establish the facts it needs, and refuses circles.
func (p *Plan) order() error {
	givers := map[string][]int{}
	for i, st := range p.steps {
		if st.signature.Gives != "" {
			givers[st.signature.Gives] = append(givers[st.signature.Gives], i)
		}
	}
	for _, st := range p.steps {
		for _, fact := range st.signature.Needs {
			st.givers = append(st.givers, givers[fact]...)
		}
		if claimsPorts(st.check) {
			st.givers = append(st.givers, p.tellingOfPorts()...)
		}
		p.facts = p.facts || len(st.givers) > 0
		slices.Sort(st.givers)
		st.givers = slices.Compact(st.givers)
	}
	const unseen, open, done = 0, 1, 2
	state := make([]int, len(p.steps))
	var visit func(i int) error
	visit = func(i int) error {
		switch state[i] {
		case done:
			return nil
		case open:
			s := p.steps[i].signature
			return message.Errorf("%s: circular needs: %s", cmp.Or(s.File, s.ID), strings.Join(s.Needs, ", "))
		}
		state[i] = open
		for _, g := range p.steps[i].givers {
			if err := visit(g); err != nil {
				return err
			}
		}
		state[i] = done
		return nil
	}
	var errs []error
	for i := range p.steps {
		if state[i] == unseen {
			errs = append(errs, visit(i))
		}
	}
	return errors.Join(errs...)
}

// furtherPorts are the ports that signatures name, each with those that name it and those that need what they find.
func (p *Plan) furtherPorts() []port {
	var numbers []int
	for _, i := range p.everyPage {
		numbers = append(numbers, p.steps[i].signature.Ports...)
	}
	slices.Sort(numbers)
	var ports []port
	for _, n := range slices.Compact(numbers) {
		if target.SchemeOf(strconv.Itoa(n)) != "" {
			continue // looked at anyway
		}
		here := map[int]bool{}
		for again := true; again; {
			again = false
			for _, i := range p.everyPage {
				st := p.steps[i]
				if here[i] || !slices.Contains(st.signature.Ports, n) && !slices.ContainsFunc(st.givers, func(g int) bool { return here[g] }) {
					continue
				}
				here[i], again = true, true
			}
		}
		ports = append(ports, port{n, slices.Sorted(maps.Keys(here))})
	}
	return ports
}

// Signatures are those that will run, by id.
func (p *Plan) Signatures() []*signature.Signature {
	all := make([]*signature.Signature, len(p.steps))
	for i, st := range p.steps {
		all[i] = st.signature
	}
	return all
}
