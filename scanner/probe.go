package scanner

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"sotomi/scanner/browser"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/payment"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Site is one target as a check sees it: the only way to the network. The engine implements it; a test of a check may
// hand in a fake.
type Site interface {
	// Session is a new visitor with an empty cookie jar. Nothing it does is shared.
	Session() *web.Session
	// Visitors are those whom the user gave with --session NAME=FILE, at most two, in order. Each signature has its own
	// session of each on each target.
	Visitors() []Visitor
	// Do sends an anonymous request that all signatures share: an identical one is sent to the target once, whoever asks.
	// Redirects are not followed.
	Do(ctx context.Context, r *web.Request) (*web.Exchange, error)
	// Control is the site's answer to r with a random name in place of the last path segment, in the same folder and with the
	// same extension: what it says about things that cannot exist. It is asked once a target.
	Control(ctx context.Context, r *web.Request) (*web.Exchange, error)
	// Crawl gives the target's own page and those that its links lead to on the same host and port, in the order in which
	// they were found, as many as the scan's limit (30). They are read once a target.
	Crawl(ctx context.Context) ([]*web.Page, error)
	// Ports are the ports of the target's host that the scan looked at, for checks at PlacePorts; nil for others. They never
	// change.
	Ports() *Ports
	// Dial connects to a port of the target's host, inside TLS where that is asked for: whatever its certificate is, it is
	// accepted. The connection counts as a request, keeps to the rate of the host, and ends with ctx, or after the client's
	// timeout; it must be closed. An error is a *web.Error.
	Dial(ctx context.Context, port int, useTLS bool) (net.Conn, error)
	// Look shows a page of the target in a browser, as a visitor's does, and tells what ran there: with the headers of the user
	// and the first of the given visitors. Its requests keep to the rate of each host and count. The later visit is by the
	// visitor of the last first one to the target. The error is browser.ErrNone when there is no browser, a *web.Error when the
	// page did not open. There is no picture where the user gave headers, a certificate or a visitor.
	Look(ctx context.Context, u *url.URL, v browser.Visit) (*browser.Look, error)
	// Picture is what a page of the target looks like in a browser to a visitor who carries nothing of the user's. Nobody is
	// asked but the target's own site. The error says why there is none; it is browser.ErrNone when there is no browser.
	Picture(ctx context.Context, u *url.URL) (*evidence.Picture, error)
	// Pages are the pages of the target that the user named with --page, in order.
	Pages() []*url.URL
	// Fact is what another signature found out, by the name in its gives: key. FactList reads values that are lists.
	Fact(name string) (map[string]string, bool)
	// Derived is a value that checks compute from the target alone: made when first asked for under a name, and shared by all
	// signatures. It must never change, or guard itself.
	Derived(name string, make func() any) any
}

// Anonymous is the name of visitors without an account.
const Anonymous = "anonymous"

// Visitor is a test account that the user gave.
type Visitor struct {
	Name    string // as the user calls it; never that of visitors without an account
	Session *web.Session
}

// Probe is all that a check may use while it looks at one target for one signature.
type Probe struct {
	Site
	Target    target.Target
	Signature *signature.Signature
	Safety    signature.Safety // the level of the scan; a check may do less, never more
	HashNames bool             // names of things that may be personal are shown as hashes
	Wordlist  string           // the list of names that the user wants guessed, "" for none
	Payment   Payment          // what the user says of payment pages
	Only      []string         // addresses, as path and query, besides which the check need not ask for any; nil for all
	Memory    Memory           // nil for a scan that does not know of earlier ones

	Filter func(*web.Exchange) string // the product that gave an answer in place of the site; "" for one of the site

	mu    sync.Mutex
	notes Notes
}

// Payment is what the user says of payment pages.
type Payment struct {
	Pages    []*url.URL    // of the target, in order; none for those that are recognised
	Approved *payment.File // nil without a payment.yaml
}

// Memory is what checks have remembered of targets in earlier scans.
type Memory interface {
	// Recall gives what the check of a signature remembered of a target last, by name; nothing when it never did.
	Recall(ctx context.Context, signature, target string) (map[string]json.RawMessage, error)
}

// WordlistWordPress is the list of plug-ins and themes of WordPress.
const WordlistWordPress = "wordpress"

// Notes are what a check tells of its run beside hits and errors.
type Notes struct {
	Reason     message.Message // of the Outcome when the check ends clean
	Conclusive bool            // the reason holds even if all that was seen is a demand to log in or a redirect to another site
	Requests   int             // sent through sessions of the check's own
	Suppressed int             // matches that were dropped
	Remembered []Remembered    // for the next scan
	Filters    bool            // the check has taken answers of filters into account
}

// Get is Do for a path below the target ("/" is the root of the host).
func (p *Probe) Get(ctx context.Context, path string) (*web.Exchange, error) {
	u, err := p.Target.URL.Parse(path)
	if err != nil {
		return nil, err
	}
	return p.Do(ctx, &web.Request{URL: u})
}

// PagesFrom are the page of home, which is an answer of the target's own page, and those that Crawl gives, as far as they were
// answered 200. When there is none the error ends the check: it is a *StatusError.
func (p *Probe) PagesFrom(ctx context.Context, home *web.Exchange) ([]*web.Page, error) {
	var pages []*web.Page
	if page, err := web.ParsePage(home); err == nil {
		pages = append(pages, page)
	}
	crawled, err := p.Crawl(ctx)
	if err != nil {
		return nil, err
	}
	pages = slices.DeleteFunc(append(pages, crawled...), func(page *web.Page) bool { return page.Exchange.Status != http.StatusOK })
	if len(pages) > 0 {
		return pages, nil
	}
	switch home.Status {
	case http.StatusOK, http.StatusNoContent, http.StatusNotFound, http.StatusGone:
		return nil, NotApplicable("the target shows no HTML page")
	}
	return nil, Undetermined("none of the target's pages could be read; its own answers %d", home.Status)
}

// Count adds requests that the check sent through sessions of its own to the number in its Outcome.
func (p *Probe) Count(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes.Requests += n
}

// Suppress notes that a match was dropped because the site answers like that to anything; the summary counts them.
func (p *Probe) Suppress(reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes.Suppressed++
	p.notes.Reason = message.New(reason)
}

// KnowsFilters says that the check tells answers of filters from those of the site (Filter), and ends as they make it. Others
// that saw nothing end as blocked when one of their answers was a filter's.
func (p *Probe) KnowsFilters() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes.Filters = true
}

// Recall is what the check remembered of the target in an earlier scan, by name; ok is false for a scan that knows of none.
func (p *Probe) Recall(ctx context.Context) (values map[string]json.RawMessage, ok bool, err error) {
	if p.Memory == nil {
		return nil, false, nil
	}
	values, err = p.Memory.Recall(ctx, p.Signature.ID, p.Target.String())
	return values, true, err
}

// Remember keeps a value under a name for the next scan of the target; nil forgets it. It counts only when the check comes to
// an answer.
func (p *Probe) Remember(name string, value json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes.Remembered = append(p.notes.Remembered, Remembered{Signature: p.Signature.ID, Name: name, Value: value})
}

// Explain sets the reason of the Outcome when the check ends clean.
func (p *Probe) Explain(format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes.Reason = message.New(format, a...)
}

// Conclude is Explain for a check that has its answer, also where it found something, and even from a demand to log in or a redirect to another site: a server
// that asks for a password is not open.
func (p *Probe) Conclude(format string, a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.notes.Reason, p.notes.Conclusive = message.New(format, a...), true
}

// Notes are what the check has said so far.
func (p *Probe) Notes() Notes {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.notes
}

// Rand gives the same numbers for the same signature and target, so that two runs send the same bytes.
func (p *Probe) Rand() *rand.Rand { return RandFor(p.Signature.ID, p.Target) }
