package web

import (
	"net/http"
	"sync/atomic"
)

// renewable is a transport that can be replaced by a new one of the same kind. net/http keeps a little for every host that
// could not be connected to, for as long as the transport lives.
type renewable struct {
	now atomic.Pointer[http.Transport]
}

func newRenewable(t *http.Transport) *renewable {
	r := &renewable{}
	r.now.Store(t)
	return r
}

// RoundTrip sends through the newest transport.
func (r *renewable) RoundTrip(req *http.Request) (*http.Response, error) {
	return r.now.Load().RoundTrip(req)
}

// renew replaces the transport. Requests under way come to their end on the old one.
func (r *renewable) renew() {
	old := r.now.Load()
	r.now.Store(old.Clone())
	old.CloseIdleConnections()
}

func (r *renewable) close() { r.now.Load().CloseIdleConnections() }
