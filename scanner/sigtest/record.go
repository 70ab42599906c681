package sigtest

import (
	"io/fs"
	"net/http"
	"slices"
	"sync"

	"sotomi/scanner/signature"
)

// Recorder is a handler that notes every request before it hands it on.
type Recorder struct {
	http.Handler

	mu       sync.Mutex
	requests []string
}

// ServeHTTP notes the request as "METHOD target".
func (r *Recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.requests = append(r.requests, req.Method+" "+req.RequestURI)
	r.mu.Unlock()
	r.Handler.ServeHTTP(w, req)
}

// Requests are those so far, in the order in which they came.
func (r *Recorder) Requests() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// Select are the embedded signatures of the given ids, tags or severities.
func Select(embedded fs.FS, only ...string) ([]*signature.Signature, error) {
	set, err := signature.Load(signature.Sources{Embedded: embedded})
	if err != nil {
		return nil, err
	}
	return set.Select(signature.Filter{Only: only})
}
