package web

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/publicsuffix"

	"sotomi/scanner/message"
)

// Credentials are what one logged-in visitor sends: cookies, or headers. They are never printed.
type Credentials struct {
	name    string
	cookies []givenCookie
	header  http.Header
}

// givenCookie is a line of a cookie jar.
type givenCookie struct {
	from   *url.URL // whose answer would set it
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
	lines.Buffer(nil, maxLine+len("\r\n"))
	expired := 0 // the last line with an expired cookie
	n := 1
	for ; lines.Scan(); n++ {
		text := lines.Text()
		switch {
		case strings.Contains(text, "\x00") || n == 1 && (strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff")):
			return Credentials{}, message.Errorf("%s:%d: the file is binary or UTF-16; save it as UTF-8", name, n)
		case n == 1:
			text = strings.TrimPrefix(text, "\ufeff")
		}
		line, comment := cookieLine(text)
		if comment {
			continue
		}
		if fields := strings.Split(line, "\t"); len(fields) == 7 || len(fields) == 6 {
			given, err := parseCookie(fields)
			switch {
			case err != nil:
				return Credentials{}, message.Errorf("%s:%d: %w", name, n, err)
			case !given.cookie.Expires.IsZero() && given.cookie.Expires.Before(time.Now()):
				expired = n
			default:
				c.cookies = append(c.cookies, given)
			}
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		if key = strings.TrimSpace(key); !ok || key == "" || strings.ContainsAny(key, " \t;=") {
			return Credentials{}, message.Errorf("%s:%d: neither a line of a Netscape cookie jar (seven fields with tabs) nor a header such as \"Cookie: name=value\"", name, n)
		}
		value = strings.TrimSpace(value)
		if err := CheckHeader(key, value); err != nil {
			return Credentials{}, message.Errorf("%s:%d: %w", name, n, err)
		}
		c.header.Add(key, value)
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return Credentials{}, message.Errorf("%s:%d: the line is longer than %d bytes", name, n, maxLine)
	}
	if err := lines.Err(); err != nil {
		return Credentials{}, message.Errorf("%s: %w", name, err)
	}
	switch {
	case len(c.cookies) > 0 || len(c.header) > 0:
		return c, nil
	case expired > 0:
		return Credentials{}, message.Errorf("%s:%d: all cookies have expired; log in again and save them anew", name, expired)
	}
	return Credentials{}, message.Errorf("%s: no cookie and no header in it", name)
}

// maxLine is the longest line of a file with credentials, in bytes.
const maxLine = 1 << 20

// CheckHeader is why a header cannot be sent, nil when it can. It never repeats the value.
func CheckHeader(name, value string) error {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return message.Errorf("%q is not the name of a header", name)
	case !httpguts.ValidHeaderFieldValue(value):
		return message.Errorf("the header %s has a control character", name)
	}
	return nil
}

// cookieLine is a line without the mark that curl puts before cookies that scripts cannot read, which is no comment.
func cookieLine(line string) (text string, comment bool) {
	line = strings.TrimRight(line, "\r")
	if text, marked := strings.CutPrefix(line, "#HttpOnly_"); marked {
		return text, false
	}
	trimmed := strings.TrimSpace(line)
	return line, trimmed == "" || strings.HasPrefix(trimmed, "#")
}

// parseCookie reads the fields of a line: domain, whether subdomains get it, path, whether it needs TLS, expiry in seconds
// since 1970 (0 for none), name, value.
func parseCookie(fields []string) (givenCookie, error) {
	expires, err := strconv.ParseInt(fields[4], 10, 64)
	if err != nil {
		return givenCookie{}, message.Errorf("the fifth field of a cookie jar line must be a time in seconds")
	}
	domain := strings.ToLower(strings.TrimPrefix(fields[0], "."))
	if domain == "" || fields[5] == "" {
		return givenCookie{}, message.Errorf("a cookie jar line must have a domain and a name")
	}
	if !httpguts.ValidHeaderFieldValue(strings.Join(fields[5:], "=")) {
		return givenCookie{}, message.Errorf("the cookie %q has a control character", fields[5])
	}
	c := &http.Cookie{Name: fields[5], Path: fields[2], Secure: strings.EqualFold(fields[3], "TRUE")}
	if len(fields) == 7 {
		c.Value = fields[6]
	}
	if expires > 0 {
		c.Expires = time.Unix(expires, 0)
	}
	if _, err := netip.ParseAddr(domain); err != nil && strings.EqualFold(fields[1], "TRUE") {
		c.Domain = domain
	}
	return givenCookie{from: &url.URL{Scheme: "https", Host: domain, Path: fields[2]}, cookie: c}, nil
}

// Map is the credentials with every value replaced.
func (c Credentials) Map(replace func(string) (string, error)) (Credentials, error) {
	mapped := Credentials{name: c.name, header: http.Header{}}
	for _, name := range slices.Sorted(maps.Keys(c.header)) {
		for _, value := range c.header[name] {
			value, err := replace(value)
			if err != nil {
				return Credentials{}, err
			}
			if err := CheckHeader(name, value); err != nil {
				return Credentials{}, err
			}
			mapped.header[name] = append(mapped.header[name], value)
		}
	}
	for _, given := range c.cookies {
		cookie := *given.cookie
		var err error
		if cookie.Value, err = replace(cookie.Value); err != nil {
			return Credentials{}, err
		}
		if err := CheckHeader("Cookie", cookie.Value); err != nil {
			return Credentials{}, err
		}
		mapped.cookies = append(mapped.cookies, givenCookie{given.from, &cookie})
	}
	return mapped, nil
}

// SessionWith is a visitor of the site at base who carries credentials, to the exact origin of base only. Its cookies go
// where their domain, path and Secure say within that.
func (c *Client) SessionWith(base *url.URL, credentials Credentials) *Session {
	s := c.Session(base)
	s.header = s.header.Clone()
	if s.header == nil {
		s.header = http.Header{}
	}
	for name, values := range credentials.header {
		s.header[name] = values
	}
	if len(credentials.cookies) > 0 {
		s.given = newJar()
		for _, g := range credentials.cookies {
			s.given.SetCookies(g.from, []*http.Cookie{g.cookie})
		}
	}
	return s
}

func newJar() *cookiejar.Jar {
	jar, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // has no way to fail
	return jar
}

// Carries reports whether the visitor sends a header of the user's with this name, such as Authorization, to its site. Its
// value stays unknown.
func (s *Session) Carries(name string) bool {
	return s.header.Get(name) != "" || strings.EqualFold(name, "Cookie") && s.given != nil && len(s.given.Cookies(s.base)) > 0
}

// credentials adds to a request what only this visitor has: its cookies, and what the user gave at the exact origin that it
// is for.
func (s *Session) credentials(req *http.Request, r *Request) {
	var cookies []*http.Cookie
	if !r.NoCookies {
		cookies = s.Cookies(r.URL)
	}
	own := sameOrigin(r.URL, s.base)
	if own && s.given != nil {
		cookies = withGiven(cookies, s.given.Cookies(r.URL))
	}
	if len(cookies) == 0 && (!own || len(s.header) == 0) {
		return
	}
	req.Header = maps.Clone(req.Header) // what is shown has none of them
	pairs := req.Header["Cookie"]
	for _, c := range cookies {
		value := c.Value // as the server or the user wrote it: AddCookie would change some
		if c.Quoted {
			value = `"` + value + `"`
		}
		pairs = append(pairs[:len(pairs):len(pairs)], c.Name+"="+value)
	}
	if own {
		for name, values := range s.header {
			switch name = http.CanonicalHeaderKey(name); name {
			case "Host":
				req.Host = values[0]
			case "Cookie":
				pairs = append(pairs[:len(pairs):len(pairs)], values...)
			default:
				req.Header[name] = values
			}
		}
	}
	if len(pairs) > 0 {
		req.Header["Cookie"] = []string{strings.Join(pairs, "; ")}
	}
}

// withGiven adds the cookies that the user gave, but for those that the site has replaced.
func withGiven(cookies, given []*http.Cookie) []*http.Cookie {
	for _, g := range given {
		if !slices.ContainsFunc(cookies, func(c *http.Cookie) bool { return c.Name == g.Name }) {
			cookies = append(cookies, g)
		}
	}
	return cookies
}
