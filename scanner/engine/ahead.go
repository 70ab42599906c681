package engine

import "context"

// ahead is how many inputs may be looked for while all slots are taken: hosts that are dead or silent take long to give up
// on, and cost nothing meanwhile. A scan of one host at a time looks for no other.
func (p *Plan) ahead() int { return 4 * (p.options.Concurrency - 1) }

// slot is one of those for hosts that are scanned at the same time. An input that answers takes one until it is done.
type slot struct{ of chan struct{} }

// takeSlot waits for a slot, or until ctx ends.
func (p *Plan) takeSlot(ctx context.Context, j *journey) *slot {
	j.enters(queueing)
	defer j.enters(scanning)
	select {
	case p.scanning <- struct{}{}:
		return &slot{p.scanning}
	case <-ctx.Done():
		return nil
	}
}

func (s *slot) leave() {
	if s != nil {
		<-s.of
	}
}
