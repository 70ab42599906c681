package cluster

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// record is an entry of the bucket of leases.
type record struct {
	jetstream.KeyValueEntry
	value []byte
	rev   uint64
	op    jetstream.KeyValueOp
}

func (r record) Key() string                     { return "g" }
func (r record) Value() []byte                   { return r.value }
func (r record) Revision() uint64                { return r.rev }
func (r record) Created() time.Time              { return time.Now() }
func (r record) Operation() jetstream.KeyValueOp { return r.op }

// ledgerRound is a round without streams, with two workers A and B, the coordinator C, and X, whom nobody let in.
func ledgerRound(t *testing.T) (*round, map[byte]nkeys.KeyPair) {
	t.Helper()
	keys := map[byte]nkeys.KeyPair{}
	for _, who := range []byte("ABCX") {
		pair, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		keys[who] = pair
	}
	public, err := keys['C'].PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	c := &Coordinator{o: Options{Lease: time.Second}, key: keys['C'], public: public, names: names{"scan"}}
	c.door = &door{seen: map[string]caller{}, refused: map[string]bool{}}
	r := &round{
		Coordinator: c, job: Job{Hash: "v1", Lost: func(string, int) error { return nil }}, chores: newQueue(), leases: newMark(), kept: newMark(),
		window: make(chan struct{}, 1), finished: make(chan struct{}), groups: map[string]*group{"g": {kept: map[int]bool{}}},
		ledger: map[string]*seat{}, passes: map[string]bool{}, workers: map[string]*present{},
	}
	r.window <- struct{}{}
	return r, keys
}

// read puts records into a ledger. Each word is who, the op, the name of the lease, and "!" when it does not name the record
// before it.
func read(t *testing.T, r *round, keys map[byte]nkeys.KeyPair, words ...string) {
	t.Helper()
	for _, word := range words {
		rev := uint64(1)
		if s := r.ledger["g"]; s != nil {
			rev = s.rev + 1
		}
		e := record{rev: rev, op: jetstream.KeyValuePut}
		var who byte
		var op, lease, wrong string
		if word == "delete" {
			e.op = jetstream.KeyValueDelete
		} else if _, err := fmt.Sscanf(word+" .", "%c-%s %s %s", &who, &op, &lease, &wrong); err != nil {
			t.Fatalf("%q: %v", word, err)
		} else {
			pass, err := keys['C'].Sign(passText("scan", "v1", publicKey(t, keys[who])))
			if err != nil {
				t.Fatal(err)
			}
			if who == 'X' {
				pass = nil
			}
			prev := rev - 1
			if wrong == "!" {
				prev += 5
			}
			if e.value, err = seal(keys[who], leaseSubject("g"), head{Pass: pass, Op: op, Lease: lease, Prev: prev}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.record(e); err != nil {
			t.Fatal(err)
		}
	}
}

func publicKey(t *testing.T, pair nkeys.KeyPair) string {
	t.Helper()
	id, err := pair.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestLedger: who holds a lease after which records.
func TestLedger(t *testing.T) {
	cases := map[string]struct {
		records []string
		holder  byte // 0 for nobody
		barred  bool // B is
		strange bool
	}{
		"taken":                   {[]string{"A-take 1"}, 'A', false, false},
		"renewed":                 {[]string{"A-take 1", "A-renew 1", "A-renew 1"}, 'A', false, false},
		"given_back":              {[]string{"A-take 1", "A-back 1"}, 0, false, false},
		"failed":                  {[]string{"A-take 1", "A-fail 1"}, 0, false, false},
		"freed":                   {[]string{"A-take 1", "C-free 1"}, 0, false, false},
		"taken_after_back":        {[]string{"A-take 1", "A-back 1", "B-take 2"}, 'B', false, false},
		"taken_after_free":        {[]string{"A-take 1", "C-free 1", "B-take 2"}, 'B', false, false},
		"stolen":                  {[]string{"A-take 1", "B-take 2"}, 'A', true, true},
		"stolen_and_renewed":      {[]string{"A-take 1", "B-take 2", "B-renew 2"}, 'A', true, true},
		"stolen_then_freed":       {[]string{"A-take 1", "B-take 2", "C-free 1", "A-take 3"}, 'A', true, false},
		"renewed_by_another":      {[]string{"A-take 1", "B-renew 1"}, 'A', false, true},
		"given_back_by_another":   {[]string{"A-take 1", "B-back 1"}, 'A', false, true},
		"another_lease_of_it":     {[]string{"A-take 1", "A-renew 2"}, 'A', false, true},
		"twice_by_itself":         {[]string{"A-take 1", "A-take 2"}, 'A', false, true},
		"a_stranger":              {[]string{"X-take 1"}, 0, false, true},
		"a_stranger_in_between":   {[]string{"A-take 1", "X-take 1"}, 'A', false, true},
		"free_by_a_worker":        {[]string{"A-take 1", "B-free 1"}, 'A', false, true},
		"take_by_the_coordinator": {[]string{"C-take 1"}, 0, false, true},
		"deleted":                 {[]string{"A-take 1", "delete"}, 'A', false, true},
		"used_again":              {[]string{"A-take 1", "A-back 1", "B-take 2", "A-back 1 !"}, 'B', false, true},
		"free_used_again":         {[]string{"A-take 1", "C-free 1 !", "B-take 2"}, 'A', false, true}, // B did not know better
		"renewed_from_before":     {[]string{"A-renew 1"}, 'A', false, false},
		"given_back_from_before":  {[]string{"A-back 1", "B-take 2"}, 'B', false, false},
		"old_renewal":             {[]string{"A-take 1", "A-back 1", "A-renew 1"}, 0, false, true},
		"no_op":                   {[]string{"A-nothing 1"}, 0, false, true},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			r, keys := ledgerRound(t)
			read(t, r, keys, one.records...)
			s := r.ledger["g"]
			got := ""
			if s.holder != nil {
				got = s.holder.worker
			}
			want := ""
			if one.holder != 0 {
				want = publicKey(t, keys[one.holder])
			}
			if got != want {
				t.Errorf("holder %q, want %q", got, want)
			}
			if b := publicKey(t, keys['B']); r.door.isRefused(b) != one.barred {
				t.Errorf("B is barred: %v", !one.barred)
			}
			if a := publicKey(t, keys['A']); r.door.isRefused(a) && name != "twice_by_itself" {
				t.Error("A is barred")
			}
			if s.strange != one.strange {
				t.Errorf("strange %v, want %v", s.strange, one.strange)
			}
		})
	}
}

// TestDeaths: only attempts that were begun, brought nothing new and were not ended by another count.
func TestDeaths(t *testing.T) {
	cases := map[string]struct {
		records []string
		begun   bool
		grew    bool
		deaths  int
	}{
		"ran_out":               {[]string{"C-free 1"}, true, false, 1},
		"ran_out_before_begun":  {[]string{"C-free 1"}, false, false, 0},
		"ran_out_after_a_chunk": {[]string{"C-free 1"}, true, true, 0},
		"given_back":            {[]string{"A-back 1"}, true, false, 0},
		"failed":                {[]string{"A-fail 1"}, true, false, 1},
		"failed_after_a_chunk":  {[]string{"A-fail 1"}, true, true, 0},
		"stolen":                {[]string{"B-take 2", "C-free 1"}, true, false, 0},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			r, keys := ledgerRound(t)
			read(t, r, keys, "A-take 1")
			r.ledger["g"].holder.begun, r.ledger["g"].holder.grew = one.begun, one.grew
			read(t, r, keys, one.records...)
			if got := r.groups["g"].deaths; got != one.deaths {
				t.Errorf("%d deaths, want %d", got, one.deaths)
			}
		})
	}
}

// TestLeft: a lease may be relied on for two thirds of its time after the last renewal that was confirmed, by the clock that says
// less.
func TestLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hold{w: &Worker{lease: 3 * time.Second}, sent: time.Now()}
		for after, want := range map[time.Duration]time.Duration{0: 2 * time.Second, time.Second: time.Second, 2 * time.Second: 0, 5 * time.Second: -3 * time.Second} {
			h.sent = time.Now().Add(-after)
			if got := h.left(); got != want {
				t.Errorf("%s after: %s left, want %s", after, got, want)
			}
		}
	})
}
