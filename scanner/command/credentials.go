package command

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// header is what --header gives. Errors never repeat a value: it may be a secret.
func (s *settings) header() (http.Header, error) {
	h := http.Header{}
	for i, entry := range s.list("header", s.file.Header) {
		lines, err := s.headerLines(entry)
		if err != nil {
			return nil, message.Errorf("--header number %d: %w", i+1, err)
		}
		for _, line := range lines {
			name, value, ok := strings.Cut(line, ":")
			name = strings.TrimSpace(name)
			if !ok || name == "" || strings.ContainsAny(name, " \t\r\n") || strings.ContainsAny(value, "\r\n") {
				return nil, message.Errorf("--header number %d is not of the form \"NAME: VALUE\"", i+1)
			}
			value = strings.TrimSpace(value)
			if err := web.CheckHeader(name, value); err != nil {
				return nil, message.Errorf("--header number %d: %w", i+1, err)
			}
			h.Add(name, value)
		}
	}
	s.secrets = append(s.secrets, web.Secrets(h)...)
	return h, nil
}

// headerLines are the headers of one entry: several when all of it stands in a file or variable.
func (s *settings) headerLines(entry string) ([]string, error) {
	if outside.MatchString(entry) {
		text, err := s.readOutside(entry)
		lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
		return slices.DeleteFunc(lines, func(line string) bool { return strings.TrimSpace(line) == "" }), err
	}
	name, value, ok := strings.Cut(entry, ":")
	if !ok {
		return []string{entry}, nil
	}
	value, err := s.fill(strings.TrimSpace(value))
	return []string{name + ":" + value}, err
}

// proxy is the URL of --proxy, nil for none.
func (s *settings) proxy() (*url.URL, error) {
	given := s.text("proxy", s.file.Proxy)
	if given == "" {
		return nil, nil
	}
	text, err := s.fillProxy(given)
	if err != nil {
		return nil, message.Errorf("--proxy: %w", err)
	}
	proxy, err := parseProxy(text)
	if err != nil {
		return nil, err
	}
	if password, ok := proxy.User.Password(); ok {
		s.secrets = append(s.secrets, password)
	}
	return proxy, nil
}

// parseProxy never repeats the text in its error: there may be a password in it.
func parseProxy(text string) (*url.URL, error) {
	proxy, err := url.Parse(text)
	if err != nil || proxy.Host == "" {
		return nil, message.Errorf("--proxy is not a URL such as http://127.0.0.1:8080 or socks5://127.0.0.1:1080")
	}
	return proxy, nil
}

// fillProxy escapes what placeholders give for the user and password.
func (s *settings) fillProxy(text string) (string, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	at := strings.LastIndexByte(rest, '@')
	if !ok || at < 0 {
		return s.fill(text)
	}
	user, err := s.fillAs(rest[:at], func(secret string) string { return url.User(secret).String() })
	if err != nil {
		return "", err
	}
	host, err := s.fill(rest[at+1:])
	return scheme + "://" + user + "@" + host, err
}

// visitors are the sessions in their order, but A and B, where they are used, stand for themselves. Files are read now, so
// that mistakes in them are errors before anything is sent.
func (s *settings) visitors() ([]engine.Visitor, error) {
	var list []engine.Visitor
	var names []string
	for _, entry := range s.list("session", s.file.Session) {
		name, file, ok := strings.Cut(entry, "=")
		switch {
		case !ok || name == "" || file == "":
			return nil, message.Errorf("--session %q is not of the form NAME=FILE", entry)
		case name == scanner.Anonymous:
			return nil, message.Errorf("--session %q: reports call visitors without a session by this name; choose another", name)
		case slices.Contains(names, name):
			return nil, message.Errorf("--session %s is given twice", name)
		}
		credentials, err := s.readSession(file)
		if err != nil {
			return nil, message.Errorf("--session %s: %w", name, err)
		}
		s.secrets = append(s.secrets, credentials.Secrets()...)
		names = append(names, name)
		list = append(list, engine.Visitor{Name: name, Credentials: credentials})
	}
	if len(list) > 2 {
		return nil, message.Errorf("--session: checks compare two visitors, so there can be two sessions; there are %d: %s", len(names), strings.Join(names, ", "))
	}
	if len(list) == 2 && (names[0] == "B" || names[1] == "A") {
		slices.Reverse(list)
	}
	return list, nil
}

func (s *settings) readSession(file string) (web.Credentials, error) {
	f, err := openFile(file)
	if err != nil {
		return web.Credentials{}, err
	}
	defer f.Close()
	credentials, err := web.ReadCredentials(f, file)
	if err != nil {
		return web.Credentials{}, err
	}
	if credentials, err = credentials.Map(s.fill); err != nil {
		return web.Credentials{}, message.Errorf("%s: %w", file, err)
	}
	return credentials, nil
}
