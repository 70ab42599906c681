package target

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner/message"
)

// HostPattern is a pattern for hosts: a block of addresses, or a name or an address in which * stands for any text.
func HostPattern(pattern string) func(host string) bool {
	if block, err := netip.ParsePrefix(pattern); err == nil {
		return func(host string) bool {
			a, err := netip.ParseAddr(host)
			return err == nil && block.Contains(a)
		}
	}
	parts := strings.Split(strings.ToLower(strings.Trim(pattern, "[]")), "*")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	expression := regexp.MustCompile(`^` + strings.Join(parts, `.*`) + `$`) //nolint:forbidigo // quoted, so it compiles
	return func(host string) bool { return expression.MatchString(strings.ToLower(host)) }
}

// Exclude takes hosts out of the list: patterns of names or addresses, or blocks of addresses. It is an error when nothing is left.
func (t *List) Exclude(patterns []string) error {
	for _, p := range patterns {
		if strings.TrimSpace(p) == "" || strings.ContainsAny(p, "/") && !isBlock(p) {
			return message.Errorf("--exclude-host %q is no host such as www.shop.example or *.shop.example, and no block such as 192.0.2.0/28", p)
		}
		t.excluded = append(t.excluded, HostPattern(p))
	}
	if len(t.excluded) == 0 {
		return nil
	}
	t.total = 0
	for range t.All() {
		t.total++
	}
	if t.total == 0 {
		return message.Errorf("no targets: --exclude-host leaves none")
	}
	return nil
}

func isBlock(text string) bool {
	_, err := netip.ParsePrefix(text)
	return err == nil
}

// Excluded reports whether a host is one that must not be asked, as a name or as an address.
func (t *List) Excluded(host string) bool {
	return slices.ContainsFunc(t.excluded, func(is func(string) bool) bool { return is(host) })
}

// ExcludedAddress reports whether an address is one that must not be asked.
func (t *List) ExcludedAddress(a netip.Addr) bool { return t.Excluded(a.String()) }

// hostOf is the host of an input, without brackets.
func (in Input) hostOf() string {
	if in.URL != nil {
		return in.URL.Hostname()
	}
	return in.Host
}
