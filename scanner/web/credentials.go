package web

import (
	"bufio"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sotomi/scanner/message"
)

// Credentials are what one logged-in visitor sends: cookies, or headers. They are never printed.
type Credentials struct {
	name    string
	cookies []jarCookie
	header  http.Header
}

type jarCookie struct {
	domain string // without a leading dot; "" for the origin of the session
	cookie *http.Cookie
}

// String hides everything but the name.
func (c Credentials) String() string { return "session " + c.name }

// GoString hides it from %#v as well.
func (c Credentials) GoString() string { return c.String() }

// ReadCredentials reads a cookie jar in Netscape format (as curl and browsers' export tools write it) or lines of HTTP
// headers such as "Cookie: a=b" and "Authorization: Bearer ...". Errors name the line, never its content.
func ReadCredentials(r io.Reader, name string) (Credentials, error) {
	c := Credentials{name: name, header: http.Header{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimRight(lines.Text(), "\r")
		if strings.HasPrefix(line, "#HttpOnly_") {
			line = strings.TrimPrefix(line, "#HttpOnly_")
		} else if trimmed := strings.TrimSpace(line); trimmed == "" || strings.HasPrefix(trimmed, "#") {
			continue
		}
		if fields := strings.Split(line, "\t"); len(fields) == 7 || len(fields) == 6 {
			expires, err := strconv.ParseInt(fields[4], 10, 64)
			if err != nil {
				return Credentials{}, message.Errorf("%s:%d: the fifth field of a cookie jar line must be a time in seconds", name, n)
			}
			_ = expires // an expired cookie is still what the operator wants sent; the check notices when it is refused
			value := ""
			if len(fields) == 7 {
				value = fields[6]
			}
			c.cookies = append(c.cookies, jarCookie{
				domain: strings.ToLower(strings.TrimPrefix(fields[0], ".")),
				cookie: &http.Cookie{Name: fields[5], Value: value, Path: fields[2]},
			})
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if key = strings.TrimSpace(key); !ok || key == "" || strings.ContainsAny(key, " \t;=") {
			return Credentials{}, message.Errorf("%s:%d: neither a line of a Netscape cookie jar (seven fields with tabs) nor a header such as \"Cookie: name=value\"", name, n)
		}
		c.header.Add(key, strings.TrimSpace(value))
	}
	if err := lines.Err(); err != nil {
		return Credentials{}, message.Errorf("%s: %w", name, err)
	}
	if len(c.cookies) == 0 && len(c.header) == 0 {
		return Credentials{}, message.Errorf("%s: it contains neither cookies nor headers", name)
	}
	return c, nil
}

// SessionWith is a visitor of the site at base who carries credentials, to the exact origin of base only.
func (c *Client) SessionWith(base *url.URL, credentials Credentials) *Session {
	s := c.Session(base)
	s.header = s.header.Clone()
	if s.header == nil {
		s.header = http.Header{}
	}
	for name, values := range credentials.header {
		s.header[name] = values
	}
	var pairs []string
	for _, jc := range credentials.cookies {
		host := strings.ToLower(base.Hostname())
		if jc.domain == "" || jc.domain == host || strings.HasSuffix(host, "."+jc.domain) {
			pairs = append(pairs, jc.cookie.Name+"="+jc.cookie.Value)
		}
	}
	if len(pairs) > 0 {
		if old := s.header.Get("Cookie"); old != "" {
			pairs = append([]string{old}, pairs...)
		}
		s.header.Set("Cookie", strings.Join(pairs, "; "))
	}
	s.own = true
	return s
}

// Carries reports whether the visitor sends a header of the user's with this name, such as Authorization. Its value stays
// unknown.
func (s *Session) Carries(name string) bool { return s.header.Get(name) != "" }
