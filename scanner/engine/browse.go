package engine

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"sotomi/scanner/browser"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// browsing is the one browser of a scan, started when a page is first looked at.
type browsing struct {
	client *web.Client
	named  string // of --chromium; "" for one that is found

	mu      sync.Mutex
	browser *browser.Browser // nil before, and after it has ended
	failure error            // why none can be started
	taken   int              // pictures
}

// maxPictures are taken in one scan.
const maxPictures = 100

// Why there is no picture.
var (
	errGiven    = message.Errorf("what a log-in, a header or a certificate shows cannot be masked")
	errMany     = message.Errorf("this scan has taken %d pictures already", maxPictures)
	errNoAccess = message.Errorf("the browser's visitor was not shown the page")
)

// mayTake reports why no picture may be taken any more, or counts one.
func (b *browsing) mayTake() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.taken >= maxPictures {
		return errMany
	}
	b.taken++
	return nil
}

// open is the browser, which runs until close.
func (b *browsing) open(ctx context.Context) (*browser.Browser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.named == NoChromium:
		return nil, browser.ErrNone
	case b.failure != nil || b.browser != nil && b.browser.Ended() == nil:
		return b.browser, b.failure
	case b.browser != nil:
		b.browser.Close()
		b.browser = nil
	}
	path, err := browser.Find(ctx, b.named)
	if err == nil {
		o := browser.Options{Path: path, Insecure: b.client.Insecure(), Dial: b.client.DialFor, Before: b.client.Turn}
		if b.client.HasOwnTLS() {
			o.Secure = b.client.SecureFor
		}
		b.browser, err = browser.Open(context.WithoutCancel(ctx), o)
	}
	if err != nil && ctx.Err() == nil {
		b.failure = err
	}
	return b.browser, err
}

// close ends the browser. It is called once all pages were looked at.
func (b *browsing) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.browser != nil {
		b.browser.Close()
		b.browser = nil
	}
}

// Look shows a page of the site in a browser. See scanner.Site.
func (v *siteView) Look(ctx context.Context, u *url.URL, visit browser.Visit) (*browser.Look, error) {
	by := v.settings.browsing
	if by == nil {
		return nil, browser.ErrNone
	}
	b, err := by.open(ctx)
	if err != nil {
		return nil, err
	}
	page := browser.Page{URL: u, Visit: visit}
	s := v.session()
	if given := v.settings.visitors; len(given) > 0 && !v.unnamed {
		s = v.client.SessionWith(v.target.URL, given[0].Credentials)
	}
	page.Header, page.Cookies = s.Carried(u)
	page.Known = s.Known(u)
	look, err := b.Look(ctx, page)
	if err == nil && (v.settings.given || visit == browser.VisitFirst && by.mayTake() != nil) {
		look.DropPicture(v.settings.given)
	}
	return v.looked(ctx, u, look, err)
}

// looked counts what a look has sent.
func (v *siteView) looked(ctx context.Context, u *url.URL, look *browser.Look, err error) (*browser.Look, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		v.requests++
		return nil, lookError(ctx, u, err)
	}
	v.seen |= sawSite
	for _, r := range look.Requests {
		if r.Held == "" {
			v.requests++
		}
	}
	return look, nil
}

// Picture is what a page of the site looks like. See scanner.Site.
func (v *siteView) Picture(ctx context.Context, u *url.URL) (*evidence.Picture, error) {
	by := v.settings.browsing
	switch {
	case by == nil:
		return nil, browser.ErrNone
	case v.settings.given:
		return nil, errGiven
	}
	b, err := by.open(ctx)
	if err == nil {
		err = by.mayTake()
	}
	if err != nil {
		return nil, err
	}
	look, err := b.Look(ctx, browser.Page{
		URL: u, Visit: browser.VisitFirst, Picture: true, Only: func(asked *url.URL) bool { return web.OnSite(v.target.URL, asked) },
	})
	if look, err = v.looked(ctx, u, look, err); err != nil {
		return nil, err
	}
	picture := evidence.NewPicture(look.Screenshot, time.Now())
	if picture == nil || look.Status >= http.StatusBadRequest {
		return nil, errNoAccess
	}
	picture.Own = true
	return picture, nil
}

// lookError is why a page did not open, as a request would tell it.
func lookError(ctx context.Context, u *url.URL, err error) error {
	var page *browser.PageError
	var known *web.Error
	switch {
	case ctx.Err() != nil:
		return &web.Error{Kind: web.KindCanceled, URL: u.String(), Err: ctx.Err()}
	case errors.As(err, &known):
		return &web.Error{Kind: known.Kind, URL: u.String(), Err: known.Err}
	case !errors.As(err, &page):
		return err
	}
	kind := web.KindProtocol
	for text, k := range map[string]web.Kind{
		"ERR_CERT_": web.KindTLS, "ERR_SSL_": web.KindTLS, "ERR_EMPTY_RESPONSE": web.KindClosed, "ERR_CONNECTION_": web.KindClosed, "ERR_TIMED_OUT": web.KindTimeout,
	} {
		if strings.Contains(page.Reason, text) {
			kind = k
		}
	}
	if page.Late {
		kind = web.KindTimeout
	}
	return &web.Error{Kind: kind, URL: u.String(), Err: err}
}
