package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"golang.org/x/sync/errgroup"
)

// TestStrangers: who has not all of the join line does not get in, and sees nothing.
func TestStrangers(t *testing.T) {
	c := listen(t, Options{})
	url := "tls://" + c.line.addresses
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	id, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	other := c.line
	other.secret[0] ^= 1
	seal := nats.Secure(c.line.clientTLS())
	cases := map[string]struct {
		options []nats.Option
		ok      bool
	}{
		"no_key":              {[]nats.Option{seal}, false},
		"key_without_token":   {[]nats.Option{seal, nats.Nkey(id, key.Sign)}, false},
		"token_without_key":   {[]nats.Option{seal, nats.Token(c.line.token(id))}, false},
		"token_of_another":    {[]nats.Option{seal, nats.Nkey(id, key.Sign), nats.Token(other.token(id))}, false},
		"token_of_other_key":  {[]nats.Option{seal, nats.Nkey(id, key.Sign), nats.Token(c.line.token(c.public))}, false},
		"not_signed":          {[]nats.Option{seal, nats.Nkey(id, func([]byte) ([]byte, error) { return make([]byte, 64), nil }), nats.Token(c.line.token(id))}, false},
		"coordinator_by_name": {[]nats.Option{seal, nats.Nkey(c.public, key.Sign), nats.Token(c.line.token(c.public))}, false},
		"user":                {[]nats.Option{seal, nats.UserInfo("worker", "")}, false},
		"all_of_it":           {[]nats.Option{seal, nats.Nkey(id, key.Sign), nats.Token(c.line.token(id))}, true},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			nc, err := nats.Connect(url, append(one.options, nats.TLSHandshakeFirst(), nats.Timeout(5*time.Second))...)
			if (err == nil) != one.ok {
				t.Errorf("connected: %v, %v", err == nil, err)
			}
			if err == nil {
				nc.Close()
			}
		})
	}
}

// TestAnotherServer: a worker connects to no server but the one of its line.
func TestAnotherServer(t *testing.T) {
	one, two := listen(t, Options{}), listen(t, Options{})
	l := one.line
	l.addresses = two.line.addresses
	if w, err := Join(t.Context(), l.String(), WorkerOptions{}); err == nil || !strings.Contains(err.Error(), "another scan listens, or something else") {
		t.Errorf("Join = %v, %v", w, err)
	}
}

// hostile is a worker that was let in and does as it likes.
type hostile struct {
	*Worker
	t      *testing.T
	wrongs chan error
}

func newHostile(t *testing.T, c *Coordinator) *hostile {
	t.Helper()
	w := join(t, c.JoinLine(), WorkerOptions{})
	w.hash = "v1"
	h := &hostile{Worker: w, t: t, wrongs: make(chan error, 100)}
	w.nc.SetErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { h.wrongs <- err })
	if _, err := w.register(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.bind(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}

// put publishes a letter of its own.
func (h *hostile) put(subject string, say head, body string) error {
	say.Pass = *h.pass.Load()
	data, err := seal(h.key, subject, say, []byte(body))
	if err != nil {
		return err
	}
	_, err = h.js.Publish(h.t.Context(), subject, data)
	return err
}

// throw publishes a letter of its own, and waits for no answer.
func (h *hostile) throw(subject string, say head, body string) {
	say.Pass = *h.pass.Load()
	data, err := seal(h.key, subject, say, []byte(body))
	if err != nil {
		h.t.Fatal(err)
	}
	_ = h.nc.Publish(subject, data)
}

// stage is a coordinator at work whose only group is held by an honest worker that waits.
type stage struct {
	c     *Coordinator
	book  *book
	hold  chan *hold // the honest worker's lease
	goOn  chan struct{}
	ended errgroup.Group
}

func newStage(t *testing.T, lease time.Duration) *stage {
	t.Helper()
	s := &stage{c: listen(t, Options{Lease: lease}), book: newBook(), hold: make(chan *hold, 10), goOn: make(chan struct{})}
	ctx := within(t, time.Minute)
	s.ended.Go(func() error { return s.c.Run(ctx, s.book.job(1)) })
	w := join(t, s.c.JoinLine(), WorkerOptions{})
	s.ended.Go(func() error {
		return w.Run(ctx, "v1", prepared(func(ctx context.Context, t Task, l Lease, done map[int]bool, send func(Chunk) error) error {
			s.hold <- l.(*hold)
			select {
			case <-s.goOn:
			case <-ctx.Done():
			}
			return three(ctx, t, l, done, send)
		}))
	})
	return s
}

// end lets the honest worker do its work, and checks that its chunks are what was kept.
func (s *stage) end(t *testing.T, refused int) {
	t.Helper()
	close(s.goOn)
	if err := s.ended.Wait(); err != nil {
		t.Fatal(err)
	}
	want := map[int]string{0: "body 0, 0", 1: "body 0, 1", 2: "body 0, 2"}
	for n, body := range want {
		if got := s.book.chunks["g0"][n]; got != body {
			t.Errorf("chunk %d = %q, want %q", n, got, body)
		}
	}
	if len(s.book.chunks) != 1 || len(s.book.chunks["g0"]) != 3 || len(s.book.twice) > 0 {
		t.Errorf("kept %v, twice %v", s.book.chunks, s.book.twice)
	}
	if got := s.c.Status().Refused; got < refused {
		t.Errorf("%d refused, want %d", got, refused)
	}
}

// TestForgedChunks: what a worker sends for a group that it does not hold is not kept, even if it comes first.
func TestForgedChunks(t *testing.T) {
	s := newStage(t, 5*time.Second)
	own := <-s.hold
	h := newHostile(t, s.c)
	rev := own.revision()
	forged := map[string]head{
		"no_lease":         {},
		"the_others_lease": {Lease: own.name, Rev: rev},
		"a_lease_to_come":  {Lease: own.name, Rev: rev + 1000000},
		"own_lease":        {Lease: "MINE", Rev: rev},
	}
	n := 0
	for name, say := range forged {
		if err := h.put(h.chunk("g0", n%3), say, "forged"); err != nil && !isThere(err) {
			t.Errorf("%s: %v", name, err)
		}
		n++
	}
	if err := h.put(h.end("g0", own.name), head{Lease: own.name, Rev: rev, Count: 0}, ""); err != nil {
		t.Error(err)
	}
	if err := h.put(h.chunk("other", 0), head{Lease: own.name, Rev: rev}, "forged"); err != nil {
		t.Error(err)
	}
	// Whatever it is that is not a letter.
	for _, data := range []string{"", "x", strings.Repeat("\x00", 64), strings.Repeat("A", 64) + "{}\n", strings.Repeat("A", 5000), strings.Repeat("{", 1<<20)} {
		for _, subject := range []string{"g0.9", "g0.-1", "g0.99999999999999999999", "g0.end-", "g0.end-x", "g 0.1", "g0.01"} {
			_ = h.nc.Publish(h.subject("out."+subject), []byte(data))
		}
		for _, kind := range []string{askJoin, askFile, askBegin, askStatus} {
			_ = h.nc.Publish(h.subject(kind), []byte(data))
		}
		_ = h.nc.Publish("$KV."+h.bucket(kindWorker)+"."+h.id, []byte(data))
		_ = h.nc.Publish("$KV."+h.bucket(kindLease)+".unknown", []byte(data))
	}
	_ = h.nc.Flush()
	s.end(t, 5)
}

// TestStolenLease: who takes a lease that is held is barred, and gets nothing kept; the group is done by an honest worker.
func TestStolenLease(t *testing.T) {
	s := newStage(t, time.Second)
	own := <-s.hold
	h := newHostile(t, s.c)
	// The lease's record is overwritten in a moment in which its owner has just renewed it.
	taken := false
	for !taken {
		e, err := h.leases.Get(t.Context(), "g0")
		if err != nil {
			t.Fatal(err)
		}
		data, err := seal(h.key, leaseSubject("g0"), head{Pass: *h.pass.Load(), Op: opTake, Lease: "MINE", Prev: e.Revision()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		rev, err := h.leases.Update(t.Context(), "g0", data, e.Revision())
		if taken = err == nil; taken {
			h.throw(h.chunk("g0", 0), head{Lease: "MINE", Rev: rev}, "forged")
		}
	}
	<-own.ctx.Done() // its owner stops: it cannot be sure any more
	<-s.hold         // and gets the group again
	if !s.c.door.isRefused(h.id) {
		t.Error("the thief is not barred")
	}
	s.end(t, 1)
}

// TestVandal: rubbish in the place of a lease keeps nobody from the group for good.
func TestVandal(t *testing.T) {
	s := newStage(t, time.Second)
	own := <-s.hold
	h := newHostile(t, s.c)
	if _, err := h.leases.Put(t.Context(), "g0", []byte("rubbish")); err != nil {
		t.Fatal(err)
	}
	<-own.ctx.Done()
	<-s.hold
	s.end(t, 1)
}

// TestPermissions: a worker that was let in can do with the server what it needs, and nothing else.
func TestPermissions(t *testing.T) {
	s := newStage(t, 5*time.Second)
	<-s.hold
	h := newHostile(t, s.c)
	other := join(t, s.c.JoinLine(), WorkerOptions{})
	forbidden := map[string]func() error{
		"read_all":           func() error { _, err := h.nc.SubscribeSync(">"); return err },
		"read_chunks":        func() error { _, err := h.nc.SubscribeSync(h.subject("out.>")); return err },
		"read_joins":         func() error { _, err := h.nc.SubscribeSync(h.subject(askJoin)); return err },
		"read_answers":       func() error { _, err := h.nc.SubscribeSync(inbox(other.id) + ".>"); return err },
		"stop":               func() error { return h.nc.Publish("$KV."+h.bucket(kindCtrl)+".stop", nil) },
		"give_tasks":         func() error { return h.nc.Publish(h.task("g9"), nil) },
		"life_of_another":    func() error { return h.nc.Publish("$KV."+h.bucket(kindWorker)+"."+other.id, nil) },
		"delete_chunks":      func() error { return h.nc.Publish("$JS.API.STREAM.DELETE."+h.stream(kindOut), nil) },
		"purge_leases":       func() error { return h.nc.Publish("$JS.API.STREAM.PURGE.KV_"+h.bucket(kindLease), nil) },
		"read_chunks_stored": func() error { return h.nc.Publish("$JS.API.DIRECT.GET."+h.stream(kindOut), nil) },
		"read_by_consumer":   func() error { return h.nc.Publish("$JS.API.CONSUMER.CREATE."+h.stream(kindOut), nil) },
		"answer_for_another": func() error { return h.nc.Publish(inbox(other.id)+".x", nil) },
		"make_streams":       func() error { return h.nc.Publish("$JS.API.STREAM.CREATE.x", nil) },
		"system":             func() error { return h.nc.Publish("$SYS.REQ.SERVER.PING", nil) },
		"confirm_chunks":     func() error { return h.nc.Publish("$JS.ACK."+h.stream(kindOut)+".keep.1.1.1.1.0", nil) },
	}
	for name, do := range forbidden {
		t.Run(name, func(t *testing.T) {
			if err := do(); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-h.wrongs:
				if !errors.Is(err, nats.ErrPermissionViolation) {
					t.Errorf("%v", err)
				}
			case <-time.After(10 * time.Second):
				t.Error("allowed")
			}
		})
	}
	s.end(t, 0)
}

// TestOtherVersion: neither side works with one of another version.
func TestOtherVersion(t *testing.T) {
	s := newStage(t, 5*time.Second)
	<-s.hold
	w := join(t, s.c.JoinLine(), WorkerOptions{})
	err := w.Run(within(t, 20*time.Second), "v0", prepared(three))
	if err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("Run = %v", err)
	}
	var refused joinReply
	body, err := json.Marshal(joinRequest{Token: w.line.token(w.id), Hash: "v0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.ask(within(t, 20*time.Second), askJoin, head{}, body, "joined."+w.id, &refused); err != nil || refused.Refused != refusedHash || len(refused.Secret) > 0 {
		t.Errorf("join = %+v, %v", refused, err)
	}
	// One that says so, but was let in by an earlier start of another version.
	h := newHostile(t, s.c)
	pass, err := s.c.key.Sign(passText(s.c.scan, "v0", h.id))
	if err != nil {
		t.Fatal(err)
	}
	h.pass.Store(&pass)
	s.c.run.Load().mu.Lock()
	clear(s.c.run.Load().passes)
	s.c.run.Load().mu.Unlock()
	var reply beginReply
	if err := h.ask(within(t, 20*time.Second), askBegin, head{}, []byte("g0"), "begin.g0.", &reply); err != nil || reply.Say != sayLeave {
		t.Errorf("begin = %+v, %v", reply, err)
	}
	s.end(t, 1)
}

// TestSecretIsSealed: the secret and the bundle are in no message and in no file.
func TestSecretIsSealed(t *testing.T) {
	dir := t.TempDir()
	c := listen(t, Options{State: dir})
	var mu sync.Mutex
	leaks, messages := 0, 0
	sub, err := c.nc.Subscribe(">", func(m *nats.Msg) {
		mu.Lock()
		defer mu.Unlock()
		messages++
		if bytes.Contains(m.Data, []byte("a secret")) || bytes.Contains(m.Data, []byte("a bundle")) {
			leaks++
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	b := newBook()
	job := b.job(2)
	keep := job.Keep
	job.Keep = func(c Chunk) error {
		err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // it is gone meanwhile
			}
			files++
			text, _ := os.ReadFile(filepath.Join(dir, name))
			if bytes.Contains(text, []byte("a secret")) || bytes.Contains(text, []byte("a bundle")) {
				t.Errorf("%s has the secret or the bundle", name)
			}
			if i, err := d.Info(); err == nil && name == identityFile && i.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v", name, i.Mode())
			}
			return nil
		})
		return errors.Join(err, keep(c))
	}
	w := join(t, c.JoinLine(), WorkerOptions{})
	var g errgroup.Group
	ctx := within(t, time.Minute)
	g.Go(func() error { return w.Run(ctx, "v1", prepared(three)) })
	if err := errors.Join(c.Run(ctx, job), g.Wait(), c.nc.Flush(), sub.Unsubscribe()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if leaks > 0 || messages < 10 || files < 5 {
		t.Errorf("%d of %d messages have the secret; %d files", leaks, messages, files)
	}
}
