package engine

import (
	"context"
	"math/rand/v2"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Ports are the options of a scan for ports.
type Ports struct {
	Numbers  scanner.Numbers                  // looked at on bare hosts; nil are those that signatures name
	Usual    bool                             // beside Numbers, those that signatures name
	None     bool                             // bare hosts are not looked at for ports
	Unlisted func(host string, port int) bool // the user said which ports of the host may be open, and this is none of them; nil for nothing said
}

// How a host is looked at for open ports.
const (
	fewSilent     = 3   // ports without an answer that are asked once more, however few are looked at
	portWorkers   = 64  // at once on one host
	identifiedMax = 100 // open ports after which a host where nearly all are open is asked no more
)

// portsAt reports whether a check looks at ports.
func portsAt(c scanner.Check) bool {
	placed, ok := c.(scanner.Placed)
	return ok && placed.Place() == scanner.PlacePorts
}

// portNumbers are those that are looked at on a bare host.
func (p *Plan) portNumbers() scanner.Numbers {
	if p.options.Ports.Numbers != nil && !p.options.Ports.Usual {
		return p.options.Ports.Numbers
	}
	list := slices.Clone(p.options.Ports.Numbers)
	for _, i := range p.atPorts {
		list = append(list, scanner.PortsOf(p.steps[i].signature)...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// numbersOf are the ports that are looked at for an address: the one that it names, or those of a bare host.
func (p *Plan) numbersOf(u *url.URL) scanner.Numbers {
	if u.Port() != "" {
		n, _ := strconv.Atoi(u.Port()) // it was parsed before
		return scanner.Numbers{n}
	}
	if p.options.Ports.None {
		return nil
	}
	return p.portNumbers()
}

// portEndpoint is the place of ports that an input means. ok is false when it means none.
func (p *Plan) portEndpoint(in target.Input) (o endpoint, ok bool) {
	if len(p.atPorts) == 0 {
		return endpoint{}, false
	}
	o = endpoint{from: in.Source, steps: p.atPorts, tcp: true}
	switch {
	case in.URL != nil && len(p.everyPage) > 0:
		return endpoint{}, false
	case in.URL != nil:
		o.candidates = []*url.URL{target.TCP(in.URL.Hostname(), target.Port(in.URL))}
	default:
		o.candidates = []*url.URL{target.TCP(in.Host, in.Port)}
	}
	return o, true
}

// portsFound are the ports of an input, before the steps there have run.
type portsFound struct {
	endpoint endpoint
	site     *site
	end      *scanner.StatusError // the outcome of all signatures when nothing is known of them; else nil
	again    bool                 // another input names them, and the steps run for that one
}

// portsOf looks at the ports that an input means, nil when it means none.
func (p *Plan) portsOf(ctx context.Context, in target.Input) *portsFound {
	o, ok := p.portEndpoint(in)
	if !ok {
		return nil
	}
	again := p.options.Targets.Named(in, o.candidates[0])
	found, ok := within(ctx, func() *portsFound {
		f := &portsFound{endpoint: o, again: again, site: p.newSite(o, o.candidates[0])}
		f.end = p.lookAtPorts(ctx, f.site)
		return f
	})
	if !ok {
		found = &portsFound{endpoint: o, again: again, site: p.newSite(o, o.candidates[0]), end: cutShort(ctx)}
	}
	return found
}

func (f *portsFound) close() {
	if f != nil && f.site.host != nil {
		f.site.host.Close()
	}
}

// open reports whether the host is known to be there, and to have some other port open.
func (f *portsFound) open() bool {
	return f != nil && f.site.ports != nil && len(f.site.ports.Open) > 0
}

// noWebServer is the outcome of all signatures for sites on a host that has open ports, but refuses connections where a web
// server would be.
var noWebServer = scanner.End(scanner.StatusNotApplicable, "no web server: the host refuses connections there, and has other ports open")

// instead is what is known of a site without asking it: its port is closed, or speaks something else. nil: it has to be asked.
func (f *portsFound) instead(p *Plan, o endpoint) []discovery {
	if f == nil || f.site.ports == nil {
		return nil
	}
	known := func(end *scanner.StatusError, refused bool) []discovery {
		return []discovery{{site: p.newSite(o, o.candidates[0]), end: end, refused: refused}}
	}
	for _, u := range o.candidates {
		number, _ := strconv.Atoi(target.Port(u)) // a URL of ours has one
		switch f.site.ports.Of(number) {
		case scanner.PortClosed:
			continue
		case scanner.PortOpen:
			open := f.site.ports.Open[slices.IndexFunc(f.site.ports.Open, func(o scanner.Port) bool { return o.Number == number })]
			if open.Protocol != "" && open.Protocol != scanner.ProtocolHTTP && open.Protocol != scanner.ProtocolTLS {
				return known(&scanner.StatusError{Status: scanner.StatusNotApplicable, Reason: (&notHTTP{protocol: open.Protocol}).Message()}, false)
			}
		case scanner.PortSilent, scanner.PortUnasked:
		}
		return nil
	}
	return known(refusedEnd, true)
}

var refusedEnd = scanner.End(scanner.StatusUnreachable, "connection refused")

// lookAtPorts looks at the ports of a host, or the one that the site names. It gives the outcome of all signatures when
// nothing is known of them.
func (p *Plan) lookAtPorts(ctx context.Context, s *site) *scanner.StatusError {
	numbers, named := p.numbersOf(s.target.URL), s.target.URL.Port() != ""
	if len(numbers) == 0 && !p.options.Ports.None {
		return scanner.End(scanner.StatusNotApplicable, "no signature names a port; name some with --ports")
	}
	if len(numbers) == 0 {
		return scanner.End(scanner.StatusNotApplicable, "ports were not looked at (--ports none)")
	}
	name := s.target.URL.Hostname()
	host, err := p.options.Client.Host(name)
	if err != nil {
		s.ports = &scanner.Ports{Unasked: numbers}
		if web.KindOf(err) == web.KindProtocol {
			return &scanner.StatusError{Status: scanner.StatusFailed, Reason: message.New("%s; --ports none leaves them out", reasonOf(err))}
		}
		return p.noAnswer(ctx, err)
	}
	s.host = host
	l := &portLook{host: host, random: scanner.RandFor("ports", s.target)}
	s.ports = l.look(ctx, numbers)
	for i := range s.ports.Open {
		open := &s.ports.Open[i]
		open.Claimed = slices.ContainsFunc(p.atPorts, func(i int) bool {
			claimer, ok := p.steps[i].check.(scanner.PortClaimer)
			return ok && claimer.Claims(*open)
		})
		open.Unlisted = p.options.Ports.Unlisted != nil && p.options.Ports.Unlisted(name, open.Number)
	}
	if len(s.ports.Open) > 0 || s.ports.Answers() && !named {
		return nil
	}
	return l.silence(ctx)
}

// portLook looks for the open ports of one host.
type portLook struct {
	host   *web.Host
	random *rand.Rand

	mu      sync.Mutex
	states  map[int]scanner.PortState
	open    []scanner.Port
	opened  int   // of those in states
	failure error // of the last connection that was not made
	scarce  error // of one for which this machine had no room
}

// look connects to each port, once more to those without an answer where others gave one.
func (l *portLook) look(ctx context.Context, numbers scanner.Numbers) *scanner.Ports {
	looking, cancel := withReserve(ctx)
	defer cancel()
	return l.lookFor(ctx, looking, numbers)
}

// lookFor is look until looking ends, which is before ctx does.
func (l *portLook) lookFor(ctx, looking context.Context, numbers scanner.Numbers) *scanner.Ports {
	l.states = make(map[int]scanner.PortState, len(numbers))
	l.each(looking, numbers)
	r := l.result(numbers)
	if silent := ofTCP(r.Silent); len(silent) > 0 && (len(silent)*4 <= len(numbers) || len(silent) <= fewSilent && r.Answers()) { // else a filter drops what comes, and asking again tells nothing
		l.each(looking, silent)
		r = l.result(numbers)
	}
	switch {
	case ctx.Err() != nil:
		r.End = cutShort(ctx)
	case looking.Err() != nil:
		r.End = scanner.End(scanner.StatusFailed, "not all ports were looked at within the host's time limit")
	case l.scarce != nil:
		r.End = scanner.End(scanner.StatusFailed, "this machine had no room for more connections: %s", dialReason(l.scarce))
	case len(ofTCP(r.Silent)) > 0 && l.shutOut(ctx, r):
		r.End = scanner.End(scanner.StatusBlocked, "the host stopped answering while its ports were looked at")
	}
	r.Everything = everything(r) || len(r.Open) >= suspicious && ctx.Err() == nil && l.opensAnywhere(looking, numbers)
	return r
}

// withReserve is ctx that ends early enough to tell of what was found.
func withReserve(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	left := time.Until(deadline)
	return context.WithTimeout(ctx, left-left/5)
}

// each looks at every port, some side by side.
func (l *portLook) each(ctx context.Context, numbers scanner.Numbers) {
	var group errgroup.Group
	var next atomic.Int64
	for range min(portWorkers, len(numbers)) {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(numbers) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				l.one(ctx, numbers[i])
			}
			return nil
		})
	}
	_ = group.Wait() // the workers return no error
}

// one connects to a port, and finds out what speaks there.
func (l *portLook) one(ctx context.Context, number int) {
	if number >= scanner.UDP {
		l.datagram(ctx, number)
		return
	}
	conn, err := l.host.Connect(ctx, number)
	if err != nil {
		l.note(number, err)
		return
	}
	open := scanner.Port{Number: number, Address: conn.RemoteAddr().String()}
	if l.begin(number) {
		l.identify(ctx, conn, &open)
	}
	_ = conn.Close() // nothing more is to be read
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, open)
}

// note keeps why a port is not open.
func (l *portLook) note(number int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil || number < scanner.UDP { // a refusal over TCP tells more than silence over UDP
		l.failure = err
	}
	switch {
	case web.KindOf(err) == web.KindCanceled:
		return
	case web.Scarce(err):
		l.scarce = err
		return
	case web.Refused(err):
		l.states[number] = scanner.PortClosed
	default:
		l.states[number] = scanner.PortSilent
	}
}

// begin notes that a port is open, and reports whether to find out what it speaks: of a host where nearly everything is open
// that is known well enough after a while.
func (l *portLook) begin(number int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.states[number] = scanner.PortOpen
	l.opened++
	return l.opened <= identifiedMax || !nearlyAll(l.opened, len(l.states))
}

// result is what is known so far.
func (l *portLook) result(numbers scanner.Numbers) *scanner.Ports {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := &scanner.Ports{Open: slices.Clone(l.open)}
	slices.SortFunc(r.Open, func(a, b scanner.Port) int { return a.Number - b.Number })
	for _, n := range numbers {
		switch l.states[n] {
		case scanner.PortOpen:
		case scanner.PortClosed:
			r.Closed = append(r.Closed, n)
		case scanner.PortSilent:
			r.Silent = append(r.Silent, n)
		default:
			r.Unasked = append(r.Unasked, n)
		}
	}
	return r
}

// shutOut reports whether a port that answered before gives no answer any more.
func (l *portLook) shutOut(ctx context.Context, r *scanner.Ports) bool {
	witness := 0
	switch {
	case len(ofTCP(r.Closed)) > 0:
		witness = r.Closed[0]
	case len(r.Open) > 0 && r.Open[0].Number < scanner.UDP:
		witness = r.Open[0].Number
	default:
		return false
	}
	conn, err := l.host.Connect(ctx, witness)
	if err == nil {
		_ = conn.Close() // it is still there
		return false
	}
	return !web.Refused(err) && ctx.Err() == nil && !web.Scarce(err)
}

// silence is the outcome of all signatures on a host none of whose ports is open or tells anything.
func (l *portLook) silence(ctx context.Context) *scanner.StatusError {
	if ctx.Err() != nil {
		return cutShort(ctx)
	}
	return &scanner.StatusError{Status: scanner.StatusUnreachable, Reason: reasonOf(l.failure)}
}

// How much of a host must be open before it is taken for one that answers to anything.
const (
	manyPorts    = 50 // looked at, of which nearly all are open
	manyProducts = 30 // that no single machine has
)

// Ports that nobody would name are asked of a host with many open ones: such as a control of what is said of pages.
const (
	suspicious   = 10 // open ports
	controlPorts = 5
	lowestRandom = 20000
)

// opensAnywhere reports whether the host accepts connections at ports by chance.
func (l *portLook) opensAnywhere(ctx context.Context, numbers scanner.Numbers) bool {
	open := 0
	for range controlPorts {
		number := lowestRandom + l.random.IntN(1<<16-lowestRandom)
		if numbers.Has(number) {
			continue
		}
		conn, err := l.host.Connect(ctx, number)
		if err != nil {
			return false
		}
		_ = conn.Close() // that it is open is all that matters
		open++
	}
	return open > 0
}

func nearlyAll(open, looked int) bool { return looked >= manyPorts && open*4 >= looked*3 }

// everything reports whether a host answers like everything: a trap for scanners, or a filter that accepts connections in place
// of it.
func everything(r *scanner.Ports) bool {
	products := map[string]bool{}
	for _, o := range r.Open {
		if o.Protocol != "" && o.Protocol != scanner.ProtocolHTTP && o.Protocol != scanner.ProtocolTLS {
			products[o.Protocol] = true
		}
	}
	return nearlyAll(len(r.Open), len(r.Open)+len(r.Closed)+len(r.Silent)) || len(products) >= manyProducts
}
