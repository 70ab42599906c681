package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/target"
)

// partings are what --per can split reports by: how a target is assigned, and the name of the part of those that have none.
var partings = map[string]struct {
	of   func(scanner.TargetInfo) string
	none string
}{
	"target": {func(t scanner.TargetInfo) string { return t.Target }, "no-target"},
	"owner":  {func(t scanner.TargetInfo) string { return t.Owner }, "no-owner"},
	"label":  {func(t scanner.TargetInfo) string { return t.Label }, "no-label"},
}

const letters = "letters" // a format that writes a folder

// checkPer is the error of a --per that is none, or whose value stands in no path.
func (o *outputs) checkPer() error {
	if o.per == "" {
		return nil
	}
	if _, ok := partings[o.per]; !ok {
		return message.Errorf("--per %q: there are target, owner and label", o.per)
	}
	files := 0
	for _, w := range o.wanted {
		if w.path == "" || w.name == letters || w.name == evidencePack || w.name == requestsOutput {
			continue
		}
		files++
		if !strings.Contains(filepath.Base(w.path), "{"+o.per+"}") {
			return message.Errorf("--per %s: %s is one file; put {%s} where it is to stand in the name, as in %s", o.per, w.path, o.per, withPlaceholder(w.path, o.per))
		}
	}
	if files == 0 {
		return message.Errorf("--per %s: no report goes to files; name one, as in -o html=report-{%s}.html", o.per, o.per)
	}
	return nil
}

func withPlaceholder(path, per string) string {
	ending := filepath.Ext(path)
	return strings.TrimSuffix(path, ending) + "-{" + per + "}" + ending
}

// checkAbout is the error of reports that need to know more of targets than their list says.
func (o *outputs) checkAbout(targets *target.List) error {
	owned := targets.Describes(func(a target.About) string { return a.Owner })
	for _, w := range o.wanted {
		if w.name == letters && !owned {
			return message.Errorf("--output %s=%s: no target has an owner; a list of targets as YAML or CSV can name them (owner, contact)", w.name, w.path)
		}
	}
	if o.per == "owner" && !owned || o.per == "label" && !targets.Describes(func(a target.About) string { return a.Label }) {
		return message.Errorf("--per %s: no target has one; a list of targets as YAML or CSV can name them", o.per)
	}
	return nil
}

// parts is a report for each part of a scan.
func (o *outputs) parts(w output) (scanner.Sink, error) {
	per, folder := o.per, filepath.Dir(w.path)
	if w.name == letters {
		per, folder = "owner", w.path
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return nil, reason(err)
		}
	}
	probe, err := os.CreateTemp(folder, ".sotomi-*.tmp") // whether files can be made there
	if err != nil {
		return nil, message.Errorf("no file can be written in %s: %w", folder, reason(err))
	}
	_, _ = probe.Close(), os.Remove(probe.Name())
	spool, err := os.CreateTemp("", "sotomi-*.tmp")
	if err != nil {
		return nil, reason(err)
	}
	o.spools = append(o.spools, spool)
	names := fileNames{none: partings[per].none, taken: map[string]bool{}}
	return report.NewParts(spool, partings[per].of, func(p report.Part) (scanner.Sink, error) {
		if w.name != letters {
			return o.openPart(w, strings.ReplaceAll(w.path, "{"+per+"}", names.of(p.Name)))
		}
		if p.Findings == 0 {
			return nil, nil
		}
		return o.openLetter(filepath.Join(folder, names.of(p.Name)))
	}), nil
}

func (o *outputs) openPart(w output, path string) (scanner.Sink, error) {
	w.path = path
	err := o.merged(&w)
	if err != nil {
		return nil, message.Errorf("%s was not written: %w", path, err)
	}
	p, err := newOutputFile(path, false)
	if err != nil {
		return nil, message.Errorf("%s was not written: %w", path, reason(err))
	}
	return &fileSink{w.format(p, o.options), p}, nil
}

// openLetter is a letter as text and as HTML.
func (o *outputs) openLetter(path string) (scanner.Sink, error) {
	plain, err := newOutputFile(path+".txt", false)
	if err != nil {
		return nil, err
	}
	page, err := newOutputFile(path+".html", false)
	if err != nil {
		plain.abandon()
		return nil, err
	}
	return &fileSink{&fileSink{report.NewLetter(plain, page, o.options), plain}, page}, nil
}

// fileNames makes names of files of names of parts, each another one.
type fileNames struct {
	none  string
	taken map[string]bool // in lower case
}

// longestName is the longest name of a part in a file's name, in characters: with some for the rest, file systems take it.
const longestName = 60

func (f fileNames) of(part string) string {
	part = strings.TrimPrefix(strings.TrimPrefix(part, "https://"), "http://")
	name := []rune(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) || r == '-' || r == '.' {
			return r
		}
		return '_'
	}, part))
	base := strings.Trim(string(name[:min(len(name), longestName)]), "._")
	if base == "" {
		base = f.none
	}
	one := base
	for n := 2; f.taken[strings.ToLower(one)]; n++ {
		one = fmt.Sprintf("%s-%d", base, n)
	}
	f.taken[strings.ToLower(one)] = true
	return one
}
