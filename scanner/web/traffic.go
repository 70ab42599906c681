package web

import (
	"context"
	"net"
	"time"
)

// Traffic is a request that left the machine, for a log of all of them.
type Traffic struct {
	Time    time.Time     // UTC, of the last try
	Method  string        // "TLS" for a handshake alone
	URL     string        // as sent
	By      string        // who asked, by the name given to By; "" for the scan itself
	Address string        // IP:port of who answered; "" through a proxy, or when there was no connection
	Status  int           // 0 for no answer
	Bytes   int           // of the body that were kept
	Sent    int           // how often it was sent
	Took    time.Duration // of the last try
	Err     error         // why there was no answer; nil for one
}

// byKey finds who asks in a context.
type byKey struct{}

// By names who asks with the context, for the log.
func By(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, byKey{}, name)
}

// log tells of a request, unless none was sent.
func (c *Client) log(ctx context.Context, t Traffic) {
	if c.options.Log == nil || t.Sent == 0 || t.Time.IsZero() {
		return
	}
	t.By, _ = ctx.Value(byKey{}).(string)
	c.options.Log(t)
}

// traffic is what an attempt came to.
func (a *attempt) traffic(method, url string, ex *Exchange, err error) Traffic {
	a.mu.Lock()
	sends := a.sends
	a.mu.Unlock()
	t := Traffic{Time: a.begun.UTC(), Method: method, URL: url, Sent: sends, Took: time.Since(a.begun), Err: err}
	if a.remote != nil {
		t.Address = a.remote.String()
	}
	if ex != nil {
		t.Status, t.Bytes = ex.Status, len(ex.Body)
	}
	return t
}

// logHandshake tells of a handshake that began at a time.
func (c *Client) logHandshake(ctx context.Context, url string, begun time.Time, conn net.Conn, err error) {
	t := Traffic{Time: begun.UTC(), Method: "TLS", URL: url, Sent: 1, Took: time.Since(begun), Err: err}
	if conn != nil && c.options.Proxy == nil {
		t.Address = conn.RemoteAddr().String()
	}
	c.log(ctx, t)
}
