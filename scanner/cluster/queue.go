package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// queue is work for the streams, done in order and away from who asked for it.
type queue struct {
	mu    sync.Mutex
	list  []func(context.Context) error
	added chan struct{}
}

func newQueue() *queue { return &queue{added: make(chan struct{}, 1)} }

func (q *queue) add(do func(context.Context) error) {
	q.mu.Lock()
	q.list = append(q.list, do)
	q.mu.Unlock()
	select {
	case q.added <- struct{}{}:
	default:
	}
}

func (q *queue) take() []func(context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = nil
	return list
}

// work does what is in the queue until ctx ends. What fails is not tried again: each part of it is asked for anew when it is
// found to be missing.
func (r *round) work(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.chores.added:
		}
		for _, do := range r.chores.take() {
			if ctx.Err() != nil {
				return nil
			}
			within, cancel := context.WithTimeout(ctx, 10*time.Second)
			if err := do(within); err != nil {
				_ = err
			}
			cancel()
		}
	}
}

// isThere reports whether a stream refused a message because there is one on its subject.
func isThere(err error) bool {
	var e *jetstream.APIError
	return errors.As(err, &e) && e.ErrorCode == 10077 && e.Description == "maximum messages per subject exceeded"
}
