package sigtest

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
)

// wordNoise is the servers of Noise whose answers are made of what was asked: sites that search for the words of an address
// they do not have, and sites that repeat it.
func wordNoise() map[string]http.Handler {
	return map[string]http.Handler{
		"search":          articlesWith(anyWord),
		"search-all":      articlesWith(everyWord),
		"search-name":     articlesWith(func(text, address string) bool { return everyWord(text, path.Base(address)) }),
		"search-phrase":   articlesWith(func(text, address string) bool { return strings.Contains(text, path.Base(address)) }),
		"search-redirect": http.HandlerFunc(searchRedirect),
		"did-you-mean":    http.HandlerFunc(didYouMean),
		"names":           http.HandlerFunc(namesPage),
		"names-404":       withStatus(http.StatusNotFound, namesPage),
		"echo-json":       http.HandlerFunc(echoJSON),
		"echo-error":      withStatus(http.StatusNotFound, echoJSON),
		"echo-xml":        http.HandlerFunc(echoXML),
		"echo-log":        http.HandlerFunc(echoLog),
	}
}

// articles of a blog for developers, by title. They quote what leaks look like.
var articles = map[string]string{
	"Laravel and its .env file":                                     "<pre>APP_NAME=Laravel\nAPP_KEY=base64:c29tZXRoaW5nIHRoYXQgaXMgbm90IGEga2V5\nDB_HOST=127.0.0.1\nDB_DATABASE=shop\nDB_USERNAME=shop\nDB_PASSWORD=himitsu-himitsu\nMAIL_PASSWORD=abc</pre>",
	"phpinfo.php: what info phpinfo() shows":                        "<h1>PHP Version 8.1.2</h1><table><tr><td class=\"e\">System</td><td class=\"v\">Linux web 5.15</td></tr><tr><td class=\"e\">PHP Version</td><td class=\"v\">8.1.2</td></tr></table> phpinfo() PHP License, PHP Credits",
	"wp-config.php and its backups (bak, old, txt)":                 "<pre>&lt;?php\ndefine( 'DB_NAME', 'wordpress' );\ndefine('DB_PASSWORD', 'himitsu');\ndefine('AUTH_KEY', 'put your unique phrase here');\n$table_prefix = 'wp_';</pre>",
	"A dump of SQL: dump.sql, backup.sql, db.sql":                   "<pre>-- MySQL dump 10.13  Distrib 8.0.32, for Linux (x86_64)\n-- Server version 8.0.32\nDROP TABLE IF EXISTS `users`;\nCREATE TABLE `users` (\n  `id` int NOT NULL\n);\nINSERT INTO `users` VALUES (1,'a','b');</pre>",
	"How .git/config and .git/HEAD look":                            "<pre>[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n[remote \"origin\"]\n\turl = https://example.com/shop.git\nref: refs/heads/main</pre>",
	"server-status and server-info of Apache":                       "<h1>Apache Server Status for shop.example</h1><dl><dt>Server Version: Apache/2.4.57 (Debian)</dt><dt>Server uptime: 1 day</dt></dl> 3 requests currently being processed. Apache Server Information. Module Name: core.c",
	"nginx_status, basic_status, stub_status, fpm status, php-fpm":  "<pre>Active connections: 1 \nserver accepts handled requests\n 1 1 1 \nReading: 0 Writing: 1 Waiting: 0 \npool: www\nprocess manager: dynamic\naccepted conn: 3</pre>",
	"Spring: actuator, actuator/env, health, beans, jolokia":        `{"_links":{"self":{"href":"http://shop.example/actuator"},"env":{"href":"http://shop.example/actuator/env"}},"activeProfiles":["prod"],"propertySources":[{"name":"systemProperties"}],"status":"UP"} {"request":{"type":"version"},"value":{"agent":"1.7.1","protocol":"7.2"},"status":200}`,
	"Swagger: swagger-ui, openapi.json, v2 api-docs, graphql":       `Swagger UI SwaggerUIBundle({url: "/openapi.json"}) {"openapi":"3.0.1","info":{"title":"Shop"},"paths":{}} {"swagger":"2.0"} {"data":{"__schema":{"queryType":{"name":"Query"}}}}`,
	"phpMyAdmin, adminer, phppgadmin and webmin login":              `<title>phpMyAdmin</title> PMA_VERSION:"5.2.1" <form action="index.php?route=/"><input name="pma_username"></form> <title>Login - Adminer</title> <span class="version">4.8.1</span>`,
	"Directory listings: Index of /backup":                          "<title>Index of /backup</title><h1>Index of /backup</h1><a href=\"?C=N;O=D\">Name</a> <a href=\"/\">Parent Directory</a>",
	"Metrics of Prometheus, grafana, pprof (debug, vars)":           "<pre># HELP go_goroutines Number of goroutines.\n# TYPE go_goroutines gauge\ngo_goroutines 7</pre> /debug/pprof/ Types of profiles available: goroutine heap",
	"Keys: id_rsa, server.key, .aws/credentials, .htpasswd, docker": "<pre>-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n[default]\naws_access_key_id = AKIAXXXXXXXXXXXXXXXX\naws_secret_access_key = xxxx\nadmin:$apr1$abc$def\nFROM debian\nservices:\n  web:\n    image: nginx</pre>",
	"composer.json, composer.lock, package.json, svn, hg":           `{"name":"shop/shop","require":{"php":">=8.1"}} {"packages":[{"name":"a/b","version":"1.0"}],"content-hash":"d41d8cd9"} {"name":"shop","version":"1.0.0","dependencies":{"express":"4"}}`,
	"Logs: error.log, laravel.log, access.log, debug.log":           "<pre>[2026-01-02 03:04:05] production.ERROR: Undefined variable {\"exception\":\"ErrorException\"}\n127.0.0.1 - - [02/Jan/2026:03:04:05 +0000] \"GET / HTTP/1.1\" 200 12</pre>",
}

// articlesWith is a blog that answers to what it does not have with the articles that found takes for the address.
func articlesWith(found func(text, address string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><html><head><title>Blog</title></head><body><h1>Articles</h1>")
		for _, title := range slices.Sorted(maps.Keys(articles)) {
			text := articles[title]
			if r.URL.Path != "/" && found(strings.ToLower(title+" "+text), strings.ToLower(r.URL.Path)) {
				fmt.Fprintf(w, "<h2>%s</h2><div>%s</div>", html.EscapeString(title), text)
			}
		}
		_, _ = io.WriteString(w, "</body></html>")
	})
}

var betweenWords = regexp.MustCompile(`[^\p{L}\p{N}]+`)

func words(address string) []string {
	return slices.DeleteFunc(betweenWords.Split(address, -1), func(word string) bool { return word == "" })
}

func anyWord(text, address string) bool {
	return slices.ContainsFunc(words(address), func(word string) bool { return strings.Contains(text, word) })
}

func everyWord(text, address string) bool {
	return !slices.ContainsFunc(words(address), func(word string) bool { return !strings.Contains(text, word) })
}

// searchRedirect sends to the search what it does not have.
func searchRedirect(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		_, _ = io.WriteString(w, "<html><title>Blog</title></html>")
	case "/search":
		asked := r.Clone(r.Context())
		asked.URL.Path = "/" + r.URL.Query().Get("q")
		articlesWith(anyWord).ServeHTTP(w, asked)
	default:
		http.Redirect(w, r, "/search?q="+url.QueryEscape(strings.Join(words(r.URL.Path), " ")), http.StatusMovedPermanently)
	}
}

// didYouMean names pages with a word of the address.
func didYouMean(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<html><head><title>Not here</title></head><body><p>Did you mean</p><ul>")
	for _, title := range slices.Sorted(maps.Keys(articles)) {
		if r.URL.Path != "/" && anyWord(strings.ToLower(title), strings.ToLower(r.URL.Path)) {
			fmt.Fprintf(w, "<li><a href=\"/articles/%s\">%s</a></li>", url.PathEscape(title), html.EscapeString(title))
		}
	}
	_, _ = io.WriteString(w, "</ul></body></html>")
}

// namesPage shows the name that was asked for as sites do: as it is, in a trail of folders, as words, as a title.
func namesPage(w http.ResponseWriter, r *http.Request) {
	address := html.EscapeString(r.URL.Path)
	name := html.EscapeString(path.Base(r.URL.Path))
	stem := strings.TrimSuffix(name, path.Ext(name))
	trail := html.EscapeString(strings.Join(strings.Split(strings.Trim(r.URL.Path, "/"), "/"), " › "))
	asWords := html.EscapeString(strings.Join(words(r.URL.Path), " "))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Link", "<"+r.URL.EscapedPath()+`>; rel="canonical"`)
	fmt.Fprintf(w, `<!doctype html><html><head><title>%s</title><link rel="canonical" href="%s"></head><body data-page="%s"><nav>%s</nav>`+
		`<h1>%s</h1><h2>%s</h2><h3>Index of %s</h3><p>Results for &quot;%s&quot; and %s: none.</p><a href="/login?next=%s">Log in</a></body></html>`,
		name, address, stem, trail, asWords, strings.ToUpper(stem), address, asWords, html.EscapeString(r.URL.RawQuery), url.QueryEscape(r.URL.Path))
}

// withStatus gives the pages of a handler with another status.
func withStatus(status int, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h(&statusWriter{ResponseWriter: w, status: status}, r) })
}

type statusWriter struct {
	http.ResponseWriter
	status int
	began  bool
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if !w.began {
		w.WriteHeader(w.status)
		w.began = true
	}
	return w.ResponseWriter.Write(b)
}

// echoJSON tells a program what it asked for.
func echoJSON(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"timestamp": "2026-01-02T03:04:05Z", "status": 404, "error": "Not Found", "message": "No handler for " + r.URL.Path, "path": r.URL.Path,
		"segments": strings.Split(strings.Trim(r.URL.Path, "/"), "/"), "name": path.Base(r.URL.Path), "method": r.Method,
		"url": "http://" + r.Host + r.URL.RequestURI(), "args": r.URL.Query(), "headers": r.Header, "data": string(body), "version": "1.2.3",
	})
}

// echoXML is the answer of a store for files.
func echoXML(w http.ResponseWriter, r *http.Request) {
	key := html.EscapeString(strings.TrimPrefix(r.URL.Path, "/"))
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>%s</Key><Resource>/%s</Resource></Error>`, key, key)
}

// echoLog shows the newest line of a log.
func echoLog(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "127.0.0.1 - - [02/Jan/2026:03:04:05 +0000] \"%s %s HTTP/1.1\" 200 12 %q %q\n", r.Method, r.URL.RequestURI(), r.Referer(), r.UserAgent())
}
