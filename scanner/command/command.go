// Package command is the command line: one file per command.
package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// GCPercent is GOGC for a scan: with 3,000 public templates loaded it stays below 150 MB, at the cost of a few percent of
// processor time (see the benchmark).
const GCPercent = 180

// Main runs one invocation and returns its exit status.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	signal.Ignore(syscall.SIGPIPE) // else a reader of standard output that goes away takes the reports in files with it
	dropEmptyVariables()
	log.SetOutput(io.Discard) // net/http writes a line for each frame of HTTP/2 that it does not know
	useImportedData()
	return run(context.Background(), args, stdin, stdout, stderr)
}

// statusError ends the program with this exit status, and prints the message unless it is zero.
type statusError struct {
	status  int
	message message.Message
}

func (e *statusError) Error() string { return e.message.String() }

// Message is the error in words.
func (e *statusError) Message() message.Message { return e.message }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&environment{stdin: stdin, stderr: stderr}).main(ctx, args, stdout)
}

// main runs one invocation and returns its exit status.
func (e *environment) main(ctx context.Context, args []string, stdout io.Writer) int {
	out := &stdoutStream{to: stdout}
	e.stdout = out
	err := e.run(ctx, args)
	if err == nil && out.err != nil {
		err = message.Errorf("the output could not be written: %w", out.err)
	}
	if err == nil {
		return scanner.ExitClean
	}
	if said := strings.TrimSpace(e.words.Text(message.Of(err))); said != "" {
		fmt.Fprintf(e.stderr, "sotomi: %s\n", message.Printable(said))
	}
	var status *statusError
	if errors.As(err, &status) {
		return status.status
	}
	return scanner.ExitUsage
}

// environment is what the commands share.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lang           string // "en" or "ja"
	words          message.Language
	langGiven      bool          // by --lang or SOTOMI_LANG: the configuration does not change it
	lease          time.Duration // of workers on a host; 0 is the usual one
	taken          *taken        // what a scan reads, to be read by workers too; nil when it is not shared
}

func (e *environment) run(ctx context.Context, args []string) error {
	app := e.app()
	takes := takesValue(app)
	args, lang, given, err := takeLanguage(args, takes)
	if languageErr := e.chooseLanguage(lang, given); languageErr != nil || err != nil {
		return cmp.Or(languageErr, err)
	}
	asked, about, err := helpAsked(app, args, takes)
	if err != nil {
		return err
	}
	if len(args) < 2 || strings.HasPrefix(args[1], "-") || asked && about == nil {
		app.Version = e.version() // shown, and it takes reading all signatures
	}
	if asked {
		e.showHelp(app, about)
		return nil
	}
	ordered, err := flagsFirst(app, args, takes)
	if err != nil {
		return err
	}
	return app.RunContext(ctx, ordered)
}

const about = `sotomi looks at web sites from outside, as an attacker would, and reports what should not be visible there: published files, open databases, outdated shop software, pages of one visitor that reach another. It only reads, limits its rate, and says what it could not check.

Scan only sites that you are responsible for.

EXAMPLES
   sotomi demo                         see it work on a lab of its own
   sotomi scan https://shop.example    scan a site
   sotomi scan --help                  all flags of a command`

func (e *environment) app() *cli.App {
	return &cli.App{
		Name:                      "sotomi",
		Usage:                     "external exposure scanner",
		Description:               about,
		ArgsUsage:                 "[ARGUMENTS]",
		Version:                   web.Version,
		Reader:                    e.stdin,
		Writer:                    e.stdout,
		ErrWriter:                 e.stderr,
		DisableSliceFlagSeparator: true,
		EnableBashCompletion:      true,
		ExitErrHandler:            func(*cli.Context, error) {}, // the status is ours to decide
		Flags:                     []cli.Flag{langFlag()},
		Commands:                  []*cli.Command{e.scan(), e.work(), e.retest(), e.watch(), e.history(), e.demo(), e.signatures(), e.convert(), e.diff(), e.baseline(), e.suppress(), e.portsCommand(), e.paymentCommand(), e.data(), e.schema(), e.completion()},
		Action: func(c *cli.Context) error {
			return noCommand(c.Args().First(), c.App.Commands)
		},
		OnUsageError: usageError,
	}
}

func noCommand(name string, commands []*cli.Command) error {
	return message.Errorf("there is no command %q%s; see sotomi --help", name, signature.DidYouMean(name, names(commands)))
}

// leaf is a command without subcommands, not even help: a target may have that name.
func leaf(c *cli.Command) *cli.Command {
	c.HideHelpCommand, c.OnUsageError = true, usageError
	c.Flags = append(c.Flags, langFlag())
	c.Before = func(c *cli.Context) error { return variableMistakes(c.App, nil, true) }
	return c
}

// noArguments refuses arguments that a command would otherwise ignore silently.
func noArguments(c *cli.Context) error {
	if c.NArg() == 0 {
		return nil
	}
	return message.Errorf("%s takes no arguments, but got %q; see %s --help", c.Command.HelpName, c.Args().First(), c.Command.HelpName)
}

func names(commands []*cli.Command) []string {
	var all []string
	for _, c := range commands {
		all = append(all, c.Names()...)
	}
	return all
}

// version is that of the program, of the embedded signatures, and of the data that are the oldest.
func (e *environment) version() string {
	oldest := ""
	if list := e.dataInForce(); len(list) > 0 {
		oldest = fmt.Sprintf("; oldest data %s, %s", list[0].Date, list[0].Name)
	}
	return fmt.Sprintf("%s (signatures %s%s)", web.Version, signatureSet(), oldest)
}

func signatureSet() string {
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		return "broken"
	}
	return setName(set)
}

// setName is how reports call a set of signatures.
func setName(set *signature.Set) string { return fmt.Sprintf("%d, %s", len(set.Signatures), set.Hash) }
