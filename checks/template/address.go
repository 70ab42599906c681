package template

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"sotomi/scanner/message"
)

// Addresses of public templates are not always addresses by the standard: `/%invalid`, `/a?b=c?d=[e]`. What goes out is
// what the reference engine sends for them: the path as written where it is valid and escaped where it is not, the
// parameters in order with those of one name together, spaces and letters beyond ASCII escaped, no "=" without a value.

// parseAddress reads an absolute address as a template writes it, after its placeholders were filled in.
func parseAddress(text string) (*url.URL, error) {
	text, _, _ = strings.Cut(text, "#")
	address, query, _ := strings.Cut(text, "?")
	if !strings.HasPrefix(address, "http://") && !strings.HasPrefix(address, "https://") {
		return nil, message.Errorf("%q is not a web address", text)
	}
	u, err := url.Parse(address)
	if err != nil {
		rest := strings.SplitN(address, "/", 4) // scheme, "", host, path
		if len(rest) < 4 {
			return nil, message.Errorf("address %q: %w", text, err)
		}
		u, err = url.Parse(strings.Join(rest[:3], "/"))
		if err != nil {
			return nil, message.Errorf("address %q: %w", text, err)
		}
		u.Path = "/" + rest[3]
	}
	if u.Host == "" {
		return nil, message.Errorf("%q has no host", text)
	}
	u.RawQuery = encodeQuery(query)
	return u, nil
}

// encodeQuery puts the parameters of one name together, where the first of them stands, and escapes what cannot be sent.
func encodeQuery(query string) string {
	if query == "" {
		return ""
	}
	var names []string
	values := map[string][]string{}
	for pair := range strings.SplitSeq(strings.TrimSuffix(query, "&"), "&") {
		name, value, _ := strings.Cut(pair, "=")
		if values[name] == nil {
			names = append(names, name)
		}
		values[name] = append(values[name], value)
	}
	var b strings.Builder
	for _, name := range names {
		for _, value := range values[name] {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			escapeParameter(&b, name)
			if value != "" {
				b.WriteByte('=')
				escapeParameter(&b, value)
			}
		}
	}
	return b.String()
}

func escapeParameter(b *strings.Builder, text string) {
	for _, r := range text {
		switch {
		case r == ' ':
			b.WriteByte('+')
		case r < ' ' || r == 127:
			fmt.Fprintf(b, "%%%02X", r)
		case r < 127:
			b.WriteRune(r)
		default:
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(b, "%%%02x", c)
			}
		}
	}
}

// joinPaths appends a template's path to the target's. A path that already begins with the target's is kept.
func joinPaths(base, path string) string {
	if strings.HasSuffix(base, "/") {
		path = strings.TrimLeft(path, "/")
	}
	switch {
	case base == "":
		return path
	case path == "":
		return base
	}
	if !strings.HasSuffix(base, "/") && !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	switch {
	case base == path, len(base) > len(path) && strings.HasSuffix(base, path):
		return base
	case len(base) < len(path) && strings.HasPrefix(path, base):
		return path
	}
	return base + path
}

var (
	withSlash = regexp.MustCompile(`^\{\{[a-zA-Z]+\}\}/`)
	withPort  = regexp.MustCompile(`^\{\{(?:BaseURL|RootURL)\}\}:(\d+)`)
)

// otherPort takes the port out of `{{BaseURL}}:8080/...` and gives the target with that port instead.
func otherPort(target *url.URL, path string) (*url.URL, string) {
	m := withPort.FindStringSubmatchIndex(path)
	if m == nil {
		return target, path
	}
	port := path[m[2]:m[3]]
	u := *target
	host := u.Hostname()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	u.Host = host + ":" + port
	return &u, path[:m[2]-1] + path[m[3]:]
}
