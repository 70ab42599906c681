package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sotomi/scanner/cluster/natstest"

	"github.com/nats-io/jwt/v2"
	"golang.org/x/sync/errgroup"
)

// scanOn runs a job of 20 tasks on the cloud. It gives the first error.
func scanOn(t *testing.T, c *natstest.Cloud, coordinator, worker string) error {
	t.Helper()
	ctx := within(t, time.Minute)
	co, err := Connect(ctx, c.URL(), coordinator, Options{Lease: 5 * time.Second})
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
	c := natstest.Start(t, func(a *jwt.AccountClaims) {
		a.Limits.JetStreamLimits = jwt.JetStreamLimits{Streams: 5, Consumer: 10, MemoryStorage: 100e6, DiskStorage: 500e6} // as the manual says
	})
	if err := scanOn(t, c, c.Creds(natstest.PermissionsOf(t, "coordinator")), c.Creds(natstest.PermissionsOf(t, "worker"))); err != nil {
		t.Fatal(err)
	}
	if left := c.Left(); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestAccountForbids: what a user is not permitted is said before the scan begins, for each thing that it needs; nothing is left then.
func TestAccountForbids(t *testing.T) {
	c := natstest.Start(t, natstest.Unlimited)
	full := natstest.PermissionsOf(t, "coordinator")
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
				co, err := Connect(within(t, 20*time.Second), c.URL(), c.Creds(fewer), Options{Lease: 5 * time.Second})
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
	if left := c.Left(); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestAccountForbidsWorker: a worker says what its user is not permitted.
func TestAccountForbidsWorker(t *testing.T) {
	c := natstest.Start(t, natstest.Unlimited)
	coordinator, full := c.Creds(natstest.PermissionsOf(t, "coordinator")), natstest.PermissionsOf(t, "worker")
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
				err := scanOn(t, c, coordinator, c.Creds(fewer))
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
	foreign := natstest.Start(t, natstest.Unlimited)
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
		"of_another_server": {natstest.Unlimited, foreign.Creds(jwt.Permissions{}), "it refuses the credentials; give those of a user that it knows by --creds"},
		"no_file":           {natstest.Unlimited, filepath.Join(t.TempDir(), "missing"), "no such file or directory"},
		"garbage":           {natstest.Unlimited, garbage, garbage + " holds no credentials: they are a JWT and a key"},
		"no_jetstream":      {limits(func(l *jwt.OperatorLimits) { l.JetStreamLimits = jwt.JetStreamLimits{} }), "", "the account has no JetStream; enable it"},
		"few_streams":       {limits(func(l *jwt.OperatorLimits) { l.Streams = 3 }), "", "JetStream refuses the streams of the scan (maximum number of streams reached); " + room},
		"little_disk":       {limits(func(l *jwt.OperatorLimits) { l.DiskStorage = 300 << 20 }), "", room},
		"no_memory":         {limits(func(l *jwt.OperatorLimits) { l.MemoryStorage = 0 }), "", room},
		"largest_stream":    {limits(func(l *jwt.OperatorLimits) { l.DiskMaxStreamBytes = 100 << 20 }), "", room},
		"small_messages":    {limits(func(l *jwt.OperatorLimits) { l.Payload = 64 << 10 }), "", "it takes messages of 65536 bytes at most; that must be 1048576, better 8388608"},
	} {
		t.Run(name, func(t *testing.T) {
			c := natstest.Start(t, one.limits)
			if one.creds == "" {
				one.creds = c.Creds(jwt.Permissions{})
			}
			co, err := Connect(within(t, 30*time.Second), c.URL(), one.creds, Options{})
			if err == nil {
				_ = co.Close()
			}
			if err == nil || !strings.HasPrefix(err.Error(), "NATS at "+c.URL()+": ") || !strings.Contains(err.Error(), one.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Connect = %v, want %q", err, one.want)
			}
			if left := c.Left(); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

// TestAccountIsShared: two scans on one account at once do not disturb each other, and each leaves only what is the other's.
func TestAccountIsShared(t *testing.T) {
	c := natstest.Start(t, natstest.Unlimited)
	c.Add("somebodys")
	coordinator, worker := c.Creds(natstest.PermissionsOf(t, "coordinator")), c.Creds(natstest.PermissionsOf(t, "worker"))
	var g errgroup.Group
	for range 3 {
		g.Go(func() error { return scanOn(t, c, coordinator, worker) })
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	if left := c.Left(); !slices.Equal(left, []string{"somebodys"}) {
		t.Errorf("%v is left", left)
	}
}

// TestAccountIsLeft: a scan that is stopped leaves nothing on the account either, and goes on there later with the same line; who
// comes with the line meanwhile, or after the end, is told so.
func TestAccountIsLeft(t *testing.T) {
	c := natstest.Start(t, natstest.Unlimited)
	creds := c.Creds(jwt.Permissions{})
	ctx := within(t, time.Minute)
	o := Options{State: t.TempDir(), Lease: 5 * time.Second}
	b := newBook()
	line := ""
	for _, stopped := range []bool{true, false} {
		co, err := Connect(ctx, c.URL(), creds, o)
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
		if left := c.Left(); len(left) > 0 {
			t.Errorf("%v is left", left)
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
