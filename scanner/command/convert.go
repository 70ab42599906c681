package command

import (
	"errors"
	"io"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
)

func (e *environment) convert() *cli.Command {
	return leaf(&cli.Command{
		Name: "convert", Usage: "make another report from a saved scan", ArgsUsage: "SCAN.jsonl",
		Description: "Reads a scan that was saved with -o jsonl and writes it in another format or language, without scanning again.\n\n" +
			"EXAMPLES\n   sotomi convert scan.jsonl -o text\n   sotomi convert scan.jsonl -o text=report.txt --lang ja\n   sotomi scan -o jsonl=- shop.example | sotomi convert - -o text",
		Flags: []cli.Flag{
			outputFlag(), perFlag(),
			boolFlag("verbose", categoryReport, "show every outcome, also the clean ones", "v"),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return message.Errorf("convert needs one file, such as scan.jsonl, or - for standard input")
			}
			return e.runConvert(&settings{c: c}, c.Args().First())
		},
	})
}

func (e *environment) runConvert(s *settings, name string) error {
	outs, err := e.outputs(s.list("output", nil), s.c.String("per"), s.c.Bool("verbose"))
	if err != nil {
		return err
	}
	outs.live = false // one of them may be the file that is read
	in := io.Reader(e.stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	if f, ok := in.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) {
		_, stop := interruptible(s.c.Context) // the scan at the other end of the pipe stops too and still writes its summary
		defer stop()
	}
	if err := outs.open(); err != nil {
		return err
	}
	defer outs.finish()
	err = report.Replay(in, tee(withoutSecrets(outs.sinks, nil))) // which also makes printable what a stranger may have written
	if errors.Is(err, report.ErrIncomplete) {
		return &statusError{scanner.ExitIncomplete, message.New("%s: %v", name, report.ErrIncomplete)}
	}
	if err != nil {
		return message.Errorf("%s: %w", name, err)
	}
	return nil
}

// tee is several sinks as one.
type tee []scanner.Sink

func (t tee) each(do func(scanner.Sink) error) error {
	var errs []error
	for _, s := range t {
		errs = append(errs, do(s))
	}
	return errors.Join(errs...)
}

func (t tee) Start(v scanner.Start) error {
	return t.each(func(s scanner.Sink) error { return s.Start(v) })
}

func (t tee) Target(v scanner.TargetInfo) error {
	return t.each(func(s scanner.Sink) error { return s.Target(v) })
}

func (t tee) Finding(v scanner.Finding) error {
	return t.each(func(s scanner.Sink) error { return s.Finding(v) })
}

func (t tee) Outcome(v scanner.Outcome) error {
	return t.each(func(s scanner.Sink) error { return s.Outcome(v) })
}

func (t tee) Progress(v scanner.Progress) error {
	return t.each(func(s scanner.Sink) error { return s.Progress(v) })
}

func (t tee) Close(v scanner.Summary) error {
	return t.each(func(s scanner.Sink) error { return s.Close(v) })
}
