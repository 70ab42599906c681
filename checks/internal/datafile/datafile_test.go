package datafile

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotomi/scanner"
)

// testKey is a key pair from a fixed seed.
func testKey(seed byte) (ed25519.PrivateKey, []ed25519.PublicKey) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return private, []ed25519.PublicKey{private.Public().(ed25519.PublicKey)}
}

// text is a data file of a day.
func text(day, body string) string {
	return "# source: https://a.test\n# date: " + day + "\n" + body + "\n"
}

var present = map[string]string{"a.txt": text("2026-08-22", "a 1"), "b/b.db": text("2026-08-01", "b 1")}

// with is the present files, one of them replaced.
func with(name, content string) map[string]string {
	all := maps.Clone(present)
	all[name] = content
	return all
}

func archive(t *testing.T, key ed25519.PrivateKey, texts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, key, texts); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipped(t *testing.T, archive []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(archive); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// parse refuses the word broken.
func parse(_, text string) error {
	if strings.Contains(text, "broken") {
		return errors.New("line 3: broken")
	}
	return nil
}

func TestImport(t *testing.T) {
	key, keys := testKey(1)
	folder := filepath.Join(t.TempDir(), "sotomi", "data")
	next := with("a.txt", text("2026-11-01", "a 2"))
	if err := Import(folder, bytes.NewReader(zipped(t, archive(t, key, next))), keys, present, parse); err != nil {
		t.Fatal(err)
	}
	b, err := Open(folder, keys)
	if err != nil {
		t.Fatal(err)
	}
	got, data, ok := b.Text("a.txt")
	if want := []scanner.Data{{Name: "a.txt", Source: "https://a.test", Date: "2026-11-01"}}; got != next["a.txt"] || !ok || len(data) != 1 || data[0] != want[0] {
		t.Errorf("Text = %q, %v, %v", got, data, ok)
	}
	if list, err := os.ReadDir(folder); err != nil || len(list) != 1 || list[0].Name() != stored {
		t.Errorf("the folder holds %v, %v; want %s alone", list, err, stored)
	}
}

// repack changes the entries of an archive.
func repack(t *testing.T, archive []byte, change func(head *tar.Header, content []byte) []byte) []byte {
	t.Helper()
	in := tar.NewReader(bytes.NewReader(archive))
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	for {
		head, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		content = change(head, content)
		head.Size = int64(len(content))
		if err := out.WriteHeader(head); err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// named gives an entry another name; changed gives it other content.
func named(from, to string) func(*tar.Header, []byte) []byte {
	return func(head *tar.Header, content []byte) []byte {
		if head.Name == from {
			head.Name = to
		}
		return content
	}
}

func changed(name string, change func([]byte) []byte) func(*tar.Header, []byte) []byte {
	return func(head *tar.Header, content []byte) []byte {
		if head.Name == name {
			return change(content)
		}
		return content
	}
}

// signed is an archive whose manifest was changed and signed by the key's owner: what he signs is bounded too.
func signed(t *testing.T, key ed25519.PrivateKey, texts map[string]string, change func(*Manifest)) []byte {
	t.Helper()
	var manifest []byte
	whole := repack(t, archive(t, key, texts), changed("manifest.json", func(text []byte) []byte {
		var m Manifest
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		change(&m)
		var err error
		if manifest, err = json.Marshal(m); err != nil {
			t.Fatal(err)
		}
		return manifest
	}))
	return repack(t, whole, changed("signature", func([]byte) []byte { return ed25519.Sign(key, manifest) }))
}

// What is not whole, not signed, not newer or not readable is refused and changes nothing.
func TestImportRefuses(t *testing.T) {
	key, keys := testKey(1)
	other, _ := testKey(2)
	good := archive(t, key, present)
	huge := "# source: https://a.test\n# date: 2026-11-01\n" + strings.Repeat(" ", maxFile)
	upper := func(b []byte) []byte { return bytes.ToUpper(b) }
	twoSources := with("a.txt", "# source: x\n# date: 2026-08-22\n# source: y\n# date: 2026-08-22\na\n")
	for name, c := range map[string]struct {
		bundle  []byte
		present map[string]string
		want    string
	}{
		"nothing":             {nil, present, "no bundle"},
		"not_compressed":      {good, present, "no bundle"},
		"no_archive":          {zipped(t, []byte("data")), present, "damaged"},
		"another_key":         {zipped(t, archive(t, other, present)), present, "not signed"},
		"signature_changed":   {zipped(t, repack(t, good, changed("signature", func(b []byte) []byte { b[0] ^= 1; return b }))), present, "not signed"},
		"signature_long":      {zipped(t, repack(t, good, changed("signature", func(b []byte) []byte { return append(b, 0) }))), present, "larger"},
		"manifest_changed":    {zipped(t, repack(t, good, changed("manifest.json", func(b []byte) []byte { return append(b, ' ') }))), present, "not signed"},
		"file_changed":        {zipped(t, repack(t, good, changed("a.txt", upper))), present, "not the file that was signed"},
		"truncated":           {zipped(t, good)[:200], present, "damaged"},
		"archive_truncated":   {zipped(t, good[:len(good)/2]), present, "damaged"},
		"cut_at_a_file":       {zipped(t, good[:bytes.Index(good, []byte("b/b.db\x00"))]), present, "missing"},
		"older":               {zipped(t, archive(t, key, with("b/b.db", text("2026-07-31", "b 1")))), present, `b/b.db in it is older than what sotomi has: "2026-07-31" instead of "2026-08-01"`},
		"a_source_less":       {zipped(t, good), twoSources, "older"},
		"a_source_older":      {zipped(t, archive(t, key, with("a.txt", "# source: x\n# date: 2026-11-22\n# source: y\n# date: 2026-08-21\na\n"))), twoSources, "older"},
		"broken_file":         {zipped(t, archive(t, key, with("a.txt", text("2026-11-01", "broken")))), present, "a.txt in it: line 3"},
		"no_date":             {zipped(t, archive(t, key, with("a.txt", "a 1"))), present, "does not say"},
		"another_date_signed": {zipped(t, signed(t, key, present, func(m *Manifest) { m.Files[0].Data[0].Date = "2026-12-01" })), present, "does not say"},
		"another_format":      {zipped(t, signed(t, key, present, func(m *Manifest) { m.Format = "sotomi-data-2" })), present, "format"},
		"file_missing":        {zipped(t, archive(t, key, map[string]string{"a.txt": present["a.txt"]})), present, "b/b.db is missing"},
		"unknown_file":        {zipped(t, archive(t, key, with("c.txt", text("2026-11-01", "c")))), present, "does not know"},
		"path_out":            {zipped(t, repack(t, good, named("a.txt", "../../a.txt"))), present, `"../../a.txt" is in it where a.txt should be`},
		"path_out_signed":     {zipped(t, archive(t, key, map[string]string{"../../a.txt": text("2026-11-01", "a")})), present, "missing"},
		"absolute":            {zipped(t, repack(t, good, named("a.txt", "/etc/a.txt"))), present, "where a.txt should be"},
		"link": {zipped(t, repack(t, good, func(h *tar.Header, b []byte) []byte {
			if h.Name == "a.txt" {
				h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc/passwd"
				return nil
			}
			return b
		})), present, "where a.txt should be"},
		"behind_the_files": {zipped(t, append(bytes.Clone(good[:len(good)-1024]), good...)), present, "behind"},
		"huge_file":        {zipped(t, archive(t, key, with("a.txt", huge))), present, "larger"},
		"huge_manifest":    {zipped(t, signed(t, key, present, func(m *Manifest) { m.Files[0].Data[0].Source = strings.Repeat("x", maxManifest) })), present, "larger"},
		"bomb":             {zipped(t, make([]byte, maxBundle+1)), present, "larger"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			err := Import(folder, bytes.NewReader(c.bundle), keys, c.present, parse)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Import = %v, want %q", err, c.want)
			}
			if list, err := os.ReadDir(folder); err != nil || len(list) > 0 {
				t.Errorf("the folder holds %v, %v", list, err)
			}
		})
	}
	if err := Import(t.TempDir(), bytes.NewReader(zipped(t, good)), nil, present, parse); err == nil || !strings.Contains(err.Error(), "without a key") {
		t.Errorf("Import without a key: %v", err)
	}
	if err := Import(t.TempDir(), bytes.NewReader(zipped(t, good)), keys, present, parse); err != nil {
		t.Errorf("the bundle that the others are made of: %v", err)
	}
}

// An import that is refused leaves the one before it.
func TestImportKeepsTheLast(t *testing.T) {
	key, keys := testKey(1)
	folder := t.TempDir()
	if err := Import(folder, bytes.NewReader(zipped(t, archive(t, key, with("a.txt", text("2026-11-01", "a 2"))))), keys, present, parse); err != nil {
		t.Fatal(err)
	}
	if err := Import(folder, bytes.NewReader(zipped(t, archive(t, key, with("a.txt", text("2026-12-01", "broken"))))), keys, present, parse); err == nil {
		t.Fatal("a broken file was imported")
	}
	b, err := Open(folder, keys)
	if text, _, _ := b.Text("a.txt"); err != nil || !strings.Contains(text, "a 2") {
		t.Errorf("%q, %v", text, err)
	}
}

// What the folder keeps is verified again: it may have been changed, or be signed with a key that is trusted no more.
func TestOpen(t *testing.T) {
	key, keys := testKey(1)
	_, others := testKey(2)
	good := archive(t, key, present)
	for name, c := range map[string]struct {
		kept []byte
		keys []ed25519.PublicKey
		ok   bool
	}{
		"whole":         {good, keys, true},
		"file_changed":  {bytes.Replace(good, []byte("a 1"), []byte("a 9"), 1), keys, false},
		"key_withdrawn": {good, others, false},
		"no_key":        {good, nil, false},
		"cut":           {good[:len(good)/2], keys, false},
		"empty":         {nil, keys, false},
		"huge":          {make([]byte, maxBundle+1), keys, false},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, stored), c.kept, 0o600); err != nil {
				t.Fatal(err)
			}
			b, err := Open(folder, c.keys)
			if (err == nil) != c.ok || (b != nil) != c.ok {
				t.Errorf("Open = %v, %v", b, err)
			}
		})
	}
	if b, err := Open(filepath.Join(t.TempDir(), "none"), keys); b != nil || err != nil {
		t.Errorf("Open without a folder = %v, %v", b, err)
	}
}

// Of the imported and the compiled-in file the newer one is used: a program can be newer than what was imported.
func TestNewer(t *testing.T) {
	day := func(days ...string) (list []scanner.Data) {
		for _, d := range days {
			list = append(list, scanner.Data{Name: "f", Source: "s", Date: d})
		}
		return list
	}
	for name, c := range map[string]struct {
		a, b []scanner.Data
		want bool
	}{
		"newer":             {day("2026-11-02"), day("2026-11-01"), true},
		"the_same":          {day("2026-11-01"), day("2026-11-01"), false},
		"older":             {day("2026-10-31"), day("2026-11-01"), false},
		"one_newer":         {day("2026-11-01", "2026-03-02"), day("2026-11-01", "2026-03-01"), true},
		"newer_and_older":   {day("2026-11-02", "2026-02-28"), day("2026-11-01", "2026-03-01"), false},
		"one_more":          {day("2026-11-01", "2025-01-01"), day("2026-11-01"), true},
		"one_less":          {day("2026-12-01"), day("2026-11-01", "2025-01-01"), false},
		"nothing_of_either": {nil, nil, false},
	} {
		if got := newer(c.a, c.b); got != c.want {
			t.Errorf("%s: newer = %v, want %v", name, got, c.want)
		}
	}
}

func TestKeys(t *testing.T) {
	const line = "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik=" // 32 bytes
	keys, err := parseKeys("# one\n\n" + line + " Owner\n")
	if err != nil || len(keys) != 1 {
		t.Errorf("parseKeys = %v, %v", keys, err)
	}
	for _, text := range []string{"x\n", "AAAA Owner\n"} {
		if keys, err := parseKeys(text); err == nil {
			t.Errorf("parseKeys(%q) = %v", text, keys)
		}
	}
	if _, err := Keys(); err != nil {
		t.Errorf("keys.txt: %v", err)
	}
}

// The same files and key give the same bundle.
func TestWriteIsTheSameAgain(t *testing.T) {
	key, _ := testKey(1)
	first := archive(t, key, present)
	if again := archive(t, key, present); !bytes.Equal(first, again) {
		t.Error("two bundles of the same files differ")
	}
}
