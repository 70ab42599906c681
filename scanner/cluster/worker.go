package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"golang.org/x/sync/errgroup"

	"sotomi/scanner/message"
)

// Worker does tasks of the coordinator whose join line it was given.
type Worker struct {
	names
	o      WorkerOptions
	line   line
	key    nkeys.KeyPair // of this worker, new for each start, on no disk
	id     string        // its public half
	curve  nkeys.KeyPair // that the secret is sealed to
	nc     *nats.Conn
	denied *denied // by a cluster that was there
	js     jetstream.JetStream

	hash        string
	pass        atomic.Pointer[[]byte]
	lease       time.Duration
	tasks       jetstream.Consumer
	leases      jetstream.KeyValue
	lives, ctrl jetstream.KeyValue
	running     atomic.Int64
	done        atomic.Int64
}

// Join connects to the coordinator of a join line.
func Join(ctx context.Context, text string, o WorkerOptions) (*Worker, error) {
	l, err := parseLine(text)
	if err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name, _ = os.Hostname() // for people only
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Minute
	}
	w := &Worker{names: names{l.scan}, o: o, line: l, denied: newDenied()}
	if w.key, err = nkeys.CreateUser(); err != nil {
		return nil, err
	}
	if w.id, err = w.key.PublicKey(); err != nil {
		return nil, err
	}
	if w.curve, err = nkeys.CreateCurveKeys(); err != nil {
		return nil, err
	}
	var options []nats.Option
	address := l.addresses
	if !l.foreign() {
		address = "tls://" + strings.ReplaceAll(address, ",", ",tls://")
		options = append(options, nats.Secure(l.clientTLS()), nats.TLSHandshakeFirst(), nats.IgnoreDiscoveredServers(),
			nats.Nkey(w.id, w.key.Sign), nats.Token(l.token(w.id)), nats.CustomInboxPrefix(inbox(w.id)))
	} else {
		if options, err = credentials(o.Creds); err != nil {
			return nil, err
		}
		options = append(options, nats.ErrorHandler(w.denied.note))
	}
	if w.nc, err = dial(ctx, address, append(options, nats.Name(w.id))...); err != nil {
		return nil, w.unreachable(err)
	}
	w.js, err = jetstream.New(w.nc, jetstream.WithDefaultTimeout(5*time.Second))
	return w, err
}

// Close leaves the cluster.
func (w *Worker) Close() { w.nc.Close() }

// AskStatus asks the coordinator of a join line how far it is.
func AskStatus(ctx context.Context, text string, o WorkerOptions) (Status, error) {
	w, err := Join(ctx, text, o)
	if err != nil {
		return Status{}, err
	}
	defer w.Close()
	body, err := json.Marshal(joinRequest{Token: w.line.token(w.id)})
	if err != nil {
		return Status{}, err
	}
	var s Status
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := w.ask(ctx, askStatus, head{}, body, "status."+w.id, &s); err != nil {
		return s, w.unreachable(err)
	}
	return s, nil
}

// unreachable says why the coordinator cannot be reached, as far as that is known.
func (w *Worker) unreachable(err error) error {
	switch {
	case errors.Is(err, errOver):
		return err
	case errors.Is(err, errOtherServer):
		return message.Errorf("at %s another scan listens, or something else: this line is of a scan that is over, or of another one", w.line.addresses)
	case w.line.foreign():
		return message.Errorf("NATS at %s: %w", w.line.addresses, explain(err))
	}
	return message.Errorf("no coordinator answers at %s (%w); the scan may be over, or the way to it be closed", w.line.addresses, err)
}

// errOver is what a worker hears that comes too late.
var errOver = message.Errorf("the scan of this line is over, or was stopped")

// gone reports whether the streams of the scan are on the cluster no more.
func (w *Worker) gone(ctx context.Context) bool {
	if !w.line.foreign() {
		return false
	}
	_, err := w.js.Stream(ctx, "KV_"+w.bucket(kindLease))
	return errors.Is(err, jetstream.ErrStreamNotFound)
}

// Run does tasks until the coordinator says that there are no more (nil), or ctx ends (nil too: its tasks are handed back). hash
// must be that of the job. prepare gets the job's secret and bundle, once, and makes what does the tasks.
func (w *Worker) Run(ctx context.Context, hash string, prepare func(secret, bundle []byte) (Execute, error)) error {
	w.hash = hash
	outer := ctx
	ctx, done := w.denied.within(ctx)
	defer done()
	ready, err := w.register(ctx)
	if ctx.Err() != nil {
		return cause(ctx, nil)
	}
	if err != nil {
		return err
	}
	secret, bundle, err := w.unpack(ctx, ready)
	if ctx.Err() != nil {
		return cause(ctx, nil)
	}
	if err != nil {
		return err
	}
	do, err := prepare(secret, bundle)
	if err != nil {
		return err
	}
	if err := w.find(ctx); ctx.Err() != nil {
		return cause(ctx, nil)
	} else if err != nil {
		return w.unreachable(err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	sub, err := w.nc.Subscribe(w.stopSubject(), func(m *nats.Msg) {
		if w.isStop(m.Data) {
			stop(errStop)
		}
	})
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	var g errgroup.Group
	g.Go(func() error { w.live(ctx, stop); return nil })
	for range max(w.o.Tasks, 1) {
		g.Go(func() error { w.slot(ctx, do, stop); return nil })
	}
	_ = g.Wait()
	w.goodbye(context.WithoutCancel(ctx))
	if cause := context.Cause(ctx); outer.Err() == nil && !errors.Is(cause, errStop) {
		return cause
	}
	return nil
}

var errStop = errors.New("the coordinator said stop")

// isStop reports whether this is the coordinator's order to stop.
func (w *Worker) isStop(data []byte) bool {
	l, err := open(w.subject("stop"), data)
	return err == nil && l.From == w.line.coordinator
}

// ask asks the coordinator until it answers or ctx ends. about is what the signature of the answer is for.
func (w *Worker) ask(ctx context.Context, kind string, h head, body []byte, about string, reply any) error {
	if p := w.pass.Load(); p != nil {
		h.Pass = *p
	}
	data, err := seal(w.key, w.subject(kind), h, body)
	if err != nil {
		return err
	}
	for {
		within, cancel := context.WithTimeout(ctx, 5*time.Second)
		m, err := w.nc.RequestWithContext(within, w.subject(kind), data)
		cancel()
		if err == nil {
			l, e := open(about, m.Data)
			if e == nil && l.From == w.line.coordinator {
				return json.Unmarshal(l.body, reply)
			}
			err = errors.New("an answer that is not the coordinator's")
		}
		if errors.Is(err, nats.ErrNoResponders) && w.gone(ctx) {
			return errOver
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return err
		}
	}
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// register asks to be let in.
func (w *Worker) register(ctx context.Context) (joinReply, error) {
	var reply joinReply
	public, err := w.curve.PublicKey()
	if err != nil {
		return reply, err
	}
	body, err := json.Marshal(joinRequest{Token: w.line.token(w.id), Curve: public, Hash: w.hash})
	if err != nil {
		return reply, err
	}
	within, cancel := context.WithTimeout(ctx, w.o.Patience)
	defer cancel()
	if err := w.ask(within, askJoin, head{}, body, "joined."+w.id, &reply); err != nil {
		return reply, w.unreachable(err)
	}
	switch {
	case reply.Refused == refusedHash || reply.Refused == "" && reply.Hash != w.hash:
		return reply, message.Errorf("the coordinator is of another version, or has other signatures or data: install the same on both (there: %s, here: %s)", plain(reply.Hash), w.hash)
	case reply.Refused != "":
		return reply, message.Errorf("the coordinator refuses this worker")
	case reply.Lease <= 0 || reply.Size < 0 || reply.Size > 1<<30:
		return reply, message.Errorf("the coordinator's answer makes no sense")
	}
	w.pass.Store(&reply.Pass)
	w.lease = reply.Lease
	return reply, nil
}

// unpack gives the secret and the bundle in clear.
func (w *Worker) unpack(ctx context.Context, r joinReply) (secret, bundle []byte, err error) {
	if secret, err = w.curve.Open(r.Secret, r.Curve); err != nil {
		return nil, nil, err
	}
	public, err := w.curve.PublicKey()
	if err != nil {
		return nil, nil, err
	}
	within, cancel := context.WithTimeout(ctx, w.o.Patience)
	defer cancel()
	for len(bundle) < r.Size {
		body, err := json.Marshal(fileRequest{Curve: public, At: len(bundle)})
		if err != nil {
			return nil, nil, err
		}
		var reply fileReply
		if err := w.ask(within, askFile, head{}, body, "file."+w.id, &reply); err != nil {
			return nil, nil, w.unreachable(err)
		}
		piece, err := w.curve.Open(reply.Sealed, reply.Curve)
		if err != nil || len(piece) == 0 {
			return nil, nil, message.Errorf("the coordinator's answer makes no sense")
		}
		bundle = append(bundle, piece...)
	}
	if sum := sha256.Sum256(bundle); hex.EncodeToString(sum[:]) != r.Bundle {
		return nil, nil, message.Errorf("the coordinator's files are not those that it named")
	}
	return secret, bundle, nil
}

// find finds the streams; the coordinator may be starting again just now.
func (w *Worker) find(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, w.o.Patience)
	defer cancel()
	for {
		within, cancel := context.WithTimeout(ctx, 5*time.Second)
		err := w.bind(within)
		cancel()
		if err == nil || pause(ctx, 100*time.Millisecond) != nil {
			return err
		}
	}
}

// bind looks for the streams once.
func (w *Worker) bind(ctx context.Context) error {
	var err error
	if w.leases, err = w.js.KeyValue(ctx, w.bucket(kindLease)); err != nil {
		return err
	}
	if w.lives, err = w.js.KeyValue(ctx, w.bucket(kindWorker)); err != nil {
		return err
	}
	if w.ctrl, err = w.js.KeyValue(ctx, w.bucket(kindCtrl)); err != nil {
		return err
	}
	w.tasks, err = w.js.Consumer(ctx, w.stream(kindTask), taskConsumer)
	return err
}

// live gives signs of life, and looks for the order to stop, should it have been missed. Without an answer for long it ends the
// worker.
func (w *Worker) live(ctx context.Context, stop context.CancelCauseFunc) {
	last := time.Now()
	for {
		within, cancel := context.WithTimeout(ctx, max(w.lease/3, time.Second))
		err := w.sign(within, false)
		if e, get := w.ctrl.Get(within, "stop"); get == nil && w.isStop(e.Value()) {
			stop(errStop)
		}
		cancel()
		if err == nil {
			last = time.Now()
		} else if w.gone(ctx) {
			stop(errStop) // it was said while this worker was cut off
		}
		if time.Since(last) > w.o.Patience {
			stop(message.Errorf("no answer from the coordinator at %s for %s", w.line.addresses, w.o.Patience))
		}
		if pause(ctx, min(w.lease/3, 5*time.Second)) != nil {
			return
		}
	}
}

// sign puts a sign of life.
func (w *Worker) sign(ctx context.Context, left bool) error {
	address := ""
	if w.o.Address != nil {
		address = w.o.Address()
	}
	text, err := json.Marshal(life{
		Name: w.o.Name, Version: w.o.Version, Address: address, Running: int(w.running.Load()), Done: int(w.done.Load()), Left: left,
	})
	if err != nil {
		return err
	}
	data, err := seal(w.key, "life."+w.id, head{Pass: *w.pass.Load()}, text)
	if err != nil {
		return err
	}
	_, err = w.lives.Put(ctx, w.id, data)
	return err
}

// goodbye says that the worker is gone, if anybody hears.
func (w *Worker) goodbye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	_ = w.sign(ctx, true)
}
