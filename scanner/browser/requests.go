package browser

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"

	"sotomi/scanner/message"
)

// request is one by its id, from the first hop to the last.
type request struct {
	index   int // of the newest hop in Look.Requests, -1 when it was not kept
	initial string
	waiting bool
	after   func(status int) // nil before it is let through, and when it was told
}

// end tells what became of it.
func (r *request) end(status int) {
	if r.after != nil {
		r.after(status)
		r.after = nil
	}
}

// request is what is known of an id.
func (v *visit) request(id network.RequestID) *request {
	r := v.requests[id]
	if r == nil {
		r = &request{index: -1}
		v.requests[id] = r
	}
	return r
}

// hearRequest takes note of what happens on the network.
func (v *visit) hearRequest(m *cdproto.Message) bool {
	switch string(m.Method) {
	case fetch.RequestPaused.Method:
		if e, ok := event[fetch.EventRequestPaused](m); ok {
			v.paused(e)
		}
	case network.RequestWillBeSent.Method:
		if e, ok := event[network.EventRequestWillBeSent](m); ok {
			v.addRequest(e)
		}
	case network.ResponseReceived.Method:
		if e, ok := event[network.EventResponseReceived](m); ok {
			v.answered(e)
		}
	case network.ResponseReceivedExtraInfo.Method:
		if e, ok := event[network.EventResponseReceivedExtraInfo](m); ok {
			v.answeredAs(e)
		}
	case network.LoadingFinished.Method:
		if e, ok := event[network.EventLoadingFinished](m); ok {
			v.over(e.RequestID)
		}
	case network.LoadingFailed.Method:
		if e, ok := event[network.EventLoadingFailed](m); ok {
			v.over(e.RequestID)
		}
	case network.WebSocketCreated.Method:
		if e, ok := event[network.EventWebSocketCreated](m); ok {
			v.keep(Request{URL: e.URL, Method: http.MethodGet, Kind: "websocket", Initiator: initiator(e.Initiator), Held: heldSocket})
		}
	case page.FrameRequestedNavigation.Method:
		e, ok := event[page.EventFrameRequestedNavigation](m)
		if ok && (e.Reason == page.ClientNavigationReasonFormSubmissionGet || e.Reason == page.ClientNavigationReasonFormSubmissionPost) {
			v.forms[e.FrameID] = e.URL
		}
		return false
	default:
		return false
	}
	return true
}

// keep adds a request to the look, and is its index; -1 when there are too many, or it is not one.
func (v *visit) keep(r Request) int {
	switch {
	case v.closed || isLocal(r.URL):
		return -1
	case len(v.look.Requests) >= maxRequests:
		v.miss(message.New(unseenRequests))
		return -1
	}
	r.URL, r.Initiator = shortAddress(r.URL), shortAddress(r.Initiator)
	v.look.Requests = append(v.look.Requests, r)
	return len(v.look.Requests) - 1
}

// isLocal reports whether an address leads to nobody.
func isLocal(u string) bool {
	scheme, _, _ := strings.Cut(u, ":")
	return !slices.Contains([]string{"http", "https", "ws", "wss", "ftp"}, strings.ToLower(scheme))
}

// addRequest takes note of who makes a request.
func (v *visit) addRequest(e *network.EventRequestWillBeSent) {
	r := v.request(e.RequestID)
	if e.RedirectResponse != nil {
		if r.index >= 0 {
			v.look.Requests[r.index].Status = int(e.RedirectResponse.Status)
		}
		r.end(int(e.RedirectResponse.Status))
	}
	by := initiator(e.Initiator)
	if by == "" && e.Type != network.ResourceTypeDocument {
		by = e.DocumentURL
	}
	if !r.waiting {
		r.waiting = true
		v.waiting++
	}
	v.changed = time.Now()
	if r.index >= 0 && v.look.Requests[r.index].URL == shortAddress(e.Request.URL) && e.RedirectResponse == nil {
		v.look.Requests[r.index].Initiator = shortAddress(by) // it was paused before
		return
	}
	r.index = v.keep(Request{URL: e.Request.URL, Method: e.Request.Method, Kind: kindOf(e.Type), Initiator: by})
	if r.initial == "" {
		r.initial = e.Request.URL
	}
}

// answered takes note of an answer.
func (v *visit) answered(e *network.EventResponseReceived) {
	r := v.request(e.RequestID)
	if r.index >= 0 && v.look.Requests[r.index].Held == "" {
		v.look.Requests[r.index].Status = int(e.Response.Status)
	}
	r.end(int(e.Response.Status))
	if e.Type == network.ResourceTypeDocument && v.main != nil && string(e.FrameID) == string(v.main.id) && (r.index < 0 || v.look.Requests[r.index].Held == "") {
		v.look.Status, v.look.Header, v.document = int(e.Response.Status), headers(e.Response.Headers), e.RequestID
		if raw := v.raw[e.RequestID]; raw != nil {
			v.look.Header = raw
		}
	}
	v.changed = time.Now()
}

// answeredAs takes note of headers as they came, which may be told before or after the answer.
func (v *visit) answeredAs(e *network.EventResponseReceivedExtraInfo) {
	switch {
	case e.RequestID == v.document:
		v.look.Header = headers(e.Headers)
	case len(v.raw) < maxRequests && string(e.RequestID) != "":
		if r := v.requests[e.RequestID]; r == nil || r.index < 0 || v.look.Requests[r.index].Kind == "document" {
			v.raw[e.RequestID] = headers(e.Headers)
		}
	}
}

// over takes note that nothing more comes of a request.
func (v *visit) over(id network.RequestID) {
	r := v.request(id)
	if r.waiting {
		r.waiting = false
		v.waiting--
	}
	r.end(0)
	v.changed = time.Now()
}

// paused decides on a request that waits to be let through, or takes the body of a script that has come.
func (v *visit) paused(e *fetch.EventRequestPaused) {
	self := v.browser.session("")
	switch {
	case v.closed:
		post(self, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonAborted})
	case e.ResponseStatusCode != 0 || e.ResponseErrorReason != "":
		if r := v.requests[e.NetworkID]; r != nil && r.index >= 0 && e.NetworkID != "" {
			v.look.Requests[r.index].Status = int(e.ResponseStatusCode) // the page's own word on it may be missing for the first ones
		}
		v.takeBody(e)
	case isLocal(e.Request.URL):
		post(self, fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID})
	default:
		v.changed = time.Now()
		v.queue = append(v.queue, func(ctx context.Context) { v.decide(ctx, e) })
	}
}

// decide lets a request through, or answers it here.
func (v *visit) decide(ctx context.Context, e *fetch.EventRequestPaused) {
	v.mu.Lock()
	r := v.request(e.NetworkID)
	if e.NetworkID == "" {
		r = &request{index: -1}
	}
	if r.index < 0 || v.look.Requests[r.index].URL != shortAddress(e.Request.URL) {
		r.index = v.keep(Request{URL: e.Request.URL, Method: e.Request.Method, Kind: kindOf(e.ResourceType)})
	}
	held := v.reason(e, r)
	v.mu.Unlock()
	u, err := url.Parse(e.Request.URL)
	switch {
	case err != nil:
		held = err.Error()
	case held == "" && otherProtocol(u.Port()):
		held = heldPort
	case held == "" && v.page.Only != nil && !v.page.Only(u):
		held = heldOther
	}
	if held == "" {
		after, err := v.browser.options.Before(ctx, e.Request.Method, u)
		if err == nil {
			v.mu.Lock()
			r.after = after
			if v.closed {
				r.end(0)
			}
			v.mu.Unlock()
			v.who.proxy.open(u)
			post(v.browser.session(""), fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: e.RequestID, Headers: v.headersFor(u, e)})
			return
		}
		held = err.Error()
	}
	v.mu.Lock()
	if r.index >= 0 {
		v.look.Requests[r.index].Held = held
	}
	if e.NetworkID != "" {
		v.over(e.NetworkID) // of beacons the browser does not say so
	}
	v.mu.Unlock()
	v.answer(e, held)
}

// reason is why a request is held back, "" when it is not.
func (v *visit) reason(e *fetch.EventRequestPaused, r *request) string {
	document := e.ResourceType == network.ResourceTypeDocument
	switch {
	case document && v.forms[e.FrameID] == e.Request.URL:
		delete(v.forms, e.FrameID)
		return heldForm
	case !harmless(e.Request.Method):
		return heldMethod
	case r.index < 0:
		return heldMany
	}
	if document && v.main != nil && string(e.FrameID) == string(v.main.id) && e.RedirectedRequestID == "" {
		if v.navigations++; v.navigations > maxNavigations {
			v.miss(message.New(unseenOnwards))
			return heldOnwards
		}
	}
	return ""
}

// answer is what a page gets for a request that is held back: an empty success, so that it goes on as if it had been sent, and
// stays where it is.
func (v *visit) answer(e *fetch.EventRequestPaused, held string) {
	self := v.browser.session("")
	if held != heldMethod && e.ResourceType != network.ResourceTypeDocument {
		post(self, fetch.FailRequest, fetch.FailRequestParams{RequestID: e.RequestID, ErrorReason: network.ErrorReasonBlockedByClient})
		return
	}
	h := []*fetch.HeaderEntry{{Name: "Access-Control-Allow-Origin", Value: "*"}}
	if from := said(e, "Origin"); from != "" {
		h = []*fetch.HeaderEntry{
			{Name: "Access-Control-Allow-Origin", Value: from},
			{Name: "Access-Control-Allow-Credentials", Value: "true"},
			{Name: "Access-Control-Allow-Methods", Value: "GET, HEAD, POST, PUT, PATCH, DELETE"},
			{Name: "Access-Control-Allow-Headers", Value: said(e, "Access-Control-Request-Headers")},
		}
	}
	post(self, fetch.FulfillRequest, fetch.FulfillRequestParams{RequestID: e.RequestID, ResponseCode: http.StatusNoContent, ResponseHeaders: h})
}

// said is a header of a request, "" when it has none of that name.
func said(e *fetch.EventRequestPaused, name string) string {
	for k, value := range e.Request.Headers {
		if text, ok := value.(string); ok && strings.EqualFold(k, name) {
			return text
		}
	}
	return ""
}

// headersFor are the headers of a request with those that the user gave, and with the name of the browser that the visit wants:
// what is asked for while a page opens, and for service workers, has the browser's own. nil when nothing is changed.
func (v *visit) headersFor(u *url.URL, e *fetch.EventRequestPaused) []*fetch.HeaderEntry {
	set := http.Header{}
	if origin(u) == origin(v.page.URL) {
		maps.Copy(set, v.page.Header)
	}
	agent := v.browser.agents.of(v.page.Visit).UserAgent
	if set.Get("User-Agent") == "" && said(e, "User-Agent") != agent {
		set.Set("User-Agent", agent)
	}
	if len(set) == 0 {
		return nil
	}
	var list []*fetch.HeaderEntry
	for name, value := range e.Request.Headers {
		if text, ok := value.(string); ok && set.Get(name) == "" {
			list = append(list, &fetch.HeaderEntry{Name: name, Value: text})
		}
	}
	for name, values := range set {
		list = append(list, &fetch.HeaderEntry{Name: name, Value: strings.Join(values, ", ")})
	}
	return list
}

// holdWindow takes note of a window that the page wants to open.
func (v *visit) holdWindow(address, by string) {
	if v.windows++; v.windows > maxWindows {
		v.miss(message.New(unseenWindows))
		return
	}
	v.keep(Request{URL: address, Method: http.MethodGet, Kind: "document", Initiator: by, Held: heldWindow})
}

// tellRequests completes the requests of the look.
func (v *visit) tellRequests() {
	if v.document == "" && v.look.Header == nil {
		v.look.Header = http.Header{}
	}
}

// initiator is the address of the script that does something, or of the page whose HTML asks for it.
func initiator(i *network.Initiator) string {
	if i == nil {
		return ""
	}
	if by := firstOf(i.Stack); by != "" {
		return by
	}
	return i.URL
}

// kindOf is a kind of request in our words.
func kindOf(t network.ResourceType) string {
	switch t { //nolint:exhaustive // the rest is other
	case network.ResourceTypeDocument, network.ResourceTypeScript, network.ResourceTypeImage, network.ResourceTypeFont, network.ResourceTypeFetch:
		return strings.ToLower(string(t))
	case network.ResourceTypeStylesheet:
		return "style"
	case network.ResourceTypeXHR, network.ResourceTypeEventSource, network.ResourceTypePreflight:
		return "fetch"
	case network.ResourceTypePing:
		return "beacon"
	case network.ResourceTypeWebSocket:
		return "websocket"
	}
	return "other"
}

// headers are those of an answer, without the values of cookies.
func headers(h network.Headers) http.Header {
	all := http.Header{}
	for name, value := range h {
		text, _ := value.(string)
		for line := range strings.SplitSeq(text, "\n") {
			if strings.EqualFold(name, "Set-Cookie") {
				line = withoutValue(line)
			}
			all.Add(name, line)
		}
	}
	return all
}

// withoutValue is a cookie as it is set, without its value.
func withoutValue(cookie string) string {
	pair, attributes, more := strings.Cut(cookie, ";")
	name, _, _ := strings.Cut(pair, "=")
	if more {
		return name + "=...;" + attributes
	}
	return name + "=..."
}
