package web

import (
	"errors"
	"fmt"
	"time"

	"sotomi/scanner/message"
)

// Kind says why an attempt gave no Exchange.
type Kind string

// Why there is no answer.
const (
	KindUnreachable Kind = "unreachable" // name not found, connection refused, no route, connect timed out
	KindTimeout     Kind = "timeout"     // connected, but the deadline for headers and body passed
	KindClosed      Kind = "closed"      // connection reset or closed before an answer
	KindTLS         Kind = "tls"         // handshake or certificate
	KindProtocol    Kind = "protocol"    // the answer is not HTTP, or breaks a cap on headers or decompression
	KindScope       Kind = "scope"       // refused by us: the request would leave the hosts asked for
	KindThrottled   Kind = "throttled"   // 429 or 503 in all tries, or with a wait beyond our patience
	KindCanceled    Kind = "canceled"    // the context ended
)

// Error is what Session.Do returns when there is no Exchange.
type Error struct {
	Kind     Kind
	URL      string // the address asked for
	Err      error
	Greeting []byte    // with a failure of the connection: what the server sent first, at most 128 bytes, if that was no TLS
	Answer   *Exchange // with KindThrottled: the last refusal
	Crowded  bool      // it may come from the other requests in flight, of which the host gets fewer from now on
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %v", e.URL, e.Kind, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// KindOf is the Kind of err, "" when err did not come from a request.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

// throttledError is a host that refuses requests because it gets too many.
type throttledError struct {
	status   int
	wait     time.Duration
	explicit bool // the host named the wait
	tries    int
}

func (e *throttledError) Error() string { return e.Message().String() }

// Message is the error in words.
func (e *throttledError) Message() message.Message {
	if !e.explicit {
		return message.New("status %d (tries: %d)", e.status, e.tries)
	}
	return message.New("status %d, asked to wait %d s", e.status, int(e.wait.Seconds()))
}
