package engine

import (
	"context"
	"net"
	"net/url"
	"strings"
	"sync"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// siteView is a site as one step sees it, and what the step has seen of it.
type siteView struct {
	*site
	consumer *consumer // nil outside of a scan

	mu        sync.Mutex
	requests  int    // of Do and Crawl, shared ones included
	lastOrder int    // of the newest answer it looked at
	broken    bool   // it got an answer of which the rest is unknown
	cut       int    // bytes of the last answer that went on past the client's limit; 0 for none
	fault     int    // status of the last server error that it got; 0 for none
	refusal   int    // status of the last closed address that it met; 0 for none
	filter    string // the product that gave an answer in place of the site; "" for none
	seen      sight
	visitors  []scanner.Visitor
}

// probe is the probe of one signature on the site. c is nil outside of a scan.
func (s *site) probe(sig *signature.Signature, safety signature.Safety, c *consumer) (*scanner.Probe, *siteView) {
	v := &siteView{site: s, consumer: c}
	return &scanner.Probe{
		Site: v, Target: s.target, Signature: sig, Safety: safety, HashNames: s.settings.hashNames, Wordlist: s.settings.wordlist,
		Payment: scanner.Payment{Pages: v.onTarget(s.settings.payment.Pages), Approved: s.settings.payment.Approved}, Memory: s.settings.memory, Filter: filterOf,
	}, v
}

func (v *siteView) Session() *web.Session {
	s := v.session()
	s.OnExchange(v.saw)
	return s
}

// saw notes an answer that the step got in a session of its own.
func (v *siteView) saw(ex *web.Exchange) {
	v.settings.answered(ex)
	v.mark(ex, filterOf(ex))
}

// mark notes what an answer says of itself: the rest of it is unknown or was left out, it is an error of the server, or the
// page of a filter.
func (v *siteView) mark(ex *web.Exchange, filter string) {
	v.noteSight(ex)
	cut := ex.Truncated && !ex.Broken && ex.Request.MaxBody == 0
	if !ex.Broken && !cut && ex.Status < 500 && !closes(ex.Status) && filter == "" {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if filter != "" {
		v.filter = filter
	}
	v.broken = v.broken || ex.Broken
	if cut {
		v.cut = len(ex.Body)
	}
	switch {
	case ex.Status >= 500:
		v.fault = ex.Status
	case closes(ex.Status):
		v.refusal = ex.Status
	}
}

// noteSight notes whether an answer is one of the site itself.
func (v *siteView) noteSight(ex *web.Exchange) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.seen |= v.sightOf(ex)
}

func (v *siteView) Do(ctx context.Context, r *web.Request) (*web.Exchange, error) {
	a := v.do(ctx, r, v.consumer)
	if a.ex != nil {
		v.mark(a.ex, a.filter)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.requests++
	v.lastOrder = max(v.lastOrder, a.order)
	return a.ex, a.err
}

func (v *siteView) Control(ctx context.Context, r *web.Request) (*web.Exchange, error) {
	return v.Do(ctx, controlRequest(v.target, r))
}

func (v *siteView) Crawl(ctx context.Context) ([]*web.Page, error) {
	pages, answers, err := v.crawled(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.requests += len(pages)
	v.lastOrder = max(v.lastOrder, answers.order)
	for _, page := range pages {
		v.seen |= sawSite
		v.broken = v.broken || page.Exchange.Broken
	}
	if err == nil && len(pages) == 0 {
		v.seen |= v.homeSight()
	}
	if answers.filter != "" {
		v.filter = answers.filter
	}
	return pages, err
}

func (v *siteView) Visitors() []scanner.Visitor {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.visitors != nil || v.unnamed {
		return v.visitors
	}
	for _, given := range v.settings.visitors {
		s := v.client.SessionWith(v.target.URL, given.Credentials)
		s.OnExchange(v.saw)
		v.visitors = append(v.visitors, scanner.Visitor{Name: given.Name, Session: s})
	}
	return v.visitors
}

func (v *siteView) Pages() []*url.URL { return v.onTarget(v.settings.pages) }

// onTarget are those of some addresses that are on the target.
func (v *siteView) onTarget(all []*url.URL) []*url.URL {
	var list []*url.URL
	for _, u := range all {
		if !u.IsAbs() {
			if v.unnamed {
				continue // a path is meant for the sites that the user named
			}
			u = v.target.URL.ResolveReference(u)
		}
		if v.asked != nil && sameOrigin(u, v.asked) || v.anyScheme && sameButScheme(u, v.target.URL) {
			moved := *u
			moved.Scheme, moved.Host = v.target.URL.Scheme, v.target.URL.Host
			u = &moved // the site that was asked for is looked at here
		}
		if u.Scheme == v.target.URL.Scheme && u.Host == v.target.URL.Host {
			list = append(list, u)
		}
	}
	return list
}

// sameButScheme reports whether two addresses are on one host, at its web ports or at the same port.
func sameButScheme(a, b *url.URL) bool {
	usual := target.SchemeOf(target.Port(a)) == a.Scheme && target.SchemeOf(target.Port(b)) == b.Scheme
	return strings.EqualFold(a.Hostname(), b.Hostname()) && (usual || target.Port(a) == target.Port(b))
}

func (v *siteView) Fact(name string) (map[string]string, bool) { return v.fact(name) }

func (v *siteView) Derived(name string, make func() any) any {
	v.site.mu.Lock()
	known, ok := v.derived[name]
	v.site.mu.Unlock()
	if ok {
		return known
	}
	made := make()
	v.site.mu.Lock()
	defer v.site.mu.Unlock()
	if known, ok := v.derived[name]; ok {
		return known // another was faster: all share one
	}
	if v.derived == nil {
		v.derived = map[string]any{}
	}
	v.derived[name] = made
	return made
}

func (v *siteView) Ports() *scanner.Ports { return v.portsTold() }

func (v *siteView) Dial(ctx context.Context, port int, useTLS bool) (net.Conn, error) {
	if v.host == nil {
		return nil, &web.Error{Kind: web.KindScope, URL: v.target.URL.String(), Err: message.Errorf("ports are not looked at here")}
	}
	v.mu.Lock()
	v.requests++
	v.mu.Unlock()
	if port >= scanner.UDP {
		return v.host.Datagrams(ctx, port-scanner.UDP)
	}
	return v.host.Dial(ctx, port, useTLS)
}
