package signature_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"sotomi/scanner/signature"
	"sotomi/signatures"
)

// BenchmarkLoad reads the public templates of the folder that TEMPLATES names.
func BenchmarkLoad(b *testing.B) {
	folder := os.Getenv("TEMPLATES")
	if folder == "" {
		b.Skip("TEMPLATES names no folder of public templates")
	}
	for b.Loop() {
		set, err := signature.Load(signature.Sources{Folders: []string{folder}})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(set.Signatures)), "signatures")
	}
}

// BenchmarkLoadEmbedded reads 500 embedded signatures: our own, again and again under other ids.
func BenchmarkLoadEmbedded(b *testing.B) {
	files := many(b, 500)
	for b.Loop() {
		set, err := signature.Load(signature.Sources{Embedded: files})
		if err != nil {
			b.Fatal(err)
		}
		if len(set.Signatures) != 500 {
			b.Fatalf("%d signatures", len(set.Signatures))
		}
	}
}

// many are n of our own files, repeated under other ids where there are fewer.
func many(tb testing.TB, n int) fstest.MapFS {
	tb.Helper()
	names, err := fs.Glob(signatures.FS, "*/*.yaml")
	names = slices.DeleteFunc(names, func(name string) bool { return path.Base(name) == "advisories.yaml" }) // a list
	if err != nil || len(names) == 0 {
		tb.Fatalf("no embedded signatures: %v", err)
	}
	files := fstest.MapFS{}
	for i := range n {
		name := names[i%len(names)]
		text, err := fs.ReadFile(signatures.FS, name)
		if err != nil {
			tb.Fatal(err)
		}
		id := fmt.Sprintf("%s-%d", strings.TrimSuffix(path.Base(name), ".yaml"), i)
		_, rest, _ := strings.Cut(string(text), "\n")
		files[path.Join(path.Dir(name), id+".yaml")] = &fstest.MapFile{Data: []byte("id: " + id + "\n" + rest)}
	}
	return files
}
