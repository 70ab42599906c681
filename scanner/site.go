package scanner

import (
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"net/url"
	"sync"

	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// keptBytes is how much of a site's answers is kept beyond those that a planned request still waits for.
const keptBytes = 512 << 10

// Site is what the signatures share about one target: its answers, facts, pages. One Site lives as long as its target
// is being scanned.
type Site struct {
	client   *web.Client
	target   Target
	settings siteSettings
	health   health
	crawl    crawl

	mu     sync.Mutex
	memo   map[digest]*entry
	kept   *list.List // of *entry with an answer that nothing planned waits for, newest in front
	size   int        // bytes of kept
	bodies map[digest][]byte
	recent []digest // keys of bodies, oldest first
	facts  map[string]fact
	tally  tally
}

// tally is what became of the requests that were known before.
type tally struct{ planned, answered, unneeded int64 }

// siteSettings are the options of a scan that its sites need.
type siteSettings struct {
	crawlPages int
	noMerge    bool
	visitors   map[string]Visitor
	pages      []*url.URL
}

// digest stands for a request or a body: the keys of thousands of requests to many sites are in memory at once.
type digest [16]byte

func digestOf(b []byte) digest {
	sum := sha256.Sum256(b)
	return digest(sum[:16])
}

// entry is one request to the site and, once it was sent, what came of it.
type entry struct {
	key     digest
	want    int           // planned askers that have not ended yet
	sending chan struct{} // closed when the answer is there; nil when nobody is sending
	done    bool
	answer  answer
	element *list.Element // in Site.kept
}

// answer is what came of a request. order counts the answers of a site.
type answer struct {
	ex    *web.Exchange
	err   error
	order int
}

type fact struct {
	giver  int // index of the step; the lowest wins, whichever ended first
	values map[string]string
}

// NewSite starts a target with nothing known about it.
func NewSite(c *web.Client, t Target) *Site { return newSite(c, t, siteSettings{crawlPages: 30}) }

func newSite(c *web.Client, t Target, settings siteSettings) *Site {
	if t.URL.Path == "" {
		u := *t.URL
		u.Path = "/"
		t.URL = &u
	}
	return &Site{
		client: c, target: t, settings: settings, kept: list.New(), crawl: crawl{turn: make(chan struct{}, 1)},
		memo: map[digest]*entry{}, bodies: map[digest][]byte{}, facts: map[string]fact{},
	}
}

// Probe is the view of one signature on the site.
func (s *Site) Probe(sig *signature.Signature, safety signature.Safety) *Probe {
	return &Probe{Target: s.target, Signature: sig, Safety: safety, site: s}
}

// expect says that one more asker of r will come. Each must be released once.
func (s *Site) expect(r *web.Request) *entry {
	key := digestOf([]byte(r.Key()))
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entry(key)
	if e.want++; e.want == 1 {
		s.tally.planned++
		if e.element != nil {
			s.unkeep(e) // until it is released again
		}
	}
	return e
}

// release says that an asker will not ask again.
func (s *Site) release(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.want--; e.want > 0 {
		return
	}
	if e.done {
		s.tally.answered++
		s.keep(e)
		return
	}
	s.tally.unneeded++
	if e.sending == nil {
		delete(s.memo, e.key)
	}
}

func (s *Site) entry(key digest) *entry {
	e := s.memo[key]
	if e == nil {
		e = &entry{key: key}
		s.memo[key] = e
	}
	return e
}

// do sends r, or gives the answer to an identical request. Whoever asks first sends; the others wait.
func (s *Site) do(ctx context.Context, r *web.Request) answer {
	if s.settings.noMerge {
		return s.send(ctx, r)
	}
	key := digestOf([]byte(r.Key()))
	for {
		s.mu.Lock()
		e := s.entry(key)
		if e.done {
			if e.element != nil {
				s.kept.MoveToFront(e.element)
			}
			s.mu.Unlock()
			return e.answer
		}
		if sending := e.sending; sending != nil {
			s.mu.Unlock()
			select {
			case <-sending:
				continue
			case <-ctx.Done():
				return answer{err: &web.Error{Kind: web.KindCanceled, URL: r.URL.String(), Err: ctx.Err()}}
			}
		}
		sending := make(chan struct{})
		e.sending = sending
		s.mu.Unlock()
		return s.fill(ctx, e, r)
	}
}

// fill sends r for its entry. An asker that gives up leaves the entry open for the next.
func (s *Site) fill(ctx context.Context, e *entry, r *web.Request) (a answer) {
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(e.sending)
		e.sending = nil
		var stop *Stop
		if (a.ex == nil && a.err == nil) || web.KindOf(a.err) == web.KindCanceled || errors.As(a.err, &stop) {
			return
		}
		e.answer, e.done = a, true
		if e.want == 0 {
			s.keep(e)
		}
	}()
	a = s.send(ctx, r)
	return a
}

// keep makes an entry that nothing planned waits for the newest of those kept, and forgets the oldest beyond keptBytes.
func (s *Site) keep(e *entry) {
	e.element = s.kept.PushFront(e)
	s.size += e.bytes()
	for s.size > keptBytes && s.kept.Len() > 0 {
		old := s.kept.Back().Value.(*entry)
		s.unkeep(old)
		delete(s.memo, old.key)
	}
}

func (s *Site) unkeep(e *entry) {
	s.kept.Remove(e.element)
	e.element = nil
	s.size -= e.bytes()
}

func (e *entry) bytes() int {
	const overhead = 2 << 10 // headers, the request, and the structures around them
	n := overhead
	for ex := e.answer.ex; ex != nil; ex = ex.Previous {
		n += len(ex.Body) + len(ex.Sent)
	}
	return n
}

// send asks the site, unless it is known to be gone.
func (s *Site) send(ctx context.Context, r *web.Request) answer {
	if err := s.health.before(ctx); err != nil {
		return answer{err: err}
	}
	ex, err := s.client.Session(s.target.URL).Do(ctx, r)
	if ex != nil {
		s.intern(ex)
	}
	order := s.health.after(ctx, s, ex, err)
	return answer{ex: ex, err: err, order: order}
}

// intern lets equal bodies share their bytes: many a site answers everything with one page. Nobody else has seen ex yet.
func (s *Site) intern(ex *web.Exchange) {
	const distinct = 16
	if len(ex.Body) < 512 {
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

func (s *Site) fact(name string) (map[string]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.facts[name]
	return f.values, ok
}

// Learn establishes a fact.
func (s *Site) Learn(name string, values map[string]string) { s.learn(name, -1, values) }

func (s *Site) learn(name string, giver int, values map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.facts[name]; !ok || giver <= known.giver {
		s.facts[name] = fact{giver, values}
	}
}
