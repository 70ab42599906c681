package checks

import (
	"sotomi/checks/internal/endoflife"
	"sotomi/scanner"
)

// Data are the data files that checks carry themselves. Those beside signatures are in package signatures.
func Data() []scanner.Data {
	var list []scanner.Data
	for name, text := range endoflife.Sources() {
		if d, ok := scanner.ReadData(name, text); ok {
			list = append(list, d)
		}
	}
	return list
}
