// Package command is the command line, one file a command.
package command

import (
	"fmt"
	"io"
)

// Main runs one invocation and returns its exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	fmt.Fprintln(stderr, "not built yet")
	return 2
}
