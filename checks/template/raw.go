package template

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotomi/scanner/message"
)

// rawRequest is a request as a template writes it out.
type rawRequest struct {
	method, target string
	header         http.Header
	host           string // of the Host header, "" without one
	body           string
}

// annotations are the lines that begin with @ above a raw request.
type annotations struct {
	host    string        // @Host: the request goes there instead
	timeout time.Duration // @timeout
	once    bool          // @once: not again for further payloads
	sni     bool          // @tls-sni
}

// parseAnnotations reads them anywhere in the text, as lines of their own.
func parseAnnotations(text string) annotations {
	var a annotations
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		value = strings.TrimSpace(value)
		switch name {
		case "@Host":
			a.host = value
		case "@timeout":
			if d, err := time.ParseDuration(value); err == nil {
				a.timeout = min(d, time.Minute)
			}
		case "@once":
			a.once = true
		case "@tls-sni":
			a.sni = true
		}
	}
	return a
}

// withCRLF ends lines as HTTP does, unless the template does so itself.
func withCRLF(text string) string {
	if strings.Contains(text, "\r\n") {
		return text
	}
	return strings.ReplaceAll(text, "\n", "\r\n")
}

// parseRaw reads a raw request after its placeholders were filled in.
func parseRaw(text string) (*rawRequest, error) {
	line, rest, ended := strings.Cut(text, "\r\n")
	for ended && strings.HasPrefix(line, "@") {
		line, rest, ended = strings.Cut(rest, "\r\n")
	}
	fields := strings.Fields(line)
	if len(fields) == 2 && strings.Contains(fields[1], "HTTP") {
		fields = []string{fields[0], "", fields[1]}
	}
	if len(fields) < 3 {
		return nil, message.Errorf("raw request begins with %q, not with METHOD PATH HTTP/1.1", line)
	}
	r := &rawRequest{method: fields[0], target: fields[1], header: http.Header{}}
	multipart := false
	for ended {
		line, rest, ended = strings.Cut(rest, "\r\n")
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		multipart = multipart || strings.EqualFold(name, "Content-Type") && strings.Contains(value, "multipart/")
		switch {
		case name == "", strings.EqualFold(name, "Content-Length"), strings.EqualFold(name, "Connection"):
			// The client says itself how long the body is and whether the connection stays open.
		case strings.EqualFold(name, "Host"):
			r.host = value
		default:
			r.header[http.CanonicalHeaderKey(name)] = []string{value}
		}
	}
	r.body = rest
	if !multipart {
		r.body = strings.TrimSuffix(r.body, "\r\n")
	}
	return r, nil
}

// address is where a raw request goes on the site of target.
func (r *rawRequest) address(target *url.URL, merge bool) (*url.URL, error) {
	path := r.target
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		u, err := parseAddress(path)
		if err != nil {
			return nil, err
		}
		path = u.RequestURI()
	}
	base := ""
	if merge {
		base = target.EscapedPath()
	}
	switch path {
	case "", "/":
		path = base
	default:
		plain, query, asked := strings.Cut(path, "?")
		path = joinPaths(base, plain)
		if asked {
			path += "?" + query
		}
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return parseAddress(target.Scheme + "://" + target.Host + path)
}
