package web

import (
	"context"
	"slices"
	"sync"
	"time"
)

// slots are the requests that one host may have in flight: as many as the user allows, and fewer while the host shows that
// it does not bear them. Whoever holds one waits for nothing but the rate and its own answer, so all come back.
type slots struct {
	room chan struct{} // full when no more may leave: holds one for each request in flight and for each slot withheld

	mu       sync.Mutex
	limit    int       // requests at once that the host gets, 1 or more
	withheld int       // slots that only a burst may take
	burst    bool      // one is gathering slots, so none are withheld meanwhile
	changed  time.Time // when the limit was last lowered; zero for never
	fell     int       // requests in flight then
	good     int       // answers since the limit last changed
	heard    bool      // the host has answered
	alone    int       // requests that failed though they were the only one in flight

	took    [answersOfPace]time.Duration // how long the newest answers let us wait
	answers int                          // counted in took since the limit was last lowered
	usual   time.Duration                // the first answer's, or the lowest median of took
}

// What shows that a host gets too many requests at once, besides failures and refusals.
const (
	answersOfPace = 8
	clearlySlower = 3                      // times as long as usual
	leastSlower   = 500 * time.Millisecond // and by at least that much
)

// manyAlone is how many requests fail though nothing else is in flight, until failures are no longer put down to others.
const manyAlone = 3

func newSlots(most int) *slots { return &slots{room: make(chan struct{}, most), limit: most} }

// take waits for a slot.
func (s *slots) take(ctx context.Context) error {
	select {
	case s.room <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// takeAny waits for a slot that may be one withheld: for a burst, which makes no sense with fewer requests than it has. It is
// called while gather holds.
func (s *slots) takeAny(ctx context.Context) error {
	s.mu.Lock()
	lent := s.withheld > 0
	if lent {
		s.withheld--
	}
	s.mu.Unlock()
	if lent {
		return nil
	}
	return s.take(ctx)
}

// gather says whether a burst is gathering slots. Slots withheld meanwhile would be those it waits for.
func (s *slots) gather(burst bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.burst = burst
	s.withhold()
}

// free gives a slot back.
func (s *slots) free() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.withheld < cap(s.room)-s.limit && !s.burst {
		s.withheld++
		return
	}
	<-s.room
}

// withhold takes as many free slots as the host is not to get. Those in flight are withheld when they end.
func (s *slots) withhold() {
	for !s.burst && s.withheld < cap(s.room)-s.limit {
		select {
		case s.room <- struct{}{}:
			s.withheld++
		default:
			return
		}
	}
}

// answered takes note of an answer to a request that was sent at that time, and how long it let us wait.
func (s *slots) answered(sent time.Time, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.heard {
		s.heard, s.usual = true, took // of the site's own page, which is asked for alone
	}
	if !sent.After(s.changed) {
		return
	}
	s.took[s.answers%answersOfPace] = took
	s.answers++
	if s.answers%answersOfPace == 0 && s.slower() {
		if s.limit > 1 {
			s.lower()
		} else {
			s.raise() // it is not because of us
		}
		return
	}
	if s.good++; s.good >= s.limit && s.limit < s.ceiling() {
		s.good = 0
		s.limit++
		if s.withheld > 0 {
			s.withheld--
			<-s.room
		}
	}
}

// slower reports whether the host has become clearly slower. It is asked after each answersOfPace answers. A host that is slow
// though only one asks is slow from then on.
func (s *slots) slower() bool {
	sorted := s.took
	slices.Sort(sorted[:])
	median := sorted[len(sorted)/2]
	slower := median > clearlySlower*s.usual && median-s.usual > leastSlower
	if median < s.usual || slower && s.limit == 1 {
		s.usual = median
	}
	return slower
}

// failed takes note that a request which was sent at that time was refused or got no answer, while it still had its slot. It
// reports whether that may be because of others in flight beside it.
func (s *slots) failed(sent time.Time) (crowded bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case !s.heard || s.alone >= manyAlone:
		return false // a host that is silent, or pages that are
	case !sent.After(s.changed):
		return true // it was on its way when the limit was lowered
	case s.crowd() > 1:
		s.lower()
		return true
	}
	s.alone++
	if s.alone == manyAlone {
		s.raise()
	}
	return false
}

// lower halves what the host gets at once.
func (s *slots) lower() {
	s.fell = max(1, min(s.limit, s.crowd()))
	s.limit = (s.fell + 1) / 2
	s.changed, s.good, s.answers = time.Now(), 0, 0
	s.withhold()
}

// raise gives the host all again that the user allows.
func (s *slots) raise() {
	s.limit, s.changed = cap(s.room), time.Time{}
	for ; s.withheld > 0; s.withheld-- {
		<-s.room
	}
}

// ceiling is how far the limit rises with good answers: to just below where the host fell, and by one more each time that
// recovery has passed since.
func (s *slots) ceiling() int {
	if s.changed.IsZero() {
		return cap(s.room)
	}
	return min(cap(s.room), max(1, s.fell-1)+int(time.Since(s.changed)/recovery))
}

// crowd is how many requests are in flight.
func (s *slots) crowd() int { return len(s.room) - s.withheld }

// idle reports whether nothing is lost when the host is forgotten.
func (s *slots) idle(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return now.Sub(s.changed) > recovery
}
