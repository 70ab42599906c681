package scanner

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"

	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// Probe is all that a check may use while it looks at one target; it has no other way to the network.
type Probe struct {
	Target    Target
	Signature *signature.Signature
	Safety    signature.Safety // the level of the scan; a check may do less, never more
	HashNames bool             // names of things that may be personal are shown as hashes

	site  *Site
	asker *asker // nil outside of a scan

	mu         sync.Mutex
	reason     string
	requests   int  // of Do, shared ones included
	lastOrder  int  // of the newest answer it looked at
	broken     bool // it got an answer of which the rest is unknown
	suppressed int
	visitors   map[string]*web.Session
}

// Session is a new visitor with an empty cookie jar. Nothing it does is shared.
func (p *Probe) Session() *web.Session {
	s := p.site.session()
	s.Watch(p.saw)
	return s
}

// saw notes an answer of which the rest is unknown.
func (p *Probe) saw(ex *web.Exchange) {
	if ex.Broken {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.broken = true
	}
}

// Do sends an anonymous request that all signatures share: an identical one is sent to the target once, whoever asks.
func (p *Probe) Do(ctx context.Context, r *web.Request) (*web.Exchange, error) {
	a := p.site.do(ctx, r, p.asker)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	p.lastOrder = max(p.lastOrder, a.order)
	p.broken = p.broken || a.ex != nil && a.ex.Broken
	return a.ex, a.err
}

// Get is Do for a path below the target ("/" is the root of the host). Redirects are not followed.
func (p *Probe) Get(ctx context.Context, path string) (*web.Exchange, error) {
	u, err := p.Target.URL.Parse(path)
	if err != nil {
		return nil, err
	}
	return p.Do(ctx, &web.Request{URL: u})
}

// Count adds requests that the check sent through sessions of its own to those that its Outcome tells.
func (p *Probe) Count(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests += n
}

// Derived is what checks make of the target alone: made when first asked for under a name, and shared by all signatures.
// It must never change.
func (p *Probe) Derived(name string, make func() any) any {
	if p.site == nil {
		return make()
	}
	p.site.mu.Lock()
	known, ok := p.site.derived[name]
	p.site.mu.Unlock()
	if ok {
		return known
	}
	made := make()
	p.site.mu.Lock()
	defer p.site.mu.Unlock()
	if p.site.derived == nil {
		p.site.derived = map[string]any{}
	}
	p.site.derived[name] = made
	return made
}

// Fact is what another signature found out, by the name in its gives:.
func (p *Probe) Fact(name string) (map[string]string, bool) { return p.site.fact(name) }

// Crawl is the pages of the site that links lead to from the target's own page: same host, in scope, read once a target
// and shared by all signatures, at most the scan's limit (30). Pages come in the order they were found.
func (p *Probe) Crawl(ctx context.Context) ([]*web.Page, error) {
	pages, order, err := p.site.crawled(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests += len(pages)
	p.lastOrder = max(p.lastOrder, order)
	for _, page := range pages {
		p.broken = p.broken || page.Exchange.Broken
	}
	return pages, err
}

// Suppress says that a match was dropped because the site answers like that to anything; the summary counts them.
func (p *Probe) Suppress(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.suppressed++
	p.reason = reason
}

// Visitor is a visitor whom the user named with --session NAME=FILE, false when there is none of that name. Each
// signature has its own session of the visitor on each target.
func (p *Probe) Visitor(name string) (*web.Session, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.visitors[name]; ok {
		return s, s != nil
	}
	enter, ok := p.site.settings.visitors[name]
	if !ok || p.site.stranger {
		return nil, false
	}
	if p.visitors == nil {
		p.visitors = map[string]*web.Session{}
	}
	s, err := enter(p.site.client, p.Target.URL)
	if err != nil {
		s = nil // the visitor is bound to another site
	} else {
		s.Watch(p.saw)
	}
	p.visitors[name] = s
	return s, s != nil
}

// Pages are the addresses of the target's host that the user named with --page, in order.
func (p *Probe) Pages() []*url.URL {
	var list []*url.URL
	for _, u := range p.site.settings.pages {
		if u.Scheme == p.Target.URL.Scheme && u.Host == p.Target.URL.Host {
			list = append(list, u)
		}
	}
	return list
}

// Explain sets the reason of the Outcome when the check ends clean.
func (p *Probe) Explain(format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reason = fmt.Sprintf(format, a...)
}

// Rand gives the same numbers for the same signature and target, so that two runs send the same bytes.
func (p *Probe) Rand() *rand.Rand { return RandFor(p.Signature.ID, p.Target) }

// RandFor is Rand for checks that plan: the numbers of the signature of that id.
func RandFor(signature string, t Target) *rand.Rand {
	sum := sha256.Sum256([]byte(signature + "\x00" + t.String()))
	return rand.New(rand.NewChaCha8(sum))
}

// Token is n random lower-case letters from r, for names that cannot exist.
func Token(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}
