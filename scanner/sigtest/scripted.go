package sigtest

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"
)

// scriptedServers are servers that cases name because a table of answers cannot describe them.
func scriptedServers() map[string]http.Handler {
	return map[string]http.Handler{
		"eccube-logs":        http.HandlerFunc(eccubeLogs),
		"page-cloaked":       http.HandlerFunc(cloakedPage),
		"ssi-search":         ssiSearch(evaluate, func(string) bool { return false }),
		"ssi-search-plain":   ssiSearch(func(s string) string { return s }, func(string) bool { return false }),
		"ssi-search-encoded": ssiSearch(html.EscapeString, func(string) bool { return false }),
		"ssi-search-filter":  ssiSearch(evaluate, func(s string) bool { return strings.Contains(s, "<!--#") }),
	}
}

// cloakedPage is a page with links to shops of counterfeits that the robots of search engines alone get to see.
func cloakedPage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<html><head><title>Camellia Pottery</title></head><body><h1>器</h1><p>手作りの器です</p><p>火曜から土曜まで営業</p>`)
	if strings.Contains(r.UserAgent(), "Googlebot") {
		fmt.Fprint(w, `<div>`)
		for i := range 20 {
			fmt.Fprintf(w, `<a href="http://watch-%d.example/">スーパーコピー 時計</a> `, i)
		}
		fmt.Fprint(w, `</div>`)
	}
	fmt.Fprint(w, `</body></html>`)
}

// ssiSearch is a shop whose search page repeats what was searched for, in the way that show says.
func ssiSearch(show func(string) string, refuses func(string) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query().Get("q")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch {
		case r.URL.Path != "/":
			http.NotFound(w, r)
		case refuses(q):
			w.WriteHeader(http.StatusForbidden)
		default:
			fmt.Fprint(w, `<html><body><form action="/"><input name="q"></form><p>You searched for `)
			_, _ = io.WriteString(w, show(q)) // the visitor may be gone
			fmt.Fprint(w, `</p></body></html>`)
		}
	})
}

var (
	timeFormat = regexp.MustCompile(`<!--#config timefmt="([^"]*)" -->`)
	echoDate   = regexp.MustCompile(`<!--#echo var="DATE_GMT" -->`)
)

// evaluate does with a text what mod_include does with the two directives that print a date.
func evaluate(text string) string {
	format := "%A"
	if m := timeFormat.FindStringSubmatch(text); m != nil {
		format = m[1]
	}
	now := time.Now().UTC()
	date := strings.NewReplacer("%j", fmt.Sprintf("%03d", now.YearDay()), "%Y", fmt.Sprint(now.Year())).Replace(format)
	return echoDate.ReplaceAllLiteralString(timeFormat.ReplaceAllLiteralString(text, ""), date)
}
