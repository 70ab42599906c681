package checks

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"sotomi/checks/internal/datafile"
	"sotomi/checks/internal/endoflife"
	"sotomi/checks/internal/releases"
	"sotomi/checks/internal/weaknesses"
	"sotomi/checks/scriptlibrary"
	"sotomi/scanner"
	"sotomi/scanner/message"
)

// DataVariable names the folder of imported data; without it only what was compiled in is used.
const DataVariable = datafile.Variable

// DataFile is one source of a data file in force.
type DataFile struct {
	scanner.Data
	Imported bool // else it was compiled in
}

// Data are the data files in force and their sources, the oldest first. signatures has those that lie beside signatures. The
// error says why data that were imported are not used.
func Data(signatures fs.FS) ([]DataFile, error) {
	bundle, err := datafile.Imported()
	var list []DataFile
	for name, compiledIn := range DataTexts(signatures) {
		text := datafile.Text(name, compiledIn)
		imported, _, ok := bundle.Text(name)
		for _, d := range scanner.ReadData(name, text) {
			list = append(list, DataFile{d, ok && text == imported && text != compiledIn})
		}
	}
	slices.SortFunc(list, func(a, b DataFile) int { return a.Compare(b.Data) })
	return list, err
}

// DataTexts are the data files that were compiled in, by their names.
func DataTexts(signatures fs.FS) map[string]string {
	all := endoflife.Sources()
	maps.Copy(all, scriptlibrary.Sources())
	_ = fs.WalkDir(signatures, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".yaml" {
			return err
		}
		text, err := fs.ReadFile(signatures, name)
		if err == nil && scanner.ReadData(name, string(text)) != nil {
			all[name] = string(text)
		}
		return err
	})
	return all
}

// ImportData verifies a signed bundle of data files and keeps it in a folder, for later runs.
func ImportData(signatures fs.FS, folder string, from io.Reader) error {
	keys, err := datafile.Keys()
	if err != nil {
		return err
	}
	inForce := DataTexts(signatures)
	for name, compiledIn := range inForce {
		inForce[name] = datafile.Text(name, compiledIn)
	}
	return datafile.Import(folder, from, keys, inForce, checkData)
}

// checkData reads a data file as those do who use it.
func checkData(name, text string) error {
	switch {
	case strings.HasPrefix(name, "endoflife/"):
		_, err := endoflife.Parse(text)
		return err
	case name == "libraries.txt":
		return scriptlibrary.CheckData(text)
	case path.Base(name) == "weaknesses.txt":
		return weaknesses.CheckData(text)
	case path.Ext(name) == ".db":
		_, err := releases.Parse(strings.NewReader(text))
		return err
	}
	return message.Errorf("this sotomi does not know such a file")
}

// WithImported are the files beside signatures with the imported ones in their places.
func WithImported(signatures fs.FS) fs.FS { return overlay{signatures} }

type overlay struct{ fs.FS }

func (o overlay) Open(name string) (fs.File, error) {
	f, err := o.FS.Open(name)
	if err != nil || path.Ext(name) == ".yaml" {
		return f, err
	}
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		return f, err
	}
	if bundle, err := datafile.Imported(); bundle == nil || err != nil { // most runs: nothing is read
		return f, nil
	}
	compiledIn, err := io.ReadAll(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	text := datafile.Text(name, string(compiledIn))
	return importedFile{strings.NewReader(text), sizedInfo{info, int64(len(text))}}, nil
}

// importedFile is a file in memory, in the place of another.
type importedFile struct {
	io.Reader
	info sizedInfo
}

func (f importedFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f importedFile) Close() error               { return nil }

type sizedInfo struct {
	fs.FileInfo
	size int64
}

func (i sizedInfo) Size() int64 { return i.size }
