package payment

import (
	_ "embed" // the list of hosts
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"golang.org/x/net/publicsuffix"
)

// Party is whose a host is, as seen from the shop.
type Party string

// Whose hosts are.
const (
	Own      Party = "own"      // of the page's own registered domain
	Provider Party = "provider" // of a known provider of payments
	Service  Party = "service"  // of a service in wide use on shops
	Other    Party = "other"    // of nobody that sotomi knows; it may be the operator's own
)

//go:embed providers.txt
var providersText string

// known is a line of providers.txt.
type known struct {
	domain string
	party  Party
	name   string
}

// knownHosts are those of providers.txt, longer names first: a part of a service may be open to anybody.
var knownHosts = sync.OnceValue(func() []known {
	var list []known
	for line := range strings.Lines(providersText) {
		cells := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(cells) != 4 {
			continue
		}
		party := map[string]Party{"payment": Provider, "service": Service, "anybody": Other}[cells[1]]
		list = append(list, known{domain: cells[0], party: party, name: cells[2]})
	}
	slices.SortStableFunc(list, func(a, b known) int { return len(b.domain) - len(a.domain) })
	return list
})

// knownHost is the entry of a host, or of a domain above it.
func knownHost(host string) (known, bool) {
	i := slices.IndexFunc(knownHosts(), func(k known) bool { return host == k.domain || strings.HasSuffix(host, "."+k.domain) })
	if i < 0 {
		return known{}, false
	}
	return knownHosts()[i], true
}

// PartyOf tells whose a host is. site is the host of the page.
func PartyOf(host, site string) Party {
	if host == "" || sameSite(host, site) {
		return Own
	}
	if k, ok := knownHost(host); ok {
		return k.party
	}
	return Other
}

// NameOf is who a known host belongs to, "" for others.
func NameOf(host string) string {
	k, _ := knownHost(host)
	return k.name
}

// sameSite reports whether two hosts are of one registered domain, or the same.
func sameSite(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	if isIP(a) || isIP(b) {
		return false
	}
	one, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(a))
	other, err2 := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(b))
	return err == nil && err2 == nil && one == other
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// hostOf is the host of an address without its port, in lower case; "" where there is none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	if u.Scheme == "blob" {
		return hostOf(u.Opaque)
	}
	return strings.ToLower(u.Hostname())
}

// madeHere reports whether an address names nothing that was fetched: data:, blob:, about:, javascript: or none at all.
func madeHere(address string) bool {
	scheme, _, _ := strings.Cut(address, ":")
	return address == "" || slices.Contains([]string{"data", "blob", "about", "javascript"}, strings.ToLower(scheme))
}
