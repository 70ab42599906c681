package cluster

import (
	"context"
	"encoding/base64"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"sotomi/scanner/message"
)

// startServer starts a NATS server for this scan alone, and waits until it can be reached.
func startServer(ctx context.Context, id *identity, folder, address string, door *door) (*server.Server, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, message.Errorf("address to listen on %q: want host:port", address)
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, message.Errorf("address to listen on %q: want host:port", address)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	if port > 0 { // the server would say only that it does not come up
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, text))
		if err != nil {
			return nil, message.Errorf("cannot listen on %s: %w", address, err)
		}
		_ = l.Close()
	}
	config, err := id.serverTLS()
	if err != nil {
		return nil, err
	}
	o := &server.Options{
		ServerName: "sotomi-" + id.Scan, Host: host, Port: int(port), NoLog: true, NoSigs: true,
		TLS: true, TLSConfig: config, TLSTimeout: 10, TLSHandshakeFirst: true, // a stranger does not even see what server this is
		CustomClientAuthentication: door, AlwaysEnableNonce: true, AuthTimeout: 10,
		JetStream: true, StoreDir: filepath.Join(folder, "streams"), SyncAlways: true, DisableJetStreamBanner: true,
		JetStreamMaxMemory: 512 << 20, JetStreamMaxStore: 4 << 30, // not a share of what is free today
		MaxPayload: maxPayload, MaxPending: 64 << 20, MaxConn: maxWorkers, MaxSubs: 4096,
		PingInterval: 10 * time.Second, MaxPingsOut: 2, WriteDeadline: 10 * time.Second,
	}
	if port == 0 {
		o.Port = server.RANDOM_PORT
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		s.Shutdown()
		return nil, message.Errorf("cannot listen on %s: is the port taken?", address)
	}
	return s, nil
}

// door lets clients into the server: the coordinator by its key, and workers by a key of their own and a token that only who
// has the join line can make for it. Each worker gets the permissions of its key.
type door struct {
	names
	line        line
	coordinator string

	mu      sync.Mutex
	seen    map[string]caller // by worker
	refused map[string]bool   // workers that took what is not theirs
}

// caller is where a worker came from.
type caller struct {
	addresses []string // of all its connections; a way out may change
	id        uint64   // of the latest connection
}

// maxAddresses is how many addresses of one worker are kept.
const maxAddresses = 16

// Check implements the server's interface.
func (d *door) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if !nkeys.IsValidPublicUserKey(o.Nkey) || c.Kind() != server.CLIENT {
		return false
	}
	key, err := nkeys.FromPublicKey(o.Nkey)
	if err != nil {
		return false
	}
	sum, err := base64.RawURLEncoding.DecodeString(o.Sig)
	if err != nil || key.Verify(c.GetNonce(), sum) != nil {
		return false
	}
	if o.Nkey == d.coordinator {
		c.RegisterUser(&server.User{Username: "coordinator"})
		return true
	}
	if !d.line.knows(o.Nkey, o.Token) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refused[o.Nkey] {
		return false
	}
	if len(d.seen) >= maxWorkers {
		clear(d.seen)
	}
	from := caller{d.seen[o.Nkey].addresses, c.GetID()}
	if a := c.RemoteAddress(); a != nil {
		host, _, _ := net.SplitHostPort(a.String())
		from.addresses = oneMore(from.addresses, host)
	}
	d.seen[o.Nkey] = from
	c.RegisterUser(&server.User{Username: "worker", Permissions: d.permissions(o.Nkey)})
	return true
}

// permissions are all that a worker may do: ask the coordinator, get tasks, put chunks, read and put leases, and say that it
// is alive. It makes, reads and changes no stream, and sees no message that is for another.
func (d *door) permissions(worker string) *server.Permissions {
	task, lease, ctrl, life := d.stream(kindTask), "KV_"+d.bucket(kindLease), "KV_"+d.bucket(kindCtrl), "KV_"+d.bucket(kindWorker)
	return &server.Permissions{
		Publish: &server.SubjectPermission{Allow: []string{
			d.subject(askJoin), d.subject(askFile), d.subject(askBegin), d.subject(askStatus), d.subject("out.*.*"),
			"$KV." + d.bucket(kindLease) + ".*", "$KV." + d.bucket(kindWorker) + "." + worker,
			"$JS.API.CONSUMER.MSG.NEXT." + task + "." + taskConsumer, "$JS.API.CONSUMER.INFO." + task + "." + taskConsumer,
			"$JS.ACK." + task + "." + taskConsumer + ".>",
			"$JS.API.DIRECT.GET." + lease + ".>", "$JS.API.DIRECT.GET." + ctrl + ".>",
			"$JS.API.STREAM.INFO." + lease, "$JS.API.STREAM.INFO." + ctrl, "$JS.API.STREAM.INFO." + life,
		}},
		Subscribe: &server.SubjectPermission{Allow: []string{inbox(worker) + ".>", "$KV." + d.bucket(kindCtrl) + ".*"}},
	}
}

// inbox is where the answers to a worker go.
func inbox(worker string) string { return "_INBOX." + worker }

// addresses are where a worker came from, as far as that is known.
func (d *door) addresses(worker string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.seen[worker].addresses)
}

// oneMore adds an address to those of a worker.
func oneMore(list []string, address string) []string {
	if address == "" || slices.Contains(list, address) || len(list) >= maxAddresses {
		return list
	}
	return append(list, address)
}

// refuse closes the door to a worker. It gives the connection that is to be ended, if there is one.
func (d *door) refuse(worker string) (connection uint64, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.refused) < maxWorkers {
		d.refused[worker] = true
	}
	from, ok := d.seen[worker]
	return from.id, ok
}

// isRefused reports whether the door is closed to a worker.
func (d *door) isRefused(worker string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused[worker]
}
