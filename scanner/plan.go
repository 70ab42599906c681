package scanner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// Options of a scan. The zero value of each number is the default that its comment names.
type Options struct {
	Client     *web.Client
	Signatures []*signature.Signature // those selected
	Checks     Table
	Targets    *Targets
	Safety     signature.Safety // signatures above it are left out; "" is active
	Sinks      []Sink

	Version      string // for Start
	SignatureSet string // for Start

	Concurrency int           // hosts at once; 0 is 25
	InFlight    int           // steps at once within one host, that of the client; 0 is 6
	CrawlPages  int           // pages that Probe.Crawl reads of one site; 0 is 30, negative is none
	StepTimeout time.Duration // the longest that one signature may take on one target; 0 is 10 minutes
	HashNames   bool          // reports show names that may be personal, such as those of indices, as hashes
	NoMerge     bool          // every request is sent, even if an identical one was: for comparing

	Visitors map[string]web.Credentials // by the NAME of --session
	Pages    []*url.URL                 // addresses of --page
}

func (o Options) withDefaults() Options {
	o.Safety = cmp.Or(o.Safety, signature.SafetyActive)
	o.Concurrency = cmp.Or(o.Concurrency, 25)
	o.InFlight = cmp.Or(o.InFlight, 6)
	o.CrawlPages = cmp.Or(o.CrawlPages, crawlPages)
	o.StepTimeout = cmp.Or(o.StepTimeout, 10*time.Minute)
	return o
}

// Plan is what a scan will do: which signatures, in which order, on which targets.
type Plan struct {
	options     Options
	steps       []*step // by signature id
	ports       []port  // that signatures name, ascending
	facts       bool    // some steps need others
	aboveSafety []string

	mu        sync.Mutex
	forecasts map[string]*forecast // by kind of origin
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
	check     Check
	end       *Stop // the outcome on every target, when it cannot run at all
	givers    []int // steps that must have ended before this one
}

// NewPlan makes the checks of the signatures and puts them in order. The error names every mistake of all signatures;
// nothing has been sent then. A public template that cannot be made into a check is unsupported, not a mistake.
func NewPlan(o Options) (*Plan, error) {
	p := &Plan{options: o.withDefaults()}
	if o.Client == nil || o.Targets == nil {
		return nil, errors.New("a scan needs a client and targets")
	}
	var errs []error
	steps, mistakes := make([]*step, len(o.Signatures)), make([]error, len(o.Signatures))
	sideBySide(len(o.Signatures), func(i int) {
		if s := o.Signatures[i]; SafetyRank(s.Safety) <= SafetyRank(p.options.Safety) {
			steps[i], mistakes[i] = newStep(s, o.Checks)
		}
	})
	for i, s := range o.Signatures {
		switch {
		case mistakes[i] != nil:
			errs = append(errs, mistakes[i])
		case steps[i] == nil:
			p.aboveSafety = append(p.aboveSafety, s.ID)
		default:
			p.steps = append(p.steps, steps[i])
		}
	}
	if len(errs) == 0 && len(p.steps) == 0 {
		errs = append(errs, p.nothingSelected())
	}
	slices.SortStableFunc(p.steps, func(a, b *step) int {
		return cmp.Or(strings.Compare(a.signature.ID, b.signature.ID), strings.Compare(a.signature.File, b.signature.File))
	})
	for i, st := range p.steps {
		st.index = i
	}
	slices.Sort(p.aboveSafety)
	errs = append(errs, p.order())
	p.ports = p.furtherPorts()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	p.options.Signatures = nil // the checks have what they need of them
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

func (p *Plan) nothingSelected() error {
	if n := len(p.aboveSafety); n > 0 {
		return fmt.Errorf("no signature to run: all %d selected are above the safety level %s", n, p.options.Safety)
	}
	return errors.New("no signature to run: none is selected")
}

func newStep(s *signature.Signature, checks Table) (*step, error) {
	st := &step{signature: s}
	if len(s.Unsupported) > 0 {
		st.end = &Stop{StatusUnsupported, strings.Join(s.Unsupported, ", ")}
		return st, nil
	}
	name := cmp.Or(s.Check, "http")
	factory, ok := checks[name]
	if !ok {
		return nil, fmt.Errorf("%s: no check is called %q", s.File, name)
	}
	check, err := factory(s)
	var stop *Stop
	switch {
	case errors.As(err, &stop):
		st.end = stop
	case err != nil && s.Check == "" && !s.Own && !s.Strict:
		st.end = &Stop{StatusUnsupported, err.Error()}
	case err != nil && s.File != "" && strings.HasPrefix(err.Error(), s.File):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%s: check %q: %w", cmp.Or(s.File, s.ID), name, err)
	}
	st.check, st.signature = check, s.Words()
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
			return fmt.Errorf("%s: needs %s in a circle", cmp.Or(s.File, s.ID), strings.Join(s.Needs, ", "))
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
	for _, st := range p.steps {
		numbers = append(numbers, st.signature.Ports...)
	}
	slices.Sort(numbers)
	var ports []port
	for _, n := range slices.Compact(numbers) {
		if n == 80 || n == 443 {
			continue
		}
		here := map[int]bool{}
		for again := true; again; {
			again = false
			for i, st := range p.steps {
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

// Planned is one request of a dry run.
type Planned struct {
	Target     Target
	Request    *web.Request // nil when the check decides as it goes
	Signatures []string     // ids of those that share it; empty Request: the one that decides
	Unless     string       // why it may not be sent, "" if nothing is known against it
}

// Requests is what Run would send, target by target, requests of many signatures once; nothing is sent to find out. A bare
// host is shown as https, which is tried first.
func (p *Plan) Requests(ctx context.Context) iter.Seq[Planned] {
	return func(yield func(Planned) bool) {
		for in := range p.options.Targets.All() {
			for _, o := range p.origins(in) {
				if p.options.Targets.elsewhere(in, o.candidates[0]) {
					continue
				}
				if ctx.Err() != nil || !p.listOrigin(o, yield) {
					return
				}
			}
		}
	}
}

func (p *Plan) listOrigin(o origin, yield func(Planned) bool) bool {
	target := Target{URL: o.candidates[0], Origin: o.from}
	var list []*Planned
	byKey := map[string]*Planned{}
	for _, i := range o.steps {
		st := p.steps[i]
		if st.end != nil {
			continue
		}
		unless := ""
		if len(st.signature.Needs) > 0 {
			unless = "only where " + strings.Join(st.signature.Needs, ", ") + " is found"
		}
		planner, ok := st.check.(Planner)
		if !ok {
			list = append(list, &Planned{Target: target, Signatures: []string{st.signature.ID}, Unless: unless})
			continue
		}
		for _, r := range planner.Plan(target) {
			key := r.Key()
			if known := byKey[key]; known != nil {
				if known.Signatures[len(known.Signatures)-1] != st.signature.ID {
					known.Signatures = append(known.Signatures, st.signature.ID)
				}
				if unless == "" {
					known.Unless = ""
				}
				continue
			}
			byKey[key] = &Planned{Target: target, Request: r, Signatures: []string{st.signature.ID}, Unless: unless}
			list = append(list, byKey[key])
		}
	}
	for _, pl := range list {
		if !yield(*pl) {
			return false
		}
	}
	return true
}
