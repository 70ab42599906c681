package web

import (
	"context"
	"fmt"

	"golang.org/x/time/rate"
)

// newTotal is the limit of requests a second to all hosts together, nil for none.
func newTotal(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/10)))
}

// depart is the last thing before a request leaves, when its host may be asked: it waits for the rate of all hosts together, asks
// whether the request may be sent, and counts it.
func (l *limiter) depart(ctx context.Context) error {
	if l.total != nil {
		if err := l.total.Wait(ctx); err != nil {
			return &forbiddenError{err}
		}
	}
	if err := l.mayLeave(ctx); err != nil {
		return err
	}
	l.sent.Add(1)
	return nil
}

// mayLeave is why a request may not be sent, nil when it may.
func (l *limiter) mayLeave(ctx context.Context) error {
	if l.options.May != nil {
		if err := l.options.May(ctx); err != nil {
			return &forbiddenError{err}
		}
	}
	return nil
}

// forbiddenError is a request that was not to be sent.
type forbiddenError struct{ err error }

func (e *forbiddenError) Error() string { return fmt.Sprintf("not sent: %v", e.err) }
func (e *forbiddenError) Unwrap() error { return e.err }
