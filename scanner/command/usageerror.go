package command

import (
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// The library's words about a value that it cannot read, and about a flag given both ways.
var (
	wrongFlag     = regexp.MustCompile(`^invalid (?:boolean )?value ("(?:[^"\\]|\\.)*") for (?:flag )?-([\w-]+): `)
	bothForms     = regexp.MustCompile(`^Cannot use two forms of the same flag: (\S+) (\S+)$`)
	wrongVariable = regexp.MustCompile(`^could not parse ("(?:[^"\\]|\\.)*") as \w+ value from environment variable "(\w+)" for flag ([\w-]+): `)
)

// usageError rewords the library's errors: it names the command as typed, the flag that was probably meant and the kind of
// value that a flag takes.
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
		err = message.Errorf("there is no flag %s%s", name, signature.DidYouMean(name, names))
	} else if m := wrongFlag.FindStringSubmatch(err.Error()); m != nil {
		err = message.Errorf("--%s %s is not %s", m[2], m[1], kindOfFlag(flags, m[2]))
	} else if m := wrongVariable.FindStringSubmatch(err.Error()); m != nil {
		err = message.Errorf("%s=%s is not %s", m[2], m[1], kindOfFlag(flags, m[3]))
	}
	if m := bothForms.FindStringSubmatch(err.Error()); m != nil {
		err = message.Errorf("-%s and --%s are the same flag; use one of them", m[1], m[2])
	}
	return message.Errorf("%w; see %s --help", err, command)
}

// kindOfFlag says what kind of value a flag takes.
func kindOfFlag(flags []cli.Flag, name string) message.Message {
	f := flagNamed(flags, name)
	switch f.(type) {
	case *cli.BoolFlag:
		return message.New("true or false")
	case *cli.IntFlag:
		return message.New("a whole number")
	case *cli.Float64Flag:
		return message.New("a number")
	case *cli.DurationFlag:
		return message.New("a duration such as 15s")
	}
	return message.New("a valid value")
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
