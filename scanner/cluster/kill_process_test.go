//go:build linux

package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// entry is a line of the journal of the kill test's coordinator.
type entry struct {
	Group  string
	Number int // of a chunk; -1: the group is lost
}

func readJournal(name string) ([]entry, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []entry
	for s := bufio.NewScanner(f); s.Scan(); {
		var e entry
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			continue // cut off by a kill
		}
		list = append(list, e)
	}
	return list, nil
}

// killCoordinator is a coordinator that keeps a journal, and goes on with the one that it finds.
func killCoordinator(dir, address, host string) error {
	groups, err := strconv.Atoi(os.Getenv("GROUPS"))
	if err != nil {
		return err
	}
	name := filepath.Join(dir, "journal")
	list, err := readJournal(name)
	if err != nil {
		return err
	}
	kept, lost := map[string][]int{}, map[string]bool{}
	for _, e := range list {
		if e.Number < 0 {
			lost[e.Group] = true
		} else {
			kept[e.Group] = append(kept[e.Group], e.Number)
		}
	}
	journal, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	write := func(e entry) error {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := journal.WriteString("\n" + string(text) + "\n"); err != nil { // a line that was cut off ends here
			return err
		}
		return journal.Sync()
	}
	c, err := Listen(context.Background(), "127.0.0.1:0", Options{State: filepath.Join(dir, "state"), Address: address, Lease: killLease, Window: killWindow})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, c.server.Addr().String(), c.JoinLine()); err != nil {
		return err
	}
	job := Job{
		Name: "kills", Hash: "v1", Secret: []byte("a secret"), Bundle: []byte("a bundle"),
		Tasks: func(yield func(Task) bool) {
			for i := range groups {
				g := fmt.Sprintf("g%d", i)
				if len(kept[g]) < killChunks && !lost[g] && !yield(Task{Group: g}) {
					return
				}
			}
		},
		Kept: func(group string) []int { return kept[group] },
		Keep: func(c Chunk) error { return write(entry{c.Group, c.Number}) },
		Lost: func(group string, _ int) error { return write(entry{group, -1}) },
	}
	ctx, cancel := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return tellFreed(ctx, c, host) })
	err = c.Run(ctx, job)
	cancel()
	return errors.Join(err, g.Wait(), c.Close())
}

// tellFreed tells the test's host of each lease that the coordinator frees: nobody may send under it any more.
func tellFreed(ctx context.Context, c *Coordinator, host string) error {
	w, err := c.streams.lease.WatchAll(ctx, jetstream.UpdatesOnly())
	if err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-w.Updates():
			if e == nil {
				continue
			}
			if l, err := open(leaseSubject(e.Key()), e.Value()); err != nil || l.Op != opFree {
				continue
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/freed?group=%s&at=%d", host, e.Key(), e.Created().UnixNano()), http.NoBody)
			if err != nil {
				return err
			}
			if res, err := (&http.Client{}).Do(req); err == nil {
				_ = res.Body.Close()
			}
		}
	}
}

// killWorker joins again and again, as what starts services has it, until the test is over.
func killWorker(line, host string) error {
	for {
		err := killWork(line, host)
		if err == nil {
			return nil
		}
		req, e := http.NewRequestWithContext(context.Background(), http.MethodGet, host+"/over", http.NoBody)
		if e != nil {
			return e
		}
		res, e := (&http.Client{}).Do(req)
		if e != nil || res.StatusCode == http.StatusGone {
			return e
		}
		_ = res.Body.Close()
		_ = pause(context.Background(), 100*time.Millisecond)
	}
}

// killWork sends requests to the test's host while its lease is valid.
func killWork(line, host string) error {
	w, err := Join(context.Background(), line, WorkerOptions{Tasks: killTasks, Patience: 6 * time.Second})
	if err != nil {
		return err
	}
	defer w.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	do := func(ctx context.Context, t Task, lease Lease, done map[int]bool, send func(Chunk) error) error {
		attempt := fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())
		for n := range killChunks {
			if done[n] {
				continue
			}
			for i := range killRequests {
				q := url.Values{"group": {t.Group}, "piece": {fmt.Sprintf("%d.%d", n, i)}, "attempt": {attempt}}
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, host+"?"+q.Encode(), http.NoBody)
				if err != nil {
					return err
				}
				if !lease.Valid() {
					return errLost
				}
				res, err := client.Do(req)
				if err != nil {
					return err
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			if err := send(Chunk{Group: t.Group, Number: n, Body: []byte(attempt)}); err != nil {
				return err
			}
		}
		return nil
	}
	return w.Run(context.Background(), "v1", prepared(do))
}
