package datafile

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Variable names the folder of imported data. Without it there are none.
const Variable = "SOTOMI_DATA"

// stored is the bundle in that folder.
const stored = "data.tar"

// Open reads the bundle that a folder keeps; nil where it keeps none.
func Open(folder string, keys []ed25519.PublicKey) (*Bundle, error) {
	path := filepath.Join(folder, stored)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	text, err := io.ReadAll(&bounded{from: f, left: maxBundle})
	if err != nil {
		return nil, message.Errorf("%s: %w", path, err)
	}
	b, err := read(bytes.NewReader(text), keys)
	if err != nil {
		return nil, message.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// Imported is the bundle in the folder that $SOTOMI_DATA names, nil without one; the error says why one is not used.
var Imported = sync.OnceValues(func() (*Bundle, error) {
	folder := os.Getenv(Variable)
	if folder == "" {
		return nil, nil
	}
	keys, err := Keys()
	if err != nil {
		return nil, err
	}
	return Open(folder, keys)
})

// Text is the text in force of a file: the imported one when it is newer than the one that was compiled in.
func Text(name, compiledIn string) string {
	b, _ := Imported() // whoever starts a scan tells the error
	if text, data, ok := b.Text(name); ok && newer(data, scanner.ReadData(name, compiledIn)) {
		return text
	}
	return compiledIn
}

// newer reports whether sources are newer than those of the same file: none is older, and one is newer or was added.
func newer(a, b []scanner.Data) bool {
	_, is := older(a, b)
	return !is && (len(a) > len(b) || slices.ContainsFunc(pairs(a, b), func(p [2]scanner.Data) bool { return p[0].Date > p[1].Date }))
}

// older is the first source that is older than the same of the others, beside that; one that is missing is.
func older(a, b []scanner.Data) (pair [2]scanner.Data, is bool) {
	list := pairs(a, b)
	if i := slices.IndexFunc(list, func(p [2]scanner.Data) bool { return p[0].Date < p[1].Date }); i >= 0 {
		return list[i], true
	}
	if len(a) < len(b) {
		return [2]scanner.Data{{}, b[len(a)]}, true
	}
	return pair, false
}

// pairs are the sources that both have.
func pairs(a, b []scanner.Data) [][2]scanner.Data {
	var list [][2]scanner.Data
	for i := range min(len(a), len(b)) {
		list = append(list, [2]scanner.Data{a[i], b[i]})
	}
	return list
}

// Import verifies a bundle and keeps it in a folder. inForce are the texts of the data files that there are now; parse says
// what is wrong with one.
func Import(folder string, from io.Reader, keys []ed25519.PublicKey, inForce map[string]string, parse func(name, text string) error) error {
	if len(keys) == 0 {
		return message.Errorf("this sotomi was built without a key for data (checks/internal/datafile/keys.txt), so it can import none")
	}
	compressed, err := gzip.NewReader(&bounded{from: from, left: maxBundle})
	if err != nil {
		return message.Errorf("it is no bundle of data: %w", err)
	}
	archive, err := io.ReadAll(&bounded{from: compressed, left: maxBundle})
	if err != nil {
		return message.Errorf("it is damaged: %w", err)
	}
	b, err := read(bytes.NewReader(archive), keys)
	if err != nil {
		return err
	}
	for name, present := range inForce {
		text, data, ok := b.Text(name)
		if !ok {
			return message.Errorf("%s is missing in it: it was made for another release of sotomi", name)
		}
		if said := scanner.ReadData(name, text); said == nil || !slices.Equal(said, data) {
			return message.Errorf("%s in it does not say what its sources are, and of when", name)
		}
		if err := parse(name, text); err != nil {
			return message.Errorf("%s in it: %w", name, err)
		}
		if p, is := older(data, scanner.ReadData(name, present)); is {
			return message.Errorf("%s in it is older than what sotomi has: %q instead of %q (%s)", name, p[0].Date, p[1].Date, p[1].Source)
		}
	}
	if len(b.Manifest.Files) != len(inForce) {
		return message.Errorf("it holds files that this sotomi does not know: it was made for another release of sotomi")
	}
	return keep(folder, archive)
}

// keep replaces what a folder keeps, as a whole or not at all.
func keep(folder string, archive []byte) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "."+stored+".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(archive)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(folder, stored))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
