package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
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
