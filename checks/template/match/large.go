package match

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"sotomi/scanner/web"
)

// A response from a stranger may be as large as the client allows, and many checks may look at it, on many hosts at once.
// From this length on, in bytes, a response has bounds of its own: as many are judged at once as there are cores, what is
// derived from them is kept for few, and all checks together spend little more than a second on one.
const large = 128 << 10

// turns has room for the judgements of large responses that go on at once.
var turns = make(chan struct{}, runtime.GOMAXPROCS(0))

// turn waits until a response may be judged; done must be called.
func turn(ctx context.Context, ex *web.Exchange) (done func(), err error) {
	if len(ex.Body) < large {
		return func() {}, nil
	}
	return room(ctx, turns)
}

// room waits for room in turns, and gives it back when done is called.
func room(ctx context.Context, turns chan struct{}) (done func(), err error) {
	select {
	case turns <- struct{}{}:
		return func() { <-turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// response is what all judgements of one exchange share.
type response struct {
	ex *web.Exchange
	budget

	mu   sync.Mutex
	view *view // nil when none is kept
}

func responseOf(ex *web.Exchange) *response {
	return ex.Derived(func() any { return &response{ex: ex} }).(*response)
}

func viewOf(ex *web.Exchange) *view {
	s := responseOf(ex)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.view == nil {
		s.view = newView(ex)
	}
	if len(ex.Body) >= large {
		for _, old := range kept.use(s) {
			old.forget()
		}
	}
	return s.view
}

// forget lets go of the view. A judgement that uses it keeps it until it ends.
func (s *response) forget() {
	if s.mu.TryLock() { // else it is being asked for just now
		s.view = nil
		s.mu.Unlock()
	}
}

// shelf is the large responses whose views are kept, the last used behind. It keeps no response alive.
type shelf struct {
	mu   sync.Mutex
	list []weak.Pointer[response]
}

// mostKept is how much the bodies of these come to, in bytes. What is derived from a body may be seven times as much.
const mostKept = 8 << 20

var kept shelf

// use puts a response behind and gives those that are not kept any more.
func (k *shelf) use(s *response) (dropped []*response) {
	k.mu.Lock()
	defer k.mu.Unlock()
	size := len(s.ex.Body)
	left := []weak.Pointer[response]{weak.Make(s)}
	for i := len(k.list) - 1; i >= 0; i-- {
		switch other := k.list[i].Value(); {
		case other == nil || other == s:
		case size+len(other.ex.Body) > mostKept:
			dropped = append(dropped, other)
		default:
			size += len(other.ex.Body)
			left = append(left, k.list[i])
		}
	}
	slices.Reverse(left)
	k.list = left
	return dropped
}

// perCheck is what each check adds to the time that one large response may cost.
const perCheck = 3 * time.Millisecond

// budget is the time that all judgements of one large response may take together.
type budget struct{ used, checks atomic.Int64 }

// spend counts time that was taken and reports whether there is any left.
func (b *budget) spend(d time.Duration) bool {
	used := time.Duration(b.used.Add(int64(d)))
	return used <= maxTime+time.Duration(b.checks.Load())*perCheck
}
