package checks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"sotomi/scanner/match"
	"sotomi/scanner/web"
)

// build makes one request. Payloads win over extracted values, those over the variables of the template.
func (b *block) build(i int, vars, dynamic, payload match.Vars) *templateRequest {
	t := &templateRequest{index: i, vars: vars}
	if len(dynamic)+len(payload) > 0 {
		t.vars = maps.Clone(vars)
		maps.Copy(t.vars, dynamic)
		for name, value := range payload {
			text, _, err := match.Expand(value.(string), t.vars)
			if err != nil {
				text = value.(string)
			}
			t.vars[name] = text
		}
	}
	if i < len(b.spec.Path) {
		t.request, t.err = b.fromPath(b.spec.Path[i], t.vars)
	} else {
		t.request, t.err = b.fromRaw(b.spec.Raw[i-len(b.spec.Path)], t.vars)
	}
	return t
}

// expand is Expand that must resolve everything, unless the template says that it need not.
func (b *block) expand(text string, vars match.Vars) (string, error) {
	out, unresolved, err := match.Expand(text, vars)
	if err != nil {
		return "", err
	}
	if len(unresolved) > 0 && !b.spec.SkipVariablesCheck {
		return "", fmt.Errorf("nothing is known of {{%s}} here", unresolved[0])
	}
	return out, nil
}

// fromPath makes a request of an address such as "{{BaseURL}}/admin".
func (b *block) fromPath(path string, vars match.Vars) (*web.Request, error) {
	address, err := b.expand(path, vars)
	if err != nil {
		return nil, err
	}
	method, err := b.expand(b.spec.Method, vars)
	if err != nil {
		return nil, err
	}
	r := b.request(strings.ToUpper(strings.TrimSpace(method)))
	if err := setAddress(r, address); err != nil {
		return nil, err
	}
	body, err := b.expand(b.spec.Body, vars)
	if err != nil {
		return nil, err
	}
	r.Body = []byte(body)
	return r, b.headers(r, vars)
}

// request has the options of the block.
func (b *block) request(method string) *web.Request {
	r := &web.Request{Method: method, MaxBody: b.spec.MaxSize, MaxRedirects: b.spec.MaxRedirects}
	if method == http.MethodGet {
		r.Method = ""
	}
	switch {
	case b.spec.HostRedirects:
		r.Redirects = web.RedirectsHost
	case b.spec.Redirects:
		r.Redirects = web.RedirectsAny
	default:
		r.MaxRedirects = 0
	}
	return r
}

func (b *block) headers(r *web.Request, vars match.Vars) error {
	for name, value := range b.spec.Headers {
		text, err := b.expand(value, vars)
		if err != nil {
			return err
		}
		setHeader(r, name, text)
	}
	return nil
}

func setHeader(r *web.Request, name, value string) {
	if strings.EqualFold(name, "Host") {
		r.Host = value
		return
	}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header[http.CanonicalHeaderKey(name)] = []string{value}
}

// setAddress keeps the path and query as they are written, but for bytes that cannot stand in a request line.
func setAddress(r *web.Request, address string) error {
	address = strings.TrimSpace(address)
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return fmt.Errorf("%q is not an http address", address)
	}
	host, target := rest, "/"
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, target = rest[:i], rest[i:]
	}
	if !strings.HasPrefix(target, "/") {
		target = "/" + target
	}
	if i := strings.IndexByte(target, '#'); i >= 0 {
		target = target[:i]
	}
	if host == "" || strings.ContainsAny(host, " @\\") {
		return fmt.Errorf("%q is not an http address", address)
	}
	target = printable(target)
	u, err := url.Parse(scheme + "://" + host + target)
	if err != nil || u.RequestURI() != target {
		u, err = url.Parse(scheme + "://" + host + "/")
		if err != nil {
			return fmt.Errorf("%q is not an http address", address)
		}
		r.Target = target
	}
	r.URL = u
	return nil
}

const hexDigits = "0123456789ABCDEF"

// printable escapes the bytes that end or break a request line.
func printable(target string) string {
	var b strings.Builder
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' {
			b.WriteByte('%')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

var annotation = regexp.MustCompile(`(?m)^\s*@([A-Za-z-]+)\s*:?\s*(.*?)\s*$`)

// fromRaw makes a request of its text. Its path is appended to that of the target, unless the block says otherwise.
func (b *block) fromRaw(raw string, vars match.Vars) (*web.Request, error) {
	text, err := b.expand(raw, vars)
	if err != nil {
		return nil, err
	}
	reader := bufio.NewReader(strings.NewReader(text))
	base, _ := vars["BaseURL"].(string)
	var timeout time.Duration
	line := ""
	for {
		part, err := reader.ReadString('\n')
		line = strings.TrimSpace(part)
		if m := annotation.FindStringSubmatch(line); m != nil {
			switch strings.ToLower(m[1]) {
			case "host":
				base = atHost(m[2], base)
			case "timeout":
				if timeout, err = time.ParseDuration(m[2]); err != nil {
					return nil, fmt.Errorf("@timeout: %w", err)
				}
			case "tls-sni", "once":
			default:
				return nil, &match.UnsupportedError{Feature: "annotation @" + m[1]}
			}
			continue
		}
		if line != "" {
			break
		}
		if err != nil {
			return nil, errors.New("an empty raw request")
		}
	}
	method, target, err := requestLine(line)
	if err != nil {
		return nil, err
	}
	r := b.request(strings.ToUpper(method))
	r.Timeout = min(timeout, time.Minute)
	if err := setAddress(r, rawAddress(base, target, b.spec.DisablePathAutomerge)); err != nil {
		return nil, err
	}
	if err := rawHeaders(reader, r); err != nil {
		return nil, err
	}
	return r, b.headers(r, vars)
}

// atHost is the address that an annotation @Host moves the request to.
func atHost(host, base string) string {
	if strings.Contains(host, "://") {
		return strings.TrimSuffix(host, "/")
	}
	scheme, _, _ := strings.Cut(base, "://")
	return scheme + "://" + strings.TrimSuffix(host, "/")
}

func requestLine(line string) (method, target string, err error) {
	fields := strings.Fields(line)
	switch {
	case len(fields) == 2 && strings.HasPrefix(fields[1], "HTTP/"):
		return fields[0], "", nil
	case len(fields) < 3:
		return "", "", fmt.Errorf("%q is no request line", line)
	}
	return fields[0], strings.Join(fields[1:len(fields)-1], "%20"), nil
}

func rawAddress(base, target string, alone bool) string {
	if scheme, rest, ok := strings.Cut(target, "://"); ok && (scheme == "http" || scheme == "https") {
		_, path, _ := strings.Cut(rest, "/")
		target = "/" + path
	}
	if alone {
		u, err := url.Parse(base)
		if err == nil {
			base = u.Scheme + "://" + u.Host
		}
	}
	if target == "/" {
		u, err := url.Parse(base)
		if err == nil && u.Path != "" {
			target = ""
		}
	}
	if target != "" && !strings.HasPrefix(target, "/") && !strings.HasPrefix(target, "?") {
		target = "/" + target
	}
	return base + target
}

// rawHeaders reads the header lines and what follows them.
func rawHeaders(reader *bufio.Reader, r *web.Request) error {
	multipart := false
	for {
		part, err := reader.ReadString('\n')
		line := strings.TrimSpace(part)
		if line == "" {
			break
		}
		name, value, _ := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		multipart = multipart || strings.EqualFold(name, "Content-Type") && strings.Contains(value, "multipart/")
		if !strings.EqualFold(name, "Content-Length") && !strings.EqualFold(name, "Connection") && name != "" {
			setHeader(r, name, value)
		}
		if err != nil {
			break
		}
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	if !multipart {
		body = []byte(strings.TrimSuffix(strings.TrimSuffix(string(body), "\n"), "\r"))
	}
	r.Body = body
	if r.Host != "" && strings.EqualFold(r.Host, r.URL.Host) {
		r.Host = ""
	}
	return nil
}
