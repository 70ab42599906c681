package command

import (
	"io/fs"
	"path"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/signatures"
)

// data are the data files that the program carries and that say where they are from, the oldest first.
func data() []scanner.Data {
	list := checks.Data()
	_ = fs.WalkDir(signatures.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".yaml" {
			return err
		}
		text, err := fs.ReadFile(signatures.FS, name)
		if err != nil {
			return err
		}
		if said, ok := scanner.ReadData(name, string(text)); ok {
			list = append(list, said)
		}
		return nil
	})
	scanner.SortData(list)
	return list
}
