package engine

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// gates keep a step that must be alone with its host apart from the steps of all targets there.
type gates struct {
	mu    sync.Mutex
	hosts map[string]*gate // by host name: the ports of one host often are one application
}

// gate is one host's. Whoever came first passes first, so that nobody waits for ever.
type gate struct {
	room  *semaphore.Weighted
	users int
}

// roomOfGate is more than steps ever run at once.
const roomOfGate = 1 << 30

// enter gives the gate of a host. It is kept until leave was called as often.
func (g *gates) enter(host string) *gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hosts == nil {
		g.hosts = map[string]*gate{}
	}
	if g.hosts[host] == nil {
		g.hosts[host] = &gate{room: semaphore.NewWeighted(roomOfGate)}
	}
	g.hosts[host].users++
	return g.hosts[host]
}

func (g *gates) leave(host string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.hosts[host].users--; g.hosts[host].users == 0 {
		delete(g.hosts, host)
	}
}

// pass waits until a step may run, and reports whether it may: not when ctx has ended. end must follow.
func (g *gate) pass(ctx context.Context, alone bool) bool {
	return g.room.Acquire(ctx, weight(alone)) == nil
}

func (g *gate) end(alone bool) { g.room.Release(weight(alone)) }

func weight(alone bool) int64 {
	if alone {
		return roomOfGate
	}
	return 1
}
