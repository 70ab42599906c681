package command

import (
	"io"
	"net/http"
)

// The sites of the demo. All their content is invented.

const demoFront = `<!doctype html><html><head><title>Demo shop</title></head><body><h1>Demo shop</h1><a href="/about">About</a></body></html>`

// demoShop is a small site with these files, by path.
func demoShop(files map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		demoHeaders(w)
		switch body, ok := files[r.URL.Path]; {
		case ok:
			w.Header().Set("Content-Type", "application/octet-stream")
			demoWrite(w, body)
		case r.URL.Path == "/", r.URL.Path == "/about":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			demoWrite(w, demoFront)
		default:
			http.Error(w, "Not found", http.StatusNotFound)
		}
	})
}

func demoHeaders(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// demoWrite ignores errors: the client may be gone.
func demoWrite(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

// demoListing lists the files of a folder as Apache does.
func demoListing() http.Handler {
	shop := demoShop(nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/uploads/" {
			shop.ServeHTTP(w, r)
			return
		}
		demoHeaders(w)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		demoWrite(w, `<html><head><title>Index of /uploads</title></head><body><h1>Index of /uploads</h1><ul><li><a href="/"> Parent Directory</a></li>`+
			`<li><a href="catalogue.pdf"> catalogue.pdf</a></li><li><a href="members.csv"> members.csv</a></li></ul></body></html>`)
	})
}
