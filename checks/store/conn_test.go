package store

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
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
