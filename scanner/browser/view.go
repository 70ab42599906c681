package browser

import (
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/debugger"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/inspector"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"

	"sotomi/scanner/message"
)

var runIfWaiting = runtime.RunIfWaitingForDebugger

// view is a page, a frame of another origin, or a worker: what the browser has a session for.
type view struct {
	session session
	id      target.ID
	kind    string // page, iframe, worker, shared_worker, service_worker
	url     string
	ready   bool // the browser tells what happens in it
}

func (w *view) isFrame() bool { return w.kind == "page" || w.kind == "iframe" }

// attach begins to listen to something new, which waits until it is told to run.
func (v *visit) attach(e *target.EventAttachedToTarget) {
	s := v.browser.session(e.SessionID)
	if e.TargetInfo.BrowserContextID == v.who.id && !v.closed && len(v.views) >= maxViews {
		v.miss(message.New(unseenViews))
		return
	}
	defer post(s, runIfWaiting, cdp.Empty{})
	if e.TargetInfo.BrowserContextID != v.who.id || v.closed {
		return
	}
	w := &view{session: s, id: e.TargetInfo.TargetID, kind: e.TargetInfo.Type, url: e.TargetInfo.URL}
	switch w.kind {
	case "page":
		if v.main != nil { // a window that it opened
			v.holdWindow(w.url, "")
			post(v.browser.session(""), target.CloseTarget, target.CloseTargetParams{TargetID: w.id})
			return
		}
		v.main = w
	case "iframe":
	case "worker", "shared_worker", "service_worker":
		if v.alreadySeen(w) {
			return
		}
		v.addWorker(w)
	default:
		return
	}
	v.views[e.SessionID] = w
	v.prepare(w)
}

// alreadySeen reports whether there is a session of a worker already.
func (v *visit) alreadySeen(w *view) bool {
	for _, other := range v.views {
		if other.id == w.id {
			return true
		}
	}
	return false
}

func (v *visit) addWorker(w *view) {
	kind := map[string]string{"worker": "dedicated", "shared_worker": "shared", "service_worker": "service"}[w.kind]
	v.look.Workers = append(v.look.Workers, Worker{Kind: kind, URL: shortAddress(w.url)})
}

// prepare makes the browser tell what happens in a view, before anything does.
func (v *visit) prepare(w *view) {
	flat, skip := true, int64(0)
	s := w.session
	post(s, network.Enable, network.EnableParams{MaxTotalBufferSize: &skip, MaxResourceBufferSize: &skip, MaxPostDataSize: &skip})
	post(s, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{
		{URLPattern: "wss://*:*/*", Offline: true, DownloadThroughput: -1, UploadThroughput: -1}, {URLPattern: "ws://*:*/*", Offline: true, DownloadThroughput: -1, UploadThroughput: -1},
	}})
	post(s, debugger.Enable, debugger.EnableParams{})
	post(s, debugger.SetSkipAllPauses, debugger.SetSkipAllPausesParams{Skip: true})
	post(s, debugger.SetAsyncCallStackDepth, debugger.SetAsyncCallStackDepthParams{MaxDepth: 8})
	post(s, target.SetAutoAttach, target.SetAutoAttachParams{AutoAttach: true, WaitForDebuggerOnStart: true, Flatten: &flat})
	post(s, emulation.SetUserAgentOverride, v.browser.agents.of(v.page.Visit))
	if w.isFrame() {
		v.prepareFrame(w)
	}
}

// prepareFrame is prepare for what only pages and frames have.
func (v *visit) prepareFrame(w *view) {
	s := w.session
	post(s, inspector.Enable, cdp.Empty{})
	post(s, audits.Enable, cdp.Empty{})
	if w.kind == "page" && v.page.Visit == VisitPhone {
		touch := int64(5)
		post(s, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 390, Height: 844, DeviceScaleFactor: 2, Mobile: true})
		post(s, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true, MaxTouchPoints: touch})
	}
	// A page must have answered before it is led to its address: its next process knows only what it has acknowledged.
	ask(s, page.Enable, page.EnableParams{}, func(cdp.Empty, error) {
		v.mu.Lock()
		defer v.mu.Unlock()
		w.ready = true
		v.touch()
	})
}

// detach takes note that something is gone.
func (v *visit) detach(m *cdproto.Message) {
	e, ok := event[target.EventDetachedFromTarget](m)
	if !ok {
		return
	}
	if w := v.views[e.SessionID]; w != nil && w == v.main {
		v.gone = true
	}
	delete(v.views, e.SessionID)
}

// hearPage takes note of what happens in a view, beside requests.
func (v *visit) hearPage(m *cdproto.Message, w *view) {
	switch string(m.Method) {
	case debugger.ScriptParsed.Method:
		if e, ok := event[debugger.EventScriptParsed](m); ok {
			v.addScript(e, w)
		}
	case debugger.Paused.Method:
		post(w.session, debugger.Resume, debugger.ResumeParams{})
	case page.LoadEventFired.Method:
		if w == v.main && v.opened && v.loaded.IsZero() {
			v.loaded = time.Now()
			v.stir()
		}
	case page.FrameNavigated.Method:
		if e, ok := event[page.EventFrameNavigated](m); ok {
			v.setFrame(e.Frame.ID, frameState{e.Frame.URL + e.Frame.URLFragment, e.Frame.ParentID})
			if string(e.Frame.ID) == string(w.id) {
				w.url = e.Frame.URL
			}
			if w == v.main && e.Frame.ParentID == "" {
				v.look.Final = shortAddress(e.Frame.URL + e.Frame.URLFragment)
			}
		}
	case page.NavigatedWithinDocument.Method:
		if e, ok := event[page.EventNavigatedWithinDocument](m); ok && w == v.main && string(e.FrameID) == string(w.id) {
			v.look.Final = shortAddress(e.URL)
		}
	case page.JavascriptDialogOpening.Method:
		e, ok := event[page.EventJavascriptDialogOpening](m)
		post(w.session, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: ok && e.Type == page.DialogTypeBeforeunload})
	case page.WindowOpen.Method:
		if e, ok := event[page.EventWindowOpen](m); ok {
			v.holdWindow(e.URL, v.look.Final)
		}
	case inspector.TargetCrashed.Method:
		v.miss(message.New(unseenCrash, shortAddress(w.url)))
		if w == v.main {
			v.gone = true
		}
	case audits.IssueAdded.Method:
		if e, ok := event[audits.EventIssueAdded](m); ok && e.Issue != nil && e.Issue.Details != nil && e.Issue.Details.ContentSecurityPolicyIssueDetails != nil {
			v.addViolation(e.Issue.Details.ContentSecurityPolicyIssueDetails)
		}
	}
}

// stir moves the mouse and the page a little, for scripts that wait for a visitor.
func (v *visit) stir() {
	for _, e := range []input.DispatchMouseEventParams{
		{Type: input.DispatchMouseEventTypeMouseMoved, X: 100, Y: 100}, {Type: input.DispatchMouseEventTypeMouseMoved, X: 120, Y: 140}, {Type: input.DispatchMouseEventTypeMouseWheel, X: 120, Y: 140, DeltaY: 120},
	} {
		post(v.main.session, input.DispatchMouseEvent, e)
	}
}

func (v *visit) setFrame(id cdp.FrameID, f frameState) {
	if _, known := v.frames[id]; known || len(v.frames) < maxFrames {
		v.frames[id] = f
	}
	if len(v.pages) < maxRequests {
		v.pages[withoutFragment(f.url)] = true
	}
}

// shortAddress is an address of which not too much is kept.
func shortAddress(u string) string {
	if len(u) > maxAddress {
		return u[:maxAddress] + "..."
	}
	return u
}
