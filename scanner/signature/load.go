package signature

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

// Sources says where signatures come from.
type Sources struct {
	Embedded      fs.FS                          // nil for none
	Folders       []string                       // folders or single files of the user
	TemplateRoots []string                       // further folders that payload files of public templates may lie in
	Told          func(name string, text []byte) // of every file of the user's that is read, also later, by several goroutines; nil for none
	SkipBroken    bool                           // a user's file with mistakes is no error, but a signature that never runs: see Signature.Broken
}

// Set is all signatures of a run, by id.
type Set struct {
	Signatures []*Signature
	Skipped    []string // YAML files in the user's folders that are no signatures
	Unread     []error  // why some of these cannot be read as YAML
	Renamed    []Renamed
	Hash       string // of the contents of all files: 12 hex digits
}

// Renamed is a user's signature that has the id of an embedded one. Both run.
type Renamed struct {
	ID       string `json:"id"`       // of both files
	As       string `json:"as"`       // under which the user's runs
	File     string `json:"file"`     // the user's
	Embedded string `json:"embedded"` // the file of the embedded one
}

// Message says so.
func (r Renamed) Message() message.Message {
	return message.New("%s has the id %q of the embedded %s: both run, this one as %q", r.File, r.ID, r.Embedded, r.As)
}

// Load reads all signatures. The error holds all mistakes of all files, each with file and line; nothing may be sent when
// there is one.
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
	return merge(src, files, loaded)
}

type file struct {
	name  string // as shown to the user
	read  func() ([]byte, error)
	roots []string
	told  func(string, []byte)
	own   bool
	from  string // the user's folder that it is in; "" for an embedded one

	embedded fs.FS // of our own
}

type result struct {
	signatures []*Signature // none for a file that is no signature
	unread     error        // why a file cannot be read as YAML that does not look like a signature
	mistakes   error        // of an embedded file
	sum        [sha256.Size]byte
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
			files = append(files, file{
				name: name, from: folder, told: src.Told, read: func() ([]byte, error) { return readRegular(name) },
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

// readRegular reads a signature file, or the one that a link leads to. A pipe or a device could block for ever.
func readRegular(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, message.Errorf("%s: not a regular file", name)
	}
	text, err := readLimited(os.Open(name))
	if errors.Is(err, errTooLarge) {
		err = message.Errorf("%s: %w", name, err)
	}
	return text, err
}

func isYAML(name string) bool {
	ext := path.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

func (f file) load() result {
	text, err := f.read()
	if err != nil {
		if f.own {
			return result{mistakes: err}
		}
		return result{signatures: []*Signature{newBroken(f.name, idIn(f.name, nil), err)}}
	}
	if f.told != nil {
		f.told(f.name, text)
	}
	r := result{sum: sha256.Sum256(text)}
	all, err := parseAll(f.name, text, f.own)
	switch {
	case err == nil:
	case f.own:
		r.mistakes = err
		return r
	case f.name == f.from || ourKey.Match(text) || templateKey.Match(text) || listKey.Match(text):
		all = []*Signature{newBroken(f.name, idIn(f.name, text), err)}
	default:
		r.unread, all = err, nil
	}
	for _, s := range all {
		s.Roots, s.files, s.told = f.roots, f.embedded, f.told
	}
	r.signatures = all
	return r
}

var (
	ourKey      = regexp.MustCompile(`(?m)^["']?(?:safety|certainty|check|with|ports|needs|gives|variants|tests)["']?[ \t]*:|^[ \t]+["']?ja["']?[ \t]*:|[{,][ \t]*ja[ \t]*:`)
	listKey     = regexp.MustCompile(`(?m)^["']?each["']?[ \t]*:`)
	templateKey = regexp.MustCompile(`(?m)^["']?(?:id|info)["']?[ \t]*:`)
	idLine      = regexp.MustCompile(`(?m)^["']?id["']?[ \t]*:[ \t]*["']?([A-Za-z0-9._-]+)`)
)

// newBroken stands for a user's file with mistakes.
func newBroken(name, id string, err error) *Signature {
	s := &Signature{ID: id, File: name, line: 1, Info: Info{Name: id, Severity: SeverityUnknown}, Safety: SafetyPassive}
	s.Break(err)
	return s
}

// Break notes mistakes that keep a signature from running.
func (s *Signature) Break(err error) {
	s.Broken = errors.Join(s.Broken, err)
	s.Unsupported = []message.Message{message.New("skipped, as it has mistakes: %s", message.Of(s.Broken))}
}

// idIn is the id of a file that cannot be read, else its name.
func idIn(name string, text []byte) string {
	if m := idLine.FindSubmatch(text); m != nil && identifier.Match(m[1]) {
		return string(m[1])
	}
	if id := strings.TrimSuffix(path.Base(filepath.ToSlash(name)), path.Ext(name)); identifier.MatchString(id) {
		return id
	}
	return "template"
}

// Parse reads one file, of a list its first signature. It is nil without an error when the text is YAML but no signature. Files
// with keys of ours, and embedded ones, are read strictly.
func Parse(name string, text []byte, own bool) (*Signature, error) {
	all, err := parseAll(name, text, own)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

// parsed is the YAML that a signature is read from.
type parsed struct {
	name   string // of the file
	text   []byte // of the whole file
	root   *yaml.Node
	own    bool
	listed bool // with others in a file
}

// parseAll reads one file.
func parseAll(name string, text []byte, own bool) ([]*Signature, error) {
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
	if bad := unreadable(&doc); len(bad) > 0 {
		return nil, mistakesOf(name, bad)
	}
	f := parsed{name: name, text: text, root: doc.Content[0], own: own}
	keys := topKeys(f.root)
	if isList(keys) {
		f.listed = true
		return parseList(f)
	}
	if !own && keys["id"] == nil && (keys["info"] == nil || keys["http"] == nil && keys["requests"] == nil && keys["check"] == nil) {
		return nil, nil
	}
	s, err := newSignature(f)
	if err != nil {
		return nil, err
	}
	return []*Signature{s}, nil
}

// newSignature reads one signature.
func newSignature(f parsed) (*Signature, error) {
	root := f.root
	internStrings(root)
	keys := topKeys(root)
	s := &Signature{File: f.name, Own: f.own, Strict: f.own || f.listed || hasOurKeys(keys), listed: f.listed, line: 1}
	if f.listed {
		s.line = root.Line
	}
	var mistakes []mistake
	var lacking []message.Message
	if s.Strict {
		signatureSchema.unknown(root, &mistakes)
	} else {
		mistakes, lacking = s.unknownKeys(root)
		signatureSchema.coerceLists(root)
	}
	if err := root.Decode(s); err != nil {
		mistakes = append(mistakes, typeErrors(err)...)
	}
	if len(mistakes) > 0 {
		return nil, mistakesOf(f.name, mistakes)
	}
	if len(s.HTTP) == 0 {
		s.HTTP = s.Requests
	}
	s.Requests = nil
	s.setLines(keys)
	s.normalise()
	mistakes = s.check(keys)
	s.Unsupported = unsupported(s, keys, f.text)
	if len(s.HTTP) > 0 {
		s.Unsupported = append(s.Unsupported, lacking...)
	}
	if why := s.mute(); len(s.Unsupported) == 0 && len(mistakes) == 0 && !why.IsZero() {
		mistakes = append(mistakes, mistake{s.HTTP[0].Line, why})
	}
	if len(mistakes) > 0 {
		return nil, mistakesOf(f.name, mistakes)
	}
	if !s.Strict {
		s.refuse(keys)
	}
	if s.Info.Severity == "" {
		s.Info.Severity = SeverityUnknown
	}
	return s, nil
}

// topKeys are the values of a mapping by key; none for anything else.
func topKeys(n *yaml.Node) map[string]*yaml.Node {
	if n = resolve(n); n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	keys := make(map[string]*yaml.Node, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		keys[n.Content[i].Value] = n.Content[i+1]
	}
	return keys
}

func hasOurKeys(keys map[string]*yaml.Node) bool {
	for _, k := range []string{"safety", "certainty", "check", "with", "ports", "needs", "gives", "variants", "tests"} {
		if keys[k] != nil {
			return true
		}
	}
	return topKeys(keys["info"])["ja"] != nil
}
