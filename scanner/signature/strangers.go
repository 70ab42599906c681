package signature

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"sotomi/scanner/message"
)

// Only the target's own host is ever spoken to. A request that a template sends elsewhere is not sent, and one that hands
// the target the address of somebody else, so that it might call there, is intrusive.

var (
	// absolute is an address with a host, as it stands in a parameter or as the address of a request.
	absolute = regexp.MustCompile(`(?i)(?:\bhttps?|\bftp|\bldaps?|\brmi|\bdns|\bwss?)(?::|%3a)(?:/|%2f){2}(?:[^/@\s"'<>]*@)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)`)
	// hostLine is a Host header or annotation.
	hostLine = regexp.MustCompile(`(?im)^@?host:[ \t]*(?:https?://)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::\d+)?[ \t\r]*$`)
	// service is the host of a service that tells its user who called.
	service = regexp.MustCompile(`(?i)(?:%[0-9a-f]{2}|\b)((?:[a-z0-9-]+\.)*(?:oast\.(?:pro|live|site|online|fun|me)|interact\.sh|interactsh\.com|burpcollaborator\.net|oastify\.com|` +
		`webhook\.site|requestbin\.(?:com|net)|pipedream\.net|dnslog\.(?:cn|link|store)|ceye\.io|canarytokens\.(?:com|org)|beeceptor\.com|requestcatcher\.com|` +
		`ngrok(?:-free)?\.(?:io|app|dev)|dnsbin\.zhack\.ca|xss\.ht|bxss\.me))\b`)
	// namespace is an attribute of XML whose value is a name, not an address to open.
	namespace = regexp.MustCompile(`(?i)(?:xmlns(?::[\w-]+)?|schemaLocation|\b(?:soap)?action)\s*[=:]\s*["'][^"']*["']|<!DOCTYPE[^>\[]*>`)
)

// requestedHosts are the hosts that requests are written to go to besides the target, sorted. Such a request is never sent.
func (s *Signature) requestedHosts() []string {
	var hosts []string
	for i := range s.HTTP {
		h := &s.HTTP[i]
		for _, path := range h.Path {
			if m := absolute.FindStringSubmatchIndex(path); m != nil && strings.TrimSpace(path[:m[0]]) == "" {
				hosts = append(hosts, path[m[2]:m[3]])
			}
		}
		for _, raw := range h.Raw {
			for line := range strings.Lines(raw) {
				if strings.HasPrefix(line, "@") {
					hosts = append(hosts, firstGroups(hostLine, line)...)
				}
			}
		}
	}
	return strangers(hosts)
}

// callbackHosts are the hosts that requests name to the target, sorted: services that tell who called, and addresses of
// others in parameters, headers and bodies.
func (s *Signature) callbackHosts() []string {
	var hosts []string
	for i := range s.HTTP {
		h := &s.HTTP[i]
		for _, text := range h.texts() {
			if !elsewhere(text) {
				text = namespace.ReplaceAllString(text, "")
				hosts = append(hosts, firstGroups(service, text)...)
				hosts = append(hosts, firstGroups(absolute, text)...)
			}
		}
	}
	for _, v := range s.Variables {
		hosts = append(hosts, firstGroups(service, v.Value)...)
		hosts = append(hosts, firstGroups(absolute, v.Value)...)
	}
	return strangers(hosts)
}

// elsewhere reports whether a text is a whole request, or an address, that leads away from the target and so is never sent.
func elsewhere(text string) bool {
	m := absolute.FindStringIndex(text)
	return m != nil && strings.TrimSpace(text[:m[0]]) == "" || strings.HasPrefix(text, "@Host:") || strings.Contains(text, "\n@Host:")
}

// reserved are domains for examples, and those whose addresses are names in documents.
var reserved = []string{"example.com", "example.net", "example.org", "w3.org", "oasis-open.org", "xmlsoap.org", "openxmlformats.org"}

func firstGroups(pattern *regexp.Regexp, text string) []string {
	var list []string
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		list = append(list, m[1])
	}
	return list
}

// strangers are those of the hosts that somebody has: no address of a private network, no name that is reserved or that no
// public domain can have.
func strangers(hosts []string) []string {
	var list []string
	for _, host := range hosts {
		host = strings.ToLower(strings.Trim(host, "."))
		if address, err := netip.ParseAddr(host); err == nil {
			if !address.IsPrivate() && !address.IsLoopback() && !address.IsLinkLocalUnicast() && !address.IsUnspecified() {
				list = append(list, host)
			}
			continue
		}
		_, icann := publicsuffix.PublicSuffix(host)
		domain, err := publicsuffix.EffectiveTLDPlusOne(host)
		if err == nil && icann && !slices.Contains(reserved, domain) && !strings.HasPrefix(host, "schemas.") {
			list = append(list, host)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Strangers says which third parties a signature names in its requests, and what becomes of that.
func (s *Signature) Strangers() []message.Message {
	var list []message.Message
	if hosts := s.requestedHosts(); len(hosts) > 0 {
		list = append(list, message.New("its requests to %s are never sent: only the target's own host is spoken to", strings.Join(hosts, ", ")))
	}
	if hosts := s.callbackHosts(); len(hosts) > 0 {
		list = append(list, message.New("its requests name %s to the target, which might call there: it is intrusive", strings.Join(hosts, ", ")))
	}
	return list
}
