package cluster

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"sotomi/scanner/message"
)

// Connect uses a NATS cluster that is there; creds is its file with credentials, empty if it needs none. Who else may use that
// account of the cluster can read what workers send, but neither change it nor read the secret. All that the scan will need of the
// account is tried before Connect returns.
func Connect(ctx context.Context, address, creds string, o Options) (*Coordinator, error) {
	c, err := newCoordinator(o)
	if err != nil {
		return nil, err
	}
	if c.line.addresses = o.Address; o.Address == "" {
		c.line.addresses = withoutPasswords(address)
	}
	failed := func(err error) (*Coordinator, error) { //nolint:contextcheck // what was made is removed also when ctx has ended
		if c.nc != nil && errors.Is(c.nc.LastError(), nats.ErrPermissionViolation) { // heard before denied was told
			err = c.nc.LastError()
		}
		err = message.Errorf("NATS at %s: %w", withoutPasswords(address), explain(err))
		_ = c.Close() // what cannot be removed was not permitted to be made, or nothing answers
		return nil, err
	}
	options, err := credentials(creds)
	if err != nil {
		return failed(err)
	}
	if err := c.connect(ctx, address, append(options, nats.ErrorHandler(c.denied.note))...); err != nil {
		return failed(err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ctx, cancel = c.denied.within(ctx)
	defer cancel()
	if err := errors.Join(c.settle(ctx), c.nc.FlushTimeout(10*time.Second)); err != nil {
		return failed(cause(ctx, err))
	}
	if err := c.nc.LastError(); errors.Is(err, nats.ErrPermissionViolation) {
		return failed(err)
	}
	return c, nil
}

// credentials are the options for a file of credentials. What is wrong with the file is found here.
func credentials(file string) ([]nats.Option, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	_, err1 := nkeys.ParseDecoratedJWT(text)
	_, err2 := nkeys.ParseDecoratedUserNKey(text)
	if errors.Join(err1, err2) != nil || !bytes.Contains(text, []byte("NATS USER JWT")) {
		return nil, message.Errorf("%s holds no credentials: they are a JWT and a key, as nsc writes them", file)
	}
	return []nats.Option{nats.UserCredentials(file)}, nil
}

// needed is the size of a message that a server must take, in bytes: a piece of the bundle, sealed and as text.
const needed = 1 << 20

// settle makes the streams, on three servers if the cluster has so many, and tries what the scan will do with them.
func (c *Coordinator) settle(ctx context.Context) error {
	// What is not permitted to be removed is not made.
	if err := c.js.DeleteStream(ctx, c.stream("REHEARSAL")); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	c.made = true
	replicas := 1
	if c.nc.ConnectedClusterName() != "" {
		replicas = 3
	}
	for try := 0; ; try++ {
		err := c.settleOn(ctx, replicas)
		if replicas > 1 && isTooFew(err) {
			replicas = 1
			err = c.settleOn(ctx, replicas)
		}
		// A server that removes the last stream of the account just now, of another scan, may remove the folder under the new one.
		if !isStore(err) || try == 4 || pause(ctx, time.Duration(try+1)*100*time.Millisecond) != nil {
			return err
		}
	}
}

// settleOn does that with so many copies.
func (c *Coordinator) settleOn(ctx context.Context, replicas int) error {
	var err error
	if c.streams, err = c.makeStreams(ctx, replicas); err != nil {
		return err
	}
	if err := c.rehearse(ctx); err != nil {
		return err
	}
	// What was on its way from a server that died comes again while the lease of its worker lasts.
	return c.streams.makeKeep(ctx, max(c.o.Lease/2, time.Second))
}

// isTooFew reports whether there are not enough servers for the copies that were asked for, or none that may hold them.
func isTooFew(err error) bool {
	var e *jetstream.APIError
	const noPeers, notClustered, noTier = 10005, 10074, 10120
	return errors.As(err, &e) && (e.ErrorCode == noPeers || e.ErrorCode == notClustered || e.ErrorCode == noTier)
}

// isStore reports whether a server could not make the files of a stream or consumer.
func isStore(err error) bool {
	var e *jetstream.APIError
	const streamCreate, streamStore, consumerCreate, consumerStore = 10049, 10077, 10012, 10104
	return errors.As(err, &e) && slices.Contains([]jetstream.ErrorCode{streamCreate, streamStore, consumerCreate, consumerStore}, e.ErrorCode)
}

// rehearse does once all that the scan will do: what is not permitted shows now, not when hosts have been asked.
func (c *Coordinator) rehearse(ctx context.Context) error {
	sub, err := c.nc.Subscribe(c.subject(askRehearse), func(m *nats.Msg) { _ = m.Respond(nil) }) // no answer is an error below
	if err != nil {
		return err
	}
	defer func() { _ = sub.Unsubscribe() }()
	if _, err := c.nc.RequestWithContext(ctx, c.subject(askRehearse), nil); err != nil {
		return err
	}
	subject := c.out("rehearsal", "0")
	const name = "rehearse"
	from, err := c.streams.out.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: name, FilterSubject: subject, AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		return err
	}
	switch _, err := c.js.Publish(ctx, subject, make([]byte, needed-4096)); {
	case errors.Is(err, nats.ErrMaxPayload):
		return message.Errorf("it takes messages of %d bytes at most; that must be %d, better %d (max_payload of the servers, payload of the account)", c.nc.MaxPayload(), needed, maxPayload)
	case err != nil && !isThere(err):
		return err
	}
	batch, err := from.Fetch(1, jetstream.FetchContext(ctx))
	if err != nil {
		return err
	}
	for m := range batch.Messages() {
		if err := m.DoubleAck(ctx); err != nil {
			return err
		}
	}
	if err := errors.Join(batch.Error(), c.streams.out.DeleteConsumer(ctx, name)); err != nil {
		return err
	}
	return c.rehearseLeases(ctx)
}

// rehearseLeases is the part about tasks and leases.
func (c *Coordinator) rehearseLeases(ctx context.Context) error {
	if err := c.streams.task.Purge(ctx, jetstream.WithPurgeSubject(c.task("rehearsal"))); err != nil {
		return err
	}
	if _, err := c.streams.task.Consumer(ctx, taskConsumer); err != nil { // as workers look for it
		return err
	}
	if _, err := c.streams.out.Info(ctx); err != nil {
		return err
	}
	if err := c.nc.Publish("$JS.FC."+c.stream(kindOut)+".rehearsal", nil); err != nil {
		return err
	}
	if _, err := c.streams.lease.Get(ctx, "rehearsal"); err != nil && !errors.Is(err, jetstream.ErrKeyNotFound) {
		return err
	}
	stop, err := c.nc.SubscribeSync(c.stopSubject())
	if err != nil {
		return err
	}
	watch, err := c.streams.worker.WatchAll(ctx, jetstream.UpdatesOnly())
	if err := errors.Join(err, c.nc.FlushWithContext(ctx), stop.Unsubscribe()); err != nil {
		return err
	}
	return watch.Stop()
}

// denied ends when the server did not permit something: the client hears of that apart from the call, which gets no answer.
type denied struct {
	ctx context.Context
	end context.CancelCauseFunc
}

func newDenied() *denied {
	d := &denied{}
	d.ctx, d.end = context.WithCancelCause(context.Background())
	return d
}

// note is told what goes wrong with a connection.
func (d *denied) note(_ *nats.Conn, _ *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrPermissionViolation) {
		d.end(explain(err))
	}
}

// within is a context that ends when something is not permitted, with that as its cause.
func (d *denied) within(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(d.ctx, func() { cancel(context.Cause(d.ctx)) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// cause is why ctx ended if that is known, else err.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); why != nil && !errors.Is(why, context.Canceled) && !errors.Is(why, context.DeadlineExceeded) {
		return why
	}
	return err
}

var notPermitted = regexp.MustCompile(`(?i)(publish|subscription) to "([^"]+)"`)

// explain says what a user can do about an error of a cluster that was there.
func explain(err error) error {
	var api *jetstream.APIError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, nats.ErrPermissionViolation):
		what := notPermitted.FindStringSubmatch(err.Error())
		if what == nil {
			return err
		}
		if strings.EqualFold(what[1], "publish") {
			return message.Errorf("the user of these credentials may not publish to %s; docs/many-machines.md lists what it must be permitted", what[2])
		}
		return message.Errorf("the user of these credentials may not subscribe to %s; docs/many-machines.md lists what it must be permitted", what[2])
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked), errors.Is(err, nats.ErrAccountAuthExpired):
		return message.Errorf("it refuses the credentials; give those of a user that it knows by --creds")
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount), errors.Is(err, nats.ErrNoResponders):
		return message.Errorf("the account has no JetStream; enable it for the account, or use another one")
	case errors.Is(err, nats.ErrNoServers):
		return message.Errorf("no server answers there")
	case errors.Is(err, nats.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return message.Errorf("no answer from JetStream; the account may have none, or the cluster no leader")
	case errors.As(err, &api):
		return message.Errorf("JetStream refuses the streams of the scan (%s); they are %d with %d consumers, and take %d MiB of memory and %d MiB on disk, three times as much on three servers",
			api.Description, 5, 4, (taskBytes+workerBytes+ctrlBytes)>>20, (outBytes+leaseBytes)>>20)
	}
	return err
}

// withoutPasswords gives the URLs of a list without names and passwords.
func withoutPasswords(list string) string {
	var clean []string
	for text := range strings.SplitSeq(list, ",") {
		if u, err := url.Parse(strings.TrimSpace(text)); err == nil && u.Host != "" {
			u.User = nil
			text = u.String()
		}
		clean = append(clean, text)
	}
	return strings.Join(clean, ",")
}
