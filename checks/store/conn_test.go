package store

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
)

// Only what a server says of a certificate that is missing counts as that; TLS that fails in another way tells nothing.
func TestWantsCertificate(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"required":  {&net.OpError{Op: "remote error", Err: tls.AlertError(116)}, true},
		"bad":       {fmt.Errorf("read: %w", &net.OpError{Op: "remote error", Err: tls.AlertError(42)}), true},
		"handshake": {&net.OpError{Op: "remote error", Err: tls.AlertError(40)}, false},
		"ours":      {&net.OpError{Op: "local error", Err: tls.AlertError(42)}, false},
		"ended":     {io.EOF, false},
		"another":   {errors.New("tls: bad certificate"), false},
		"none":      {nil, false},
	} {
		if got := wantsCertificate(c.err); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// gone is a connection that the server has ended with an alert while the client was still writing.
type gone struct{ played }

func (*gone) Write([]byte) (int, error) { return 0, syscall.EPIPE }

func (*gone) Read([]byte) (int, error) {
	return 0, &net.OpError{Op: "remote error", Err: tls.AlertError(116)}
}

// What a server said before it ended a connection is heard, though nothing more can be sent.
func TestAlertBeforeTheFirstWord(t *testing.T) {
	for name, probe := range map[string]probe{"amqp": AMQP, "mongodb": MongoDB, "redis": Redis} {
		_, err := probe(t.Context(), func(context.Context, bool) (net.Conn, error) { return &gone{}, nil })
		if !errors.Is(err, ErrCertificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
