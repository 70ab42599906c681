package command

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// startScriptPort opens a port on loopback that greets with a text; without one it is an address where nobody listens: our own
// end of a connection, which no other program gets.
func startScriptPort(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: port NAME [GREETING...]")
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	if len(args) == 1 {
		c, err := new(net.Dialer).DialContext(context.Background(), "tcp", l.Addr().String())
		ts.Check(err)
		ts.Defer(func() { _ = c.Close() })
		ts.Setenv(args[0], c.LocalAddr().String())
		return
	}
	ts.Setenv(args[0], l.Addr().String())
	var group sync.WaitGroup
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				_, _ = c.Write([]byte(strings.Join(args[1:], " ") + "\r\n")) // whoever is gone hears nothing
				_, _ = io.Copy(io.Discard, c)                                // until the end
				_ = c.Close()                                                // perhaps again
			})
		}
	})
}
