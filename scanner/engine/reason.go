package engine

import (
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strings"

	"sotomi/scanner/web"
)

// plainError is the cause of a request's failure: without the address asked for, which stands beside it, so that hosts
// with the same trouble are counted together, and without what differs from run to run.
func reasonOf(err error) string {
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
	case web.KindUnreachable:
		return dialReason(cause)
	case web.KindTimeout:
		return "no complete answer in time"
	case web.KindClosed:
		return "the connection was closed before an answer (" + closeReason(cause) + ")"
	case web.KindProtocol:
		return "no HTTP: " + strings.TrimPrefix(strings.TrimPrefix(cause.Error(), "net/http: "), "HTTP/1.x transport connection broken: ")
	case web.KindTLS, web.KindScope, web.KindThrottled, web.KindCanceled:
	}
	return cause.Error()
}

// connecting is why there is no connection.
func dialReason(err error) string {
	var (
		dns *net.DNSError
		op  *net.OpError
		sys *os.SyscallError
	)
	prefix := ""
	if errors.As(err, &op) && (op.Op == "proxyconnect" || op.Op == "socks connect") {
		prefix, err = "the proxy: ", op.Err
	}
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return prefix + "no such host"
	case errors.As(err, &dns):
		return prefix + "the name cannot be looked up: " + dns.Err
	case errors.As(err, &sys):
		return prefix + sys.Err.Error()
	case errors.As(err, &op) && op.Op == "dial":
		return prefix + op.Err.Error()
	}
	return prefix + err.Error()
}

// closing is how a connection ended, without the port that was ours.
func closeReason(err error) string {
	var op *net.OpError
	switch {
	case errors.As(err, &op):
		return op.Err.Error()
	case errors.Is(err, io.EOF):
		return "EOF"
	}
	return err.Error()
}
