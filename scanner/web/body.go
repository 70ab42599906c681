package web

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"

	"github.com/andybalholm/brotli"
)

// drained is how many bytes of an unread rest are read so that the connection can be used again.
const drained = 64 << 10

// chunk is a piece of a body while it is read. Most bodies are one.
type chunk [32 << 10]byte

var (
	chunks  = sync.Pool{New: func() any { return new(chunk) }}
	readers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}
)

// received is what came of a body.
type received struct {
	body              []byte
	truncated, broken bool // as in Exchange
}

// readBody reads and closes the body: content coding undone, at most limit bytes. An error is only returned when the
// deadline passed or the context ended; a body that breaks off is kept as far as it came.
func readBody(res *http.Response, limit int64) (got received, err error) {
	defer res.Body.Close()
	raw := &failing{r: res.Body}
	raw.limited.R, raw.limited.N = raw, limit+1
	if coding := res.Header.Get("Content-Encoding"); coding != "" {
		reader := readers.Get().(*bufio.Reader)
		reader.Reset(raw)
		defer func() {
			reader.Reset(nil)
			readers.Put(reader)
		}()
		if raw.limited.R, err = decode(reader, coding, limit); err != nil {
			raw.limited.R = reader
		}
	}
	undecoded := err != nil
	got.body, err = readAll(&raw.limited)
	n := int64(len(got.body))
	if raw.err != nil && timedOut(raw.err) {
		return received{}, raw.err
	}
	got.body = got.body[:min(n, limit)]
	got.truncated = n > limit || err != nil || undecoded
	got.broken = err != nil || undecoded || n > 0 && unreadable(res.Header.Get("Content-Encoding"))
	if raw.err == nil && !raw.ended {
		_, _ = io.CopyN(io.Discard, raw, drained) // only so that the connection can be kept
	}
	return got, nil
}

// readAll is io.ReadAll with no more memory than the body needs: many large ones are read at once.
func readAll(r io.Reader) (body []byte, err error) {
	var list []*chunk
	defer func() {
		for _, c := range list {
			chunks.Put(c)
		}
	}()
	size := 0
	for err == nil {
		if size == len(list)*len(chunk{}) {
			list = append(list, chunks.Get().(*chunk))
		}
		var n int
		n, err = r.Read(list[len(list)-1][size%len(chunk{}):])
		size += n
	}
	if err == io.EOF { //nolint:errorlint // what wraps it is no end
		err = nil
	}
	body = make([]byte, 0, size)
	for _, c := range list {
		body = append(body, c[:min(len(c), size-len(body))]...)
	}
	return body, err
}

// unreadable reports a content coding that we neither asked for nor undo. A name that is no coding, such as UTF-8, is a
// mistake of a server that sends the body as it is.
func unreadable(coding string) bool {
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "zstd", "compress", "x-compress", "dcb", "dcz":
		return true
	}
	return strings.Contains(coding, ",")
}

// failing remembers the error of the connection, which decoders wrap or hide.
type failing struct {
	r       io.Reader
	err     error
	ended   bool
	limited io.LimitedReader // what is read of it
}

func (f *failing) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err // what net/http says later is another error
	}
	n, err := f.r.Read(p)
	switch {
	case errors.Is(err, io.EOF):
		f.ended = true
	case err != nil:
		f.err = err
	}
	return n, err
}

// decode undoes the content coding. A body that is not in the coding that its header names is read as it is: browsers fail
// there, but the mistake is the server's. limit is how many bytes of the body are wanted.
func decode(r *bufio.Reader, coding string, limit int64) (io.Reader, error) {
	switch strings.ToLower(strings.TrimSpace(coding)) {
	case "gzip", "x-gzip":
		if head, _ := r.Peek(2); len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
			return r, nil
		}
		return gzip.NewReader(r)
	case "br":
		return unbrotli(r, limit), nil
	case "deflate": // zlib by RFC 9110 section 8.4.1.2, bare deflate by some servers
		if head, _ := r.Peek(2); len(head) == 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0 {
			return zlib.NewReader(r)
		}
		return flate.NewReader(r), nil
	}
	return r, nil
}

// brotliDecoders are those at work: the server chooses how much memory one takes, up to 16 MiB.
var brotliDecoders = make(chan struct{}, 2)

// brotliHead is how much of a brotli body is read at least: its tables come before the first byte of what it holds.
const brotliHead = 64 << 10

// unbrotli is the beginning of a brotli body, one byte more than limit. All of it is read before it is decoded, for a decoder
// that waits for its server would keep its memory.
func unbrotli(r io.Reader, limit int64) io.Reader {
	packed, broken := readAll(io.LimitReader(r, max(limit+1, brotliHead)))
	brotliDecoders <- struct{}{}
	defer func() { <-brotliDecoders }()
	body, err := readAll(io.LimitReader(brotli.NewReader(bytes.NewReader(packed)), limit+1))
	if broken != nil {
		err = broken
	}
	return io.MultiReader(bytes.NewReader(body), failed{err})
}

// failed is the end of a body with its error, nil for none.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, cmp.Or(f.err, io.EOF) }

func timedOut(err error) bool {
	return errors.Is(err, errDeadline) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

// kindOf sorts the errors of an attempt.
func kindOf(ctx context.Context, err error) Kind {
	var (
		never   *forbiddenError
		scope   *scopeError
		proxy   *proxyError
		timeout *timeoutError
		op      *net.OpError
		dns     *net.DNSError
		record  tls.RecordHeaderError
		alert   tls.AlertError
		verify  *tls.CertificateVerificationError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	switch {
	case ctx.Err() != nil, errors.As(err, &never):
		return KindCanceled
	case errors.As(err, &scope):
		return KindScope
	case errors.As(err, &proxy):
		return KindUnreachable
	case errors.As(err, &record), errors.As(err, &alert), errors.As(err, &verify), errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &invalid):
		return KindTLS
	case errors.As(err, &op) && (op.Op == "dial" || op.Op == "socks connect" || op.Op == "proxyconnect"), errors.As(err, &dns):
		return KindUnreachable
	case errors.As(err, &timeout), errors.Is(err, errDeadline), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return KindTimeout
	case strings.Contains(err.Error(), "tls: "):
		return KindTLS
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.As(err, &op), strings.Contains(err.Error(), "server closed"), strings.Contains(err.Error(), "connection closed"):
		return KindClosed
	}
	return KindProtocol
}
