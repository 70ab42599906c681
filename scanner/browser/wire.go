package browser

import (
	"context"
	"errors"
	"sync"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/cdp/jsonv2"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// wire carries commands to a browser and brings back answers and events. chromedp's own does not know the sessions of frames
// and workers.
type wire struct {
	conn  chromedp.Transport
	write func(*cdproto.Message) error
	hear  func(*cdproto.Message) // told every event in order; it must not wait for an answer

	mu     sync.Mutex
	last   int64
	open   map[int64]func(*cdproto.Message) // by id of the command: told its answer, or nil when there will be none
	broken error                            // why there are no more answers
}

var errLost = errors.New("the connection to the browser was lost")

func newWire(ctx context.Context, conn chromedp.Transport) *wire {
	write := func(m *cdproto.Message) error { return conn.Write(ctx, m) }
	return &wire{conn: conn, write: write, open: map[int64]func(*cdproto.Message){}}
}

// read hands out what the browser says, until it says no more.
func (w *wire) read(ctx context.Context) error {
	for {
		m := new(cdproto.Message)
		if err := w.conn.Read(ctx, m); err != nil {
			var malformed *jsonv2.SyntacticError
			if errors.As(err, &malformed) {
				continue
			}
			w.end(err)
			return err
		}
		if m.ID == 0 {
			w.hear(m)
		} else if told := w.take(m.ID); told != nil {
			told(m)
		}
	}
}

// end tells all that wait that nothing will come.
func (w *wire) end(err error) {
	w.mu.Lock()
	left := w.open
	w.open, w.broken = map[int64]func(*cdproto.Message){}, errors.Join(errLost, err)
	w.mu.Unlock()
	for _, told := range left {
		told(nil)
	}
}

func (w *wire) take(id int64) func(*cdproto.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	told := w.open[id]
	delete(w.open, id)
	return told
}

// send sends a command. told, unless nil, gets the answer in the goroutine of read.
func (w *wire) send(session target.SessionID, method string, params any, told func(*cdproto.Message)) (id int64, err error) {
	m := &cdproto.Message{SessionID: session, Method: cdproto.MethodType(method)}
	if params != nil {
		if m.Params, err = jsonv2.Marshal(params, chromedp.DefaultMarshalOptions); err != nil {
			return 0, err
		}
	}
	w.mu.Lock()
	if err := w.broken; err != nil {
		w.mu.Unlock()
		return 0, err
	}
	w.last++
	m.ID = w.last
	if told != nil {
		w.open[m.ID] = told
	}
	w.mu.Unlock()
	return m.ID, w.write(m)
}

// session is what commands go to: a page, frame or worker, or the browser itself when id is "". It is a cdp.Session.
type session struct {
	wire *wire
	id   target.SessionID
}

// Call sends a command and waits for its answer.
func (s session) Call(ctx context.Context, method string, params, result any) error {
	answer := make(chan *cdproto.Message, 1)
	id, err := s.wire.send(s.id, method, params, func(m *cdproto.Message) { answer <- m })
	if err != nil {
		s.wire.take(id)
		return err
	}
	select {
	case <-ctx.Done():
		s.wire.take(id)
		return ctx.Err()
	case m := <-answer:
		return decode(m, result)
	}
}

// Subscribe is not used: all events are heard in order.
func (s session) Subscribe(string) (<-chan jsonv2.Value, func()) { return nil, func() {} }

func decode(m *cdproto.Message, result any) error {
	switch {
	case m == nil:
		return errLost
	case m.Error != nil:
		return m.Error
	case result == nil:
		return nil
	}
	return jsonv2.Unmarshal(m.Result, result, chromedp.DefaultUnmarshalOptions)
}

// post sends a command whose answer nobody waits for.
func post[P, R any](s session, c cdp.Command[P, R], params P) {
	_, _ = s.wire.send(s.id, c.Method, params, nil) // a lost connection ends the look elsewhere
}

// ask sends a command; then gets the answer in the goroutine of read, and must not wait.
func ask[P, R any](s session, c cdp.Command[P, R], params P, then func(R, error)) {
	_, err := s.wire.send(s.id, c.Method, params, func(m *cdproto.Message) {
		var result R
		err := decode(m, &result)
		then(result, err)
	})
	if err != nil {
		var none R
		then(none, err)
	}
}

// event reads the parameters of an event.
func event[T any](m *cdproto.Message) (*T, bool) {
	e := new(T)
	return e, jsonv2.Unmarshal(m.Params, e, chromedp.DefaultUnmarshalOptions) == nil
}
