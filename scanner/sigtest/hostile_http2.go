package sigtest

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// withTLS are servers whose handshake or certificate is no good.
func withTLS() []Hostile {
	// The connection below TLS is what they speak over.
	bare := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			raw := c.(*tls.Conn).NetConn()
			_, _ = io.WriteString(raw, text)
			_, _ = io.Copy(io.Discard, raw) // until the client goes
		}
	}
	plain := always(okHead + "Content-Length: 2\r\n\r\nok")
	return []Hostile{
		{Name: "tls_stalls", TLS: "valid", Serve: bare("")},
		{Name: "tls_stalls_in_the_handshake", TLS: "valid", Serve: bare("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03")},
		{Name: "tls_garbage", TLS: "valid", Serve: bare("\x16\x03\x03\x40\x00" + string(bytes.Repeat([]byte{0x41}, 1<<14)))},
		{Name: "tls_alert", TLS: "valid", Serve: bare("\x15\x03\x03\x00\x02\x02\x28")},
		{Name: "tls_warnings", TLS: "valid", Serve: bare(string(bytes.Repeat([]byte("\x15\x03\x03\x00\x02\x01\x00"), 1000)))},
		{Name: "tls_answers_http", TLS: "valid", Serve: bare("HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"), Seen: true},
		{Name: "tls_expired", TLS: "expired", Serve: plain},
		{Name: "tls_of_another_name", TLS: "wrong-name", Serve: plain},
		{Name: "tls_of_its_own", TLS: "self-signed", Serve: plain},
	}
}

// withHTTP2 are servers that flood their visitors with frames.
func withHTTP2() []Hostile {
	headers := func() []byte {
		var b bytes.Buffer
		e := hpack.NewEncoder(&b)
		_ = e.WriteField(hpack.HeaderField{Name: ":status", Value: "200"}) // to memory
		_ = e.WriteField(hpack.HeaderField{Name: "content-type", Value: "text/html"})
		return b.Bytes()
	}()
	field := []byte("\x00\x01a\x01b") // a: b, not indexed
	flood := func(write func(f *http2.Framer, stream uint32) error) func(*http2.Framer, uint32) {
		return func(f *http2.Framer, stream uint32) {
			for write(f, stream) == nil {
			}
		}
	}
	start := func(f *http2.Framer, stream uint32, end bool) error {
		return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: headers, EndHeaders: end})
	}
	var list []Hostile
	for name, serve := range map[string]func(*http2.Framer, uint32){
		"http2_continuation_flood": func(f *http2.Framer, stream uint32) {
			if start(f, stream, false) == nil {
				flood(func(f *http2.Framer, stream uint32) error {
					return f.WriteContinuation(stream, false, bytes.Repeat(field, 1000))
				})(f, stream)
			}
		},
		"http2_empty_continuation_flood": func(f *http2.Framer, stream uint32) {
			if start(f, stream, false) == nil {
				flood(func(f *http2.Framer, stream uint32) error { return f.WriteContinuation(stream, false, nil) })(f, stream)
			}
		},
		"http2_empty_data_flood": func(f *http2.Framer, stream uint32) {
			if start(f, stream, true) == nil {
				flood(func(f *http2.Framer, stream uint32) error { return f.WriteData(stream, false, nil) })(f, stream)
			}
		},
		"http2_settings_flood": flood(func(f *http2.Framer, _ uint32) error { return f.WriteSettings() }),
		"http2_ping_flood":     flood(func(f *http2.Framer, _ uint32) error { return f.WritePing(false, [8]byte{}) }),
		"http2_reset_flood": flood(func(f *http2.Framer, stream uint32) error {
			return f.WriteRSTStream(stream, http2.ErrCodeRefusedStream)
		}),
		"http2_goaway": func(f *http2.Framer, _ uint32) { _ = f.WriteGoAway(0, http2.ErrCodeNo, nil) },
		"http2_endless_head": func(f *http2.Framer, stream uint32) {
			_ = start(f, stream, true)
			flood(func(f *http2.Framer, stream uint32) error { return start(f, stream, true) })(f, stream)
		},
		"http2_garbage": func(f *http2.Framer, stream uint32) {
			flood(func(f *http2.Framer, stream uint32) error {
				return f.WriteRawFrame(0x42, 0xff, stream, make([]byte, 100))
			})(f, stream)
		},
		"http2_silence": func(*http2.Framer, uint32) {},
	} {
		list = append(list, Hostile{Name: name, TLS: "valid", HTTP2: true, Serve: overHTTP2(serve)})
	}
	return list
}

// overHTTP2 calls serve for the first request of a connection, then waits until the client goes.
func overHTTP2(serve func(f *http2.Framer, stream uint32)) func(net.Conn) {
	return func(c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(c, c)
		if f.WriteSettings() != nil {
			return
		}
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if frame.Header().Type == http2.FrameHeaders {
				serve(f, frame.Header().StreamID)
				_, _ = io.Copy(io.Discard, c)
				return
			}
		}
	}
}
