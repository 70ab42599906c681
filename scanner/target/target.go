package target

import (
	"fmt"
	"net/url"
	"strings"
)

// Target is one origin to scan, with the path the user gave.
type Target struct {
	URL    *url.URL // scheme, host with port, path; never a query or user information
	Source Source
}

// Source says where the user named a target.
type Source struct {
	Text string // as written
	File string // "" when named on the command line
	Line int    // counts from 1; 0 when named on the command line
}

// String is the target as reports write it: scheme://host:port and the path if there is one beyond "/".
func (t Target) String() string {
	if t.URL.Path == "" || t.URL.Path == "/" {
		return t.URL.Scheme + "://" + t.URL.Host
	}
	return t.URL.Scheme + "://" + t.URL.Host + t.URL.EscapedPath()
}

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
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// Origin is scheme://host:port without the scheme's own port.
func Origin(scheme, host, port string) *url.URL {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && port != map[string]string{"http": "80", "https": "443"}[scheme] {
		host += ":" + port
	}
	return &url.URL{Scheme: scheme, Host: host, Path: "/"}
}
