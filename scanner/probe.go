package scanner

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"

	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// Probe is all that a check may use while it looks at one target; it has no other way to the network.
type Probe struct {
	Target    Target
	Signature *signature.Signature
	Safety    signature.Safety // the level of the scan; a check may do less, never more

	site *Site

	mu     sync.Mutex
	reason string
	count  int
}

// Session is a new visitor with an empty cookie jar. Nothing it does is shared.
func (p *Probe) Session() *web.Session { return p.site.client.Session(p.Target.URL) }

// Do sends an anonymous request that all signatures share: an identical one is sent to the target once, whoever asks.
func (p *Probe) Do(ctx context.Context, r *web.Request) (*web.Exchange, error) {
	p.mu.Lock()
	p.count++
	p.mu.Unlock()
	return p.site.do(ctx, r)
}

// Get is Do for a path below the target ("/" is the root of the host). Redirects are not followed.
func (p *Probe) Get(ctx context.Context, path string) (*web.Exchange, error) {
	u, err := p.Target.URL.Parse(path)
	if err != nil {
		return nil, err
	}
	return p.Do(ctx, &web.Request{URL: u})
}

// Fact is what another signature found out, by the name in its gives:.
func (p *Probe) Fact(name string) (map[string]string, bool) { return p.site.fact(name) }

// Crawl is the pages of the site that links lead to from the target's own page: same host, in scope, read once a target
// and shared by all signatures, at most the scan's limit (30). Pages come in the order they were found.
func (p *Probe) Crawl(ctx context.Context) ([]*web.Page, error) {
	return nil, fmt.Errorf("not built yet")
}

// Suppress says that a match was dropped because the site answers like that to anything; the summary counts them.
func (p *Probe) Suppress(reason string) {}

// Control is the answer of the same site to r with the last segment of its path made random in the same folder and with
// the same extension: what the site says about things that cannot exist. It is learned once a target.
func (p *Probe) Control(ctx context.Context, r *web.Request) (*web.Exchange, error) {
	return nil, fmt.Errorf("not built yet")
}

// Visitor is a visitor whom the user named with --session NAME=FILE, false when there is none of that name.
func (p *Probe) Visitor(name string) (*web.Session, bool) { return nil, false }

// Pages are the addresses the user named with --page, in order.
func (p *Probe) Pages() []*url.URL { return nil }

// Explain sets the reason of the Outcome when the check ends clean.
func (p *Probe) Explain(format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reason = fmt.Sprintf(format, a...)
}

// Rand gives the same numbers for the same signature and target, so that two runs send the same bytes.
func (p *Probe) Rand() *rand.Rand {
	sum := sha256.Sum256([]byte(p.Signature.ID + "\x00" + p.Target.String()))
	return rand.New(rand.NewChaCha8(sum))
}

// Site is what the signatures share about one target: its answers, facts, pages. One Site lives as long as its target
// is being scanned.
type Site struct {
	client *web.Client
	target Target

	mu    sync.Mutex
	memo  map[string]*shared
	facts map[string]map[string]string
}

type shared struct {
	once sync.Once
	ex   *web.Exchange
	err  error
}

// NewSite starts a target with nothing known about it.
func NewSite(c *web.Client, t Target) *Site {
	return &Site{client: c, target: t, memo: map[string]*shared{}, facts: map[string]map[string]string{}}
}

// Probe is the view of one signature on the site.
func (s *Site) Probe(sig *signature.Signature, safety signature.Safety) *Probe {
	return &Probe{Target: s.target, Signature: sig, Safety: safety, site: s}
}

func (s *Site) do(ctx context.Context, r *web.Request) (*web.Exchange, error) {
	key := r.Key()
	s.mu.Lock()
	e, ok := s.memo[key]
	if !ok {
		e = &shared{}
		s.memo[key] = e
	}
	s.mu.Unlock()
	e.once.Do(func() { e.ex, e.err = s.client.Session(s.target.URL).Do(ctx, r) })
	return e.ex, e.err
}

func (s *Site) fact(name string) (map[string]string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.facts[name]
	return f, ok
}

// Learn establishes a fact.
func (s *Site) Learn(name string, values map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.facts[name] = values
}

// NewEvidence is the exchange as a report may show it: cut, and with credentials, cookies, secrets and personal data
// masked. Parts of the response around keep (if any are given) are shown, else its beginning.
func NewEvidence(ex *web.Exchange, note string, keep ...string) Evidence {
	return Evidence{Request: strings.TrimSpace(string(ex.Sent)), Response: ex.StatusLine, Note: note}
}

// Token is n random lower-case letters from r, for names that cannot exist.
func Token(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}
