package command

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"sotomi/scanner/message"
)

const completionFlag = "--generate-bash-completion" // ends what a shell asks the program

// takesValue tells the flags of all commands that take a value from those that are true or false, by name.
func takesValue(app *cli.App) map[string]bool {
	takes := map[string]bool{}
	add := func(flags []cli.Flag) {
		for _, f := range flags {
			_, boolean := f.(*cli.BoolFlag)
			for _, name := range f.Names() {
				takes[name] = takes[name] || !boolean
			}
		}
	}
	var walk func([]*cli.Command)
	walk = func(commands []*cli.Command) {
		for _, c := range commands {
			add(c.Flags)
			walk(c.Subcommands)
		}
	}
	add(app.Flags)
	walk(app.Commands)
	return takes
}

// takeLanguage takes --lang out of the arguments, wherever it stands before "--": it also chooses the language of what is
// said before flags are read. The last one counts; given is false without one.
func takeLanguage(args []string, takes map[string]bool) (rest []string, lang string, given bool, err error) {
	if len(args) > 0 && args[len(args)-1] == completionFlag {
		return args, "", false, nil
	}
	for i := 0; i < len(args); i++ {
		arg := args[i]
		name, value, joined := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		switch {
		case arg == "--":
			return append(rest, args[i:]...), lang, given, nil
		case !strings.HasPrefix(arg, "-") || name != "lang":
			rest = append(rest, arg)
			if strings.HasPrefix(arg, "-") && !joined && takes[name] && i+1 < len(args) {
				i++
				rest = append(rest, args[i])
			}
		case joined:
			lang, given = value, true
		case i+1 == len(args):
			return rest, lang, given, message.Errorf("%s needs a value", arg)
		default:
			i++
			lang, given = args[i], true
		}
	}
	return rest, lang, given, nil
}

// helpAsked finds out whether the arguments ask for help, and about which command: nil is the program itself.
func helpAsked(app *cli.App, args []string, takes map[string]bool) (asked bool, about *cli.Command, err error) {
	if len(args) < 2 {
		return true, nil, nil
	}
	if args[len(args)-1] == completionFlag {
		return false, nil, nil
	}
	if word := args[1]; word == "help" || word == "h" {
		commands := app.Commands
		for _, name := range args[2:] {
			if about = find(commands, name); about == nil {
				return false, nil, noCommand(name, app.Commands)
			}
			commands = about.Subcommands
		}
		return true, about, nil
	}
	about, rest := commandOf(app, args[1:])
	if about != nil && len(about.Subcommands) > 0 && (len(rest) == 0 || rest[0] == "help" || rest[0] == "h") {
		return true, about, nil
	}
	for i := 0; i < len(rest) && rest[i] != "--"; i++ {
		name := strings.TrimLeft(rest[i], "-")
		switch {
		case !strings.HasPrefix(rest[i], "-"):
		case name == "help" || name == "h":
			return true, about, nil
		case takes[name]:
			i++
		}
	}
	return false, nil, nil
}

// commandOf is the command that the arguments begin with, nil when they begin with none, and what follows its name.
func commandOf(app *cli.App, args []string) (*cli.Command, []string) {
	var command *cli.Command
	commands := app.Commands
	for len(args) > 0 {
		inner := find(commands, args[0])
		if inner == nil {
			break
		}
		command, commands, args = inner, inner.Subcommands, args[1:]
	}
	return command, args
}

func find(commands []*cli.Command, name string) *cli.Command {
	i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(name) })
	if i < 0 {
		return nil
	}
	return commands[i]
}

// flagsFirst puts the flags of a command before its arguments, because the library takes everything after the first
// argument for arguments. What follows "--" is arguments.
func flagsFirst(app *cli.App, args []string, takes map[string]bool) ([]string, error) {
	if len(args) < 2 || strings.HasPrefix(args[1], "-") || args[len(args)-1] == completionFlag {
		return args, nil // a completion: what is typed so far is in no order yet
	}
	command, words := commandOf(app, args[1:])
	if command == nil {
		return args, nil
	}
	flags, rest := []string{}, []string{}
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "--":
			rest = append(rest, words[i+1:]...)
			i = len(words)
		case word == "-" || !strings.HasPrefix(word, "-"):
			rest = append(rest, word)
		default:
			flags = append(flags, word)
			name, value, joined := strings.Cut(word, "=")
			if !takes[strings.TrimLeft(name, "-")] {
				continue
			}
			if !joined && i+1 == len(words) {
				return nil, message.Errorf("%s needs a value", word)
			}
			if !joined {
				i++
				value = words[i]
				flags = append(flags, value)
			}
			if value == "" { // such as that of a variable that is not set: all signatures, or no proxy, is not what was meant
				return nil, message.Errorf("%s needs a value; leave it out if there is none", name)
			}
		}
	}
	out := slices.Concat(args[:len(args)-len(words)], flags)
	if len(rest) > 0 {
		out = append(append(out, "--"), rest...)
	}
	return out, nil
}
