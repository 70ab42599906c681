package report

import (
	"net/url"
	"slices"
	"strings"
)

// hidden is what stands in evidence in the place of a secret.
const hidden = "***"

// ofTheScanner are headers that say nothing about the weakness.
var ofTheScanner = []string{"host", "user-agent", "accept", "accept-encoding", "connection", "content-length"}

// reproduce is the method of the request that shows the finding best, and a command line that sends the like. What was
// redacted is a variable of the shell. Both are "" when no request is known.
func reproduce(e entry) (method, command string) {
	request := requestFor(e)
	if request == "" {
		return "", ""
	}
	head, body, _ := strings.Cut(request, "\n\n")
	lines := strings.Split(head, "\n")
	method, rest, ok := strings.Cut(lines[0], " ")
	path, _, _ := strings.Cut(rest, " ")
	target, err := url.Parse(e.Target)
	if !ok || err != nil || target.Host == "" {
		return method, ""
	}
	address := path
	if strings.HasPrefix(path, "/") {
		address = target.Scheme + "://" + target.Host + path
	}
	parts := []string{"curl -i -g --path-as-is"}
	switch method {
	case "GET":
	case "HEAD":
		parts[0] = "curl -I -g --path-as-is"
	default:
		parts = append(parts, "-X", shellWord(method, "METHOD"))
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		switch lower := strings.ToLower(name); {
		case !ok, strings.HasPrefix(name, "@"), slices.Contains(ofTheScanner, lower) && (lower != "host" || strings.TrimSpace(value) == target.Host):
			continue
		}
		if strings.Contains(value, hidden) {
			value = hidden // a part of it does not help
		}
		parts = append(parts, "-H", shellWord(name+": "+strings.TrimSpace(value), variableName(name)))
	}
	if body != "" {
		parts = append(parts, "--data-raw", shellWord(body, "BODY"))
	}
	return method, strings.Join(append(parts, "--url", shellWord(address, "SECRET")), " ")
}

// requestFor is the request of the evidence that asked for the finding's own address, else the first one.
func requestFor(e entry) string {
	first := ""
	for _, p := range e.Evidence {
		request := strings.TrimSpace(p.Request)
		if request == "" {
			continue
		}
		if first == "" {
			first = request
		}
		fields := strings.Fields(request)
		if u, err := url.Parse(e.URL); err == nil && len(fields) > 1 && u.Host != "" && (fields[1] == u.RequestURI() || fields[1] == e.URL) {
			return request
		}
	}
	return first
}

// shellWord is a text as one word of a POSIX shell, with a variable in the place of what is hidden.
func shellWord(text, variable string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	return strings.TrimPrefix(strings.TrimSuffix(strings.ReplaceAll(quoted, hidden, `'"$`+variable+`"'`), "''"), "''")
}

// variableName is a header's name as that of a variable.
func variableName(header string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, header)
}
