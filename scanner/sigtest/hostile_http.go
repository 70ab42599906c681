package sigtest

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	okHead  = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	chunked = okHead + "Transfer-Encoding: chunked\r\n\r\n"
)

// silent are servers that say nothing, or next to nothing.
func silent() []Hostile {
	wait := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = io.WriteString(c, text)
			_, _ = io.Copy(io.Discard, c) // until the client goes
		}
	}
	reset := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			if text != "" {
				_, _ = http.ReadRequest(bufio.NewReader(c)) // whatever it is
				_, _ = io.WriteString(c, text)
			}
			_ = c.(*net.TCPConn).SetLinger(0) // so that closing resets
		}
	}
	return []Hostile{
		{Name: "silence", Serve: wait("")},
		{Name: "silence_after_the_head", Serve: wait(okHead + "Content-Length: 100\r\n\r\n")},
		{Name: "silence_in_a_chunk", Serve: wait(chunked + "5\r\nab")},
		{Name: "byte_by_byte", Serve: func(c net.Conn) {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for i := 0; ; i++ {
				text := okHead + "Content-Length: 1000000\r\n\r\n"
				if _, err := c.Write([]byte{text[i%len(text)]}); err != nil {
					return
				}
				<-tick.C
			}
		}},
		{Name: "closed_at_once", Serve: func(net.Conn) {}},
		{Name: "reset_at_once", Serve: reset("")},
		{Name: "reset_in_the_head", Serve: reset("HTTP/1.1 200 OK\r\nX-A: ")},
		{Name: "reset_in_the_body", Serve: reset(okHead + "Content-Length: 100\r\n\r\nab")},
		{Name: "another_protocol", Serve: wait("SSH-2.0-OpenSSH_9.2p1\r\n")},
		{Name: "answer_before_the_request", Serve: wait(okHead + "Content-Length: 2\r\n\r\nok"), Seen: true},
	}
}

// endless are answers that do not end.
func endless() []Hostile {
	return []Hostile{
		{Name: "endless_status_line", Serve: repeats("HTTP/1.1 200 ", "a")},
		{Name: "endless_headers", Serve: repeats(okHead, "X-A: b\r\n")},
		{Name: "endless_header", Serve: repeats(okHead+"X-A: ", "b")},
		{Name: "header_of_10_mb", Serve: always(okHead + "X-A: " + strings.Repeat("b", 10<<20) + "\r\nContent-Length: 2\r\n\r\nok")},
		{Name: "10000_cookies", Serve: always(okHead + strings.Repeat("Set-Cookie: a=b\r\n", 10_000) + "Content-Length: 2\r\n\r\nok"), Seen: true},
		{Name: "endless_body", Serve: repeats(okHead+"\r\n", "<p>a"), Seen: true},
		{Name: "endless_chunks", Serve: repeats(chunked, "1\r\na\r\n"), Seen: true},
		{Name: "endless_chunk_extension", Serve: repeats(chunked+"1;", "a")},
		{Name: "endless_trailers", Serve: repeats(chunked+"1\r\na\r\n0\r\n", "X-A: b\r\n")},
		{Name: "early_hints_flood", Serve: repeats("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")},
		{Name: "continue_flood", Serve: repeats("", "HTTP/1.1 100 Continue\r\n\r\n")},
		{Name: "switching_protocols", Serve: always("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")},
	}
}

// brotliBomb is 64 MiB of zeros.
const brotliBomb = "y///P/gnAOKxQCD3/o///3/wTwDEYRGA7v0f////4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P//B/8EQBwWAOje//H//w/+CYA4LADQvf/j//8f/BMAcVgAoHv/Nw=="

// packed are bodies that grow when their coding is undone, or that are in none.
func packed() []Hostile {
	zeros := func(to func(io.Writer) io.WriteCloser) string {
		const blocks = 256 // of 1 MiB
		var b bytes.Buffer
		w, block := to(&b), make([]byte, 1<<20)
		for range blocks {
			_, _ = w.Write(block) // to memory
		}
		_ = w.Close()
		return b.String()
	}
	zip := func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
	once := zeros(zip)
	var twice bytes.Buffer
	w := gzip.NewWriter(&twice)
	_, _ = io.WriteString(w, once) // to memory
	_ = w.Close()
	deflated := zeros(func(w io.Writer) io.WriteCloser {
		f, _ := flate.NewWriter(w, flate.BestSpeed) // the level is one
		return f
	})
	brotli, _ := base64.StdEncoding.DecodeString(brotliBomb) // it is one
	coded := func(coding, body string) func(net.Conn) {
		return always(okHead + "Content-Encoding: " + coding + "\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	}
	return []Hostile{
		{Name: "gzip_bomb", Serve: coded("gzip", once), Seen: true},
		{Name: "gzip_bomb_in_gzip", Serve: coded("gzip, gzip", twice.String())},
		{Name: "zlib_bomb", Serve: coded("deflate", zeros(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })), Seen: true},
		{Name: "deflate_bomb", Serve: coded("deflate", deflated), Seen: true},
		{Name: "brotli_bomb", Serve: coded("br", string(brotli)), Seen: true},
		{Name: "zstd", Serve: coded("zstd", "\x28\xb5\x2f\xfd\x04\x58")},
		{Name: "not_gzip", Serve: coded("gzip", "\x1f\x8bgarbage")},
		{Name: "gzip_cut", Serve: coded("gzip", once[:len(once)/2]), Seen: true},
	}
}

// malformed are answers that break the rules of HTTP.
func malformed() []Hostile {
	var list []Hostile
	for name, text := range map[string]string{
		"length_too_large":      okHead + "Content-Length: 1000\r\nConnection: close\r\n\r\nab",
		"length_negative":       okHead + "Content-Length: -1\r\n\r\nab",
		"length_in_hexadecimal": okHead + "Content-Length: 0x2\r\n\r\nab",
		"lengths_that_differ":   okHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"length_of_int64":       okHead + "Content-Length: 9223372036854775807\r\nConnection: close\r\n\r\nab",
		"unknown_transfer":      okHead + "Transfer-Encoding: magic\r\n\r\nab",
		"chunk_without_size":    chunked + "zz\r\nab\r\n0\r\n\r\n",
		"chunk_too_large":       chunked + "fffffffffffffffff\r\nab\r\n0\r\n\r\n",
		"chunk_cut":             chunked + "10\r\nab\r\n0\r\n\r\n",
		"http_0_9":              "<html><title>a</title></html>",
		"http_9":                "HTTP/9.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"status_000":            "HTTP/1.1 000 None\r\nContent-Length: 2\r\n\r\nok",
		"no_colon":              "HTTP/1.1 200 OK\r\nwhat\r\nContent-Length: 2\r\n\r\nok",
	} {
		serve := always(text)
		if strings.Contains(text, "close\r\n") || !strings.HasPrefix(text, "HTTP/1") {
			serve = func(c net.Conn) {
				_, _ = http.ReadRequest(bufio.NewReader(c)) // whatever it is
				_, _ = io.WriteString(c, text)
			}
		}
		list = append(list, Hostile{Name: name, Serve: serve})
	}
	return list
}

// redirecting are servers that send visitors elsewhere, whatever they ask for.
func redirecting() []Hostile {
	var list []Hostile
	for name, location := range map[string]string{
		"redirect_to_itself":    "",
		"redirect_to_private":   "http://10.255.255.1:9/",
		"redirect_to_metadata":  "http://169.254.169.254/latest/meta-data/",
		"redirect_to_a_file":    "file:///etc/passwd",
		"redirect_to_gopher":    "gopher://127.0.0.1:6379/_INFO",
		"redirect_to_a_script":  "javascript:alert(1)",
		"redirect_to_data":      "data:text/html,<script>alert(1)</script>",
		"redirect_that_is_none": "http://[::1/%zz",
	} {
		list = append(list, Hostile{Name: name, Seen: true, Serve: says(func(r *http.Request) string {
			to := location
			if to == "" {
				to = r.URL.RequestURI()
			}
			return "HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n"
		})})
	}
	return append(list, Hostile{Name: "redirect_that_grows", Seen: true, Serve: says(func(r *http.Request) string {
		return fmt.Sprintf("HTTP/1.1 302 Found\r\nLocation: %sa/\r\nContent-Length: 0\r\n\r\n", r.URL.Path)
	})})
}

// refusing are servers that want fewer requests.
func refusing() []Hostile {
	refuse := func(status, more string) func(net.Conn) {
		return always("HTTP/1.1 " + status + "\r\n" + more + "Content-Length: 2\r\n\r\nno")
	}
	return []Hostile{
		{Name: "429_for_an_hour", Serve: refuse("429 Too Many Requests", "Retry-After: 3600\r\n")},
		{Name: "429_for_ever", Serve: refuse("429 Too Many Requests", "Retry-After: 99999999999999\r\n")},
		{Name: "429", Serve: refuse("429 Too Many Requests", "")},
		{Name: "503_for_an_hour", Serve: refuse("503 Service Unavailable", "Retry-After: 3600\r\n")},
		{Name: "503", Serve: refuse("503 Service Unavailable", "")},
	}
}
