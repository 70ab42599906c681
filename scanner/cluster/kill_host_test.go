//go:build linux

package cluster

import (
	"net"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// visit is what the host saw of one attempt at one group.
type visit struct{ first, last time.Time }

// asked is the host that all tasks ask.
type asked struct {
	mu     sync.Mutex
	visits map[string]map[string]*visit // by group and attempt
	pieces map[string]int               // how often each request came
	freed  map[string]bool              // attempts whose lease the coordinator has freed
	late   int                          // requests of those
	total  int
	over   bool // the coordinator has ended
	after  int  // requests until what follows is done
	then   func()
}

func (h *asked) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	group, attempt := r.FormValue("group"), r.FormValue("attempt")
	h.mu.Lock()
	if r.URL.Path == "/over" {
		if h.over {
			answer.WriteHeader(http.StatusGone)
		}
		h.mu.Unlock()
		return
	}
	if r.URL.Path == "/freed" {
		at, _ := strconv.ParseInt(r.FormValue("at"), 10, 64)
		for attempt, v := range h.visits[group] {
			h.freed[attempt] = h.freed[attempt] || v.first.UnixNano() < at // else it is of the next lease
		}
		h.mu.Unlock()
		return
	}
	if h.freed[attempt] {
		h.late++
	}
	h.total++
	h.pieces[group+"."+r.FormValue("piece")]++
	of := h.visits[group]
	if of == nil {
		of = map[string]*visit{}
		h.visits[group] = of
	}
	v := of[attempt]
	if v == nil {
		v = &visit{first: time.Now()}
		of[attempt] = v
	}
	v.last = time.Now()
	var then func()
	if h.then != nil {
		if h.after--; h.after <= 0 {
			then, h.then = h.then, nil
		}
	}
	h.mu.Unlock()
	if then != nil {
		then()
	}
	wait := time.NewTimer(30 * time.Millisecond) // so slow that a lease runs out between two kills
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-r.Context().Done():
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	v.last = time.Now()
}

func (h *asked) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.total
}

// at has f called at the n-th request from now.
func (h *asked) at(n int, f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.after, h.then = n, f
}

// overlaps counts pairs of attempts at one group that were under way at one time.
func (h *asked) overlaps() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, of := range h.visits {
		for a, v := range of {
			for b, w := range of {
				if a < b && v.first.Before(w.last) && w.first.Before(v.last) {
					n++
				}
			}
		}
	}
	return n
}

// wire is a proxy between a worker and the coordinator that can be cut.
type wire struct {
	listener net.Listener
	mu       sync.Mutex
	to       string
	cut      chan struct{} // not nil while nothing gets through; closed when it does again
	conns    map[net.Conn]bool
}

func newWire(t *testing.T, g *errgroup.Group) *wire {
	t.Helper()
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, conns: map[net.Conn]bool{}}
	g.Go(func() error {
		for {
			in, err := l.Accept()
			if err != nil {
				return nil
			}
			w.mu.Lock()
			to := w.to
			w.mu.Unlock()
			var d net.Dialer
			out, err := d.DialContext(t.Context(), "tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			w.mu.Lock()
			w.conns[in], w.conns[out] = true, true
			w.mu.Unlock()
			g.Go(func() error { w.copy(out, in); return nil })
			g.Go(func() error { w.copy(in, out); return nil })
		}
	})
	return w
}

// copy carries bytes one way; while the wire is cut they wait.
func (w *wire) copy(to, from net.Conn) {
	defer func() {
		_, _ = to.Close(), from.Close()
		w.mu.Lock()
		delete(w.conns, to)
		delete(w.conns, from)
		w.mu.Unlock()
	}()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		w.mu.Lock()
		cut := w.cut
		w.mu.Unlock()
		if cut != nil {
			<-cut
		}
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) aim(to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = to
}

// drop cuts the wire for a time: connections hang, and with reset they are gone as well.
func (w *wire) drop(d time.Duration, reset bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if reset {
		for c := range w.conns {
			_ = c.Close()
		}
	}
	if w.cut != nil {
		return
	}
	cut := make(chan struct{})
	w.cut = cut
	time.AfterFunc(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.cut = nil
		close(cut)
	})
}
