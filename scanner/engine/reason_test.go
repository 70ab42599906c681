package engine

import (
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

func TestPlainErrorIsTheSameForTheSameTrouble(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}
	own := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 9), Port: 51234}
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: address, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	reset := &net.OpError{Op: "read", Net: "tcp", Source: own, Addr: address, Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	unknown := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "h.test", Server: "192.0.2.53:53", IsNotFound: true}}
	for want, e := range map[string]web.Error{
		"connection refused":            {Kind: web.KindUnreachable, Err: refused},
		"no such host":                  {Kind: web.KindUnreachable, Err: unknown},
		"the proxy: connection refused": {Kind: web.KindUnreachable, Err: &net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused}},
		"no complete answer in time":    {Kind: web.KindTimeout, Err: errors.New("deadline of the attempt")},
		"the connection was closed before an answer (read: connection reset by peer)": {Kind: web.KindClosed, Err: reset},
		"the connection was closed before an answer (EOF)":                            {Kind: web.KindClosed, Err: io.EOF},
		"no HTTP: malformed HTTP response":                                            {Kind: web.KindProtocol, Err: errors.New("net/http: HTTP/1.x transport connection broken: malformed HTTP response")},
	} {
		e.URL = "https://h.test/"
		e.Err = &url.Error{Op: "Get", URL: e.URL, Err: e.Err}
		if got := reasonOf(&e); got.String() != want {
			t.Errorf("%v: %q, want %q", &e, got, want)
		}
	}
}

func TestReasonsOfTwoAddresses(t *testing.T) {
	both := []*url.URL{mustURL(t, "https://h.test/"), mustURL(t, "http://h.test/")}
	for want, reasons := range map[string][]string{
		"x":                 {"x"},
		"refused":           {"refused", "refused"},
		"https: x; http: y": {"x", "y"},
	} {
		var list []message.Message
		for _, r := range reasons {
			list = append(list, message.New(r))
		}
		if got := joinReasons(both, list); got.String() != want {
			t.Errorf("%q: %q, want %q", reasons, got, want)
		}
	}
}
