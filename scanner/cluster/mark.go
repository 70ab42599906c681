package cluster

import (
	"context"
	"sync"
)

// mark is how far something has been read, for who must wait until it has.
type mark struct {
	mu    sync.Mutex
	at    uint64
	moved chan struct{} // closed when at grows
}

func newMark() *mark { return &mark{moved: make(chan struct{})} }

// reach says that all up to n is read.
func (m *mark) reach(n uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n > m.at {
		m.at = n
		close(m.moved)
		m.moved = make(chan struct{})
	}
}

// reached reports whether all up to n is read.
func (m *mark) reached(n uint64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at >= n
}

// wait returns when all up to n is read, or ctx ends.
func (m *mark) wait(ctx context.Context, n uint64) error {
	for {
		m.mu.Lock()
		ok, moved := m.at >= n, m.moved
		m.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
