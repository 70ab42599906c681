package signature

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

// Sources says where signatures come from.
type Sources struct {
	Embedded      fs.FS    // nil for none
	Folders       []string // folders or single files of the user
	TemplateRoots []string // further folders that payload files of public templates may lie in
}

// Set is all signatures of a run, by id.
type Set struct {
	Signatures []*Signature
	Skipped    []string // YAML files in the user's folders that are no signatures
	Hash       string   // of the contents of all files: 12 hex digits
}

// Load reads all signatures. The error holds all mistakes of our own and strict files, each with file and line; nothing may
// be sent when there is one. A file of a folder that looks like a public template but cannot be read is an unsupported
// signature.
func Load(src Sources) (*Set, error) {
	files, err := list(src)
	if err != nil {
		return nil, err
	}
	loaded := make([]result, len(files))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i := range files {
		group.Go(func() error {
			loaded[i] = files[i].load()
			return nil
		})
	}
	_ = group.Wait() // mistakes are collected per file
	return merge(files, loaded)
}

// merge puts the signatures in order. A user's file replaces the embedded one of the same id.
func merge(files []file, loaded []result) (*Set, error) {
	set := &Set{}
	var mistakes []error
	var unreadable []*Signature
	byID := map[string]int{}
	sum := sha256.New()
	empty, sums := map[string]bool{}, map[string][sha256.Size]byte{}
	for i, r := range loaded {
		if from := files[i].from; from != "" {
			before, seen := empty[from]
			empty[from] = (before || !seen) && r.signature == nil && len(r.mistakes) == 0
		}
		mistakes = append(mistakes, r.mistakes...)
		fmt.Fprintf(sum, "%s %x\n", path.Base(filepath.ToSlash(files[i].name)), r.sum)
		if r.signature == nil {
			if len(r.mistakes) == 0 {
				set.Skipped = append(set.Skipped, files[i].name)
			}
			continue
		}
		s := r.signature
		if s.unreadable {
			unreadable = append(unreadable, s)
			continue
		}
		at, double := byID[s.ID]
		switch {
		case !double:
			sums[s.ID] = r.sum
			byID[s.ID] = len(set.Signatures)
			set.Signatures = append(set.Signatures, s)
		case set.Signatures[at].Own && !s.Own:
			set.Signatures[at], sums[s.ID] = s, r.sum
		case s.Strict || set.Signatures[at].Strict || sums[s.ID] != r.sum:
			mistakes = append(mistakes, message.Errorf("%s:1: %s also has the id %q", s.File, set.Signatures[at].File, s.ID))
		default: // public collections hold the same template twice now and then
			set.Skipped = append(set.Skipped, files[i].name)
		}
	}
	for _, s := range unreadable {
		for _, taken := byID[s.ID]; taken; _, taken = byID[s.ID] { // it is only a guess
			s.ID += "-unreadable"
		}
		byID[s.ID] = len(set.Signatures)
		set.Signatures = append(set.Signatures, s)
	}
	for _, folder := range slices.Sorted(maps.Keys(empty)) {
		if empty[folder] {
			mistakes = append(mistakes, message.Errorf("--signatures %q: its YAML files are not signatures", folder))
		}
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	slices.SortFunc(set.Signatures, func(a, b *Signature) int { return cmp.Compare(a.ID, b.ID) })
	set.Hash = hex.EncodeToString(sum.Sum(nil))[:12]
	return set, nil
}

type file struct {
	name  string // as shown to the user
	read  func() ([]byte, error)
	roots []string
	own   bool
	from  string // the user's folder that it is in; "" for an embedded one

	embedded fs.FS // of our own
}

type result struct {
	signature *Signature // nil for a file that is no signature
	mistakes  []error
	sum       [sha256.Size]byte
}

// list names all files in a fixed order.
func list(src Sources) ([]file, error) {
	var files []file
	if src.Embedded != nil {
		err := fs.WalkDir(src.Embedded, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !isYAML(name) {
				return err
			}
			files = append(files, file{name: name, own: true, embedded: src.Embedded, read: func() ([]byte, error) { return fs.ReadFile(src.Embedded, name) }})
			return nil
		})
		if err != nil {
			return nil, message.Errorf("embedded signatures: %w", err)
		}
	}
	for _, folder := range src.Folders {
		root := folder
		if info, err := os.Stat(folder); err != nil {
			return nil, message.Errorf("--signatures %q: %w", folder, err)
		} else if !info.IsDir() {
			root = filepath.Dir(folder)
		}
		before := len(files)
		err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if base := d.Name(); name != folder && strings.HasPrefix(base, ".") {
					return fs.SkipDir
				}
				return nil
			}
			if name != folder && !isYAML(name) {
				return nil
			}
			read := os.ReadFile
			if !d.Type().IsRegular() {
				read = readRegular
			}
			files = append(files, file{
				name: name, from: folder, read: func() ([]byte, error) { return read(name) },
				roots: roots(filepath.Dir(name), filepath.Clean(root), src.TemplateRoots),
			})
			return nil
		})
		if err != nil {
			return nil, message.Errorf("--signatures %q: %w", folder, err)
		}
		if len(files) == before {
			return nil, message.Errorf("--signatures %q: no .yaml file in it", folder)
		}
	}
	return files, nil
}

// readRegular reads the file that a link leads to. A pipe or a device could block for ever.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, message.Errorf("%s: not a regular file", name)
	}
	return os.ReadFile(name)
}

func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

func (f file) load() result {
	text, err := f.read()
	if err != nil {
		return result{mistakes: []error{err}}
	}
	r := result{sum: sha256.Sum256(text)}
	s, err := Parse(f.name, text, f.own)
	switch {
	case err == nil:
	case f.own || f.name == f.from || ourKey.Match(text):
		r.mistakes = []error{err}
		return r
	default:
		s = newUnreadable(f.name, text, err)
	}
	if s != nil {
		s.Roots, s.files = f.roots, f.embedded
	}
	r.signature = s
	return r
}

var (
	ourKey      = regexp.MustCompile(`(?m)^["']?(?:safety|check|with|ports|needs|gives|variants|tests)["']?[ \t]*:|^[ \t]+["']?ja["']?[ \t]*:|[{,][ \t]*ja[ \t]*:`)
	templateKey = regexp.MustCompile(`(?m)^["']?(?:id|info)["']?[ \t]*:`)
)

// newUnreadable stands for a public template that cannot be read: a folder of thousands is not useless for one such file.
// It is nil for text that is no template.
func newUnreadable(name string, text []byte, err error) *Signature {
	if !templateKey.Match(text) {
		return nil
	}
	feature := message.Of(err)
	if yaml.Unmarshal(text, &yaml.Node{}) != nil {
		feature = message.New("not valid YAML: %s", feature)
	}
	id := strings.TrimSuffix(path.Base(filepath.ToSlash(name)), path.Ext(name))
	if !identifier.MatchString(id) {
		id = "template"
	}
	return &Signature{
		ID: id, File: name, Info: Info{Name: id, Severity: SeverityUnknown}, Safety: SafetyPassive, Unsupported: []message.Message{feature}, unreadable: true,
	}
}

// Parse reads one file. It is nil without an error when the text is YAML but no signature. Files with keys of ours, and
// embedded ones, are read strictly.
func Parse(name string, text []byte, own bool) (*Signature, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, mistakesOf(name, typeErrors(err))
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		if own {
			return nil, message.Errorf("%s:1: this is not a signature", name)
		}
		return nil, nil
	}
	root := doc.Content[0]
	internStrings(root)
	keys := topKeys(root)
	if !own && keys["id"] == nil && (keys["info"] == nil || keys["http"] == nil && keys["requests"] == nil && keys["check"] == nil) {
		return nil, nil
	}
	s := &Signature{File: name, Own: own, Strict: own || hasOurKeys(keys)}
	var mistakes []mistake
	var unknown []message.Message // no mistakes in a public template
	if s.Strict {
		signatureSchema.unknown(root, &mistakes)
	} else {
		unknown = unknownKeys(root, keys["info"])
		signatureSchema.coerceLists(root)
	}
	if err := root.Decode(s); err != nil {
		mistakes = append(mistakes, typeErrors(err)...)
	}
	if len(mistakes) > 0 {
		return nil, mistakesOf(name, mistakes)
	}
	if len(s.HTTP) == 0 {
		s.HTTP = s.Requests
	}
	s.Requests = nil
	s.setLines(keys)
	s.normalise()
	if mistakes := s.check(keys); len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	s.Unsupported = unsupported(s, keys, text)
	if len(s.HTTP) > 0 {
		s.Unsupported = append(s.Unsupported, unknown...)
	}
	return s, nil
}

// unknownKeys are the keys of a public template that sotomi does not know, as unsupported features: without such a key, even
// a misspelt one, it would be another template. Unknown keys under info are harmless unless one of ours is misspelt.
func unknownKeys(root, info *yaml.Node) []message.Message {
	var list []message.Message
	for _, key := range signatureSchema.unknownKeys(root) {
		underInfo := info != nil && key.within == signatureSchema.keys["info"]
		if slices.Contains(foreign, key.name) || underInfo && key.hint.IsZero() {
			continue // named as a protocol, or harmless
		}
		list = append(list, message.New("line %d: %s", key.line, key.message()))
	}
	return list
}

func topKeys(n *yaml.Node) map[string]*yaml.Node {
	keys := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys[n.Content[i].Value] = n.Content[i+1]
	}
	return keys
}

func hasOurKeys(keys map[string]*yaml.Node) bool {
	for _, k := range []string{"safety", "check", "with", "ports", "needs", "gives", "variants", "tests"} {
		if keys[k] != nil {
			return true
		}
	}
	info := keys["info"]
	return info != nil && info.Kind == yaml.MappingNode && topKeys(info)["ja"] != nil
}
