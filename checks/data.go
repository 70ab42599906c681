package checks

import (
	"sotomi/checks/internal/endoflife"
	"sotomi/checks/scriptlibrary"
	"sotomi/scanner"
)

// Data are the data files that checks carry themselves. Those beside signatures are in package signatures.
func Data() []scanner.Data {
	var list []scanner.Data
	for _, sources := range []map[string]string{endoflife.Sources(), scriptlibrary.Sources()} {
		for name, text := range sources {
			if d, ok := scanner.ReadData(name, text); ok {
				list = append(list, d)
			}
		}
	}
	return list
}
