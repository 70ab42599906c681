package target

import (
	"cmp"
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"sotomi/scanner/message"
)

// parsed is one text as understood: an input, or a block of addresses.
type parsed struct {
	input Input
	block netip.Prefix
}

func parse(text string) (parsed, error) {
	text = narrowed(text)
	if err := slip(text); err != nil {
		return parsed{}, err
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok && isService(scheme) {
		in, err := parseService(text)
		return parsed{input: in}, err
	}
	if strings.Contains(text, "://") {
		u, err := parseURL(text)
		return parsed{input: Input{URL: u}}, err
	}
	if strings.Contains(text, "/") {
		return parseBlock(text)
	}
	if strings.Contains(text, "@") {
		return parsed{}, leaveUserOut(text)
	}
	host, port := text, ""
	if _, err := netip.ParseAddr(text); err != nil { // a bare IPv6 address is full of colons
		if i := strings.LastIndexByte(text, ':'); i >= 0 && !strings.HasSuffix(text, "]") {
			host, port = text[:i], text[i+1:]
			if !validPort(port) {
				return parsed{}, message.Errorf("%q: %q is not a port (1 to 65535)", text, port)
			}
			port = strings.TrimLeft(port, "0")
		}
	}
	host, err := asciiHost(host)
	if err != nil {
		return parsed{}, message.Errorf("%q: %w", text, err)
	}
	return parsed{input: Input{Host: host, Port: port}}, nil
}

func parseBlock(text string) (parsed, error) {
	block, err := netip.ParsePrefix(text)
	if err == nil {
		return parsed{block: block.Masked()}, nil
	}
	if _, addrErr := netip.ParseAddr(text[:strings.IndexByte(text, '/')]); addrErr == nil {
		return parsed{}, message.Errorf("%q is not a CIDR block such as 192.0.2.0/24", text)
	}
	return parsed{}, message.Errorf("%q: a target with a path needs its scheme: https://%s; a list of targets is @FILE", hideUser(text), hideUser(text))
}

// ParseURL reads one URL as a target is read.
func ParseURL(text string) (*url.URL, error) {
	text = narrowed(strings.TrimSpace(text))
	if err := slip(text); err != nil {
		return nil, err
	}
	return parseURL(text)
}

// parseURL gives the URL in canonical form: lower-case ASCII host, no default port, no fragment.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err // the outer error repeats the text, and with it a password
		}
		if hideUser(text) != text { // what is wrong may be a part of the password
			return nil, leaveUserOut(text)
		}
		return nil, message.Errorf("%q is not a URL: %w", text, err)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, message.Errorf("%q: scheme %q is not one that sotomi scans; use http or https", hideUser(text), u.Scheme)
	case u.User != nil:
		return nil, leaveUserOut(text)
	case u.Hostname() == "":
		return nil, message.Errorf("%q has no host", text)
	case u.Port() != "" && !validPort(u.Port()):
		return nil, message.Errorf("%q: %q is not a port (1 to 65535)", text, u.Port())
	}
	host, err := asciiHost(u.Hostname())
	if err != nil {
		return nil, message.Errorf("%q: %w", text, err)
	}
	out := Origin(u.Scheme, host, strings.TrimLeft(u.Port(), "0"))
	out.Path, out.RawPath, out.RawQuery = u.Path, u.RawPath, u.RawQuery
	if out.Path == "" {
		out.Path = "/"
	}
	return out, nil
}

func isService(scheme string) bool {
	_, ok := servicePorts[strings.ToLower(scheme)]
	return ok
}

// parseService reads the address of a service that is no web site: a host, and a port unless the scheme has its own; tcp has
// none and without one means all ports of the host that are looked at. What follows them, such as the name of a database, is of no use here.
func parseService(text string) (Input, error) {
	u, err := url.Parse(text)
	switch {
	case hideUser(text) != text || err == nil && u.User != nil:
		return Input{}, message.Errorf("%q: leave the user information out; sotomi logs in nowhere", hideUser(text))
	case err != nil:
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return Input{}, message.Errorf("%q is not a URL: %w", text, err)
	case u.Hostname() == "":
		return Input{}, message.Errorf("%q has no host", text)
	case u.Port() != "" && !validPort(u.Port()):
		return Input{}, message.Errorf("%q: %q is not a port (1 to 65535)", text, u.Port())
	}
	port := cmp.Or(strings.TrimLeft(u.Port(), "0"), servicePorts[u.Scheme])
	host, err := asciiHost(u.Hostname())
	if err != nil {
		return Input{}, message.Errorf("%q: %w", text, err)
	}
	return Input{Host: host, Port: port, TCP: true}, nil
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

func leaveUserOut(text string) error {
	return message.Errorf("%q: leave the user information out; --header \"Authorization: ...\" sends it to the target only", hideUser(text))
}

// schemeLike is the beginning of an address, also of a mistyped one, such as http:/ or https:\\.
var schemeLike = regexp.MustCompile(`^[A-Za-z]+:?[/\\]+`)

// hideUser is text without what stands before an @ in its authority: it goes to terminals and logs.
func hideUser(text string) string {
	start := len(schemeLike.FindString(text))
	end := start + authorityEnd(text[start:])
	if _, port, ok := strings.Cut(text[start:end], ":"); ok && strings.Trim(port, "0123456789") != "" {
		end = len(text) // it may be a password with a slash in it
	}
	if i := strings.LastIndexByte(text[start:end], '@'); i >= 0 {
		return text[:start] + "***" + text[start+i:]
	}
	return text
}

// asciiHost is the host in the form that goes into a URL and onto the wire.
func asciiHost(host string) (string, error) {
	bare := host
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		bare = host[1 : len(host)-1]
		if a, err := netip.ParseAddr(bare); err != nil || !a.Is6() {
			return "", message.Errorf("%q is not an IPv6 address", bare)
		}
	}
	if a, err := netip.ParseAddr(bare); err == nil {
		if i := strings.IndexFunc(a.Zone(), func(r rune) bool { return !nameRune(r) && r != '.' }); i >= 0 {
			return "", message.Errorf("%q is not an interface", a.Zone())
		}
		return a.Unmap().String(), nil
	}
	if bare == "" {
		return "", message.Errorf("no host")
	}
	if !utf8.ValidString(bare) || len(bare) > 1000 {
		return "", message.Errorf("not a host name")
	}
	profile := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))
	name, err := profile.ToASCII(bare)
	if err != nil {
		return "", message.Errorf("not a host name: %w", err)
	}
	name = strings.TrimSuffix(name, ".")
	return name, checkHostName(name)
}

func checkHostName(name string) error {
	if len(name) > 253 {
		return message.Errorf("a host name has 253 characters at most")
	}
	labels := strings.Split(name, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 {
			return message.Errorf("not a host name: a label is empty or longer than 63 characters")
		}
		for _, c := range label {
			if !nameRune(c) || c >= 'A' && c <= 'Z' {
				return message.Errorf("not a host name: it has %q", c)
			}
		}
	}
	if _, err := strconv.Atoi(labels[len(labels)-1]); err == nil {
		return message.Errorf("not an IP address") // an all-digit last label would be read as one by some resolvers
	}
	return nil
}

func nameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}
