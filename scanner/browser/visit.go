package browser

import (
	"cmp"
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"golang.org/x/sync/errgroup"

	"sotomi/scanner/message"
)

// How long a page is looked at.
const (
	settles  = 1200 * time.Millisecond // without a request, after which a page that has loaded is taken to be complete
	restless = 6 * time.Second         // after it has loaded, for pages that always ask for something
	inspects = 5 * time.Second         // of the whole time, to read what is there
	leaves   = time.Second             // for the page to go away

	answersIn = time.Second // when nothing keeps it busy
)

// What a page may make a look keep.
const (
	maxRequests    = 1000
	maxScripts     = 1000
	maxFrames      = 200
	maxViews       = 40 // frames of other sites and workers
	maxUnseen      = 100
	maxNavigations = 5
	maxWindows     = 20
	maxSource      = 2 << 20  // bytes of one script that are kept
	maxSources     = 32 << 20 // bytes of all scripts that are kept
	maxAddress     = 2 << 10  // bytes of an address that are kept
)

// visit is one look that is going on.
type visit struct {
	browser *Browser
	who     *visitor
	page    Page
	wake    chan struct{} // something may have changed
	stuck   bool          // the page did not go away

	mu         sync.Mutex
	look       Look
	views      map[target.SessionID]*view
	main       *view
	tab        target.ID
	frames     map[cdp.FrameID]frameState
	pages      map[string]bool // addresses of documents, without fragments
	requests   map[network.RequestID]*request
	scripts    map[scriptID]int // index in parsed
	parsed     []parsedScript
	known      map[scriptKey]int // that were kept
	bodies     map[string]body   // of scripts as they were sent, by address
	sheets     map[string]Sheet  // as they were sent, by address
	violations []violation
	elements   []element // of scripts
	heard      []heard
	named      []Script // that did not run
	metaPolicy bool     // the page itself has a policy for scripts
	sources    int      // bytes
	unread     int      // sources that were asked for and have not come
	queue      []func(context.Context)
	unseen     map[string]bool
	forms      map[cdp.FrameID]string            // where a frame is about to send a form
	raw        map[network.RequestID]http.Header // of documents, as they came
	document   network.RequestID                 // of the page
	ours       string                            // the name of what we run in the page, which it cannot know

	waiting     int       // requests without an answer
	changed     time.Time // when that last changed
	loaded      time.Time // zero before
	navigations int
	windows     int
	opened      bool // the first page has opened, or failed to
	failed      string
	closed      bool // no more is kept
	gone        bool // the tab is
}

type frameState struct {
	url    string
	parent cdp.FrameID
}

func newVisit(b *Browser, who *visitor, p Page) *visit {
	return &visit{
		browser: b, who: who, page: p, wake: make(chan struct{}, 1),
		look:  Look{URL: p.URL.String(), Final: p.URL.String(), Visit: p.Visit},
		views: map[target.SessionID]*view{}, frames: map[cdp.FrameID]frameState{}, pages: map[string]bool{}, requests: map[network.RequestID]*request{},
		scripts: map[scriptID]int{}, known: map[scriptKey]int{}, bodies: map[string]body{}, sheets: map[string]Sheet{}, unseen: map[string]bool{},
		ours: "sotomi-" + rand.Text(), forms: map[cdp.FrameID]string{}, raw: map[network.RequestID]http.Header{},
	}
}

// run shows the page, and tells what it did.
func (v *visit) run(ctx context.Context) (*Look, error) {
	inTime, cancel := context.WithTimeout(ctx, v.browser.options.Time)
	defer cancel()
	defer v.leave(ctx)
	made, err := cdp.Call(inTime, v.browser.session(""), target.CreateTarget, target.CreateTargetParams{URL: "about:blank", BrowserContextID: v.who.id})
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	v.tab, v.changed = made.TargetID, time.Now()
	v.mu.Unlock()
	err = v.load(inTime)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	v.calm(inTime)
	if v.page.Picture {
		v.shoot(inTime, v.first())
	} else {
		v.collect(inTime)
		v.awaitSources(inTime)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return v.finish(), nil
}

// load opens the page and waits until nothing more happens in it, or the time is over.
func (v *visit) load(ctx context.Context) error {
	until, cancel := context.WithTimeout(ctx, v.browser.options.Time-inspects)
	defer cancel()
	var group errgroup.Group
	defer func() {
		cancel()
		_ = group.Wait() // its errors are told to the page
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	navigated := false
	for {
		main, over, err := v.progress()
		if err != nil || over {
			return err
		}
		if main != nil && main.ready && !navigated {
			navigated = true
			v.navigate(main)
		}
		for _, do := range v.take() {
			group.Go(func() error {
				do(until)
				return nil
			})
		}
		select {
		case <-v.wake:
		case <-tick.C:
		case <-v.browser.lost:
			return errLost
		case <-until.Done():
			return v.late()
		}
	}
}

// progress is the page once it is there, and whether all of it has happened.
func (v *visit) progress() (main *view, over bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.failed != "":
		if err := v.who.proxy.failure(v.page.URL); err != nil {
			return nil, true, err
		}
		return nil, true, &PageError{Reason: v.failed}
	case v.gone:
		return nil, true, &PageError{Reason: "it closed itself or crashed"}
	case v.loaded.IsZero():
		return v.main, false, nil
	}
	now := time.Now()
	return v.main, len(v.queue) == 0 && (v.waiting == 0 && now.Sub(v.changed) > settles && now.Sub(v.loaded) > settles || now.Sub(v.loaded) > restless), nil
}

// late is when the time for loading is over.
func (v *visit) late() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.opened && v.look.Status == 0 {
		if err := v.who.proxy.failure(v.page.URL); err != nil {
			return err
		}
		return &PageError{Late: true}
	}
	v.miss(message.New(unseenLate))
	return nil
}

// first is the page itself.
func (v *visit) first() *view {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.main
}

// calm waits until the page can answer. A script that never ends is stopped, and nothing of the page runs any more; what it
// has told so far comes with the answer.
func (v *visit) calm(ctx context.Context) {
	v.mu.Lock()
	main := v.main
	v.mu.Unlock()
	for try := range 3 {
		within, cancel := context.WithTimeout(ctx, answersIn)
		_, err := cdp.Call(within, main.session, runtime.Evaluate, runtime.EvaluateParams{Expression: "1\n//# sourceURL=" + v.ours})
		cancel()
		if err == nil {
			return
		}
		v.mu.Lock()
		if try == 0 {
			v.miss(message.New(unseenEndless))
		}
		for _, w := range v.views {
			if w.isFrame() {
				post(w.session, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			}
			post(w.session, runtime.TerminateExecution, cdp.Empty{})
		}
		v.mu.Unlock()
	}
}

// navigate opens the page in the tab.
func (v *visit) navigate(main *view) {
	p := page.NavigateParams{URL: v.page.URL.String()}
	if v.page.Visit == VisitSearch {
		p.Referrer, p.ReferrerPolicy = "https://www.google.com/", page.ReferrerPolicyUnsafeURL // else not to a site without TLS
	}
	ask(main.session, page.Navigate, p, func(r page.NavigateResult, err error) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.opened = true
		switch {
		case err != nil:
			v.failed = err.Error()
		case r.IsDownload:
			v.failed = "it is a download"
		case r.ErrorText != "" && v.look.Status == 0:
			v.failed = r.ErrorText
		}
		v.touch()
	})
}

// take is what is to be done outside of the goroutine that hears the browser.
func (v *visit) take() []func(context.Context) {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := v.queue
	v.queue = nil
	return list
}

// touch tells run that something happened.
func (v *visit) touch() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// miss notes what could not be seen. v.mu is held.
func (v *visit) miss(what message.Message) {
	if len(v.unseen) < maxUnseen {
		v.unseen[what.String()] = true
	}
}

// leave closes the page.
func (v *visit) leave(ctx context.Context) {
	v.mu.Lock()
	v.closed = true
	tab := v.tab
	for _, r := range v.requests {
		r.end(0)
	}
	v.mu.Unlock()
	if tab == "" {
		return
	}
	post(v.browser.session(""), target.CloseTarget, target.CloseTargetParams{TargetID: tab})
	wait, cancel := context.WithTimeout(ctx, leaves)
	defer cancel()
	for {
		v.mu.Lock()
		gone := v.gone
		v.mu.Unlock()
		if gone {
			return
		}
		select {
		case <-v.wake:
		case <-v.browser.lost:
			return
		case <-wait.Done():
			v.stuck = true
			return
		}
	}
}

// finish is the look, once nothing is added any more.
func (v *visit) finish() *Look {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.closed = true
	v.tellRequests()
	v.tellScripts()
	v.tellSheets()
	v.tellListeners()
	for _, host := range v.who.proxy.refusals() {
		v.miss(message.New(unseenRefused, host))
	}
	slices.SortFunc(v.look.Storage, func(a, b StorageKey) int {
		return cmp.Or(cmp.Compare(a.Origin, b.Origin), cmp.Compare(a.Area, b.Area), cmp.Compare(a.Key, b.Key))
	})
	v.look.Unseen = slices.Sorted(maps.Keys(v.unseen))
	look := v.look
	return &look
}

// hear takes note of what the browser says. It is called in one goroutine, and must not wait.
func (v *visit) hear(m *cdproto.Message) {
	v.mu.Lock()
	defer v.mu.Unlock()
	defer v.touch()
	w := v.views[m.SessionID]
	switch string(m.Method) {
	case target.AttachedToTarget.Method:
		if e, ok := event[target.EventAttachedToTarget](m); ok {
			v.attach(e)
		}
	case target.TargetDestroyed.Method, target.DetachedFromTarget.Method:
		v.detach(m)
	default:
		if v.hearRequest(m) || w == nil {
			return
		}
		v.hearPage(m, w)
	}
}
