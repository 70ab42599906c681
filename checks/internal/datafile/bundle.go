// Package datafile has the data files that were imported in place of those compiled in, and the signed bundles they come in.
//
// A bundle is a tar archive: manifest.json (Manifest), signature (Ed25519, of the manifest's bytes) and then the files in the
// manifest's order; it is handed on compressed by gzip. The folder that $SOTOMI_DATA names keeps the last one imported, not
// compressed, as one file: it is replaced as a whole or not at all. It is verified again whenever it is read.
package datafile

import (
	"archive/tar"
	"crypto/ed25519"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Bounds of a bundle, in bytes. The files of today have less than one megabyte together.
const (
	maxManifest = 64 << 10
	maxFile     = 8 << 20
	maxBundle   = 32 << 20
)

// format is the first field of a manifest.
const format = "sotomi-data-1"

//go:embed keys.txt
var keysText string

// Keys are the public keys that a bundle may be signed with.
func Keys() ([]ed25519.PublicKey, error) { return parseKeys(keysText) }

// parseKeys reads a key a line, in base64, with its owner's name behind it.
func parseKeys(text string) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(fields[0])
		if err != nil || len(key) != ed25519.PublicKeySize {
			return nil, message.Errorf("%q is no public key", fields[0])
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Manifest says what is in a bundle.
type Manifest struct {
	Format string `json:"format"`
	Files  []File `json:"files"`
}

// File is one data file.
type File struct {
	Name   string         `json:"name"` // as of scanner.Data
	Size   int64          `json:"size"` // bytes
	SHA256 string         `json:"sha256"`
	Data   []scanner.Data `json:"data"` // what it says of its sources
}

// Bundle is a verified set of data files.
type Bundle struct {
	Manifest Manifest
	texts    map[string]string
}

// Text is a file of the bundle, and what it says of its sources; there may be no bundle.
func (b *Bundle) Text(name string) (text string, data []scanner.Data, ok bool) {
	if b == nil {
		return "", nil, false
	}
	i := slices.IndexFunc(b.Manifest.Files, func(f File) bool { return f.Name == name })
	if i < 0 {
		return "", nil, false
	}
	return b.texts[name], b.Manifest.Files[i].Data, true
}

var errSize = message.Errorf("it is larger than bundles of data are")

// read reads and verifies the archive of a bundle, not compressed.
func read(r io.Reader, keys []ed25519.PublicKey) (*Bundle, error) {
	archive := tar.NewReader(&bounded{from: r, left: maxBundle})
	manifest, err := entry(archive, "manifest.json", maxManifest)
	if err != nil {
		return nil, err
	}
	signature, err := entry(archive, "signature", ed25519.SignatureSize)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(keys, func(key ed25519.PublicKey) bool { return ed25519.Verify(key, manifest, signature) }) {
		return nil, message.Errorf("it is not signed with a key that this sotomi trusts (it trusts %d)", len(keys))
	}
	b := &Bundle{texts: map[string]string{}}
	if err := json.Unmarshal(manifest, &b.Manifest); err != nil {
		return nil, message.Errorf("its manifest: %w", err)
	}
	if b.Manifest.Format != format {
		return nil, message.Errorf("its format is %q; this sotomi reads %q", b.Manifest.Format, format)
	}
	for _, f := range b.Manifest.Files {
		text, err := entry(archive, f.Name, maxFile)
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(text); int64(len(text)) != f.Size || hex.EncodeToString(sum[:]) != f.SHA256 {
			return nil, message.Errorf("%s in it is not the file that was signed", f.Name)
		}
		b.texts[f.Name] = string(text)
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		return nil, message.Errorf("it goes on behind the files that were signed")
	}
	return b, nil
}

// bounded reads no more than there should be.
type bounded struct {
	from io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errSize
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// entry is the content of the next file of an archive, which must have a name and be no larger than limit.
func entry(archive *tar.Reader, name string, limit int64) ([]byte, error) {
	head, err := archive.Next()
	switch {
	case errors.Is(err, io.EOF):
		return nil, message.Errorf("%s is missing in it", name)
	case err != nil:
		return nil, message.Errorf("it is damaged: %w", err)
	case head.Name != name || head.Typeflag != tar.TypeReg:
		return nil, message.Errorf("%q is in it where %s should be", head.Name, name)
	case head.Size > limit:
		return nil, message.Errorf("%s in it: %w", name, errSize)
	}
	text, err := io.ReadAll(archive)
	if err != nil {
		return nil, message.Errorf("it is damaged: %w", err)
	}
	return text, nil
}

// Write writes the archive of a bundle, not compressed: the same files and key give the same bytes.
func Write(w io.Writer, key ed25519.PrivateKey, texts map[string]string) error {
	m := Manifest{Format: format}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		sum := sha256.Sum256([]byte(texts[name]))
		m.Files = append(m.Files, File{name, int64(len(texts[name])), hex.EncodeToString(sum[:]), scanner.ReadData(name, texts[name])})
	}
	manifest, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	add := func(name string, text []byte) {
		if err == nil {
			err = archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(text)), ModTime: time.Unix(0, 0), Format: tar.FormatPAX})
		}
		if err == nil {
			_, err = archive.Write(text)
		}
	}
	add("manifest.json", manifest)
	add("signature", ed25519.Sign(key, manifest))
	for _, f := range m.Files {
		add(f.Name, []byte(texts[f.Name]))
	}
	return errors.Join(err, archive.Close())
}
