// Package command is the command line, one file a command.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// GCPercent is how much of its live memory a scan may leave as garbage: with three thousand public templates loaded it
// stays below 150 MB in all, for a few percent of processor time (see the benchmark).
const GCPercent = 180

// Main runs one invocation and returns its exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // else a reader of standard output that goes away takes the reports in files with it
	return run(context.Background(), args, stdin, stdout, stderr)
}

// interruptible is ctx until the user stops the program, for what has results to write then. Anything else, such as waiting
// for targets on standard input, a signal ends at once.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return ctx, stop
}

// statusError ends the program with a status of its own; an empty message has been said already.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string { return e.message }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out := &stdoutStream{to: stdout}
	e := &environment{stdin: stdin, stdout: out, stderr: stderr}
	app := e.app()
	if len(args) < 2 || strings.HasPrefix(args[1], "-") {
		app.Version = version() // shown, and it takes reading all signatures
	}
	ordered, err := flagsFirst(app, args)
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	if err == nil && out.err != nil {
		err = fmt.Errorf("the output could not be written: %w", out.err)
	}
	var status *statusError
	switch {
	case err == nil:
		return scanner.ExitClean
	case errors.As(err, &status):
		if status.message != "" {
			fmt.Fprintf(stderr, "sotomi: %s\n", status.message)
		}
		return status.status
	default:
		fmt.Fprintf(stderr, "sotomi: %s\n", strings.TrimSpace(err.Error()))
		return scanner.ExitUsage
	}
}

// environment is what the commands share.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

const about = `sotomi looks at web sites from outside, as an attacker would, and reports what should not be seen there:
published files, open databases, old shop software, pages of one visitor that reach another.
It only reads, asks politely, and says what it could not check.

Scan only sites that you are responsible for.`

func (e *environment) app() *cli.App {
	return &cli.App{
		Name:                      "sotomi",
		Usage:                     "external exposure scanner",
		UsageText:                 "sotomi COMMAND [flags] [arguments]\n\nsotomi demo                      see it work, on a lab of its own\nsotomi scan https://shop.example  scan a site",
		Description:               about,
		Version:                   web.Version,
		Reader:                    e.stdin,
		Writer:                    e.stdout,
		ErrWriter:                 e.stderr,
		DisableSliceFlagSeparator: true,
		EnableBashCompletion:      true,
		ExitErrHandler:            func(*cli.Context, error) {}, // the status is ours to decide
		Commands:                  []*cli.Command{e.scan(), e.demo(), e.signatures(), e.convert(), e.completion()},
		Action: func(c *cli.Context) error {
			if name := c.Args().First(); name != "" {
				return fmt.Errorf("there is no command %q%s; see sotomi --help", name, signature.DidYouMean(name, names(c.App.Commands)))
			}
			return cli.ShowAppHelp(c)
		},
		OnUsageError: usageError,
	}
}

// leaf is a command without others below it: a target may be called help.
func leaf(c *cli.Command) *cli.Command {
	c.HideHelpCommand, c.OnUsageError = true, usageError
	return c
}

// noArguments refuses what a command would otherwise leave out without a word.
func noArguments(c *cli.Context) error {
	if c.NArg() == 0 {
		return nil
	}
	return fmt.Errorf("%s takes no arguments, but %q is given; see %s --help", c.Command.HelpName, c.Args().First(), c.Command.HelpName)
}

func names(commands []*cli.Command) []string {
	var all []string
	for _, c := range commands {
		all = append(all, c.Names()...)
	}
	return all
}

// version names the program and the embedded signatures, so that a report says what made it.
func version() string {
	return fmt.Sprintf("%s (signatures %s)", web.Version, signatureSet())
}

func signatureSet() string {
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		return "broken"
	}
	return fmt.Sprintf("%d, %s", len(set.Signatures), set.Hash)
}

// flagsFirst puts the flags of a command before its arguments, because the library takes everything after the first
// argument for arguments. What follows "--" is arguments.
func flagsFirst(app *cli.App, args []string) ([]string, error) {
	if len(args) < 2 || strings.HasPrefix(args[1], "-") {
		return args, nil
	}
	command, depth := app.Command(args[1]), 2
	for command != nil && len(args) > depth {
		inner := find(command.Subcommands, args[depth])
		if inner == nil {
			break
		}
		command = inner
		depth++
	}
	if command == nil {
		return args, nil
	}
	takesValue := map[string]bool{}
	for _, f := range command.Flags {
		_, boolean := f.(*cli.BoolFlag)
		for _, name := range f.Names() {
			takesValue[name] = !boolean
		}
	}
	if args[len(args)-1] == "--generate-bash-completion" {
		return args, nil // what is typed so far is in no order yet
	}
	flags, rest := []string{}, []string{}
	for i := depth; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case arg == "-" || !strings.HasPrefix(arg, "-"):
			rest = append(rest, arg)
		default:
			flags = append(flags, arg)
			name := strings.TrimLeft(arg, "-")
			if name == "help" || name == "h" {
				return append(args[:depth:depth], "--help"), nil
			}
			if !strings.Contains(name, "=") && takesValue[name] {
				if i+1 == len(args) {
					return nil, fmt.Errorf("%s needs a value", arg)
				}
				i++
				flags = append(flags, args[i])
			}
		}
	}
	out := append(append([]string{}, args[:depth]...), flags...)
	if len(rest) > 0 {
		out = append(append(out, "--"), rest...)
	}
	return out, nil
}

func find(commands []*cli.Command, name string) *cli.Command {
	for _, c := range commands {
		if c.HasName(name) {
			return c
		}
	}
	return nil
}
