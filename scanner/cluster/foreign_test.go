package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"golang.org/x/sync/errgroup"
)

// cloud is servers of NATS in operator mode, as a company or a provider runs them, with one account for the scan.
type cloud struct {
	t       *testing.T
	servers []*server.Server
	account nkeys.KeyPair
}

// newCloud starts so many servers; limits changes what the account may do.
func newCloud(t *testing.T, nodes int, limits func(*jwt.AccountClaims)) *cloud {
	t.Helper()
	operator, system := newKey(t, nkeys.PrefixByteOperator), newKey(t, nkeys.PrefixByteAccount)
	c := &cloud{t: t, account: newKey(t, nkeys.PrefixByteAccount)}
	resolver := &server.MemAccResolver{}
	for key, name := range map[nkeys.KeyPair]string{system: "SYS", c.account: "SCANS"} {
		claims := jwt.NewAccountClaims(public(t, key))
		claims.Name = name
		if key == c.account {
			claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: 1 << 30, DiskStorage: 4 << 30, Streams: -1, Consumer: -1}
			limits(claims)
		}
		if err := resolver.Store(public(t, key), encoded(t, claims, operator)); err != nil {
			t.Fatal(err)
		}
	}
	claims, err := jwt.DecodeOperatorClaims(encoded(t, jwt.NewOperatorClaims(public(t, operator)), operator))
	if err != nil {
		t.Fatal(err)
	}
	for try := 0; !c.start(nodes, &server.Options{
		TrustedOperators: []*jwt.OperatorClaims{claims}, AccountResolver: resolver, SystemAccount: public(t, system), JetStream: true, NoLog: true, NoSigs: true,
		JetStreamMaxMemory: 2 << 30, JetStreamMaxStore: 8 << 30,
	}); try++ {
		if try == 5 {
			t.Fatal("the servers do not start")
		}
	}
	return c
}

// start starts the servers. It reports false when a port that was free is taken by then.
func (c *cloud) start(nodes int, common *server.Options) bool {
	var routes []*url.URL
	var ports []int
	for range nodes {
		l, err := (&net.ListenConfig{}).Listen(c.t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			c.t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
		_ = l.Close()
	}
	c.servers = nil
	for i := range nodes {
		o := common.Clone()
		o.ServerName, o.Host, o.Port, o.StoreDir = fmt.Sprintf("n%d", i), "127.0.0.1", server.RANDOM_PORT, c.t.TempDir()
		if nodes > 1 {
			o.Cluster, o.Routes = server.ClusterOpts{Name: "cloud", Host: "127.0.0.1", Port: ports[i]}, routes
		}
		s, err := server.NewServer(o)
		if err != nil {
			c.t.Fatal(err)
		}
		s.Start()
		c.t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		c.servers = append(c.servers, s)
	}
	for begun := time.Now(); time.Since(begun) < 30*time.Second; {
		ready := func(s *server.Server) bool {
			return s.ReadyForConnections(time.Second) && (nodes == 1 || s.NumRoutes() > 0 && s.JetStreamIsCurrent())
		}
		if !slices.ContainsFunc(c.servers, func(s *server.Server) bool { return !ready(s) }) && (nodes == 1 || slices.ContainsFunc(c.servers, (*server.Server).JetStreamIsLeader)) {
			return true
		}
		_ = pause(c.t.Context(), 50*time.Millisecond)
	}
	for _, s := range c.servers {
		s.Shutdown()
	}
	return false
}

// url names all servers.
func (c *cloud) url() string {
	var list []string
	for _, s := range c.servers {
		list = append(list, s.ClientURL())
	}
	return strings.Join(list, ",")
}

// creds makes a user of the account, and gives its file of credentials.
func (c *cloud) creds(p jwt.Permissions) string {
	c.t.Helper()
	key := newKey(c.t, nkeys.PrefixByteUser)
	claims := jwt.NewUserClaims(public(c.t, key))
	claims.Permissions = p
	seed, err := key.Seed()
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(encoded(c.t, claims, c.account), seed)
	if err != nil {
		c.t.Fatal(err)
	}
	file := filepath.Join(c.t.TempDir(), "user.creds")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

// left are the streams and consumers of all servers.
func (c *cloud) left() (streams, consumers int) {
	c.t.Helper()
	for _, s := range c.servers {
		if !s.Running() {
			continue
		}
		z, err := s.Jsz(&server.JSzOptions{})
		if err != nil {
			c.t.Fatal(err)
		}
		streams, consumers = streams+z.Streams, consumers+z.Consumers
	}
	return streams, consumers
}

func newKey(t *testing.T, kind nkeys.PrefixByte) nkeys.KeyPair {
	t.Helper()
	key, err := nkeys.CreatePair(kind)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func public(t *testing.T, key nkeys.KeyPair) string {
	t.Helper()
	text, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encoded(t *testing.T, claims jwt.Claims, by nkeys.KeyPair) string {
	t.Helper()
	text, err := claims.Encode(by)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// permissionsOf reads what docs/many-machines.md says that a user must be permitted: pub for what it may publish to, sub for what it
// may subscribe to.
func permissionsOf(t *testing.T, who string) jwt.Permissions {
	t.Helper()
	text, err := os.ReadFile("../../docs/many-machines.md")
	if err != nil {
		t.Fatal(err)
	}
	var p jwt.Permissions
	_, command, _ := strings.Cut(string(text), "--name sotomi-"+who)
	command, _, _ = strings.Cut(command, "\n$ ")
	command, _, _ = strings.Cut(command, "```")
	for _, m := range regexp.MustCompile(`--allow-(pub|sub) '([^']+)'`).FindAllStringSubmatch(command, -1) {
		to := &p.Pub.Allow
		if m[1] == "sub" {
			to = &p.Sub.Allow
		}
		to.Add(strings.Split(m[2], ",")...)
	}
	if len(p.Pub.Allow) == 0 || len(p.Sub.Allow) == 0 {
		t.Fatalf("no permissions of %s", who)
	}
	return p
}

var unlimited = func(*jwt.AccountClaims) {}

// scanOn runs a job of 20 tasks on the cloud. It gives the first error.
func (c *cloud) scanOn(coordinator, worker string) error {
	ctx := within(c.t, time.Minute)
	co, err := Connect(ctx, c.url(), coordinator, Options{Lease: 5 * time.Second})
	if err != nil {
		return err
	}
	b := newBook()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		w, err := Join(ctx, co.JoinLine(), WorkerOptions{Tasks: 2, Creds: worker})
		if err != nil {
			return err
		}
		defer w.Close()
		return w.Run(ctx, "v1", prepared(three))
	})
	g.Go(func() error { return co.Run(ctx, b.job(20)) })
	err = errors.Join(g.Wait(), co.Close())
	if err == nil && (b.count() != 60 || len(b.twice) > 0 || len(b.lost) > 0) {
		err = fmt.Errorf("%d chunks, twice %v, lost %v", b.count(), b.twice, b.lost)
	}
	return err
}

// TestAccount: with what the manual says that users must be permitted, a scan runs on an account of somebody's cluster, and leaves
// nothing there.
func TestAccount(t *testing.T) {
	c := newCloud(t, 1, unlimited)
	if err := c.scanOn(c.creds(permissionsOf(t, "coordinator")), c.creds(permissionsOf(t, "worker"))); err != nil {
		t.Fatal(err)
	}
	if streams, consumers := c.left(); streams+consumers > 0 {
		t.Errorf("%d streams and %d consumers are left", streams, consumers)
	}
}

// TestAccountForbids: what a user is not permitted is said before the scan begins, for each thing that it needs; nothing is left then.
func TestAccountForbids(t *testing.T) {
	c := newCloud(t, 1, unlimited)
	full := permissionsOf(t, "coordinator")
	for kind, list := range map[string]jwt.StringList{"publish": full.Pub.Allow, "subscribe": full.Sub.Allow} {
		for _, without := range list {
			t.Run(kind+"_"+without, func(t *testing.T) {
				fewer := full
				other := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == without })
				if kind == "publish" {
					fewer.Pub.Allow = other
				} else {
					fewer.Sub.Allow = other
				}
				co, err := Connect(within(t, 20*time.Second), c.url(), c.creds(fewer), Options{Lease: 5 * time.Second})
				if err == nil {
					_ = co.Close()
				}
				want := "the user of these credentials may not " + kind + " to "
				if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "docs/many-machines.md") {
					t.Errorf("Connect = %v, want %q", err, want)
				}
			})
		}
	}
	if streams, consumers := c.left(); streams+consumers > 0 {
		t.Errorf("%d streams and %d consumers are left", streams, consumers)
	}
}

// TestAccountForbidsWorker: a worker says what its user is not permitted.
func TestAccountForbidsWorker(t *testing.T) {
	c := newCloud(t, 1, unlimited)
	coordinator, full := c.creds(permissionsOf(t, "coordinator")), permissionsOf(t, "worker")
	for kind, list := range map[string]jwt.StringList{"publish": full.Pub.Allow, "subscribe": full.Sub.Allow} {
		for _, without := range list {
			t.Run(kind+"_"+without, func(t *testing.T) {
				fewer := full
				other := slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == without })
				if kind == "publish" {
					fewer.Pub.Allow = other
				} else {
					fewer.Sub.Allow = other
				}
				err := c.scanOn(coordinator, c.creds(fewer))
				if want := "the user of these credentials may not " + kind + " to "; err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			})
		}
	}
}

// TestAccountHasNoRoom: a file of credentials, a server or an account that does not do is named, with what to do, before the scan
// begins, and nothing is left.
func TestAccountHasNoRoom(t *testing.T) {
	foreign := newCloud(t, 1, unlimited)
	garbage := filepath.Join(t.TempDir(), "garbage")
	if err := os.WriteFile(garbage, []byte("-----BEGIN NATS USER JWT-----\nno"), 0o600); err != nil {
		t.Fatal(err)
	}
	limits := func(change func(*jwt.OperatorLimits)) func(*jwt.AccountClaims) {
		return func(a *jwt.AccountClaims) { change(&a.Limits) }
	}
	const room = "they are 5 with 4 consumers, and take 81 MiB of memory and 384 MiB on disk, three times as much on three servers"
	for name, one := range map[string]struct {
		limits func(*jwt.AccountClaims)
		creds  string // "" for good ones
		want   string
	}{
		"of_another_server": {unlimited, foreign.creds(jwt.Permissions{}), "it refuses the credentials; give those of a user that it knows by --creds"},
		"no_file":           {unlimited, filepath.Join(t.TempDir(), "missing"), "no such file or directory"},
		"garbage":           {unlimited, garbage, garbage + " holds no credentials: they are a JWT and a key"},
		"no_jetstream":      {limits(func(l *jwt.OperatorLimits) { l.JetStreamLimits = jwt.JetStreamLimits{} }), "", "the account has no JetStream; enable it"},
		"few_streams":       {limits(func(l *jwt.OperatorLimits) { l.JetStreamLimits.Streams = 3 }), "", "JetStream refuses the streams of the scan (maximum number of streams reached); " + room},
		"little_disk":       {limits(func(l *jwt.OperatorLimits) { l.DiskStorage = 300 << 20 }), "", room},
		"no_memory":         {limits(func(l *jwt.OperatorLimits) { l.MemoryStorage = 0 }), "", room},
		"largest_stream":    {limits(func(l *jwt.OperatorLimits) { l.DiskMaxStreamBytes = 100 << 20 }), "", room},
		"small_messages":    {limits(func(l *jwt.OperatorLimits) { l.Payload = 64 << 10 }), "", "it takes messages of 65536 bytes at most; that must be 1048576, better 8388608"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCloud(t, 1, one.limits)
			if one.creds == "" {
				one.creds = c.creds(jwt.Permissions{})
			}
			co, err := Connect(within(t, 30*time.Second), c.url(), one.creds, Options{})
			if err == nil {
				_ = co.Close()
			}
			if err == nil || !strings.HasPrefix(err.Error(), "NATS at "+c.url()+": ") || !strings.Contains(err.Error(), one.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Connect = %v, want %q", err, one.want)
			}
			if streams, consumers := c.left(); streams+consumers > 0 {
				t.Errorf("%d streams and %d consumers are left", streams, consumers)
			}
		})
	}
}

// TestAccountIsShared: two scans on one account at once do not disturb each other, and each leaves only what is the other's.
func TestAccountIsShared(t *testing.T) {
	c := newCloud(t, 1, unlimited)
	coordinator, worker := c.creds(permissionsOf(t, "coordinator")), c.creds(permissionsOf(t, "worker"))
	var g errgroup.Group
	for range 3 {
		g.Go(func() error { return c.scanOn(coordinator, worker) })
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if streams, consumers := c.left(); streams+consumers > 0 {
		t.Errorf("%d streams and %d consumers are left", streams, consumers)
	}
}

// TestAccountIsLeft: a scan that is stopped leaves nothing on the account either, and goes on there later with the same line; who
// comes with the line meanwhile, or after the end, is told so.
func TestAccountIsLeft(t *testing.T) {
	c := newCloud(t, 1, unlimited)
	creds := c.creds(jwt.Permissions{})
	ctx := within(t, time.Minute)
	o := Options{State: t.TempDir(), Lease: 5 * time.Second}
	b := newBook()
	line := ""
	for _, stopped := range []bool{true, false} {
		co, err := Connect(ctx, c.url(), creds, o)
		if err != nil {
			t.Fatal(err)
		}
		if line == "" {
			line = co.JoinLine()
		}
		if co.JoinLine() != line {
			t.Error("the line is another one")
		}
		own, stop := context.WithCancel(ctx)
		job := b.job(20)
		job.Keep = func(c Chunk) error {
			if stopped {
				stop()
			}
			return b.keep(c)
		}
		job.Kept = func(group string) []int { return slices.Collect(maps.Keys(b.chunks[group])) }
		var g errgroup.Group
		g.Go(func() error {
			w, err := Join(ctx, line, WorkerOptions{Creds: creds})
			if err != nil {
				return err
			}
			defer w.Close()
			return w.Run(ctx, "v1", prepared(three))
		})
		if err := co.Run(own, job); (err != nil) != stopped {
			t.Errorf("Run = %v", err)
		}
		if err := errors.Join(g.Wait(), co.Close()); err != nil {
			t.Error(err)
		}
		stop()
		if streams, consumers := c.left(); streams+consumers > 0 {
			t.Errorf("%d streams and %d consumers are left", streams, consumers)
		}
		w := join(t, line, WorkerOptions{Creds: creds})
		if err := w.Run(ctx, "v1", prepared(three)); !errors.Is(err, errOver) {
			t.Errorf("Run = %v", err)
		}
		if _, err := AskStatus(ctx, line, WorkerOptions{Creds: creds}); !errors.Is(err, errOver) {
			t.Errorf("AskStatus = %v", err)
		}
	}
	if b.count() != 60 || len(b.twice) > 0 {
		t.Errorf("%d chunks, twice %v", b.count(), b.twice)
	}
}

// TestClusterLosesANode: on three servers the streams have three copies, and a scan goes on when one of them dies, whichever it is:
// nothing is lost or kept twice.
func TestClusterLosesANode(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for node := range 3 {
		t.Run(fmt.Sprintf("n%d", node), func(t *testing.T) {
			c := newCloud(t, 3, unlimited)
			creds := c.creds(jwt.Permissions{})
			ctx := within(t, 3*time.Minute)
			co, err := Connect(ctx, c.url(), creds, Options{Lease: 5 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []jetstream.Stream{co.streams.task, co.streams.out} {
				if n := s.CachedInfo().Config.Replicas; n != 3 {
					t.Errorf("%d copies of %s", n, s.CachedInfo().Config.Name)
				}
			}
			b := newBook()
			job := b.job(200)
			job.Keep = func(chunk Chunk) error {
				if b.count() == 150 {
					c.servers[node].Shutdown()
				}
				return b.keep(chunk)
			}
			var g errgroup.Group
			for range 2 {
				w := join(t, co.JoinLine(), WorkerOptions{Tasks: 4, Creds: creds})
				g.Go(func() error { return w.Run(ctx, "v1", prepared(three)) })
			}
			begun := time.Now()
			if err := errors.Join(co.Run(ctx, job), g.Wait()); err != nil {
				t.Error(err)
			}
			t.Logf("%s; %+v", time.Since(begun).Round(100*time.Millisecond), co.Status())
			if s := co.Status(); b.count() != 600 || len(b.twice) > 0 || len(b.lost) > 0 || s.Refused > 0 {
				t.Errorf("%d chunks, twice %v, lost %v, %d refused", b.count(), b.twice, b.lost, s.Refused)
			}
			if err := co.Close(); err != nil {
				t.Error(err)
			}
			if streams, consumers := c.left(); streams+consumers > 0 {
				t.Errorf("%d streams and %d consumers are left", streams, consumers)
			}
		})
	}
}
