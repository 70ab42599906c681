package command

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/cluster"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// lookUp gives the addresses that a name may lead to; nil where a proxy looks names up.
func (w *sharing) lookUp() func(context.Context, string) []netip.Addr {
	if w.job.web.Proxy != nil {
		return nil
	}
	given := w.job.web.Resolve
	return func(ctx context.Context, name string) []netip.Addr {
		var list []netip.Addr
		for at, to := range given {
			if host, _, err := net.SplitHostPort(at); err != nil || host != name {
				continue
			}
			if host, _, err := net.SplitHostPort(to); err == nil {
				to = host
			}
			if a, err := netip.ParseAddr(strings.Trim(to, "[]")); err == nil {
				list = append(list, a)
			}
		}
		ctx, cancel := context.WithTimeout(ctx, lookUpPatience)
		defer cancel()
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", name)
		if err != nil {
			return list // the name stands for itself
		}
		return append(list, found...)
	}
}

// lookUpPatience is how long the coordinator waits for a name before it takes it for a host of its own.
const lookUpPatience = 5 * time.Second

// egress are the addresses that requests came from.
func egress(s cluster.Status) []string {
	all := map[string]bool{}
	for _, w := range s.Workers {
		for _, address := range w.Addresses {
			if a, err := netip.ParseAddr(address); err == nil && !a.IsLoopback() { // as which this machine sees itself
				all[a.String()] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// egressAddress tells the address from which requests go out: the given one, else that of this machine, which may change.
func egressAddress(given string) func() string {
	if given != "" {
		return func() string { return given }
	}
	return wayOut
}

func wayOut() string {
	c, err := net.Dial("udp", "192.0.2.1:9") //nolint:noctx // nothing is sent, and nothing waited for
	if err != nil {
		return ""
	}
	defer c.Close()
	host, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return ""
	}
	return host
}

// programHash is what two machines must have in common to scan together.
func programHash(data []scanner.Data) string {
	set, err := signature.Load(signature.Sources{Embedded: checks.WithImported(signatures.FS)})
	if err != nil {
		return "broken"
	}
	return strings.Join([]string{web.Version, setName(set), datesOf(data)}, "; ")
}
