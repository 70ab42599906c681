package sigtest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/fnv"
	"html"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Noise is the servers on which every signature must stay quiet, by name: sites that answer to anything, refuse
// anything, or are no web servers worth the name.
func Noise() map[string]http.Handler {
	servers := map[string]http.Handler{
		"echo":      http.HandlerFunc(echo),
		"empty":     http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }),
		"soft-404":  page(http.StatusOK, "Page not found", "Sorry, %s does not exist here. Try the search, or go back to the start page."),
		"not-found": page(http.StatusNotFound, "404 Not Found", "The requested URL %s was not found on this server."),
		"forbidden": page(http.StatusForbidden, "403 Forbidden", "You don't have permission to access %s."),
		"login":     http.HandlerFunc(loginWall),
		"error":     page(http.StatusInternalServerError, "Internal Server Error", "The server met an error with %s."),
		"random":    http.HandlerFunc(randomBytes),
		"slow":      http.HandlerFunc(slow),
		"truncated": http.HandlerFunc(truncated),
		"gzip-bomb": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(gzipBomb())
		}),
		"waf":    page(http.StatusForbidden, "Request blocked", "The firewall blocked the request for %s. Incident 7f3a."),
		"waf-ok": page(http.StatusOK, "Attention required", "Please show that you are human to see %s. Ray 7f3a."),
		"parked": page(http.StatusOK, "shop.example is for sale", "Buy this domain. Related searches: backup, database, phpMyAdmin, admin, %s"),
		"app":    http.HandlerFunc(singlePage),
		"api": interfaceBehind(`{"ok":true,"status":"success","message":"","version":"1.2.3","name":"x","count":0,"total":0,"items":[],"results":[],` +
			`"collections":[],"data":{},"errors":[]}`),
		"api-list": interfaceBehind("[]"),
	}
	maps.Copy(servers, wordNoise())
	return servers
}

func page(status int, title, sentence string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		text := strings.ReplaceAll(html.EscapeString(sentence), "%s", html.EscapeString(r.URL.Path))
		fmt.Fprintf(w, "<!doctype html><html><head><title>%s</title></head><body><h1>%s</h1><p>%s</p></body></html>", title, title, text)
	})
}

// echo repeats all it was told, unescaped and as often as a careless page would.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	var b strings.Builder
	fmt.Fprintf(&b, "<html><head><title>%s</title></head><body>%s %s %s", r.RequestURI, r.Method, r.RequestURI, r.Host)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(&b, "\n%s: %s", name, strings.Join(r.Header[name], ", "))
	}
	for _, values := range r.URL.Query() {
		b.WriteString("\n" + strings.Join(values, " "))
	}
	b.WriteString("</body></html>")
	_, _ = io.WriteString(w, b.String())
}

func loginWall(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/login" {
		http.Redirect(w, r, "/login?next="+r.URL.Path, http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<html><head><title>Login</title></head><body><form method="post" action="/login">`+
		`<input name="user"><input name="password" type="password"></form></body></html>`)
}

// singlePage is an application whose router answers every path with the same shell.
func singlePage(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<!doctype html><html><head><title>Shop</title><script type="module" src="/assets/index.js"></script></head>`+
		`<body><div id="root"></div><script>window.__STATE__={"version":"1.2.3","cluster_name":"x","packages":{},"status":200}</script></body></html>`)
}

// interfaceBehind is a page whose interface has the same answer to all that it is asked, and nothing else.
func interfaceBehind(answer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		folder, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch folder {
		case "":
			singlePage(w, r)
			return
		case "api", "rest", "v1", "v2", "v3", "collections", "settings", "query", "info", "config", "stats", "status", "version":
		default:
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, answer)
	})
}

// randomBytes are the same for the same path, so that a test can be repeated.
func randomBytes(w http.ResponseWriter, r *http.Request) {
	h := fnv.New64a()
	_, _ = io.WriteString(h, r.URL.Path)
	source := rand.New(rand.NewPCG(h.Sum64(), 1))
	body := make([]byte, 4096)
	for i := range body {
		body[i] = byte(source.Uint32())
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(body)
}

// slow sends a head and never ends the body; it lets go when the client does.
func slow(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(http.StatusOK)
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
	<-r.Context().Done()
}

// truncated promises more than it sends.
func truncated(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Content-Length", "100000")
	_, _ = io.WriteString(w, "<html><head><title>Sho")
	panic(http.ErrAbortHandler)
}

// gzipBomb is 256 MiB of nothing in about 256 KB, made once.
var gzipBomb = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	zeros := make([]byte, 1<<20)
	for range 256 {
		_, _ = z.Write(zeros) // a bytes.Buffer takes all
	}
	_ = z.Close()
	return b.Bytes()
})
