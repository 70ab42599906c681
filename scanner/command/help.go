package command

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/urfave/cli/v2"

	"sotomi/scanner/message"
)

// Columns of --help.
const (
	helpWidth  = 100 // at most
	helpIndent = 3
	helpTexts  = 32 // where the texts beside flags and commands begin
)

// help prints what --help shows, in one language.
type help struct {
	to    io.Writer
	width int
	say   func(message.Message) string
}

// showHelp explains a command, or the program when that is nil.
func (e *environment) showHelp(app *cli.App, command *cli.Command) {
	h := &help{to: e.stdout, width: helpWidth, say: e.words.Text}
	if columns := columns(e.stdout); columns > 2*helpTexts {
		h.width = min(helpWidth, columns-1)
	}
	if command == nil {
		h.program(app)
		return
	}
	name := "sotomi " + command.Name
	for _, c := range app.Commands {
		if slices.Contains(c.Subcommands, command) {
			name = "sotomi " + c.Name + " " + command.Name
		}
	}
	h.command(name, command)
}

func (h *help) program(app *cli.App) {
	h.print("sotomi %s - %s\n", app.Version, h.translate(app.Usage))
	h.about("sotomi", app.ArgsUsage, app.Description, app.Commands, app.Flags)
	h.entry("-v, --version", h.translate("print the version"))
}

func (h *help) command(name string, c *cli.Command) {
	h.print("%s - %s\n", name, h.translate(c.Usage))
	h.about(name, c.ArgsUsage, c.Description, c.Subcommands, c.Flags)
}

func (h *help) print(format string, a ...any) { fmt.Fprintf(h.to, format, a...) }

// translate is a text of the command line's in the language of the help.
func (h *help) translate(english string) string {
	if english == "" {
		return ""
	}
	return h.say(message.Message{Format: english})
}

func (h *help) about(name, arguments, description string, commands []*cli.Command, flags []cli.Flag) {
	usage := name
	if len(commands) > 0 {
		usage += " " + h.translate("COMMAND")
	}
	if len(flags) > 0 {
		usage += " " + h.translate("[FLAGS]")
	}
	if arguments != "" {
		usage += " " + h.translate(arguments)
	}
	h.print("\n%s\n   %s\n", h.translate("USAGE"), usage)
	for paragraph := range strings.SplitSeq(description, "\n\n") {
		h.paragraph(paragraph)
	}
	if len(commands) > 0 {
		h.print("\n%s\n", h.translate("COMMANDS"))
		for _, c := range commands {
			h.entry(c.Name, h.translate(c.Usage))
		}
	}
	category := ""
	for _, f := range flags {
		f, ok := f.(interface {
			cli.DocGenerationFlag
			cli.CategorizableFlag
		})
		if !ok || !f.IsVisible() {
			continue
		}
		if c := f.GetCategory(); c != category {
			category = c
			h.print("\n%s\n", h.translate(category))
		}
		h.flag(f)
	}
	h.entry("-h, --help", h.translate("show this help"))
}

var twoColumns = regexp.MustCompile(`^(   \S.*?  +)(\S.*)$`)

// paragraph prints one of a description: running text, or a heading with lines below it that stay lines. Of a line in two
// columns only the second is a sentence.
func (h *help) paragraph(text string) {
	heading, rest, found := strings.Cut(text, "\n   ")
	if !found {
		if text == "" {
			return
		}
		h.print("\n")
		for _, line := range message.Wrap(h.translate(text), h.width-helpIndent) {
			h.print("   %s\n", line)
		}
		return
	}
	h.print("\n%s\n", h.translate(heading))
	for line := range strings.SplitSeq("   "+rest, "\n") {
		if m := twoColumns.FindStringSubmatch(line); m != nil {
			line = m[1] + h.translate(m[2])
		}
		h.print("%s\n", line)
	}
}

// flag prints a flag with the kind of its value, what it is for, and its default.
func (h *help) flag(f cli.DocGenerationFlag) {
	usage := h.translate(f.GetUsage())
	kind := ""
	if before, after, ok := strings.Cut(usage, "`"); ok {
		name, rest, _ := strings.Cut(after, "`")
		kind, usage = " "+name, before+name+rest
	} else if f.TakesValue() {
		kind = " " + h.translate("VALUE")
	}
	names := ""
	for _, name := range f.Names() {
		if len(name) == 1 {
			names = "-" + name + ", " + names
		} else {
			names += "--" + name
		}
	}
	if standard := strings.Trim(f.GetDefaultText(), `"`); f.TakesValue() && standard != "" {
		usage += h.say(message.New(" (default: %s)", standard))
	}
	h.entry(names+kind, usage)
}

// entry prints a name and the text beside it, or below it when the name is long.
func (h *help) entry(name, text string) {
	left := strings.Repeat(" ", helpIndent) + name
	for i, line := range message.Wrap(text, h.width-helpTexts) {
		if i > 0 || runewidth.StringWidth(left) > helpTexts-2 {
			if i == 0 {
				h.print("%s\n", left)
			}
			left = ""
		}
		h.print("%s%s\n", runewidth.FillRight(left, helpTexts), line)
	}
}
