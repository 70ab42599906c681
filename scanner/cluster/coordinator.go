package cluster

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"sotomi/scanner/message"
)

// Coordinator gives the tasks of a job to workers and keeps what they send.
type Coordinator struct {
	names
	o       Options
	id      *identity
	key     nkeys.KeyPair // signs for the coordinator
	public  string
	curve   nkeys.KeyPair // seals the secret; new for each start, on no disk
	line    line
	door    *door
	denied  *denied        // by a cluster that was there
	server  *server.Server // nil with a cluster that was there
	nc      *nats.Conn
	js      jetstream.JetStream
	streams streams
	made    bool // streams, on a cluster that was there
	temp    bool // the state folder is ours to remove
	run     atomic.Pointer[round]
	done    bool // a job was brought to its end
}

// Listen starts a server of its own for this scan on address (host:port, port 0 for any), with TLS and keys made for it.
func Listen(ctx context.Context, address string, o Options) (*Coordinator, error) {
	c, err := newCoordinator(o)
	if err != nil {
		return nil, err
	}
	if host, port, err := net.SplitHostPort(address); err == nil && port == "0" && c.id.Address != "" {
		address = net.JoinHostPort(host, c.id.Address) // workers of an earlier start know this one
	}
	c.server, err = startServer(ctx, c.id, c.o.State, address, c.door)
	if err != nil {
		return nil, errors.Join(err, c.leave())
	}
	where := c.server.Addr().(*net.TCPAddr)
	c.id.Address = strconv.Itoa(where.Port)
	if err := c.id.save(c.o.State); err != nil {
		return nil, errors.Join(err, c.leave())
	}
	if c.line.addresses = o.Address; o.Address == "" {
		c.line.addresses = strings.Join(dialable(where), ",")
	}
	sum := sha256.Sum256(c.id.Certificate)
	c.line.certificate = sum
	c.door.line = c.line
	err = c.connect(ctx, "", nats.InProcessServer(c.server), nats.Nkey(c.public, c.key.Sign), nats.CustomInboxPrefix(inbox(c.public)))
	if err == nil {
		c.streams, err = c.makeStreams(ctx, 1)
	}
	if err == nil {
		err = c.streams.makeKeep(ctx, 10*time.Minute)
	}
	if err != nil {
		return nil, errors.Join(err, c.leave())
	}
	return c, nil
}

func newCoordinator(o Options) (*Coordinator, error) {
	if o.Lease == 0 {
		o.Lease = 15 * time.Second
	}
	if o.Window == 0 {
		o.Window = 1000
	}
	c := &Coordinator{o: o, temp: o.State == "", denied: newDenied()}
	var err error
	if c.temp {
		c.o.State, err = os.MkdirTemp("", "sotomi-cluster-")
	} else {
		err = os.MkdirAll(o.State, 0o700)
	}
	if err != nil {
		return nil, err
	}
	if c.id, err = loadIdentity(c.o.State); err != nil {
		return nil, errors.Join(message.Errorf("%s: %w", filepath.Join(c.o.State, identityFile), err), c.leave())
	}
	if c.key, c.public, err = c.id.keys(); err != nil {
		return nil, errors.Join(message.Errorf("%s: %w", filepath.Join(c.o.State, identityFile), err), c.leave())
	}
	if c.curve, err = nkeys.CreateCurveKeys(); err != nil {
		return nil, errors.Join(err, c.leave())
	}
	c.names = names{c.id.Scan}
	c.line = line{scan: c.id.Scan, coordinator: c.public}
	copy(c.line.secret[:], c.id.Secret)
	c.door = &door{names: c.names, line: c.line, coordinator: c.public, seen: map[string]caller{}, refused: map[string]bool{}}
	return c, nil
}

// connect makes the coordinator's own connection.
func (c *Coordinator) connect(ctx context.Context, address string, options ...nats.Option) error {
	var err error
	c.nc, err = dial(ctx, address, append(options, nats.Name("coordinator"))...)
	if err != nil {
		return err
	}
	c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(10*time.Second))
	return err
}

// dial connects and keeps connected until it is closed.
func dial(ctx context.Context, address string, options ...nats.Option) (*nats.Conn, error) {
	timeout := 10 * time.Second
	if t, ok := ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(t))
	}
	return nats.Connect(address, append([]nats.Option{
		nats.Timeout(timeout), nats.MaxReconnects(-1), nats.ReconnectWait(250 * time.Millisecond), nats.ReconnectJitter(250*time.Millisecond, 250*time.Millisecond),
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2), nats.IgnoreAuthErrorAbort(), nats.ReconnectBufSize(-1),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), // else it prints
	}, options...)...)
}

// JoinLine is what a worker needs to join, in one word. It is a secret.
func (c *Coordinator) JoinLine() string { return c.line.String() }

// Status may be called at any time.
func (c *Coordinator) Status() Status {
	if r := c.run.Load(); r != nil {
		return r.status()
	}
	return Status{}
}

// Close ends the server. When the job was brought to its end, or the state was not asked for, it removes the state. On a cluster
// that was there it leaves nothing in any case: what is kept is all that an unfinished job needs to go on.
func (c *Coordinator) Close() error {
	var err error
	if c.made {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = dropStreams(ctx, c.js, c.names)
	}
	return errors.Join(err, c.leave())
}

// leave ends what newCoordinator, Listen and Connect began.
func (c *Coordinator) leave() error {
	if c.nc != nil {
		c.nc.Close()
	}
	if c.server != nil {
		c.server.Shutdown()
		c.server.WaitForShutdown()
	}
	switch {
	case c.temp:
		return os.RemoveAll(c.o.State)
	case c.done:
		return errors.Join(os.RemoveAll(filepath.Join(c.o.State, "streams")), os.RemoveAll(filepath.Join(c.o.State, identityFile)))
	}
	return nil
}

// dialable are the addresses at which others can reach a listener.
func dialable(where *net.TCPAddr) []string {
	port := strconv.Itoa(where.Port)
	if !where.IP.IsUnspecified() {
		return []string{net.JoinHostPort(where.IP.String(), port)}
	}
	var list []string
	own, _ := net.InterfaceAddrs() // without, only this machine joins
	for _, a := range own {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && len(list) < 4 {
			list = append(list, net.JoinHostPort(n.IP.String(), port))
		}
	}
	if len(list) == 0 {
		list = []string{net.JoinHostPort("127.0.0.1", port)}
	}
	return list
}
