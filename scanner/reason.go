package scanner

import (
	"errors"
	"io"
	"net"
	"net/url"
	"strings"

	"sotomi/scanner/web"
)

// plainError is the cause of a request's failure: without the address asked for, which stands beside it, and without what
// differs from run to run.
func plainError(err error) string {
	var e *web.Error
	if !errors.As(err, &e) || e.Err == nil {
		return err.Error()
	}
	cause := e.Err
	var outer *url.Error
	if errors.As(cause, &outer) {
		cause = outer.Err
	}
	switch e.Kind {
	case web.KindTimeout:
		return "no complete answer in time"
	case web.KindClosed:
		return "the connection was closed before an answer (" + closing(cause) + ")"
	case web.KindProtocol:
		return "no HTTP: " + strings.TrimPrefix(strings.TrimPrefix(cause.Error(), "net/http: "), "HTTP/1.x transport connection broken: ")
	case web.KindUnreachable, web.KindTLS, web.KindScope, web.KindThrottled, web.KindCanceled:
	}
	return cause.Error()
}

// closing is how a connection ended, without the port that was ours.
func closing(err error) string {
	var op *net.OpError
	switch {
	case errors.As(err, &op):
		return op.Err.Error()
	case errors.Is(err, io.EOF):
		return "EOF"
	}
	return err.Error()
}
