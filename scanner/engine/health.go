package engine

import (
	"context"
	"maps"
	"net/http"
	"sync"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// How many bad signs make the engine ask whether a site is still itself.
const (
	failuresInRow  = 3  // connection errors
	manyRefusals   = 10 // answers 403, 406, 429 and 5xx and pages of filters, less the others between them
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
	trusted   int                // the site was itself at this answer, so all up to it are believed
	firsts    map[answerKind]int // the first answer of each kind after that
	nextCheck int                // the answer after which the site is asked again without suspicion
	erratic   bool               // its server errors come and go
	fickle    bool               // its refusals come and go

	everywhere bool // its own page is what every address is answered with

	other     bool // something was answered that is not a refusal
	proper    bool // something was answered that is no error of the server
	failures  int  // in a row
	failed    int  // order of the first of them
	throttled int  // in a row
	refusals  refusals
	same      sameRow
	addresses addressSet // answered so far, as many as a row needs

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

// add counts one more. The pages of one product are alike, whatever numbers and addresses they name.
func (r *refusals) add(order int, ex *web.Exchange, filter string) {
	shape := pageShapeOf(ex)
	if filter != "" {
		shape = pageShape{text: digestOf([]byte(filter))}
	}
	if r.n == 0 {
		*r = refusals{start: order, first: shape, alike: true}
	}
	r.n++
	r.alike = r.alike && shape == r.first
}

func (r *refusals) remove() { r.n = max(0, r.n-1) }

// sameRow are answers in a row that look like one page at a glance, other than "not found".
type sameRow struct {
	status, size, start int
	last                *web.Exchange
	addresses           addressSet
}

// addressSet are addresses that differ: one that is asked often tells nothing of others.
type addressSet map[digest]bool

func (s addressSet) add(ex *web.Exchange) {
	if ex.URL != nil {
		s[digestOf([]byte(ex.URL.String()))] = true
	}
}

func (r *sameRow) add(order int, ex *web.Exchange) {
	const slack = 64 // bytes; pages that stand for all others tell the address and a number
	size := len(ex.Body)
	switch {
	case ex.Status == 404 || ex.Status == 410:
		*r = sameRow{}
		return
	case r.last == nil || r.status != ex.Status || max(r.size, size)-min(r.size, size) > slack:
		*r = sameRow{status: ex.Status, size: size, start: order, addresses: addressSet{}}
	}
	r.last = ex
	r.addresses.add(ex)
}

// ended is why nothing more is sent, nil while the site is well, and the first answer not to be believed.
func (h *health) ended() (*scanner.StatusError, int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.end, h.endOrder
}

// before waits while it is being found out whether the site is still there, and gives the order of the latest answer so far.
func (h *health) before(ctx context.Context) (sent int, err error) {
	for {
		h.mu.Lock()
		end, checking, order := h.end, h.checking, h.order
		h.mu.Unlock()
		if end != nil {
			return 0, end
		}
		if checking == nil {
			return order, nil
		}
		select {
		case <-checking:
		case <-ctx.Done():
			return 0, &web.Error{Kind: web.KindCanceled, Err: ctx.Err()}
		}
	}
}

// after counts one answer, to a request that was sent when there had been as many as sent, and gives its order, and the filter
// that gave it in place of the site. It asks the site again when there are too many bad signs.
func (h *health) after(ctx context.Context, s *site, sent int, ex *web.Exchange, err error) (order int, filter string) {
	filter = filterOf(ex)
	h.mu.Lock()
	h.order++
	order = h.order
	q, patience := h.count(order, sent, ex, filter, err)
	if q == nil || h.end != nil || h.checking != nil {
		h.mu.Unlock()
		return order, filter
	}
	h.checking = make(chan struct{})
	h.mu.Unlock()
	h.pose(ctx, s, q, patience)
	return order, filter
}

// pose puts a question to the site, and those that became due meanwhile. h.checking is set before; patience is what grows if
// the suspicion was wrong, nil when there was none.
func (h *health) pose(ctx context.Context, s *site, q question, patience *int) {
	ask := func(r *web.Request) (*web.Exchange, error) {
		if r == nil {
			r = &web.Request{Method: http.MethodGet, URL: s.target.URL, NoCookies: true}
		}
		return unlessFiltered(s.session().Do(ctx, r))
	}
	v := q(ask)
	h.mu.Lock()
	defer h.mu.Unlock()
	for ctx.Err() == nil {
		h.conclude(v, patience)
		if q, patience = h.due(h.order); q == nil || h.end != nil {
			break
		}
		h.mu.Unlock()
		v = q(ask)
		h.mu.Lock()
	}
	close(h.checking)
	h.checking = nil
}

// conclude draws what follows from the answers to a question.
func (h *health) conclude(v verdict, patience *int) {
	h.end, h.endOrder = v.end, v.from
	h.erratic, h.fickle, h.everywhere = h.erratic || v.erratic, h.fickle || v.fickle, h.everywhere || v.everywhere
	if v.end != nil {
		return
	}
	if patience != nil {
		*patience++
	}
	switch patience {
	case nil:
	case &h.samePatience:
		h.same = sameRow{}
	default:
		h.failures, h.refusals = 0, refusals{}
	}
	if v.trusted > h.trusted {
		h.trusted = v.trusted
		for kind, first := range h.firsts {
			h.firsts[kind] = max(first, h.trusted+1) // one after it may have been of the kind too
		}
	}
	h.nextCheck = max(firstCheck, checkGrowth*h.order)
}

// count notes one answer. When there is reason to ask the site again it gives the question, and the patience that grows
// if the suspicion is wrong.
func (h *health) count(order, sent int, ex *web.Exchange, filter string, err error) (question, *int) {
	switch kind := web.KindOf(err); kind {
	case web.KindCanceled, web.KindScope:
		return nil, nil
	case web.KindThrottled:
		if h.throttled++; h.throttled >= throttledInRow && h.end == nil {
			h.end, h.endOrder = tooManyRequests(err), 0
		}
		return nil, nil
	case web.KindUnreachable, web.KindTimeout, web.KindClosed, web.KindTLS, web.KindProtocol:
		if h.failures++; h.failures == 1 {
			h.failed = order
		}
		return h.due(order)
	}
	if ex == nil {
		return nil, nil
	}
	h.throttled = 0
	if sent >= h.failed { // else it was on its way before the first failure, and the site may be gone all the same
		h.failures = 0
	}
	if h.addresses == nil {
		h.addresses = addressSet{}
	}
	if len(h.addresses) <= sameInRow {
		h.addresses.add(ex)
	}
	h.proper = h.proper || ex.Status < 500
	kind := answerKind{ex.Status, filter}
	if _, ok := h.firsts[kind]; !ok && h.firsts != nil {
		h.firsts[kind] = order
	}
	h.witnesses.add(ex)
	switch {
	case filter != "" || refusal(ex.Status):
		h.same = sameRow{}
		h.refusals.add(order, ex, filter)
	case h.isHome(ex):
		h.other = true
	default:
		h.other = true
		h.refusals.remove()
		h.same.add(order, ex)
	}
	return h.due(order)
}

// isHome reports whether an answer is the site's own page at its own address once more, which says nothing of others.
func (h *health) isHome(ex *web.Exchange) bool {
	home := h.witnesses.home
	return home != nil && ex.URL != nil && ex.URL.Path == home.request.URL.Path && pageShapeOf(ex) == home.shape
}

// due is the question that there is reason to ask by now, and the patience that grows if the suspicion is wrong.
func (h *health) due(order int) (question, *int) {
	home := h.witnesses.home
	switch {
	case h.failures >= failuresInRow<<min(h.patience, 6):
		return h.isGone(), &h.patience
	case h.refusals.n >= manyRefusals<<min(h.patience, 6):
		return h.refusesUs(order), &h.patience
	case home != nil && len(h.same.addresses) >= sameInRow<<min(h.samePatience, 6):
		if pageShapeOf(h.same.last) != home.shape {
			return h.hasBecome(h.same.last, h.same.start), &h.samePatience
		}
		if !h.everywhere && home.tells() {
			return h.isEverywhere(h.same.last, h.same.start), &h.samePatience
		}
		h.same = sameRow{}
	}
	if home != nil && order >= h.nextCheck {
		return h.isItself(order), nil
	}
	return nil, nil
}

// sawHome notes the site's own page as it was before anything else was asked.
func (h *health) sawHome(ex *web.Exchange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.witnesses.home = newHomePage(ex)
	h.trusted, h.nextCheck, h.firsts = h.order, firstCheck, map[answerKind]int{}
}

// answerKind tells apart answers of a site and those in place of them.
type answerKind struct {
	status int
	filter string
}

// since gives the first answer that may be of the kind of one: those before it were of others.
func (h *health) since() func(ex *web.Exchange) int {
	firsts, last := maps.Clone(h.firsts), h.order
	return func(ex *web.Exchange) int {
		if first, ok := firsts[answerKind{ex.Status, filterOf(ex)}]; ok {
			return first
		}
		return last + 1
	}
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
		if len(h.witnesses.closed) > 0 {
			questions = append(questions, h.isFickle())
		}
		if row := h.same; row.start == 1 && len(row.addresses) == len(h.addresses) && len(row.addresses) > 1 && everyEnd(row.last) != nil {
			questions = append(questions, h.isEverywhere(row.last, 1)) // however little it was asked
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

// onePageForAll reports whether every address is answered with the site's own page.
func (h *health) onePageForAll() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.everywhere
}

// comeAndGo reports whether an address that gave a server error, or was closed, was not so when asked again.
func (h *health) comeAndGo() (faults, refusals bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.erratic, h.fickle
}

// tooManyRequests is how a site ends that refused requests in all their tries.
func tooManyRequests(err error) *scanner.StatusError {
	return scanner.End(scanner.StatusThrottled, "the host gets too many requests (%s): scan it later, or with a lower --rate", reasonOf(err))
}

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
