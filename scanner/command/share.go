package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/cluster"
	"sotomi/scanner/engine"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// sharedFlags share a scan among machines.
func sharedFlags() []cli.Flag {
	return []cli.Flag{
		stringFlag("listen", categoryShare, "share the scan with other machines: let workers connect to `ADDRESS`, as host:port, and print the line that sotomi work takes", ""),
		stringFlag("advertise", categoryShare, "`ADDRESS` that workers connect to, where that is not the one of --listen, as host:port", ""),
		stringFlag("nats", categoryShare, "share the scan by the NATS cluster with JetStream at `URL` instead of listening", ""),
		stringFlag("creds", categoryShare, "`FILE` with the credentials for --nats", ""),
		boolFlag("workers-only", categoryShare, "look at nothing from this machine, only from workers"),
		&cli.Float64Flag{Name: "egress", Category: categoryShare, Usage: "most requests per second of this machine to all hosts together; 0 is no limit", EnvVars: env("egress")},
		stringFlag("egress-address", categoryShare, "`IP` from which the targets see this machine, for the report (default: that of this machine)", ""),
	}
}

// sharedNames are the flags that say where a scan runs, not what it is: a scan that is resumed may run elsewhere.
var sharedNames = []string{"listen", "advertise", "nats", "creds", "workers-only", "egress", "egress-address"}

// shared reports whether other machines take part.
func (s *settings) shared() bool { return s.c.String("listen") != "" || s.c.String("nats") != "" }

// shareable refuses what several machines cannot do.
func (j *job) shareable(s *settings) error {
	var mistakes []error
	if !s.shared() {
		for _, name := range sharedNames {
			if s.c.IsSet(name) {
				mistakes = append(mistakes, message.Errorf("--%s needs --listen or --nats", name))
			}
		}
		return errors.Join(mistakes...)
	}
	if s.c.String("listen") != "" && s.c.String("nats") != "" {
		mistakes = append(mistakes, message.Errorf("--listen and --nats are two ways to share a scan; leave one of them out"))
	}
	if j.outputs.has(requestsOutput) {
		mistakes = append(mistakes, message.Errorf("-o requests: a scan that several machines share has no log of requests"))
	}
	if s.c.Float64("egress") < 0 {
		mistakes = append(mistakes, message.Errorf("--egress must not be negative"))
	}
	return errors.Join(append(mistakes, checkEgress(s.c.String("egress-address")))...)
}

func checkEgress(address string) error {
	if _, err := netip.ParseAddr(address); address != "" && err != nil {
		return message.Errorf("--egress-address %q is not an IP address", address)
	}
	return nil
}

// sharing is a scan that this machine shares with others.
type sharing struct {
	settings *settings
	job      *job
	args     []string
	journal  *journal
	earlier  *earlier // nil for a new scan

	e      *environment
	index  *report.Journal
	groups *target.Groups
	begun  time.Time
	took   time.Duration // before begun

	mu       sync.Mutex
	open     map[string][]target.Place // groups that are under way
	done     int                       // inputs
	before   int                       // of them, those that the earlier scan had
	requests int64
	findings int
	failed   error // of the journal: what came after is lost
}

// share lets workers scan, keeps what they send, and tells the reports in the end.
func (e *environment) share(ctx context.Context, w *sharing, reports []scanner.Sink) (scanner.Summary, error) {
	if err := w.start(e); err != nil {
		return scanner.Summary{}, err
	}
	secret, bundle, err := w.job.order(w.settings, w.args)
	if err != nil {
		return scanner.Summary{}, err
	}
	e.taken, w.settings.taken = nil, nil // it is in the bundle
	work, cancel := context.WithCancel(ctx)
	if limit := w.job.options.MaxTime; limit > 0 {
		work, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	c, err := w.coordinator(work)
	if err != nil {
		return scanner.Summary{}, err
	}
	defer func() { _ = c.Close() }() //nolint:contextcheck // it says goodbye, also when ctx has ended; what it leaves is removed with the journal
	e.notice(message.New("to let another machine help: sotomi work %s", c.JoinLine()))
	err = w.run(work, c, cluster.Job{
		Name: w.job.targets.Hash(), Hash: programHash(w.job.data), Secret: secret, Bundle: bundle, Total: w.job.targets.Len() - w.done,
		Tasks: w.tasks(work), Kept: w.kept, Keep: w.keep, Lost: w.lost,
	})
	end := engine.Ending{Asked: egress(c.Status())}
	switch {
	case ctx.Err() != nil: // the user has stopped it
	case work.Err() != nil:
		end.OutOfTime = true
	case err != nil:
		end.Missing = scanner.End(scanner.StatusFailed, "the scan was not shared to its end: %s", message.Of(err))
	default:
		end.Missing = scanner.End(scanner.StatusFailed, "no machine sent its results")
	}
	w.job.plan.Resumable(nil, w.index)
	summary, told := w.job.plan.Report(context.WithoutCancel(ctx), end, reports...)
	if w.failed != nil {
		told = errors.Join(told, w.failed)
	}
	return summary, told
}

// start begins the journal, or goes on with the earlier one.
func (w *sharing) start(e *environment) error {
	w.e, w.open, w.begun = e, map[string][]target.Place{}, time.Now()
	w.groups = target.NewGroups(w.lookUp())
	if w.earlier != nil {
		w.index, w.took, w.requests = w.earlier.Journal, w.earlier.Took(), w.earlier.Requests()
		w.done = len(w.index.Inputs())
		w.before = w.done
		return nil
	}
	w.index = report.NewEarlier(w.journal.file, w.begun.UTC())
	return w.journal.Start(w.job.plan.Start(w.begun))
}

// coordinator is the server, or the connection to one.
func (w *sharing) coordinator(ctx context.Context) (*cluster.Coordinator, error) {
	flag := w.settings.c.String
	o := cluster.Options{State: stateOf(w.journal.file.Name()), Address: flag("advertise"), Lease: w.e.lease}
	if address := flag("listen"); address != "" {
		c, err := cluster.Listen(ctx, address, o)
		if err != nil {
			return nil, message.Errorf("--listen %s: %w", address, reason(err))
		}
		return c, nil
	}
	c, err := cluster.Connect(ctx, flag("nats"), flag("creds"), o)
	if err != nil {
		return nil, message.Errorf("--nats: %w", reason(err))
	}
	return c, nil
}

// stateOf is the folder with the keys and streams of a shared scan.
func stateOf(journal string) string { return journal + ".nats" }

// run gives the tasks away, and does some of them within this process. It ends when all are done or ctx does.
func (w *sharing) run(ctx context.Context, c *cluster.Coordinator, job cluster.Job) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var group errgroup.Group
	if !w.settings.c.Bool("workers-only") {
		x := &executor{plan: w.job.plan, client: w.job.client, targets: w.job.targets, secrets: w.settings.secrets}
		group.Go(func() error {
			err := w.workHere(ctx, c.JoinLine(), job.Hash, x)
			if err != nil {
				cancel()
			}
			return err
		})
	}
	stop := w.sayProgress(c)
	err := c.Run(ctx, job)
	cancel()
	stop()
	return errors.Join(err, group.Wait())
}

func (w *sharing) workHere(ctx context.Context, line, hash string, x *executor) error {
	worker, err := cluster.Join(ctx, line, cluster.WorkerOptions{
		Version: web.Version, Address: egressAddress(w.settings.c.String("egress-address")), Tasks: w.job.plan.AtOnce(), Creds: w.settings.c.String("creds"),
	})
	if err != nil {
		return err
	}
	defer worker.Close()
	return worker.Run(ctx, hash, func([]byte, []byte) (cluster.Execute, error) { return x.execute, nil })
}

// tasks are the groups of which something is not done, each once no other on its host is under way.
func (w *sharing) tasks(ctx context.Context) func(func(cluster.Task) bool) {
	return func(yield func(cluster.Task) bool) {
		for g := range w.groups.All(ctx, w.job.targets) {
			if !w.begin(g) {
				w.groups.Done(g.Name)
				continue
			}
			body, err := json.Marshal(g.Places)
			if err != nil || !yield(cluster.Task{Group: g.Name, Body: body}) {
				return
			}
		}
	}
}

// begin notes that a group is under way, unless all of it is done.
func (w *sharing) begin(g target.Group) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.ContainsFunc(g.Places, func(p target.Place) bool { return !w.index.Has(p.Index) }) {
		return false
	}
	w.open[g.Name] = g.Places
	return true
}

// kept are the inputs of a group that are done, by their places in it.
func (w *sharing) kept(group string) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []int
	for n, p := range w.open[group] {
		if w.index.Has(p.Index) {
			list = append(list, n)
		}
	}
	return list
}

// keep writes what a worker sent about an input into the journal.
func (w *sharing) keep(c cluster.Chunk) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	places := w.open[c.Group]
	if c.Number < 0 || c.Number >= len(places) || w.index.Has(places[c.Number].Index) {
		return nil // of a group that is over
	}
	place := places[c.Number]
	records := w.newRecords()
	point, err := readPiece(c.Body, records)
	if err == nil && point.Input != place.Index {
		err = message.Errorf("it is of another input")
	}
	if err != nil {
		err = w.give(place, scanner.End(scanner.StatusFailed, "a worker sent what is no result: %s", message.Of(err)))
	} else {
		err = w.write(records, point)
	}
	w.closeDone(c.Group)
	return err
}

// lost ends what is left of a group that three workers did not bring to its end.
func (w *sharing) lost(group string, attempts int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, place := range w.open[group] {
		if !w.index.Has(place.Index) {
			errs = append(errs, w.give(place, scanner.End(scanner.StatusFailed, "worker died %d times", attempts)))
		}
	}
	w.closeDone(group)
	return errors.Join(errs...)
}

// give writes that an input ended without results.
func (w *sharing) give(place target.Place, end *scanner.StatusError) error {
	in, ok := w.job.targets.At(place)
	if !ok {
		return nil // it was made from the list
	}
	records := w.newRecords()
	return errors.Join(w.job.plan.Give(place.Index, in, end, records), w.write(records, records.point))
}

// closeDone ends a group when all of it is done.
func (w *sharing) closeDone(group string) {
	if !slices.ContainsFunc(w.open[group], func(p target.Place) bool { return !w.index.Has(p.Index) }) {
		delete(w.open, group)
		w.groups.Done(group)
	}
}

// inputRecords is a journal of one input in memory.
type inputRecords struct {
	scanner.Sink
	writer   *report.JournalWriter
	text     bytes.Buffer
	point    scanner.Checkpoint
	findings int
}

func (w *sharing) newRecords() *inputRecords {
	r := &inputRecords{}
	r.writer = report.NewJournal(&r.text, nil)
	r.Sink = withoutSecrets([]scanner.Sink{r.writer}, w.settings.secrets)[0]
	return r
}

func (r *inputRecords) Finding(f scanner.Finding) error {
	r.findings++
	return r.Sink.Finding(f)
}

// Checkpoint is written with the records.
func (r *inputRecords) Checkpoint(c scanner.Checkpoint) error {
	r.point = c
	return nil
}

// write writes all about an input through to the disk.
func (w *sharing) write(r *inputRecords, c scanner.Checkpoint) error {
	w.requests += c.Requests
	c.Requests, c.Seconds = w.requests, (w.took + time.Since(w.begun)).Seconds()
	if err := r.writer.Checkpoint(c); err != nil {
		return err
	}
	begin, end, err := w.journal.append(r.text.Bytes())
	if err != nil {
		w.failed = err
		return err
	}
	w.index.Note(c, begin, end)
	w.done++
	w.findings += r.findings
	return nil
}

// lookUp gives the addresses that a name may lead to; nil where a proxy looks names up.
func (w *sharing) lookUp() func(context.Context, string) []netip.Addr {
	if w.job.web.Proxy != nil {
		return nil
	}
	given := w.job.web.Resolve
	return func(ctx context.Context, name string) []netip.Addr {
		var list []netip.Addr
		for at, to := range given {
			if host, _, err := net.SplitHostPort(at); err != nil || host != name {
				continue
			}
			if host, _, err := net.SplitHostPort(to); err == nil {
				to = host
			}
			if a, err := netip.ParseAddr(strings.Trim(to, "[]")); err == nil {
				list = append(list, a)
			}
		}
		ctx, cancel := context.WithTimeout(ctx, lookUpPatience)
		defer cancel()
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		if err != nil {
			return list // the name stands for itself
		}
		return append(list, found...)
	}
}

// lookUpPatience is how long the coordinator waits for a name before it takes it for a host of its own.
const lookUpPatience = 5 * time.Second

// egress are the addresses that requests came from.
func egress(s cluster.Status) []string {
	all := map[string]bool{}
	for _, w := range s.Workers {
		for _, address := range w.Addresses {
			if a, err := netip.ParseAddr(address); err == nil && !a.IsLoopback() { // as which this machine sees itself
				all[a.String()] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// egressAddress is the address from which requests go out: the given one, else that of this machine.
func egressAddress(given string) string {
	if given != "" {
		return given
	}
	c, err := net.Dial("udp", "192.0.2.1:9") //nolint:noctx // nothing is sent, and nothing waited for
	if err != nil {
		return ""
	}
	defer c.Close()
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return ""
	}
	return host
}

// programHash is what two machines must have in common to scan together.
func programHash(data []scanner.Data) string {
	set, err := signature.Load(signature.Sources{Embedded: checks.WithImported(signatures.FS)})
	if err != nil {
		return "broken"
	}
	return strings.Join([]string{web.Version, setName(set), datesOf(data)}, "; ")
}
