package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/cluster"
	"sotomi/scanner/engine"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

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
		return scanner.Summary{}, &notBegunError{err}
	}
	e.taken, w.settings.taken = nil, nil // it is in the bundle
	work, cancel := context.WithCancel(ctx)
	if limit := w.job.options.MaxTime; limit > 0 {
		work, cancel = context.WithTimeout(ctx, limit)
	}
	defer cancel()
	c, err := w.coordinator(work)
	switch {
	case err != nil && ctx.Err() != nil:
		return scanner.Summary{}, &notBegunError{&statusError{scanner.ExitInterrupted, message.New("interrupted")}}
	case err != nil:
		return scanner.Summary{}, &notBegunError{err}
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

// notBegunError is why a shared scan was not begun: no host was asked for anything.
type notBegunError struct{ cause error }

func (e *notBegunError) Error() string { return e.cause.Error() }

// Unwrap gives the cause.
func (e *notBegunError) Unwrap() error { return e.cause }

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
