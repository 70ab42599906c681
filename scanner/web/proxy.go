package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sotomi/scanner/message"
)

// proxyError is a proxy that does not let us through: its answer is never taken for the site's. The words of its status
// line are left out, for it may repeat our password in them.
type proxyError struct{ message.Message }

func (e *proxyError) Error() string { return e.String() }

// Said is the error as a message.
func (e *proxyError) Said() message.Message { return e.Message }

func refusedWith(status int) error {
	return &proxyError{message.New("the proxy answers %s", strings.TrimSpace(strconv.Itoa(status)+" "+http.StatusText(status)))}
}

// proxyConnected looks at a proxy's answer to CONNECT.
func proxyConnected(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode != http.StatusOK {
		return refusedWith(res.StatusCode)
	}
	return nil
}

// refusedByProxy reports an answer that only a proxy gives. A proxy that cannot reach a site over plain HTTP answers in its
// place, too, with a status that sites also give.
func refusedByProxy(res *http.Response, proxy *url.URL) error {
	if proxy == nil || res.StatusCode != http.StatusProxyAuthRequired {
		return nil
	}
	_ = res.Body.Close() // nothing in it is the site's
	return refusedWith(res.StatusCode)
}
