package command

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sotomi/scanner/message"
)

// taken is what a scan has read from files, so that workers on other machines read the same. A nil one keeps nothing.
type taken struct {
	mu         sync.Mutex
	names      []string                 // of lists of targets, in the order in which they were read; "-" is standard input
	texts      map[string]*bytes.Buffer // of lists
	signatures map[string][]byte        // the user's, and files that they name, by absolute path
	ports      []byte                   // of expected.yaml; nil without it
	portsName  string
	pays       []byte // of payment.yaml; nil without it
	paysName   string
}

func newTaken() *taken {
	return &taken{texts: map[string]*bytes.Buffer{}, signatures: map[string][]byte{}}
}

// list keeps what is read of a list of targets.
func (t *taken) list(name string, r io.Reader) io.Reader {
	if t == nil {
		return r
	}
	if t.texts[name] == nil {
		t.names = append(t.names, name)
	}
	t.texts[name] = &bytes.Buffer{}
	return io.TeeReader(r, t.texts[name])
}

func (t *taken) expected(name string, text []byte) {
	if t != nil {
		t.portsName, t.ports = name, text
	}
}

func (t *taken) payment(name string, text []byte) {
	if t != nil {
		t.paysName, t.pays = name, text
	}
}

// signature keeps a file of the user's signatures.
func (t *taken) signature() func(name string, text []byte) {
	if t == nil {
		return nil
	}
	return func(name string, text []byte) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.signatures[inBundle(name)] = text
	}
}

// Folders of a bundle.
const (
	bundleLists      = "lists"
	bundleSignatures = "signatures"
	bundleExpected   = "expected.yaml"
)

// inBundle is the name that a file of signatures, or a folder, has in a bundle.
func inBundle(name string) string {
	if whole, err := filepath.Abs(name); err == nil {
		name = whole
	}
	return path.Join(bundleSignatures, strings.ReplaceAll(filepath.ToSlash(name), ":", ""))
}

// bundle is all that was taken, as a ZIP file.
func (t *taken) bundle() ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	var errs []error
	add := func(name string, text []byte) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(text)
		}
		errs = append(errs, err)
	}
	for i, name := range t.names {
		add(listInBundle(i), t.texts[name].Bytes())
	}
	for _, name := range slices.Sorted(maps.Keys(t.signatures)) {
		add(name, t.signatures[name])
	}
	if t.ports != nil {
		add(bundleExpected, t.ports)
	}
	errs = append(errs, z.Close())
	return out.Bytes(), errors.Join(errs...)
}

func listInBundle(i int) string { return path.Join(bundleLists, strconv.Itoa(i)) }

// unpacked is a bundle on another machine: its signatures are in a folder that is removed when the work is over.
type unpacked struct {
	files  *zip.Reader
	folder string // "" when there are no signatures in it
}

func unpack(bundle []byte) (*unpacked, error) {
	files, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		return nil, err
	}
	u := &unpacked{files: files}
	sub, err := fs.Sub(files, bundleSignatures)
	if err != nil {
		return nil, err
	}
	if _, err := fs.Stat(files, bundleSignatures); errors.Is(err, fs.ErrNotExist) {
		return u, nil
	}
	if u.folder, err = os.MkdirTemp("", "sotomi-work-"); err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(u.folder, bundleSignatures), sub); err != nil {
		u.remove()
		return nil, err
	}
	return u, nil
}

// at is where a file or folder of the coordinator is on this machine.
func (u *unpacked) at(name string) string { return filepath.Join(u.folder, filepath.FromSlash(name)) }

func (u *unpacked) remove() {
	if u.folder != "" {
		_ = os.RemoveAll(u.folder) // a folder of temporary files
	}
}

// list opens a list of targets by its place in names.
func (u *unpacked) list(names []string, name string) (io.ReadCloser, error) {
	i := slices.Index(names, name)
	if i < 0 {
		return nil, message.Errorf("the coordinator sent no list %q", name)
	}
	return u.files.Open(listInBundle(i))
}
