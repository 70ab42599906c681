package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"sotomi/scanner/message"
)

// post sends the chunks of one task.
type post struct {
	*Worker
	hold  *hold
	group string

	mu    sync.Mutex
	done  map[int]bool // that were there or were sent
	count int          // the highest number of them, and one
}

// send stores a chunk with the coordinator's server. The first one with its number wins.
func (p *post) send(ctx context.Context, c Chunk) error {
	if c.Group != p.group || c.Number < 0 || c.Number >= maxChunks {
		return errTask
	}
	if len(c.Body) > maxBody {
		return message.Errorf("a chunk of %d bytes: the most is %d", len(c.Body), maxBody)
	}
	p.mu.Lock()
	there := p.done[c.Number]
	p.mu.Unlock()
	if there {
		return nil
	}
	if err := p.put(ctx, p.chunk(c.Group, c.Number), head{}, c.Body); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[c.Number] = true
	p.count = max(p.count, c.Number+1)
	return nil
}

func (p *post) chunks() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// put publishes under the lease until it is confirmed or the lease is lost. While the stream is full it waits.
func (p *post) put(ctx context.Context, subject string, h head, body []byte) error {
	for p.hold.Valid() {
		h.Pass, h.Lease, h.Rev = *p.pass.Load(), p.hold.name, p.hold.revision()
		data, err := seal(p.key, subject, h, body)
		if err != nil {
			return err
		}
		within, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err = p.js.Publish(within, subject, data)
		cancel()
		if err == nil || isThere(err) {
			return nil
		}
		if errors.Is(err, nats.ErrMaxPayload) {
			return message.Errorf("a chunk of %d bytes: the most is %d", len(data), p.nc.MaxPayload())
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			break
		}
	}
	return errLost
}
