package sigtest

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"sotomi/scanner/signature"

	"sotomi/scanner/message"
)

// Handler is the server that a case describes: its serve: answers, its named server, or the raw answer in its file,
// which is looked for in files beside the signature.
func Handler(s *signature.Signature, c *signature.Case, files fs.FS) (http.Handler, error) {
	switch {
	case c.Server != "":
		all := servers()
		if h, ok := all[c.Server]; ok {
			return h, nil
		}
		return nil, message.Errorf("case %q: no server %q; there are %s", c.Name, c.Server, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	case c.File != "":
		name := path.Join(path.Dir(s.File), c.File)
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, message.Errorf("case %q: %w", c.Name, err)
		}
		return rawAnswer(raw)
	default:
		return scripted(c)
	}
}

// servers are all that a case may name.
func servers() map[string]http.Handler {
	all := map[string]http.Handler{}
	for _, table := range []map[string]http.Handler{Noise(), Members(), scriptedServers(), searchKinds()} {
		maps.Copy(all, table)
	}
	return all
}

// scripted answers by request path with query, else by path alone, else 404.
func scripted(c *signature.Case) (http.Handler, error) {
	answers := make(map[string]answer, len(c.Serve))
	for at, r := range c.Serve {
		if !strings.HasPrefix(at, "/") {
			return nil, message.Errorf("case %q: serve: %q is not a path that begins with /", c.Name, at)
		}
		a := answer{status: r.Status, header: r.Header, body: []byte(r.Body)}
		if a.status == 0 {
			a.status = http.StatusOK
		}
		if r.Base64 != "" {
			body, err := base64.StdEncoding.DecodeString(r.Base64)
			if err != nil {
				return nil, message.Errorf("case %q: serve: %q: base64: %w", c.Name, at, err)
			}
			a.body = body
		}
		answers[at] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, at := range addresses(r) {
			if a, ok := answers[at]; ok {
				a.write(w)
				return
			}
		}
		http.NotFound(w, r)
	}), nil
}

// addresses are the names under which a case may script the answer to r, the most exact first.
func addresses(r *http.Request) []string {
	list := []string{r.RequestURI}
	if query, err := url.QueryUnescape(r.URL.RawQuery); err == nil && r.URL.RawQuery != "" {
		list = append(list, r.URL.Path+"?"+query)
	}
	return append(list, r.URL.EscapedPath(), r.URL.Path)
}

type answer struct {
	status int
	header map[string]string
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "text/plain")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // the scanner may stop reading; that is its choice
}

// rawAnswer gives one HTTP response, as saved by curl -i, for every path.
func rawAnswer(raw []byte) (http.Handler, error) {
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
	if err != nil {
		return nil, message.Errorf("raw answer: %w", err)
	}
	defer res.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(res.Body); err != nil {
		return nil, message.Errorf("raw answer: %w", err)
	}
	header := map[string]string{}
	for name := range res.Header {
		if name != "Content-Length" && name != "Transfer-Encoding" {
			header[name] = res.Header.Get(name)
		}
	}
	a := answer{status: res.StatusCode, header: header, body: body.Bytes()}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { a.write(w) }), nil
}
