// Command sotomi scans hosts that its user is responsible for and reports what an outsider can see there that should
// not be seen.
package main

import (
	"os"

	"sotomi/scanner/command"
)

func main() { os.Exit(command.Main(os.Args, os.Stdin, os.Stdout, os.Stderr)) }
