package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
)

// merged makes a report one that goes into the workbook which stands at its path, for people have worked with it. What is no
// list of ours is never overwritten.
func (o *outputs) merged(w *output) error {
	if w.name != "xlsx" {
		return nil
	}
	list, err := listAt(w.path)
	if err != nil {
		return err
	}
	if list == nil {
		list = o.list
	}
	if list != nil {
		w.format = func(to io.Writer, options report.Options) scanner.Sink {
			return report.NewListUpdate(to, options, list, !o.retest)
		}
	}
	return nil
}

// listAt is the list that stands at a path, nil where there is no file, or nothing in it.
func listAt(path string) (*report.List, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && (!info.Mode().IsRegular() || info.Size() == 0):
		return nil, nil //nolint:nilnil // nothing to merge with, and nothing wrong
	case err != nil:
		return nil, reason(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	list, err := report.OpenList(f)
	if err != nil {
		return nil, message.Errorf("a file is there that is not overwritten: %w", err)
	}
	return list, nil
}

// has reports whether a format is wanted.
func (o *outputs) has(format string) bool {
	return slices.ContainsFunc(o.wanted, func(w output) bool { return w.name == format })
}

// ofRetest makes the reports those of a retest.
func (o *outputs) ofRetest(list *report.List) {
	o.list, o.retest = list, true
	for i := range o.wanted {
		if o.wanted[i].name == "text" {
			o.wanted[i].format = report.NewRetestText
		}
	}
}

// spare refuses reports in the file that is read. A workbook keeps what is in it.
func (o *outputs) spare(name string) error {
	read, err := os.Stat(name)
	if err != nil {
		return reason(err)
	}
	for _, w := range o.wanted {
		if there, err := os.Stat(w.path); w.name != "xlsx" && w.path != "" && err == nil && os.SameFile(read, there) {
			return message.Errorf("--output %s=%s: this is the file that is read; name another one", w.name, w.path)
		}
	}
	return nil
}
