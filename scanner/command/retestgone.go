package command

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"sotomi/scanner/message"
	"sotomi/scanner/target"
)

// gone is how it is known that the name of a target's host no longer exists, zero when it is not: the resolver says so, and
// knows a domain above it, so that it is not the resolver that knows nothing.
func (j *retestJob) gone(ctx context.Context, t string) message.Message {
	const patience = 10 * time.Second
	u, err := url.Parse(t)
	if err != nil {
		return message.Message{}
	}
	host := u.Hostname()
	if _, err := netip.ParseAddr(host); err == nil || !j.looksUp(u) {
		return message.Message{}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var missing *net.DNSError
	if _, err := net.DefaultResolver.LookupHost(ctx, host+"."); !errors.As(err, &missing) || !missing.IsNotFound {
		return message.Message{}
	}
	suffix, _ := publicsuffix.PublicSuffix(host)
	for _, domain := range []string{cmp.Or(registered(host), suffix), suffix} {
		if servers, err := net.DefaultResolver.LookupNS(ctx, domain+"."); err == nil && len(servers) > 0 {
			return message.New("the name %s does not exist, and its resolver knows %s", host, domain)
		}
	}
	return message.Message{}
}

// looksUp reports whether the scan asked the resolver for the host of an address.
func (j *retestJob) looksUp(u *url.URL) bool {
	_, given := j.resolve[strings.ToLower(net.JoinHostPort(u.Hostname(), target.Port(u)))]
	return !given && !j.proxied
}

// registered is the domain above a host that somebody registered, "" when the host is that itself.
func registered(host string) string {
	domain, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil || domain == host {
		return ""
	}
	return domain
}
