package report

import (
	"encoding/json"
	"io"
	"math"
	"sync"
	"time"

	"sotomi/scanner"
)

// requestRecord is one line of the log of requests. Field names are a contract: fields are added, never changed.
type requestRecord struct {
	Time    time.Time `json:"time"` // UTC, to the millisecond
	Method  string    `json:"method"`
	URL     string    `json:"url"`
	By      string    `json:"by,omitempty"`      // the signature that asked first; none for the scan itself
	Address string    `json:"address,omitempty"` // IP:port of who answered
	Status  int       `json:"status,omitempty"`  // none when there was no answer
	Bytes   int       `json:"bytes"`             // of the body that were read
	Sent    int       `json:"sent"`              // how often it was sent
	Seconds float64   `json:"seconds"`
	Error   string    `json:"error,omitempty"`
}

// RequestLog writes every request of a scan as a JSON line, as it is sent. It takes no results: as a sink it only says at the
// end whether all was written.
type RequestLog struct {
	scanner.Discard
	mu      sync.Mutex
	encoder *json.Encoder
	err     error
}

// NewRequestLog writes to w. Nothing it writes may be a secret: the caller hides them.
func NewRequestLog(w io.Writer) *RequestLog {
	e := json.NewEncoder(printableJSON{w})
	e.SetEscapeHTML(false)
	return &RequestLog{encoder: e}
}

// Log writes one request; many may be logged at once.
func (l *RequestLog) Log(r scanner.Request) {
	record := requestRecord{
		Time: r.Time.UTC().Truncate(time.Millisecond), Method: r.Method, URL: r.URL, By: r.By, Address: r.Address, Status: r.Status, Bytes: r.Bytes,
		Sent: r.Sent, Seconds: math.Round(r.Took.Seconds()*1000) / 1000,
	}
	if r.Err != nil {
		record.Error = r.Err.Error()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = l.encoder.Encode(record)
	}
}

// Close says whether every request is in the log.
func (l *RequestLog) Close(scanner.Summary) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}
