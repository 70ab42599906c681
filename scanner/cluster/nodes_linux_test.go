package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sotomi/scanner/cluster/natstest"
	"sotomi/scanner/sigtest"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// runNode is a server of a cluster, in a process of its own.
func runNode(config string) error {
	o, err := server.ProcessConfigFile(config)
	if err != nil {
		return err
	}
	o.NoSigs, o.NoLog = true, true
	s, err := server.NewServer(o)
	if err != nil {
		return err
	}
	s.Start()
	s.WaitForShutdown()
	return nil
}

// newNodes starts a cluster of three servers, each a process of its own.
func newNodes(t *testing.T) (*natstest.Cloud, []*os.Process) {
	t.Helper()
	c := natstest.NewAccount(t, natstest.Unlimited)
	for range 5 {
		nodes := startNodes(t, c)
		if waitForLeader(t, c) {
			return c, nodes
		}
		for _, p := range nodes { // a port was taken since it was free
			_ = p.Kill()
		}
	}
	t.Fatal("the servers do not start")
	return nil, nil
}

func startNodes(t *testing.T, c *natstest.Cloud) []*os.Process {
	t.Helper()
	var ports [6]int // of clients, and of the servers among themselves
	for i := range ports {
		port, err := sigtest.FreePort(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = port
	}
	var preload strings.Builder
	for account, text := range c.JWTs {
		fmt.Fprintf(&preload, "%s: %s\n", account, text)
	}
	var nodes []*os.Process
	c.URLs = nil
	for i := range 3 {
		c.URLs = append(c.URLs, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
		dir := t.TempDir()
		config := filepath.Join(dir, "nats.conf")
		text := fmt.Sprintf(`
server_name: n%d
listen: "127.0.0.1:%d"
jetstream { store_dir: %q, max_mem: 2G, max_file: 8G }
cluster { name: cloud, listen: "127.0.0.1:%d", routes: ["nats://127.0.0.1:%d", "nats://127.0.0.1:%d", "nats://127.0.0.1:%d"] }
operator: %s
system_account: %s
resolver: MEMORY
resolver_preload: {
%s}
`, i, ports[i], dir, ports[3+i], ports[3], ports[4], ports[5], c.Operator, c.System, &preload)
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "SOTOMI_CLUSTER_PART=node", "CONFIG="+config)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait() // it was killed
		})
		nodes = append(nodes, cmd.Process)
	}
	return nodes
}

// waitForLeader waits until all three are there and the cluster makes streams.
func waitForLeader(t *testing.T, c *natstest.Cloud) bool {
	t.Helper()
	ready := func(url string) bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // a question before there is a leader gets no answer
		defer cancel()
		nc, err := nats.Connect(url, nats.UserCredentials(c.Creds(jwt.Permissions{})))
		if err != nil {
			return false
		}
		defer nc.Close()
		js, err := jetstream.New(nc)
		if err != nil {
			return false
		}
		_, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: "first", Replicas: 3})
		return err == nil && js.DeleteStream(ctx, "first") == nil
	}
	for begun := time.Now(); time.Since(begun) < 20*time.Second; _ = pause(t.Context(), 50*time.Millisecond) {
		if !slices.ContainsFunc(c.URLs, func(url string) bool { return !ready(url) }) {
			return true
		}
	}
	return false
}

// TestClusterLosesANode: on three servers the streams have three copies, and a scan goes on when one of them dies, whichever it is:
// nothing is lost or kept twice.
func TestClusterLosesANode(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: no server of a cluster was killed")
	}
	servers := 1
	if os.Getenv("SOTOMI_KILLS") != "" {
		servers = 3 // each of them
	}
	for node := range servers {
		t.Run(fmt.Sprintf("n%d", node), func(t *testing.T) {
			c, nodes := newNodes(t)
			creds := c.Creds(jwt.Permissions{})
			ctx := within(t, 3*time.Minute)
			co, err := Connect(ctx, c.URL(), creds, Options{Lease: 5 * time.Second})
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
					_ = nodes[node].Kill()
				}
				return b.keep(chunk)
			}
			var g errgroup.Group
			for range 2 {
				w := join(t, co.JoinLine(), WorkerOptions{Tasks: 4, Creds: creds})
				g.Go(func() error { return w.Run(ctx, "v1", prepared(three)) })
			}
			if err := errors.Join(co.Run(ctx, job), g.Wait()); err != nil {
				t.Error(err)
			}
			if s := co.Status(); b.count() != 600 || len(b.twice) > 0 || len(b.lost) > 0 || s.Refused > 0 {
				t.Errorf("%d chunks, twice %v, lost %v, %d refused", b.count(), b.twice, b.lost, s.Refused)
			}
			if err := co.Close(); err != nil {
				t.Error(err)
			}
			if left := c.Left(); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}
