package browser

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/target"
	"golang.org/x/sync/errgroup"

	"sotomi/scanner/message"
)

// Options of a Browser.
type Options struct {
	Path     string        // of the program, as Find gives it
	Insecure bool          // certificates are not verified
	Time     time.Duration // that one look may take; 0 is 20 s

	// Dial connects to a host and port. Where only public addresses are allowed, it refuses others. nil is a plain connection.
	Dial func(ctx context.Context, address string, public bool) (net.Conn, error)
	// Secure makes a TLS handshake with a host over a connection of Dial, instead of the browser, which trusts whatever it
	// accepts. known is whether the host is that of a Page that is known. nil leaves TLS to the browser.
	Secure func(ctx context.Context, conn net.Conn, host string, known bool) (*tls.Conn, error)
	// Before is called before each request leaves, and may wait; an error keeps the request from leaving. after is told what
	// became of it: status 0 for no answer. nil lets all through.
	Before func(ctx context.Context, method string, u *url.URL) (after func(status int), err error)
}

// flags are those of the browser that the options need.
func (o Options) flags() []string {
	if o.Insecure {
		return []string{"--ignore-certificate-errors"}
	}
	return nil
}

const (
	defaultTime = 20 * time.Second
	keptAtOnce  = 8 // visitors that may come again
)

// Browser is a running Chromium with a profile of its own, which shows one page at a time. It must be closed.
type Browser struct {
	options Options
	stop    context.CancelFunc
	group   errgroup.Group
	ending  *ending // of TLS; nil for the browser's own
	wire    *wire
	lost    chan struct{} // closed when the browser has ended
	turn    chan struct{}
	agents  agents
	profile string // its folder

	mu      sync.Mutex
	now     *visit              // the look that is going on; nil for none
	kept    map[string]*visitor // by origin
	order   []string            // keys of kept, oldest first
	failure error               // why the browser ended
}

// visitor is somebody with cookies and storage, and a way to the network.
type visitor struct {
	id     cdp.BrowserContextID
	proxy  *proxy
	stop   context.CancelFunc
	bodies map[string]body // of scripts, by address and digest of their text
	sheets map[string]Sheet
}

// Page is what is to be looked at.
type Page struct {
	URL   *url.URL
	Visit Visit

	Picture bool                // only a picture is wanted
	Only    func(*url.URL) bool // what the page may ask for; nil is all

	Header  http.Header    // sent to the exact origin of URL only
	Cookies []*http.Cookie // of the visitor, for the host of URL only
	Known   bool           // its origin gets the certificate of the user
}

// Open starts a browser, which runs until it is closed or ctx ends.
func Open(ctx context.Context, o Options) (*Browser, error) {
	if o.Time <= 0 {
		o.Time = defaultTime
	}
	if o.Dial == nil {
		o.Dial = func(ctx context.Context, address string, _ bool) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		}
	}
	if o.Before == nil {
		o.Before = func(context.Context, string, *url.URL) (func(int), error) { return func(int) {}, nil }
	}
	ctx, stop := context.WithCancel(ctx)
	ended, err := newEnding(o.Secure)
	if err != nil {
		stop()
		return nil, err
	}
	p, err := launch(ctx, o.Path, append(ended.flags(), o.flags()...))
	if err != nil {
		stop()
		return nil, err
	}
	b := &Browser{options: o, ending: ended, stop: stop, wire: newWire(ctx, p.conn), lost: make(chan struct{}), turn: make(chan struct{}, 1), profile: p.profile, kept: map[string]*visitor{}}
	b.wire.hear = b.hear
	b.group.Go(func() error { return b.wire.read(ctx) })
	b.group.Go(func() error {
		err := p.wait()
		b.mu.Lock()
		b.failure = p.failure(err)
		b.mu.Unlock()
		close(b.lost)
		stop()
		return err
	})
	if err := b.prepare(ctx); err != nil {
		b.Close()
		if ctx.Err() != nil && b.failure != nil {
			err = b.failure
		}
		return nil, err
	}
	return b, nil
}

// prepare sets what holds for all pages.
func (b *Browser) prepare(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, browserStarts)
	defer cancel()
	self := b.session("")
	version, err := cdp.Call(ctx, self, browser.GetVersion, cdp.Empty{})
	if err != nil {
		return err
	}
	b.agents = newAgents(version.Product)
	flat := true
	if _, err := cdp.Call(ctx, self, target.SetAutoAttach, target.SetAutoAttachParams{AutoAttach: true, WaitForDebuggerOnStart: true, Flatten: &flat}); err != nil {
		return err
	}
	patterns := []*fetch.RequestPattern{{RequestStage: fetch.RequestStageRequest}}
	for _, kind := range []network.ResourceType{network.ResourceTypeScript, network.ResourceTypeFetch, network.ResourceTypeXHR, network.ResourceTypeOther, network.ResourceTypeStylesheet} {
		patterns = append(patterns, &fetch.RequestPattern{RequestStage: fetch.RequestStageResponse, ResourceType: kind}) // service workers fetch scripts for their page
	}
	_, err = cdp.Call(ctx, self, fetch.Enable, fetch.EnableParams{Patterns: patterns})
	return err
}

// Close ends the browser, and waits until nothing of it is left.
func (b *Browser) Close() {
	b.stop()
	_ = b.group.Wait() // it was killed
	b.mu.Lock()
	kept := b.kept
	b.kept = map[string]*visitor{}
	b.mu.Unlock()
	for _, v := range kept {
		v.proxy.close()
	}
}

func (b *Browser) session(id target.SessionID) session { return session{b.wire, id} }

// hear gives what the browser says to the look that is going on.
func (b *Browser) hear(m *cdproto.Message) {
	b.mu.Lock()
	v := b.now
	b.mu.Unlock()
	if v != nil {
		v.hear(m)
		return
	}
	switch string(m.Method) { // what is left of pages that were looked at
	case fetch.RequestPaused.Method:
		if e, ok := event[fetch.EventRequestPaused](m); ok {
			post(b.session(""), fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonAborted})
		}
	case target.AttachedToTarget.Method:
		if e, ok := event[target.EventAttachedToTarget](m); ok {
			post(b.session(e.SessionID), runIfWaiting, cdp.Empty{})
		}
	}
}

// Look shows a page. The error is why there was nothing to see; what could be seen only in part is told in Look.Unseen. The
// later visit is by the visitor of the last first one to the same origin.
func (b *Browser) Look(ctx context.Context, page Page) (*Look, error) {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-b.lost:
		return nil, b.ended()
	}
	defer func() { <-b.turn }()
	who, err := b.visitor(ctx, page)
	if err != nil {
		return nil, b.why(err)
	}
	v := newVisit(b, who, page)
	b.setNow(v)
	look, err := v.run(ctx)
	b.setNow(nil)
	if !page.comesAgain() || err != nil || v.stuck {
		b.dismiss(page, who)
	}
	return look, b.why(err)
}

func (b *Browser) setNow(v *visit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = v
}

// why is an error, or why the browser ended if that is the cause of it.
func (b *Browser) why(err error) error {
	if err == nil {
		return nil
	}
	return cmp.Or(b.Ended(), err)
}

func (b *Browser) ended() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failure
}

// visitor is who looks at a page: a new one but for later visits.
func (b *Browser) visitor(ctx context.Context, page Page) (*visitor, error) {
	key := origin(page.URL)
	if page.Visit == VisitLater {
		b.mu.Lock()
		known := b.kept[key]
		b.mu.Unlock()
		if known != nil {
			return known, nil
		}
	}
	life, stop := context.WithCancel(context.WithoutCancel(ctx)) // it may outlive this look
	proxy, err := newProxy(life, page, b.options.Dial, b.ending)
	if err != nil {
		stop()
		return nil, err
	}
	who := &visitor{proxy: proxy, stop: stop, bodies: map[string]body{}, sheets: map[string]Sheet{}}
	made, err := cdp.Call(ctx, b.session(""), target.CreateBrowserContext, target.CreateBrowserContextParams{ProxyServer: proxy.address(), ProxyBypassList: "<-loopback>"})
	if err != nil {
		stop()
		proxy.close()
		return nil, err
	}
	who.id = made.BrowserContextID
	if page.comesAgain() {
		b.keep(key, who)
	}
	post(b.session(""), browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorDeny, BrowserContextID: who.id})
	if len(page.Cookies) > 0 {
		_, err = cdp.Call(ctx, b.session(""), storage.SetCookies, storage.SetCookiesParams{Cookies: cookies(page), BrowserContextID: who.id})
	}
	return who, err
}

// keep remembers who may come again, and dismisses the oldest.
func (b *Browser) keep(key string, who *visitor) {
	b.mu.Lock()
	old := []*visitor{b.kept[key]}
	for i, k := range b.order {
		if k == key {
			b.order = append(b.order[:i], b.order[i+1:]...)
			break
		}
	}
	if len(b.order) == keptAtOnce {
		old = append(old, b.kept[b.order[0]])
		delete(b.kept, b.order[0])
		b.order = b.order[1:]
	}
	b.kept[key], b.order = who, append(b.order, key)
	b.mu.Unlock()
	for _, v := range old {
		if v != nil {
			b.drop(v)
		}
	}
}

// dismiss ends a visitor who does not come again.
func (b *Browser) dismiss(page Page, who *visitor) {
	b.mu.Lock()
	if key := origin(page.URL); b.kept[key] == who {
		delete(b.kept, key)
		for i, k := range b.order {
			if k == key {
				b.order = append(b.order[:i], b.order[i+1:]...)
				break
			}
		}
	}
	b.mu.Unlock()
	b.drop(who)
}

func (b *Browser) drop(who *visitor) {
	post(b.session(""), target.DisposeBrowserContext, target.DisposeBrowserContextParams{BrowserContextID: who.id})
	who.stop()
	who.proxy.close()
}

// cookies are those of a page as the browser takes them.
func cookies(page Page) []*network.CookieParam {
	list := make([]*network.CookieParam, 0, len(page.Cookies))
	for _, c := range page.Cookies {
		list = append(list, &network.CookieParam{Name: c.Name, Value: c.Value, URL: page.URL.Scheme + "://" + page.URL.Host + "/", Path: c.Path})
	}
	return list
}

func origin(u *url.URL) string { return strings.ToLower(u.Scheme + "://" + hostPort(u)) }

// PageError is a page that did not open.
type PageError struct {
	Reason string // as the browser says it, such as net::ERR_CERT_DATE_INVALID
	Late   bool   // there was no answer in time
}

func (e *PageError) Error() string { return e.Message().String() }

// Message is the error in words.
func (e *PageError) Message() message.Message {
	if e.Late {
		return message.New("the page did not open in time")
	}
	return message.New("the page did not open: %s", e.Reason)
}

// Ended is why the browser has ended, nil while it runs.
func (b *Browser) Ended() error {
	select {
	case <-b.lost:
		return b.ended()
	default:
		return nil
	}
}
