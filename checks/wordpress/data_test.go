package wordpress

import (
	"testing"

	"sotomi/checks/internal/weaknesses"
)

// theTable is the data that comes with the program.
func theTable(t *testing.T) *weaknesses.Table {
	t.Helper()
	data, err := readTable(ownSignature(t, "wordpress-components"), "weaknesses.txt")
	if err != nil {
		t.Fatal(err)
	}
	return data
}
