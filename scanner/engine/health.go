package engine

import (
	"context"
	"net/http"
	"sync"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// How many bad signs make the engine ask whether a site is still itself.
const (
	failuresInRow  = 3  // connection errors
	manyRefusals   = 10 // answers 403, 406, 429 and 5xx, less the others between them
	sameInRow      = 10 // one page for different addresses
	throttledInRow = 2  // requests given up because the site asked for too long a wait; each has waited its share
)

// When a site is asked again although nothing is wrong: first after so many answers, then each time after four times as
// many as there were, and after the last request if that many answers came since.
const (
	firstCheck   = 32
	checkGrowth  = 4
	lastCheckMin = 10
)

// health watches the answers of one site. It ends the site when it is gone or refuses us; from then on nothing is sent.
type health struct {
	mu       sync.Mutex
	checking chan struct{} // closed when the question under way is answered; nil otherwise
	order    int           // answers so far
	end      *scanner.StatusError
	endOrder int // the first answer that is not to be believed any more; 0 when all are

	witnesses witnesses
	trusted   int  // the site was itself at this answer, so all up to it are believed
	nextCheck int  // the answer after which the site is asked again without suspicion
	erratic   bool // its server errors come and go

	other     bool // something was answered that is not a refusal
	proper    bool // something was answered that is no error of the server
	failures  int  // in a row
	throttled int  // in a row
	refusals  refusals
	same      sameRow

	patience     int // grows when a suspicion was wrong: 0 is once the constants, 1 twice, 2 four times ...
	samePatience int // the same for sameInRow, which many a healthy site reaches
}

// refusals are the refusals that outweigh the other answers: an answer that is none takes one away, so that a filter that
// lets a request through now and then is noticed too.
type refusals struct {
	n     int
	start int       // order of the first
	first pageShape // what it looked like
	alike bool      // all look the same
}

func (r *refusals) add(order int, ex *web.Exchange) {
	shape := pageShapeOf(ex)
	if r.n == 0 {
		*r = refusals{start: order, first: shape, alike: true}
	}
	r.n++
	r.alike = r.alike && shape == r.first
}

func (r *refusals) remove() { r.n = max(0, r.n-1) }

// sameRow are answers in a row that look like one page at a glance, other than "not found".
type sameRow struct{ status, size, n, start int }

func (r *sameRow) add(order int, ex *web.Exchange) {
	const slack = 64 // bytes; pages that stand for all others tell the address and a number
	size := len(ex.Body)
	switch {
	case ex.Status == 404 || ex.Status == 410:
		*r = sameRow{}
	case r.n > 0 && r.status == ex.Status && max(r.size, size)-min(r.size, size) <= slack:
		r.n++
	default:
		*r = sameRow{ex.Status, size, 1, order}
	}
}

// ended is why nothing more is sent, nil while the site is well, and the first answer not to be believed.
func (h *health) ended() (*scanner.StatusError, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.end, h.endOrder
}

// before waits while it is being found out whether the site is still there.
func (h *health) before(ctx context.Context) error {
	for {
		h.mu.Lock()
		end, checking := h.end, h.checking
		h.mu.Unlock()
		if end != nil {
			return end
		}
		if checking == nil {
			return nil
		}
		select {
		case <-checking:
		case <-ctx.Done():
			return &web.Error{Kind: web.KindCanceled, Err: ctx.Err()}
		}
	}
}

// after counts one answer and gives its order. It asks the site again when there are too many bad signs.
func (h *health) after(ctx context.Context, s *site, ex *web.Exchange, err error) int {
	h.mu.Lock()
	h.order++
	order := h.order
	q, patience := h.count(order, ex, err)
	if q == nil || h.end != nil || h.checking != nil {
		h.mu.Unlock()
		return order
	}
	h.checking = make(chan struct{})
	h.mu.Unlock()
	h.pose(ctx, s, q, patience)
	return order
}

// pose puts a question to the site. h.checking is set before; patience is what grows if the suspicion was wrong, nil when
// there was none.
func (h *health) pose(ctx context.Context, s *site, q question, patience *int) {
	v := q(func(r *web.Request) (*web.Exchange, error) {
		if r == nil {
			r = &web.Request{Method: http.MethodGet, URL: s.target.URL, NoCookies: true}
		}
		return s.session().Do(ctx, r)
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.checking)
	h.checking = nil
	if ctx.Err() != nil {
		return
	}
	h.end, h.endOrder, h.erratic = v.end, v.from, h.erratic || v.erratic
	if v.end != nil {
		return
	}
	if patience != nil {
		*patience++
		h.failures, h.refusals = 0, refusals{}
	}
	h.trusted = max(h.trusted, v.trusted)
	h.nextCheck = max(firstCheck, checkGrowth*h.order)
}

// count notes one answer. When there is reason to ask the site again it gives the question, and the patience that grows
// if the suspicion is wrong.
func (h *health) count(order int, ex *web.Exchange, err error) (question, *int) {
	switch kind := web.KindOf(err); kind {
	case web.KindCanceled, web.KindScope:
		return nil, nil
	case web.KindThrottled:
		if h.throttled++; h.throttled >= throttledInRow && h.end == nil {
			h.end, h.endOrder = tooLongAWait, 0
		}
		return nil, nil
	case web.KindUnreachable, web.KindTimeout, web.KindClosed, web.KindTLS, web.KindProtocol:
		if h.failures++; h.failures < failuresInRow<<min(h.patience, 6) {
			return nil, nil
		}
		return h.isGone(), &h.patience
	}
	if ex == nil {
		return nil, nil
	}
	h.failures, h.throttled = 0, 0
	h.proper = h.proper || ex.Status < 500
	h.witnesses.add(ex)
	if refusal(ex.Status) {
		h.same = sameRow{}
		if h.refusals.add(order, ex); h.refusals.n >= manyRefusals<<min(h.patience, 6) {
			return h.refusesUs(order), &h.patience
		}
	} else {
		h.other = true
		h.refusals.remove()
		if q := h.countSame(order, ex); q != nil {
			return q, &h.samePatience
		}
	}
	if h.witnesses.home != nil && order >= h.nextCheck {
		return h.isItself(order), nil
	}
	return nil, nil
}

// countSame gives the question to be asked when everything is answered with one page that is not the site's own.
func (h *health) countSame(order int, ex *web.Exchange) question {
	h.same.add(order, ex)
	if h.same.n < sameInRow<<min(h.samePatience, 6) || h.witnesses.home == nil {
		return nil
	}
	shape, start := pageShapeOf(ex), h.same.start
	if shape == h.witnesses.home.shape {
		h.same = sameRow{}
		return nil
	}
	return h.hasBecome(shape, start)
}

// sawHome notes the site's own page as it was before anything else was asked.
func (h *health) sawHome(ex *web.Exchange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.witnesses.home = newHomePage(ex)
	h.trusted, h.nextCheck = h.order, firstCheck
}

// lastCheck asks the site again after the last request: whether it is still itself, and whether its errors are gone.
func (h *health) lastCheck(ctx context.Context, s *site) {
	h.mu.Lock()
	var questions []question
	if h.witnesses.home != nil && h.end == nil && ctx.Err() == nil {
		if h.order-h.trusted >= lastCheckMin {
			questions = append(questions, h.isItself(h.order))
		}
		if len(h.witnesses.faulty) > 0 {
			questions = append(questions, h.isErratic())
		}
	}
	h.mu.Unlock()
	for _, q := range questions {
		h.mu.Lock()
		if h.end != nil || h.checking != nil {
			h.mu.Unlock()
			return
		}
		h.checking = make(chan struct{})
		h.mu.Unlock()
		h.pose(ctx, s, q, nil)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if home := h.witnesses.home; h.end == nil && home != nil && home.shape.status >= 500 && !h.proper {
		// However little it was asked, it has told nothing.
		h.end, h.endOrder = scanner.End(statusOfRefusal(home.shape.status), "everything is answered with errors such as %d", home.shape.status), 1
	}
}

// errorsComeAndGo reports whether an address that gave a server error did not give it when asked again.
func (h *health) errorsComeAndGo() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.erratic
}

var tooLongAWait = scanner.End(scanner.StatusThrottled, "the host asked for a longer wait than the limit")

func refusal(status int) bool {
	return status == 403 || status == 406 || status == 429 || status >= 500
}

// statusOfRefusal tells a filter from a server that is out of order.
func statusOfRefusal(status int) scanner.Status {
	if status >= 500 && status != 503 {
		return scanner.StatusFailed
	}
	return scanner.StatusBlocked
}
