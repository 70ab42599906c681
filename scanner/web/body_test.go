package web

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/andybalholm/brotli"
	"golang.org/x/sync/errgroup"
)

// TestReadAll: a body is read to its end whatever the sizes of its pieces, and takes no more memory than it has bytes.
func TestReadAll(t *testing.T) {
	for _, size := range []int{0, 1, len(chunk{}) - 1, len(chunk{}), len(chunk{}) + 1, 1<<20 + 1} {
		want := make([]byte, size)
		_, _ = rand.NewChaCha8([32]byte{1}).Read(want)
		for name, r := range map[string]io.Reader{
			"whole": bytes.NewReader(want), "halves": iotest.HalfReader(bytes.NewReader(want)), "end_with_data": iotest.DataErrReader(bytes.NewReader(want)),
		} {
			if got, err := readAll(r); err != nil || !bytes.Equal(got, want) || cap(got) > size || got == nil {
				t.Errorf("%s: %d bytes in room for %d, %v, want %d", name, len(got), cap(got), err, size)
			}
		}
		broken := fmt.Errorf("the connection broke: %w", io.EOF)
		if got, err := readAll(io.MultiReader(bytes.NewReader(want), iotest.ErrReader(broken))); !errors.Is(err, broken) || !bytes.Equal(got, want) {
			t.Errorf("broken after %d bytes: %d, %v", size, len(got), err)
		}
	}
}

// A body that its coding's own head breaks is none that was read.
func TestBodiesWithABrokenHeadAreBroken(t *testing.T) {
	for coding, body := range map[string]string{"gzip": "\x1f\x8bgarbage that is long enough", "x-gzip": "\x1f\x8b", "deflate": "\x78\xbb\x00\x00\x00\x01"} {
		u, _ := says(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", coding, len(body), body))
		if ex := get(t, client(t, Options{}).Session(u), u, Request{}); !ex.Broken || !ex.Truncated {
			t.Errorf("%s: broken %v, truncated %v, body %q", coding, ex.Broken, ex.Truncated, ex.Body)
		}
	}
}

// brotliOf16MiB begins with a block of 16 MiB of zeros in a window as large.
const brotliOf16MiB = "y///P/gnAOKxQCD3/o///3/wTwDEYRGA7v0f////4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P//B/8EQBwWAOje//H//w/+CYA4LADQvf/j//8f/BMAcVgAoHv/Nw=="

// stalled gives its beginning and then nothing until it is let go.
type stalled struct {
	begin io.Reader
	dry   chan<- struct{}
	end   <-chan struct{}
}

func (s stalled) Read(p []byte) (int, error) {
	if n, err := s.begin.Read(p); n > 0 {
		return n, err
	}
	s.dry <- struct{}{}
	<-s.end
	return 0, io.EOF
}

// Servers that choose the largest window and then fall silent take no memory for it.
func TestStalledBrotliTakesNoMemory(t *testing.T) {
	packed, err := base64.StdEncoding.DecodeString(brotliOf16MiB)
	if err != nil {
		t.Fatal(err)
	}
	const servers = 32
	dry, end := make(chan struct{}), make(chan struct{})
	before := inUse()
	var group errgroup.Group
	for range servers {
		group.Go(func() error {
			body := io.NopCloser(stalled{bytes.NewReader(packed[:len(packed)/2]), dry, end})
			got, err := readBody(&http.Response{Header: http.Header{"Content-Encoding": {"br"}}, Body: body}, 1<<20)
			if err != nil || len(got.body) != 1<<20 || !got.truncated {
				return fmt.Errorf("%d bytes, truncated %v: %w", len(got.body), got.truncated, err)
			}
			return nil
		})
	}
	for range servers {
		<-dry
	}
	if took := inUse() - before; took > 64<<20 {
		t.Errorf("%d servers that are silent take %d MiB", servers, took>>20)
	}
	close(end)
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
}

// inUse is how many bytes are held.
func inUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A brotli body is read as any other: to its end, to the limit, as far as it came, and to the error of what is none.
func TestBrotliBodies(t *testing.T) {
	var packed bytes.Buffer
	w := brotli.NewWriter(&packed)
	text := strings.Repeat("A shop like many others. ", 4000)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		sent              string
		limit             int64
		want              int
		truncated, broken bool
	}{
		"whole":   {packed.String(), 1 << 20, len(text), false, false},
		"limited": {packed.String(), 1000, 1000, true, false},
		"little":  {packed.String(), 16, 16, true, false}, // its first bytes stand far behind the first bytes of the packed body
		"exact":   {packed.String(), int64(len(text)), len(text), false, false},
		"cut":     {packed.String()[:packed.Len()-4], 1 << 20, -1, true, true},
		"none":    {"<html>this is not brotli at all</html>", 1 << 20, -1, true, true},
		"empty":   {"", 1 << 20, 0, true, true},
	} {
		got, err := readBody(&http.Response{Header: http.Header{"Content-Encoding": {"br"}}, Body: io.NopCloser(strings.NewReader(c.sent))}, c.limit)
		if err != nil || c.want >= 0 && len(got.body) != c.want || got.truncated != c.truncated || got.broken != c.broken || !strings.HasPrefix(text, string(got.body)) && name != "none" {
			t.Errorf("%s: %d bytes, truncated %v, broken %v, %v", name, len(got.body), got.truncated, got.broken, err)
		}
	}
}

// Who asks for some bytes of a file wants those, not that many bytes of the file as packed, which nothing can be read from.
func TestRangesAreOfTheFileAsItIs(t *testing.T) {
	const file = "-- MySQL dump 10.13  Distrib 8.0.36"
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content := []byte(file)
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") { // as Apache's mod_deflate does it
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, _ = io.WriteString(z, file) // to memory
			_ = z.Close()
			content = packed.Bytes()
			w.Header().Set("Content-Encoding", "gzip")
		}
		w.Header().Set("Content-Type", "application/sql")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}))
	defer site.Close()
	u := parse(t, site.URL+"/dump.sql")
	s := client(t, Options{}).Session(u)
	for name, c := range map[string]struct {
		header http.Header
		want   string
		broken bool
	}{
		"range":             {http.Header{"Range": {"bytes=0-7"}}, file[:8], false},
		"range_lower_case":  {http.Header{"range": {"bytes=0-7"}}, file[:8], false},
		"range_of_whatever": {http.Header{"Range": {"bytes=0-7"}, "Accept-Encoding": {"gzip"}}, "", true},
		"whole":             {nil, file, false},
	} {
		if ex := get(t, s, u, Request{Header: c.header}); string(ex.Body) != c.want || ex.Broken != c.broken {
			t.Errorf("%s: %q, broken %v", name, ex.Body, ex.Broken)
		}
	}
}
