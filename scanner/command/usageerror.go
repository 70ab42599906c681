package command

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"sotomi/scanner/signature"
)

// What the library says of a value that it cannot read.
var (
	wrongFlag     = regexp.MustCompile(`^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-([\w-]+): `)
	wrongVariable = regexp.MustCompile(`^could not parse ("(?:[^"\\]|\\.)*") as \w+ value from environment variable "(\w+)" for flag ([\w-]+): `)
)

// usageError says in the words of the command line what the library says in its own: the command as it is typed, the flag
// that was perhaps meant, the kind of value that a flag takes.
func usageError(c *cli.Context, err error, _ bool) error {
	command, flags := c.App.Name, c.App.Flags
	if c.Command != nil && c.Command.HelpName != "" {
		command, flags = c.Command.HelpName, c.Command.Flags
	}
	if name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); unknown {
		var names []string
		for _, f := range flags {
			for _, n := range f.Names() {
				if len(n) > 1 {
					names = append(names, "--"+n)
				}
			}
		}
		name = strings.Repeat("-", min(2, len(name))) + name
		err = fmt.Errorf("there is no flag %s%s", name, signature.DidYouMean(name, names))
	} else if m := wrongFlag.FindStringSubmatch(err.Error()); m != nil {
		err = fmt.Errorf("--%s %s is not %s", m[2], m[1], kindOfFlag(flags, m[2]))
	} else if m := wrongVariable.FindStringSubmatch(err.Error()); m != nil {
		err = fmt.Errorf("%s=%s is not %s", m[2], m[1], kindOfFlag(flags, m[3]))
	}
	return fmt.Errorf("%w; see %s --help", err, command)
}

// kindOfFlag is what a flag takes, in words.
func kindOfFlag(flags []cli.Flag, name string) string {
	f := flagNamed(flags, name)
	switch f.(type) {
	case *cli.BoolFlag:
		return "true or false"
	case *cli.IntFlag:
		return "a whole number"
	case *cli.Float64Flag:
		return "a number"
	case *cli.DurationFlag:
		return "a duration such as 15s"
	}
	return "a value that it takes"
}

func flagNamed(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		for _, n := range f.Names() {
			if n == name {
				return f
			}
		}
	}
	return nil
}
