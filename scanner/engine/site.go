package engine

import (
	"container/list"
	"net/url"
	"slices"
	"sync"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// site is what the signatures share about one target: its answers, facts and pages. It lives while its target is scanned.
type site struct {
	client   *web.Client
	target   target.Target
	settings siteSettings
	health   health

	// These never change after discovery.
	anyScheme     bool       // the user named it without a scheme
	asked         *url.URL   // the address that redirected here; nil when the user named this one
	status        int        // of its own page
	pages         []*url.URL // its own page, and those that this one redirects to
	folders       []*url.URL // below which is looked, the root last but for those of redirects
	leads         string     // the other origin that its own page sends visitors to; "" for none
	leadsToTarget bool       // that one is scanned too
	moved         *url.URL   // the same as leads, when it is the same site under another name and no target; else nil
	closed        bool       // its own page asks for a log-in
	lost          bool       // its own page is a redirect that leads to no page
	login         string     // path of the page that every visitor is sent to, to log in; "" for none
	public        bool       // its name is not the user's, so it must not lead to private addresses
	unnamed       bool       // the user did not name it: it is sent no given headers and sessions
	untrusted     bool       // its certificate was not accepted, so nothing but handshakes is possible
	crawl         crawl
	bulk          bulk

	mu     sync.Mutex
	memo   map[digest]*entry
	kept   *list.List // of *entry with an answer that no step plans to ask for, newest in front
	size   int        // bytes of kept
	bodies map[digest][]byte
	recent []digest // keys of bodies, oldest first
	facts  map[string]fact
	tally  tally
	steps  int // that run on it
	ended  int // of them

	advanced time.Time // when a step ended or a planned request was done with

	host  *web.Host      // to connect to its ports; nil for a site
	ports *scanner.Ports // what is known of them; nil for a site
	told  map[int]bool   // ports of which a step has confirmed more than that they are open

	address string // IP:port that answered last; "" through a proxy

	derived map[string]any // by name; what checks made of the target

	requestPlan *requestPlan
	unplanned   int              // steps whose requests are not known beforehand and that have not ended
	consumers   []int32          // by id of the request plan: steps that may still ask
	perTarget   map[int][]digest // by step: further requests, known for this target only
}

// tally is what became of the planned requests.
type tally struct{ planned, answered, unneeded int64 }

// siteSettings are the options of a scan that its sites need.
type siteSettings struct {
	crawlPages int
	noMerge    bool
	hashNames  bool
	wordlist   string
	payment    scanner.Payment
	visitors   []Visitor
	pages      []*url.URL
	narrow     map[string][]string
	answered   func(*web.Exchange) // never nil
	browsing   *browsing           // nil where there is no browser
	memory     scanner.Memory
	given      bool // the user gave something that may show what others do not see
}

// newSite starts a target with nothing known about it.
func newSite(c *web.Client, t target.Target, settings siteSettings) *site {
	if settings.answered == nil {
		settings.answered = func(*web.Exchange) {}
	}
	if t.URL.Path == "" {
		u := *t.URL
		u.Path = "/"
		t.URL = &u
	}
	return &site{
		client: c, target: t, settings: settings, kept: list.New(), crawl: crawl{turn: make(chan struct{}, 1)}, bulk: newBulk(),
		pages: []*url.URL{t.URL}, folders: target.Folders(t.URL),
		memo: map[digest]*entry{}, bodies: map[digest][]byte{}, facts: map[string]fact{},
	}
}

// follow makes the site keep answers for so many steps of a request plan. Each step must be released once.
func (s *site) follow(plan *requestPlan, steps int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = steps
	s.requestPlan, s.consumers, s.unplanned = plan, slices.Clone(plan.consumers), plan.unplannedCount
	s.tally.planned += int64(len(plan.digests))
	for _, e := range s.memo {
		if id, ok := plan.ids[e.key]; ok {
			e.id = id
			if e.element != nil {
				s.unkeep(e)
			}
		}
	}
}

// expect says that a step will make requests beside those of the request plan. It must be released once.
func (s *site) expect(step int, keys []digest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.perTarget == nil {
		s.perTarget = map[int][]digest{}
	}
	s.perTarget[step] = keys
	for _, key := range keys {
		e := s.entry(key)
		if !s.wanted(e) {
			s.tally.planned++
			if e.element != nil {
				s.unkeep(e)
			}
		}
		e.pending++
	}
}
