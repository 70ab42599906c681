package engine

import (
	"container/list"
	"context"
	"errors"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// How much of a site's answers is kept, in bytes, beyond those that some step plans to ask for: more while there are steps
// whose requests are not known beforehand.
const (
	keptBytes     = 128 << 10
	keptUnplanned = 1 << 20
)

// entry is one request to the site and, once it was sent, what came of it.
type entry struct {
	key     digest
	id      int32 // in the request plan, -1 for none
	pending int   // steps that may still ask, of those that plan it for this target only
	sending bool
	sent    chan struct{} // closed when sending ends; made by the first who waits for it
	done    bool
	answer  answer
	element *list.Element // in site.kept
	size    int           // bytes, while it is there
}

// answer is what came of a request. order counts the answers of a site.
type answer struct {
	ex     *web.Exchange
	err    error
	order  int
	filter string // the product that gave it in place of the site; "" for none
}

// consumer is a step while it runs, and which planned answers it has got.
type consumer struct {
	step  int
	taken []int32 // ids of the request plan, ascending
}

// consume records that a step has its answer, and releases the entry unless the step will ask again. c is nil for what no
// step asks for.
func (s *site) consume(c *consumer, e *entry) {
	if c == nil || s.requestPlan == nil {
		return
	}
	if e.id >= 0 && occurrences(c.taken, e.id) < occurrences(s.requestPlan.requests[c.step], e.id) {
		at, _ := slices.BinarySearch(c.taken, e.id)
		c.taken = slices.Insert(c.taken, at, e.id)
		s.consumers[e.id]--
		s.releaseEntry(e)
		return
	}
	keys := s.perTarget[c.step]
	if i := slices.Index(keys, e.key); i >= 0 {
		s.perTarget[c.step] = slices.Delete(keys, i, i+1)
		e.pending--
		s.releaseEntry(e)
	}
}

// occurrences of an id in an ascending list.
func occurrences(list []int32, id int32) int {
	from, ok := slices.BinarySearch(list, id)
	if !ok {
		return 0
	}
	to := from
	for to < len(list) && list[to] == id {
		to++
	}
	return to - from
}

// release records that a step will not ask again: it lets go of the planned answers that it never took.
func (s *site) release(c consumer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range s.perTarget[c.step] {
		e := s.entry(key)
		e.pending--
		s.releaseEntry(e)
	}
	delete(s.perTarget, c.step)
	s.ended, s.advanced = s.ended+1, time.Now()
	if s.requestPlan == nil {
		return
	}
	if s.requestPlan.unplanned[c.step] {
		if s.unplanned--; s.unplanned == 0 {
			s.trim()
		}
	}
	taken := c.taken
	for _, id := range s.requestPlan.requests[c.step] {
		if len(taken) > 0 && taken[0] == id {
			taken = taken[1:]
			continue
		}
		s.consumers[id]--
		if e := s.memo[s.requestPlan.digests[id]]; e != nil {
			s.releaseEntry(e)
		} else if s.consumers[id] == 0 {
			s.tally.unneeded++
		}
	}
}

// releaseEntry lets go of an entry that no step waits for any more.
func (s *site) releaseEntry(e *entry) {
	switch {
	case s.wanted(e):
	case e.done:
		s.tally.answered++
		s.advanced = time.Now()
		s.keep(e)
	default:
		s.tally.unneeded++
		if !e.sending {
			delete(s.memo, e.key)
		}
	}
}

// do sends r, or gives the answer to an identical request. Whoever asks first sends; the others wait. c is nil for what no
// step asks for.
func (s *site) do(ctx context.Context, r *web.Request, c *consumer) answer {
	if s.settings.noMerge {
		return s.send(ctx, r)
	}
	key := requestDigest(s.target, r)
	for {
		s.mu.Lock()
		e := s.entry(key)
		if e.done {
			if e.element != nil {
				s.kept.MoveToFront(e.element)
			}
			a := e.answer
			s.consume(c, e)
			s.mu.Unlock()
			return a
		}
		if e.sending {
			if e.sent == nil {
				e.sent = make(chan struct{})
			}
			sent := e.sent
			s.mu.Unlock()
			select {
			case <-sent:
				continue
			case <-ctx.Done():
				return answer{err: &web.Error{Kind: web.KindCanceled, URL: r.URL.String(), Err: ctx.Err()}}
			}
		}
		e.sending = true
		s.mu.Unlock()
		return s.fill(ctx, e, r, c)
	}
}

// fill sends r for its entry. A step that gives up leaves the entry open for the next.
func (s *site) fill(ctx context.Context, e *entry, r *web.Request, c *consumer) (a answer) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if e.sending = false; e.sent != nil {
			close(e.sent)
			e.sent = nil
		}
		if (a.ex == nil && a.err == nil) || a.err != nil && unsent(a.err) {
			return
		}
		e.answer, e.done = a, true
		if !s.wanted(e) {
			s.keep(e)
			return
		}
		s.consume(c, e)
	}()
	a = s.send(ctx, r)
	return a
}

// unsent reports whether an error says nothing of the site: nobody asked it.
func unsent(err error) bool {
	var ended *scanner.StatusError
	return web.KindOf(err) == web.KindCanceled || errors.As(err, &ended)
}

// keep makes an entry that nothing planned waits for the newest of those kept, and forgets the oldest beyond the limit.
func (s *site) keep(e *entry) {
	e.element, e.size = s.kept.PushFront(e), e.bytes()
	s.size += e.size
	s.trim()
}

// trim forgets the oldest answers beyond the limit.
func (s *site) trim() {
	limit := keptBytes
	if s.requestPlan == nil || s.unplanned > 0 {
		limit = keptUnplanned
	}
	for s.size > limit && s.kept.Len() > 0 {
		old := s.kept.Back().Value.(*entry)
		s.unkeep(old)
		delete(s.memo, old.key)
	}
}

func (s *site) unkeep(e *entry) {
	s.kept.Remove(e.element)
	e.element = nil
	s.size -= e.size
}

func (e *entry) bytes() int {
	const (
		overhead = 4 << 10 // the request, and the structures around it
		line     = 80      // those of a header
	)
	n := overhead
	for ex := e.answer.ex; ex != nil; ex = ex.Previous {
		n += 3 * len(ex.Body) // the body is also kept as text, and in lower case
		for name, values := range ex.Header {
			n += line + len(name)
			for _, v := range values {
				n += len(v)
			}
		}
	}
	return n
}

// crowdedTries is how often a request is sent that failed while the host got too many at once, which are halved each time.
const crowdedTries = 6

// send asks the site, unless it is known to be gone.
func (s *site) send(ctx context.Context, r *web.Request) answer {
	for try := 1; ; try++ {
		a := s.sendOnce(ctx, r)
		var e *web.Error
		if try == crowdedTries || !errors.As(a.err, &e) || !e.Crowded || e.Kind == web.KindThrottled || !r.Repeatable() {
			return a
		}
	}
}

func (s *site) sendOnce(ctx context.Context, r *web.Request) answer {
	sent, err := s.health.before(ctx)
	if err != nil {
		return answer{err: err}
	}
	ex, err := unlessFiltered(s.session().Do(ctx, r))
	if ex != nil {
		s.bulk.add(ex)
		s.intern(ex)
		s.noteAddress(ex)
		s.settings.answered(ex)
	}
	if err != nil && r.URL.Host != s.target.URL.Host {
		return answer{ex: ex, err: err} // another port of the host says nothing about this one
	}
	order, filter := s.health.after(ctx, s, sent, ex, err)
	return answer{ex: ex, err: err, order: order, filter: filter}
}

// unlessFiltered is an answer, also when it was taken for a request to come back later but is a known filter's page: waiting
// does not help.
func unlessFiltered(ex *web.Exchange, err error) (*web.Exchange, error) {
	var e *web.Error
	if errors.As(err, &e) && e.Kind == web.KindThrottled && filterOf(e.Answer) != "" {
		return e.Answer, nil
	}
	return ex, err
}

// intern lets equal bodies share their bytes: many a site answers everything with one page. Nobody else has seen ex yet.
func (s *site) intern(ex *web.Exchange) {
	const distinct, small, large = 8, 512, 64 << 10
	if len(ex.Body) < small || len(ex.Body) > large {
		return
	}
	key := digestOf(ex.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.bodies[key]; ok {
		ex.Body = known
		return
	}
	if len(s.recent) == distinct {
		delete(s.bodies, s.recent[0])
		s.recent = append(s.recent[:0], s.recent[1:]...)
	}
	s.bodies[key] = ex.Body
	s.recent = append(s.recent, key)
}

// wanted reports whether some step plans to ask for an entry.
func (s *site) wanted(e *entry) bool { return e.pending > 0 || e.id >= 0 && s.consumers[e.id] > 0 }

// entry is the one of a request, made when there is none.
func (s *site) entry(key digest) *entry {
	e := s.memo[key]
	if e == nil {
		e = &entry{key: key, id: -1}
		if s.requestPlan != nil {
			if id, ok := s.requestPlan.ids[key]; ok {
				e.id = id
			}
		}
		s.memo[key] = e
	}
	return e
}
