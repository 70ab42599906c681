package engine

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strings"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// reasonOf is why a request failed: without the address, so that hosts with the same trouble are counted together, and
// without what differs from run to run.
func reasonOf(err error) message.Message {
	var e *web.Error
	if !errors.As(err, &e) || e.Err == nil {
		return message.Of(err)
	}
	if other := spoken(err); other != nil {
		return other.Message()
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
		return message.New("no complete answer in time")
	case web.KindClosed:
		return message.New("the connection was closed before an answer (%s)", closeReason(cause))
	case web.KindProtocol:
		return message.New("no HTTP: %s", strings.TrimPrefix(strings.TrimPrefix(cause.Error(), "net/http: "), "HTTP/1.x transport connection broken: "))
	case web.KindTLS:
		return tlsReason(cause)
	case web.KindScope, web.KindThrottled, web.KindCanceled:
	}
	return message.Of(cause)
}

// dialReason is why there is no connection.
func dialReason(err error) message.Message {
	var (
		dns *net.DNSError
		op  *net.OpError
		sys *os.SyscallError
	)
	if errors.As(err, &op) && (op.Op == "proxyconnect" || op.Op == "socks connect") {
		return message.New("the proxy: %s", dialReason(op.Err))
	}
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return message.New("no such host")
	case errors.As(err, &dns):
		return message.New("the name cannot be looked up: %s", dns.Err)
	case errors.As(err, &sys):
		return message.Of(sys.Err)
	case errors.As(err, &op) && op.Op == "dial":
		return message.Of(op.Err)
	}
	return message.Of(err)
}

// tlsReason is why there is no TLS connection.
func tlsReason(err error) message.Message {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		host         x509.HostnameError
		invalid      x509.CertificateInvalidError
	)
	if !errors.As(err, &verification) {
		return message.Of(err)
	}
	why := message.Of(verification.Err)
	switch {
	case errors.As(err, &authority):
		why = message.New("its issuer is not trusted")
	case errors.As(err, &host):
		why = message.New("it is not for %s", host.Host)
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		why = message.New("it has expired or is not yet valid")
	}
	return message.New("the certificate cannot be verified: %s", why)
}

// closeReason is how a connection ended, without the port that was ours.
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
