package sigtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync/atomic"
)

// portsTried counts: no two servers that start side by side are given the same port.
var portsTried atomic.Int32

// FreePort is a port of 127.0.0.1, of TCP or UDP, for a server that is about to start there, however long that takes: it is below the
// range from which the system takes ports for outgoing connections, and in a block from which test programs that run beside this one
// take none, as a rule. The error is that of the last port of the block that was tried.
func FreePort(ctx context.Context) (int, error) {
	const first, blocks, size = 21000, 40, 275
	block := first + os.Getpid()%blocks*size
	var last error
	for range size {
		port := block + int(portsTried.Add(1))%size
		address := fmt.Sprintf("127.0.0.1:%d", port)
		tcp, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			last = err
			continue
		}
		udp, err := new(net.ListenConfig).ListenPacket(ctx, "udp", address)
		_ = tcp.Close() // it was only tried
		if err == nil {
			_ = udp.Close() // as above
			return port, nil
		}
		last = err
	}
	return 0, last
}
