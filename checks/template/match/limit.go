package match

import (
	"context"
	"errors"
	"time"
)

// ErrTooCostly says that judging one response would take longer than a second of one core, in one check or, of a large one,
// in all together. Whoever gets it cannot tell what the response is.
var ErrTooCostly = errors.New("judging the response takes too long")

const (
	maxTime = time.Second

	// tick is how much work is done between two looks at the clock, in estimated nanoseconds.
	tick = 1 << 20
	// longestTick bounds the time that counts for one tick: the rest was spent waiting for a core.
	longestTick = 10 * time.Millisecond
)

// meter ends work that takes too long or is no longer wanted. Its first error stays.
type meter struct {
	ctx   context.Context // that of Run: libraries call back without one
	limit time.Duration
	err   error
	used  time.Duration
	last  time.Time // when the clock was last looked at; zero before the first look
	todo  int       // work since then, in estimated nanoseconds

	shared *budget   // of the response; nil for a small one
	core   processor // at last, when shared
}

func newMeter(ctx context.Context) meter { return meter{ctx: ctx, limit: maxTime} }

// share makes the meter count against the budget of a response as well, from now on until settle.
func (m *meter) share(b *budget) {
	m.shared, m.last, m.core = b, time.Now(), processorNow()
	b.checks.Add(1)
	if !b.spend(0) {
		m.err = ErrTooCostly
	}
}

// settle counts the work since the clock was last looked at.
func (m *meter) settle() {
	if m.shared != nil {
		m.shared.spend(m.elapsed(time.Now()))
	}
}

// elapsed is the time of a core since the clock was last looked at.
func (m *meter) elapsed(now time.Time) time.Duration {
	took := now.Sub(m.last)
	if m.shared != nil {
		before := m.core
		m.core = processorNow()
		if used, ok := m.core.since(before); ok {
			return min(used, took+longestTick) // systems count in steps of up to 10 ms, most looks see none
		}
	}
	return min(took, max(longestTick, time.Duration(m.todo)))
}

// spend counts work that is about to be done and says whether to go on.
func (m *meter) spend(nanoseconds int) error {
	if m.todo += nanoseconds; m.todo < tick || m.err != nil {
		return m.err
	}
	return m.look()
}

// look checks the clock and the context.
func (m *meter) look() error {
	if m.err != nil {
		return m.err
	}
	now := time.Now()
	within := true
	if !m.last.IsZero() {
		took := m.elapsed(now)
		m.used += took
		within = m.shared == nil || m.shared.spend(took)
	}
	m.last, m.todo = now, 0
	if m.err = m.ctx.Err(); m.err == nil && (m.used > m.limit || !within) {
		m.err = ErrTooCostly
	}
	return m.err
}

// exceeded is the panic of functions that have no other way to say so.
type exceeded struct{ err error }

// mustSpend is spend for code below libraries that take no error.
func (m *meter) mustSpend(nanoseconds int) {
	if err := m.spend(nanoseconds); err != nil {
		panic(exceeded{err})
	}
}
