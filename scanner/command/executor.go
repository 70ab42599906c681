package command

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"

	"sotomi/scanner"
	"sotomi/scanner/cluster"
	"sotomi/scanner/engine"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// executor looks at the inputs of tasks, on a worker or within the coordinator.
type executor struct {
	plan    *engine.Plan
	client  *web.Client
	targets *target.List
	secrets []string
	named   *strings.Replacer // gives paths of signatures the names that they have on the coordinator; nil when they have them

	mu      sync.Mutex
	counted int64 // requests of the client that chunks have told of
}

// held is a lease in the context of what is done under it.
type held struct {
	lease  cluster.Lease
	cancel context.CancelFunc
}

type heldKey struct{}

var errNoLease = message.Errorf("the lease of this host is lost")

// mayLeave lets only requests pass that are made under a valid lease. Once one was refused, all of that task ends: its results
// would lack something.
func mayLeave(ctx context.Context) error {
	h, ok := ctx.Value(heldKey{}).(*held)
	if ok && h.lease.Valid() {
		return nil
	}
	if ok {
		h.cancel()
	}
	return errNoLease
}

// execute looks at the inputs of a task one after the other, and sends a chunk for each. ctx ends with the lease.
func (x *executor) execute(ctx context.Context, t cluster.Task, lease cluster.Lease, done map[int]bool, send func(cluster.Chunk) error) error {
	var places []target.Place
	if err := json.Unmarshal(t.Body, &places); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ctx = context.WithValue(ctx, heldKey{}, &held{lease, cancel})
	for n, place := range places {
		if done[n] {
			continue
		}
		in, ok := x.targets.At(place)
		if !ok {
			return message.Errorf("the task names an input that is not in the list: %d", place.Index)
		}
		body, err := x.look(ctx, place.Index, in)
		if err == nil && (ctx.Err() != nil || !lease.Valid()) {
			err = errNoLease // the results may lack what was not asked any more
		}
		if err == nil {
			err = send(cluster.Chunk{Group: t.Group, Number: n, Body: body})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// look looks at an input and gives what a journal has about it, compressed.
func (x *executor) look(ctx context.Context, index int, in target.Input) ([]byte, error) {
	p := x.newPiece()
	if err := x.plan.Look(ctx, index, in, p); err != nil {
		return nil, err
	}
	return p.bytes()
}

// piece is a journal of one input.
type piece struct {
	scanner.Sink
	of     *executor
	writer *report.JournalWriter
	packed *gzip.Writer
	body   bytes.Buffer
}

func (x *executor) newPiece() *piece {
	p := &piece{of: x}
	p.packed = gzip.NewWriter(&p.body)
	p.writer = report.NewJournal(p.packed, nil)
	p.Sink = withoutSecrets([]scanner.Sink{p.writer}, x.secrets)[0]
	return p
}

// Outcome names files as the coordinator does.
func (p *piece) Outcome(o scanner.Outcome) error {
	if p.of.named != nil {
		o.Reason = o.Reason.Map(p.of.named.Replace)
	}
	return p.Sink.Outcome(o)
}

// Checkpoint tells how many requests were sent since the last chunk.
func (p *piece) Checkpoint(c scanner.Checkpoint) error {
	p.of.mu.Lock()
	now := p.of.client.Requests()
	c.Requests, p.of.counted = now-p.of.counted, now
	p.of.mu.Unlock()
	return p.writer.Checkpoint(c)
}

func (p *piece) bytes() ([]byte, error) {
	err := p.packed.Close()
	return p.body.Bytes(), err
}

// maxPiece is how much a chunk may hold, in bytes: one that holds more was made to fill a memory.
const maxPiece = 256 << 20

// readPiece tells what a chunk has about an input. The error says that it is not what a worker sends.
func readPiece(body []byte, to scanner.Sink) (scanner.Checkpoint, error) {
	packed, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return scanner.Checkpoint{}, err
	}
	limited := &io.LimitedReader{R: packed, N: maxPiece}
	check := &pieceCheck{Sink: to, seen: map[string]bool{}}
	c, err := report.ReplayInput(limited, check)
	if err == nil {
		_, err = io.ReadFull(packed, make([]byte, 1))
	}
	switch {
	case limited.N <= 0:
		return c, message.Errorf("larger than %d bytes", maxPiece)
	case errors.Is(err, io.EOF) && c.Targets == check.targets:
		return c, nil
	case err == nil || errors.Is(err, io.EOF):
		err = message.Errorf("not the records of one input")
	}
	return c, err
}

// pieceCheck lets records pass that fit together: each outcome and finding is of the target before it, and each signature has one
// outcome there.
type pieceCheck struct {
	scanner.Sink
	targets int
	last    string
	seen    map[string]bool // signatures with an outcome on the last target
}

func (p *pieceCheck) Target(t scanner.TargetInfo) error {
	p.targets, p.last = p.targets+1, t.Target
	clear(p.seen)
	return p.Sink.Target(t)
}

func (p *pieceCheck) Finding(f scanner.Finding) error {
	if f.Target != p.last || f.Signature.ID == "" {
		return message.Errorf("a finding of another target")
	}
	return p.Sink.Finding(f)
}

func (p *pieceCheck) Outcome(o scanner.Outcome) error {
	if o.Target != p.last || p.seen[o.Signature] || o.Signature == "" {
		return message.Errorf("two outcomes of one check, or one of another target")
	}
	p.seen[o.Signature] = true
	return p.Sink.Outcome(o)
}
