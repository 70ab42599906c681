package command

import (
	"errors"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/triage"
)

func (e *environment) baseline() *cli.Command {
	return &cli.Command{
		Name: "baseline", Usage: "make a list of known findings, for scan --baseline", OnUsageError: usageError, Flags: []cli.Flag{langFlag()},
		Description: "EXAMPLES\n   sotomi baseline create scan.jsonl > baseline.json\n   sotomi scan --baseline baseline.json https://shop.example",
		Subcommands: []*cli.Command{leaf(&cli.Command{
			Name: "create", Usage: "print a baseline of scans that were saved with -o jsonl", ArgsUsage: "SCAN.jsonl...",
			Description: "Findings that are suppressed are not in it: they count when the suppression ends.\n\nEXAMPLES\n   sotomi baseline create scan.jsonl > baseline.json",
			Action: func(c *cli.Context) error {
				if c.NArg() == 0 {
					return message.Errorf("baseline create needs a file, such as scan.jsonl")
				}
				return e.createBaseline(c.Args().Slice())
			},
		})},
		Action: func(c *cli.Context) error {
			return message.Errorf("baseline has no command %q; there is create", c.Args().First())
		},
	}
}

// createBaseline makes one of scans that have ended.
func (e *environment) createBaseline(names []string) error {
	sink := triage.NewBaselineSink(nil, e.lang)
	for _, name := range names {
		open := 0
		counting := &gapCount{BaselineSink: sink, open: &open}
		if err := replayFile(name, counting); err != nil {
			return err
		}
		if open > 0 {
			e.notice(message.New("%s: what could not be checked in this scan will be new when it is found (checks: %d)", name, open))
		}
	}
	return sink.Baseline.Write(e.stdout)
}

// gapCount counts outcomes that are gaps beside a baseline.
type gapCount struct {
	*triage.BaselineSink
	open *int
}

// Outcome counts it.
func (g *gapCount) Outcome(o scanner.Outcome) error {
	if o.Status.Gap() {
		*g.open++
	}
	return g.BaselineSink.Outcome(o)
}

// replayFile tells a sink of a saved scan. One that has no end is an error.
func replayFile(name string, to scanner.Sink) error {
	f, err := openFile(name)
	if err != nil {
		return message.Errorf("%s: %w", name, reason(err))
	}
	defer f.Close()
	err = report.Replay(f, to)
	if errors.Is(err, report.ErrIncomplete) {
		return &statusError{scanner.ExitIncomplete, message.New("%s: %v", name, report.ErrIncomplete)}
	}
	if err != nil {
		return message.Errorf("%s: %w", name, err)
	}
	return nil
}
