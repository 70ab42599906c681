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

// Bare reports whether the user named a host, or a block of them, without a port.
func (s Source) Bare() bool {
	p, err := parse(s.Text)
	return err == nil && p.input.URL == nil && p.input.Port == ""
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
	return servicePorts[scheme]
}

// servicePorts are the schemes of services that are no web sites, each with its own port (IANA, or the product's manual). An
// address with one names a port of a host.
var servicePorts = map[string]string{
	"tcp":   "", // all of the host
	"redis": "6379", "rediss": "6379", "valkey": "6379", "valkeys": "6379", "mongodb": "27017", "memcached": "11211", "memcache": "11211",
	"postgres": "5432", "postgresql": "5432", "mysql": "3306", "mariadb": "3306", "sqlserver": "1433", "mssql": "1433", "oracle": "1521",
	"cassandra": "9042", "neo4j": "7687", "bolt": "7687", "clickhouse": "9000", "zookeeper": "2181", "kafka": "9092",
	"amqp": "5672", "amqps": "5671", "mqtt": "1883", "mqtts": "8883", "nats": "4222", "stomp": "61613",
	"ldap": "389", "ldaps": "636", "ssh": "22", "telnet": "23", "rsync": "873", "nfs": "2049", "smb": "445",
	"vnc": "5900", "rdp": "3389", "smtp": "25", "smtps": "465", "imap": "143", "imaps": "993", "pop3": "110", "pop3s": "995",
	"rtsp": "554", "sip": "5060", "jdwp": "5005",
}

// TCP is the address of a host as a place of ports, or of one port unless that is "".
func TCP(host, port string) *url.URL { return Origin("tcp", host, port) }

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
