package target

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
)

// Target is one origin to scan, with the page the user gave.
type Target struct {
	URL    *url.URL // scheme, host with port, path, query; never user information
	Source Source
}

// Source says where the user named a target.
type Source struct {
	Text string // as written
	File string // "" when named on the command line
	Line int    // counts from 1; 0 when named on the command line
}

// String is the target as reports write it: scheme://host:port, the path if there is one beyond "/", and the query.
func (t Target) String() string {
	origin := t.URL.Scheme + "://" + t.URL.Host
	switch {
	case t.URL.RawQuery != "":
		return origin + cmp.Or(t.URL.EscapedPath(), "/") + "?" + t.URL.RawQuery
	case t.URL.Path == "" || t.URL.Path == "/":
		return origin
	}
	return origin + t.URL.EscapedPath()
}

// String is the text with its file and line, if it stands in one.
func (s Source) String() string {
	if s.File == "" {
		return s.Text
	}
	return fmt.Sprintf("%s:%d: %s", s.File, s.Line, s.Text)
}

// Port is the port of a URL, that of its scheme when it names none.
func Port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return schemePort(u.Scheme)
}

// SchemeOf is the scheme whose own port this is: "http" for 80, "https" for 443, "" for any other.
func SchemeOf(port string) string {
	for _, scheme := range []string{"http", "https"} {
		if schemePort(scheme) == port {
			return scheme
		}
	}
	return ""
}

// schemePort is the port of addresses that name none.
func schemePort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// Origin is the address scheme://host:port/ without the scheme's own port.
func Origin(scheme, host, port string) *url.URL {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && port != schemePort(scheme) {
		host += ":" + port
	}
	return &url.URL{Scheme: scheme, Host: host, Path: "/"}
}
