package store

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of one connection.
const (
	answerTime = 5 * time.Second // for one answer, however slowly it drips
	mostBytes  = 4 << 20         // read of one connection
	mostLine   = 64 << 10        // of one line
)

// Why a probe has no Record. What the dialer says is passed on as it is.
var (
	ErrOther  = errors.New("what answers here speaks another protocol")
	ErrSilent = errors.New("the server accepts connections and says nothing")
	ErrBusy   = errors.New("the server takes no clients at the moment")

	// ErrCertificate is a server, whatever it is, that says nothing to clients who show no certificate.
	ErrCertificate = errors.New("the server lets in only clients with a certificate")
)

// Dialer opens one connection to the server that is looked at, in plain or in TLS.
type Dialer func(ctx context.Context, useTLS bool) (net.Conn, error)

// talk is one connection. Memory grows with what came, never with what the server claims is to come.
type talk struct {
	conn  net.Conn
	tls   bool
	in    *bufio.Reader
	heard []byte // the first bytes that came
	stop  func() bool
	lines []Line
}

func open(ctx context.Context, dial Dialer, useTLS bool) (*talk, error) {
	conn, err := dial(ctx, useTLS)
	if err != nil {
		return nil, err
	}
	t := &talk{conn: conn, tls: useTLS}
	t.in = bufio.NewReader(io.LimitReader(t, mostBytes))
	if err := conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		_ = conn.Close()
		return nil, err
	}
	t.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
	return t, nil
}

// alreadyOpen is a dialer for what goes through a connection that there is.
func alreadyOpen(conn net.Conn) Dialer {
	return func(context.Context, bool) (net.Conn, error) { return conn, nil }
}

func (t *talk) close() {
	t.stop()
	_ = t.conn.Close()
}

// Read is the connection's, with the first bytes kept.
func (t *talk) Read(p []byte) (int, error) {
	n, err := t.conn.Read(p)
	if most := 4 - len(t.heard); most > 0 {
		t.heard = append(t.heard, p[:min(n, most)]...)
	}
	return n, err
}

// send says something, after which the server has its time for an answer anew.
func (t *talk) send(text []byte) error {
	if err := t.conn.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return err
	}
	_, err := t.conn.Write(text)
	if err == nil {
		return nil
	}
	if _, why := t.conn.Read(make([]byte, 1)); wantsCertificate(why) { // it said so and ended the connection meanwhile
		return why
	}
	return err
}

// line is the next one without its end.
func (t *talk) line() (string, error) {
	var line []byte
	for {
		part, err := t.in.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			return strings.TrimRight(string(line), "\r\n"), nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return string(line), err
		}
		if len(line) > mostLine {
			return "", ErrOther
		}
	}
}

// block are the next n bytes.
func (t *talk) block(n int) ([]byte, error) {
	if n < 0 || n > mostBytes {
		return nil, ErrOther
	}
	var b bytes.Buffer
	_, err := io.CopyN(&b, t.in, int64(n))
	if errors.Is(err, io.EOF) && b.Len() > 0 {
		err = io.ErrUnexpectedEOF
	}
	return b.Bytes(), err
}

// note keeps what was asked and what of the answer may be shown.
func (t *talk) note(sent, received string) {
	t.lines = append(t.lines, Line{sent, clean(received, 400)})
}

// converse speaks in plain, and once more in TLS where the server broke off without a word, or answered with an alert.
func converse(ctx context.Context, dial Dialer, speak func(*talk) (Record, error)) (Record, error) {
	r, heard, err := converseOnce(ctx, dial, false, speak)
	if err == nil || !wantsTLS(heard) || ctx.Err() != nil {
		return r, err
	}
	encrypted, heard, tlsErr := converseOnce(ctx, dial, true, speak)
	if tlsErr == nil || len(heard) > 0 || errors.Is(tlsErr, ErrCertificate) {
		return encrypted, tlsErr
	}
	return r, err
}

// converseOnce also gives the first bytes that came; nil where there was no connection.
func converseOnce(ctx context.Context, dial Dialer, useTLS bool, speak func(*talk) (Record, error)) (Record, []byte, error) {
	t, err := open(ctx, dial, useTLS)
	switch {
	case wantsCertificate(err):
		return Record{}, nil, ErrCertificate
	case err != nil:
		return Record{}, nil, err
	}
	defer t.close()
	r, err := speak(t)
	r.TLS = r.TLS || useTLS
	r.Lines = append(r.Lines, t.lines...)
	heard := append([]byte{}, t.heard...)
	return r, heard, t.why(ctx, err)
}

func wantsTLS(heard []byte) bool {
	return heard != nil && (len(heard) == 0 || len(heard) >= 2 && heard[0] == 0x15 && heard[1] == 3)
}

// wantsCertificate reports whether a server ended TLS because no certificate was shown: by the alert for that, or before TLS 1.3 by
// the one for a bad certificate, which there was none of.
func wantsCertificate(err error) bool {
	var remote *net.OpError
	if !errors.As(err, &remote) || remote.Op != "remote error" {
		return false
	}
	return strings.HasSuffix(remote.Err.Error(), "certificate required") || strings.HasSuffix(remote.Err.Error(), "bad certificate")
}

// why is an error of a conversation in words of this package.
func (t *talk) why(ctx context.Context, err error) error {
	switch {
	case err == nil || errors.Is(err, ErrOther) || errors.Is(err, ErrBusy) || errors.Is(err, errNFSProof) || errors.Is(err, errNFSVersion):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case wantsCertificate(err):
		return ErrCertificate
	case len(t.heard) == 0:
		return fmt.Errorf("%w: %w", ErrSilent, err)
	}
	return fmt.Errorf("the server broke off: %w", err)
}

// clean is a stranger's text on one line, printable, of at most n characters.
func clean(text string, n int) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case n == 0:
			b.WriteRune('…')
			return b.String()
		case r == '\n' || r == '\t':
			r = ' '
		case r == utf8.RuneError || !unicode.IsPrint(r):
			continue
		}
		b.WriteRune(r)
		n--
	}
	return strings.TrimSpace(b.String())
}
