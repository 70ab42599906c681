package command

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"time"
	_ "time/tzdata" // time zones where the system has none

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/history"
	"sotomi/scanner/message"
	"sotomi/scanner/watch"
)

const watchHelp = `Scans again and again, as watch: in sotomi.yaml says, and tells the receivers in notify: what has changed: what is new, back, gone, or no longer checked. What it saw is kept in a history. A scan that was cut, even by a power failure, is finished when watch is started again; nothing is told twice, and a message that could not be sent is tried again.

EXAMPLES
   sotomi watch                  (the targets, schedule and receivers in sotomi.yaml)
   sotomi watch --once           (one scan, for cron and pipelines)
   sotomi watch --notify-test    (send a test message to each receiver)
   sotomi history list           (what it did)

EXIT STATUS
   0    everything was checked, no finding at or above --fail-on
   1    a finding at or above --fail-on
   2    mistake in flags, configuration or signatures; nothing was sent
   3    something could not be checked, or a message could not be sent
   130  interrupted; the scan is finished next time`

func (e *environment) watch() *cli.Command {
	return leaf(&cli.Command{
		Name: "watch", Usage: "scan by a schedule and tell what has changed", ArgsUsage: "[TARGET...]", Description: watchHelp,
		Flags: append([]cli.Flag{
			boolFlag("once", categoryGeneral, "make one scan and end"),
			boolFlag("notify-test", categoryGeneral, "send a test message to each receiver, and end"),
			stringFlag("state", categoryGeneral, "keep the history in `FILE` (default: watch: state: in sotomi.yaml, else sotomi-history.db)", ""),
		}, slices.DeleteFunc(scanFlags(), func(f cli.Flag) bool {
			return slices.Contains([]string{"dry-run", "resume", "write-baseline"}, f.Names()[0])
		})...),
		Action: func(c *cli.Context) error {
			s, err := e.readSettings(c)
			if err != nil {
				return err
			}
			return e.runWatch(c.Context, s, c.Args().Slice())
		},
	})
}

func (e *environment) runWatch(ctx context.Context, s *settings, args []string) (err error) {
	receivers, err := s.receivers(e.lang)
	if err != nil {
		return err
	}
	if s.c.Bool("notify-test") {
		return e.testReceivers(ctx, receivers)
	}
	once := s.c.Bool("once")
	w := &watch.Watcher{Receivers: receivers, Jitter: s.file.Watch.Jitter, Say: e.notice}
	var err1, err2, err3 error
	if !once {
		w.Schedule, err1 = s.file.Watch.schedule()
	}
	w.Reminders, err2 = s.file.Watch.reminders()
	w.Keep, err3 = s.file.Watch.keep()
	if err := errors.Join(err1, err2, err3, e.checkScan(s, args)); err != nil {
		return err
	}
	path := s.statePath()
	if w.History, err = history.Open(ctx, path); err != nil {
		return err
	}
	s.memory, s.past = w.History, w.History
	defer func() { err = errors.Join(err, w.History.Close()) }()
	if err := removeEnded(ctx, w.History, path); err != nil {
		return err
	}
	w.Scan = func(ctx context.Context, run history.Run) (io.ReadSeekCloser, int, error) {
		return e.watchScan(ctx, s, args, runFile(path, run))
	}
	w.Done = func(ctx context.Context, run history.Run, next time.Time) error {
		if err := e.statusPage(ctx, s.file.Watch.Page, w.History, run, next); err != nil {
			e.notice(message.New("the status page: %v", err)) // what was found is in the history, and is told
		}
		return removeRun(runFile(path, run))
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	if once {
		return e.watchOnce(ctx, w)
	}
	err = w.Watch(ctx)
	if ctx.Err() != nil {
		return &statusError{scanner.ExitInterrupted, message.New("the watch was ended")}
	}
	return err
}

// runFile is where the report of a run stands until it is in the history.
func runFile(state string, run history.Run) string {
	return state + ".run-" + strconv.FormatInt(run.ID, 10) + ".jsonl"
}

// removeEnded removes what a watch that was killed has left of runs that are in the history.
func removeEnded(ctx context.Context, f *history.File, state string) error {
	runs, err := f.Runs(ctx)
	for _, run := range runs {
		err = errors.Join(err, removeRun(runFile(state, run)))
	}
	return err
}

// removeRun removes a report, and a journal that was left beside it.
func removeRun(file string) error {
	for _, name := range []string{file, file + journalEnding} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// checkScan finds mistakes of a scan's settings before the first is due.
func (e *environment) checkScan(s *settings, args []string) error {
	secrets := slices.Clone(s.secrets)
	if len(args) == 0 {
		args = s.file.Targets
	}
	j, err := e.job(s, args)
	s.secrets, s.mistakes = secrets, nil
	if err != nil {
		return err
	}
	j.client.Close()
	return nil
}

func (e *environment) watchOnce(ctx context.Context, w *watch.Watcher) error {
	status, unsent, err := w.Once(ctx)
	switch {
	case errors.Is(err, watch.ErrCut):
		return &statusError{scanner.ExitInterrupted, message.New("interrupted; the next sotomi watch finishes the scan")}
	case err != nil:
		return err
	case unsent > 0 && status == scanner.ExitClean:
		return &statusError{scanner.ExitIncomplete, message.New("%d messages could not be sent; the next sotomi watch tries again", unsent)}
	case status != scanner.ExitClean:
		return &statusError{status: status}
	}
	return nil
}

// watchScan finishes the scan whose journal is beside file, or begins it, and opens the report that it has written there.
func (e *environment) watchScan(ctx context.Context, s *settings, args []string, file string) (io.ReadSeekCloser, int, error) {
	earlier, err := openEarlier(file + journalEnding)
	switch {
	case errors.Is(err, fs.ErrNotExist) && ended(file): // and only the history does not know
	case errors.Is(err, fs.ErrNotExist), err == nil:
		err = e.scanInto(ctx, s, args, file, earlier)
	default: // it was cut in its first line
		if err = os.Remove(file + journalEnding); err == nil {
			err = e.scanInto(ctx, s, args, file, nil)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, 0, err
	}
	if !ended(file) {
		return nil, 0, watch.ErrCut
	}
	status, err := e.statusOf(s, file)
	if err != nil {
		return nil, 0, err
	}
	f, err := os.Open(file)
	return f, status, err
}

// scanInto scans with a report in a file. How the scan ended is in the report; an error means that there was none.
func (e *environment) scanInto(ctx context.Context, s *settings, args []string, file string, from *earlier) error {
	s.report = file
	secrets := slices.Clone(s.secrets)
	err := e.runScan(ctx, s, args, from)
	s.secrets, s.mistakes = secrets, nil
	var told *statusError
	if !errors.As(err, &told) {
		return err
	}
	e.notice(told.message)
	return nil
}

// statusOf is the exit status of the scan in a report.
func (e *environment) statusOf(s *settings, file string) (int, error) {
	j := &job{}
	if err := e.readGate(j, s); err != nil {
		return 0, err
	}
	var c summaryOnly
	err := replayFile(file, tee{j.gate, &c})
	return j.gate.ending(c.Summary).Status, err
}

// ended reports whether the report in a file is that of a whole scan.
func ended(file string) bool {
	var c summaryOnly
	return replayFile(file, &c) == nil && !c.Interrupted
}

// summaryOnly is a sink that keeps the summary.
type summaryOnly struct {
	scanner.Discard
	scanner.Summary
}

func (c *summaryOnly) Close(s scanner.Summary) error {
	c.Summary = s
	return nil
}
