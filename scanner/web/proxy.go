package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sotomi/scanner/message"
)

// proxyError is a proxy that does not let us through: its answer is never taken for the site's. Of its status line only the
// number is shown, for the words may repeat our password.
type proxyError struct{ status int }

func (e *proxyError) Error() string { return e.Message().String() }

// Message is the error in words.
func (e *proxyError) Message() message.Message {
	return message.New("the proxy answers %s", strings.TrimSpace(strconv.Itoa(e.status)+" "+http.StatusText(e.status)))
}

// proxyConnected looks at a proxy's answer to CONNECT.
func proxyConnected(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode != http.StatusOK {
		return &proxyError{res.StatusCode}
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
	return &proxyError{res.StatusCode}
}
