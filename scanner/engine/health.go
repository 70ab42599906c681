package engine

import (
	"context"
	"regexp"
	"sync"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// How many signs in a row make the engine ask whether a site is still itself.
const (
	failuresInRow  = 3  // connection errors
	refusalsInRow  = 10 // 403, 406, 429, 5xx
	sameInRow      = 10 // one page for different addresses
	throttledInRow = 2  // requests given up because the site asked us to wait too long; each has waited its share
)

// health watches the answers of one site. It ends the site when it is gone or turns us away; from then on nothing is sent.
type health struct {
	mu        sync.Mutex
	checking  chan struct{} // closed when the question under way is answered; nil otherwise
	order     int           // answers so far
	end       *scanner.StatusError
	endOrder  int // the first answer that is not to be believed any more; 0 when all are
	home      *pageShape
	other     bool // something was answered that is not a refusal
	failures  int
	throttled int
	refusals  int
	refused   pageShape // the first of the row
	rowStart  int       // order of it
	alike     bool      // all of the row look the same
	proper    bool      // something was answered that is no error of the server
	same      sameRow

	patience     int // grows when a suspicion was wrong: 0 is once the constants, 1 twice, 2 four times ...
	samePatience int // the same for sameInRow, which many a site reaches that is well
}

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

// view is what matters of an answer for telling a block page from the site's own.
type pageShape struct {
	status int
	shape  digest
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

// after counts one answer and gives its order. It asks the site again when there are too many bad signs in a row.
func (h *health) after(ctx context.Context, s *site, ex *web.Exchange, err error) int {
	h.mu.Lock()
	h.order++
	order := h.order
	suspicion, patience := h.count(order, ex, err)
	if suspicion == nil || h.end != nil || h.checking != nil {
		h.mu.Unlock()
		return order
	}
	h.checking = make(chan struct{})
	h.mu.Unlock()

	again, againErr := s.session().Do(ctx, &web.Request{Method: "GET", URL: s.target.URL, NoCookies: true})

	h.mu.Lock()
	defer h.mu.Unlock()
	close(h.checking)
	h.checking = nil
	if ctx.Err() != nil {
		return order
	}
	if h.end, h.endOrder = suspicion(again, againErr); h.end == nil {
		*patience++
		h.failures, h.refusals = 0, 0
	}
	return order
}

// verdict says what the site's own page, asked for again, means: the end and the first answer not to be believed, or nil.
type verdict func(ex *web.Exchange, err error) (*scanner.StatusError, int)

// count gives the verdict to be asked for when the row of bad signs is long enough, and the patience that it costs if it is
// wrong.
func (h *health) count(order int, ex *web.Exchange, err error) (verdict, *int) {
	switch kind := web.KindOf(err); kind {
	case web.KindCanceled, web.KindScope:
		return nil, nil
	case web.KindThrottled:
		if h.throttled++; h.throttled >= throttledInRow && h.end == nil {
			h.end, h.endOrder = scanner.End(scanner.StatusThrottled, "the host asks us to wait longer than we do"), 0
		}
		return nil, nil
	case web.KindUnreachable, web.KindTimeout, web.KindClosed, web.KindTLS, web.KindProtocol:
		if h.failures++; h.failures < failuresInRow<<min(h.patience, 6) {
			return nil, nil
		}
		return h.unreachable, &h.patience
	}
	if ex == nil {
		return nil, nil
	}
	h.failures, h.throttled = 0, 0
	h.proper = h.proper || ex.Status < 500
	if !refusal(ex.Status) {
		h.refusals, h.other = 0, true
		return h.countSame(order, ex), &h.samePatience
	}
	h.same = sameRow{}
	v := pageShapeOf(ex)
	if h.refusals++; h.refusals == 1 {
		h.refused, h.rowStart, h.alike = v, order, true
	}
	h.alike = h.alike && v == h.refused
	if h.refusals < refusalsInRow<<min(h.patience, 6) {
		return nil, nil
	}
	return h.blocked, &h.patience
}

// countSame gives the verdict to be asked for when everything is answered with one page that is not the site's own.
func (h *health) countSame(order int, ex *web.Exchange) verdict {
	h.same.add(order, ex)
	if h.same.n != sameInRow<<min(h.samePatience, 6) || h.home == nil {
		return nil
	}
	v, start := pageShapeOf(ex), h.same.start
	if v == *h.home {
		return nil
	}
	return func(again *web.Exchange, err error) (*scanner.StatusError, int) {
		if err != nil || pageShapeOf(again) != v {
			return nil, 0
		}
		return scanner.End(scanner.StatusBlocked, "the site's own page has become the page that everything is answered with"), start
	}
}

func (h *health) unreachable(_ *web.Exchange, err error) (*scanner.StatusError, int) {
	switch web.KindOf(err) {
	case web.KindUnreachable, web.KindTimeout, web.KindClosed, web.KindTLS, web.KindProtocol:
		return scanner.End(scanner.StatusUnreachable, "the host stopped answering (%s)", reasonOf(err)), 0
	case web.KindThrottled:
		return scanner.End(scanner.StatusThrottled, "the host asks us to wait longer than we do"), 0
	case web.KindCanceled, web.KindScope:
	}
	return nil, 0
}

// turnedAway compares the site's own page with what it was at first. A page that was open and is now refused means a
// filter that has had enough of us. If it was refused from the start, only a site that answered nothing else, and always
// with the same page, is said to block: others may well have a closed front page.
func (h *health) blocked(ex *web.Exchange, err error) (*scanner.StatusError, int) {
	wasOpen := h.home != nil && !refusal(h.home.status)
	switch {
	case err != nil && wasOpen && web.KindOf(err) == web.KindClosed:
		return scanner.End(scanner.StatusBlocked, "after %d refusals in a row the site closes connections", h.refusals), h.rowStart
	case err != nil:
		return h.unreachable(ex, err)
	case wasOpen && refusal(ex.Status):
		return scanner.End(statusOfRefusal(ex.Status), "the site's own page answered %d and now answers %d, like all else", h.home.status, ex.Status), h.rowStart
	case !wasOpen && !h.other && h.alike && refusal(ex.Status):
		return scanner.End(statusOfRefusal(ex.Status), "everything is answered %d with the same page", ex.Status), 1
	}
	return nil, 0
}

// sawHome notes the site's own page as it was before anything else was asked.
func (h *health) sawHome(ex *web.Exchange) {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := pageShapeOf(ex)
	h.home = &v
}

// close ends a site that gave nothing but errors of its server: however few it was asked, it has told nothing.
func (h *health) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.end == nil && h.home != nil && h.home.status >= 500 && !h.proper {
		h.end, h.endOrder = scanner.End(statusOfRefusal(h.home.status), "everything is answered with errors such as %d", h.home.status), 1
	}
}

func refusal(status int) bool {
	return status == 403 || status == 406 || status == 429 || status >= 500
}

// turnedAwayBy tells a filter from a server that is out of order.
func statusOfRefusal(status int) scanner.Status {
	if status >= 500 && status != 503 {
		return scanner.StatusFailed
	}
	return scanner.StatusBlocked
}

// changing are the parts of a block page that differ between requests: numbers, identifiers and the address asked for.
var changing = regexp.MustCompile(`[0-9A-Fa-f]{6,}|[0-9]+|/[^\s<>"']*`)

func pageShapeOf(ex *web.Exchange) pageShape {
	body := ex.Body[:min(len(ex.Body), 8<<10)]
	return pageShape{status: ex.Status, shape: digestOf(changing.ReplaceAll(body, nil))}
}
