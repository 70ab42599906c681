package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/history"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/triage"
)

// historyTime is how times of runs are shown, in the zone of the machine.
const historyTime = "2006-01-02 15:04"

func (e *environment) history() *cli.Command {
	state := stringFlag("state", categoryGeneral, "the history is in `FILE` (default: watch: state: in sotomi.yaml, else sotomi-history.db)", "")
	config := stringFlag("config", categoryReport, "read settings from `FILE` (default: sotomi.yaml in the working directory)", "")
	sub := func(name, usage, arguments, example string, do func(*settings, []string) error, more ...cli.Flag) *cli.Command {
		return leaf(&cli.Command{
			Name: name, Usage: usage, ArgsUsage: arguments, Description: "EXAMPLES\n   " + example, Flags: append([]cli.Flag{state, config}, more...),
			Action: func(c *cli.Context) error {
				s, err := e.readSettings(c)
				if err != nil {
					return err
				}
				return do(s, c.Args().Slice())
			},
		})
	}
	return &cli.Command{
		Name: "history", Usage: "show what sotomi watch has seen", OnUsageError: usageError, Flags: []cli.Flag{langFlag()},
		Description: "EXAMPLES\n   sotomi history list\n   sotomi history show 12 -o html=run-12.html\n   sotomi history diff 11 12\n   sotomi history prune 90",
		Subcommands: []*cli.Command{
			sub("list", "list the runs, the newest first", "", "sotomi history list", e.historyList),
			sub("show", "write the report of a run", "RUN", "sotomi history show 12 -o html=run-12.html", e.historyShow,
				outputFlag(), perFlag(), chromiumFlag(), boolFlag("verbose", categoryReport, "show every outcome, also the clean ones", "v")),
			sub("diff", "compare two runs", "OLD NEW", "sotomi history diff 11 12", e.historyDiff),
			sub("prune", "remove runs that ended more than a number of days ago, and what was gone by then", "DAYS", "sotomi history prune 90", e.historyPrune),
		},
		Action: func(c *cli.Context) error { return noCommand(c.Args().First(), c.Command.Subcommands) },
	}
}

// withHistory does something with the history that is there.
func withHistory(s *settings, do func(context.Context, *history.File) error) (err error) {
	ctx := s.c.Context
	f, err := history.Read(ctx, s.statePath())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return do(ctx, f)
}

func (e *environment) historyList(s *settings, args []string) error {
	if len(args) > 0 {
		return noArguments(s.c)
	}
	return withHistory(s, func(ctx context.Context, f *history.File) error {
		runs, err := f.Runs(ctx)
		if err != nil {
			return err
		}
		if run, cut, err := f.Unfinished(ctx); err != nil || cut {
			if err != nil {
				return err
			}
			e.notice(message.New("run %d of %s has not ended", int(run.ID), run.Began.Format(historyTime)))
		}
		for _, r := range runs {
			line := e.words.Text(message.New("%d  %s  %s  targets: %d  findings: %d  requests: %d  exit status: %d",
				int(r.ID), r.Began.Format(historyTime), r.Ended.Sub(r.Began).Round(time.Second).String(), r.Targets, r.Findings, int(r.Requests), r.Status))
			if _, err := fmt.Fprintln(e.stdout, line); err != nil {
				return err
			}
		}
		return nil
	})
}

// runNumber reads the number of a run.
func runNumber(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, message.Errorf("%q is not the number of a run; sotomi history list shows them", text)
	}
	return n, nil
}

func (e *environment) historyShow(s *settings, args []string) error {
	if len(args) != 1 {
		return message.Errorf("history show needs the number of a run; sotomi history list shows them")
	}
	n, err := runNumber(args[0])
	if err != nil {
		return err
	}
	return withHistory(s, func(ctx context.Context, f *history.File) error {
		r, err := f.Report(ctx, n)
		if err != nil {
			return err
		}
		outs, err := e.outputs(ctx, wantedOutputs{list: s.list("output", nil), per: s.c.String("per"), verbose: s.c.Bool("verbose"), chromium: s.c.String("chromium")})
		if err == nil {
			err = outs.withoutRequests()
		}
		if err == nil {
			err = outs.withEarlier(ctx, f, n)
		}
		if err == nil {
			err = outs.open()
		}
		if err != nil {
			return err
		}
		defer outs.finish()
		return report.Replay(r, tee(withoutSecrets(outs.sinks, nil)))
	})
}

func (e *environment) historyDiff(s *settings, args []string) error {
	if len(args) != 2 { //nolint:mnd // an old one and a new one
		return message.Errorf("history diff needs the numbers of two runs, the old one and the new one")
	}
	return withHistory(s, func(ctx context.Context, f *history.File) error {
		var scans [2]triage.Compared
		for i, text := range args {
			n, err := runNumber(text)
			if err != nil {
				return err
			}
			var r io.Reader
			if r, err = f.Report(ctx, n); err == nil {
				err = report.Replay(r, withoutSecrets([]scanner.Sink{&scans[i]}, nil)[0])
			}
			if err != nil {
				return err
			}
		}
		list := triage.Compare(&scans[0], &scans[1])
		counts := map[triage.Change]int{}
		for _, d := range list {
			counts[d.Change]++
		}
		return e.sayDifferences(list, counts)
	})
}

func (e *environment) historyPrune(s *settings, args []string) (err error) {
	days := -1
	if len(args) == 1 {
		if days, err = strconv.Atoi(args[0]); err != nil {
			days = -1
		}
	}
	if days < 0 {
		return message.Errorf("history prune needs a number of days, such as 90")
	}
	ctx := s.c.Context
	f, err := history.Open(ctx, s.statePath())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	n, err := f.Prune(ctx, time.Now().Add(-time.Duration(days)*day))
	if err == nil {
		e.notice(message.New("%d runs were removed", int(n)))
	}
	return err
}
