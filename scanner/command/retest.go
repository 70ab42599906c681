package command

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/web"
)

const retestHelp = `Looks again at the findings of a scan that was saved with -o jsonl, or of a list that was written with -o xlsx, and at nothing else.

RESULTS
   fixed                   its address was asked for again, the site itself answered, and the finding is not there
   remaining               it is still there
   target gone             the name of its host no longer exists
   could not be confirmed  anything else: a filter, an error, a log-in or a redirect stood in the way, nobody answered, a check needs what was not given

At most three requests are sent for what one request shows: that one and, beside it, made-up names or what shows the same weakness. For the rest, such as versions, certificates, caches and scripts of pages, they are those of its signature; --dry-run prints them, and each result says how many answers it rests on. The site's own page is asked for once. Headers, sessions, pages and signatures of yours that the scan had must be given again.

-o xlsx=FILE fills the column for retests. If FILE is not there yet it becomes a copy of LIST.xlsx; columns, order and notes of yours stay. LIST.xlsx itself changes only when FILE is its name.

EXAMPLES
   sotomi retest scan.jsonl
   sotomi retest scan.jsonl --dry-run
   sotomi retest scan.jsonl --only git-exposed
   sotomi retest list.xlsx -o text -o xlsx=retested.xlsx

EXIT STATUS
   0    nothing remains at or above --fail-on, and all could be told
   1    a finding at or above --fail-on remains
   2    mistake in flags, configuration, signatures or the list; nothing was sent
   3    a finding could not be confirmed
   130  interrupted; the results so far are written`

// retestFlags are those of scan that retest has, too.
var retestFlags = []string{
	"signatures", "no-default-signatures", "template-root", "safety", "wordlist", "output", "chromium", "fail-on", "hash-names", "dry-run", "config",
	"rate", "concurrency", "in-flight", "timeout", "host-timeout", "retries", "crawl-pages", "proxy", "header", "resolve", "ca", "client-cert", "insecure",
	"user-agent", "session", "page", "payment", "payment-page",
}

func (e *environment) retest() *cli.Command {
	flags := []cli.Flag{stringsFlag("only", categoryWhat, "look only at the findings with these ids, or of these signatures: a comma-separated list of `ID|SIGNATURE`; repeatable")}
	for _, f := range scanFlags() {
		if slices.Contains(retestFlags, f.Names()[0]) {
			flags = append(flags, f)
		}
	}
	return leaf(&cli.Command{
		Name: "retest", Usage: "look again at the findings of an earlier scan", ArgsUsage: "SCAN.jsonl|LIST.xlsx", Description: retestHelp, Flags: flags,
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return message.Errorf("retest needs one file, such as scan.jsonl or list.xlsx")
			}
			s, err := e.readSettings(c)
			if err != nil {
				return err
			}
			return e.runRetest(c.Context, s, c.Args().First())
		},
	})
}

func (e *environment) runRetest(ctx context.Context, s *settings, name string) error {
	j, err := e.retestJob(ctx, s, name)
	if err != nil {
		return err
	}
	defer j.client.Close()
	if s.c.Bool("dry-run") {
		plans, err := j.plans()
		if err != nil {
			return err
		}
		return e.dryRun(ctx, plans...)
	}
	if len(j.list) == 0 {
		e.notice(message.New("%s has no findings: there is nothing to look at again", name))
	}
	if err := j.outputs.open(); err != nil {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	began := time.Now()
	results := j.run(ctx)
	summary := scanner.Summary{Interrupted: ctx.Err() != nil, Requests: j.client.Requests(), Took: time.Since(began)}
	tally := &retestTally{limit: j.limit, counts: map[scanner.RetestResult]int{}}
	to := report.NewRecount(tee(append(withoutSecrets(j.outputs.sinks, s.secrets), tally)))
	err = tellRetest(to, j.start, results, summary)
	j.outputs.finish()
	if err != nil {
		return &statusError{scanner.ExitIncomplete, message.New("the report could not be written: %v", err)}
	}
	if further := furtherFindings(results); further > 0 {
		e.notice(message.New("the signatures also find what is not in the list (findings: %d); scan again to see it", further))
	}
	if j.work != nil && !j.outputs.has("xlsx") {
		e.notice(message.New("%s is as it was; -o xlsx=FILE writes the results into a copy", name))
	}
	return e.retestStatus(tally, summary.Interrupted)
}

// run looks at each target of the list, some side by side. The results are in the order of the list.
func (j *retestJob) run(ctx context.Context) []retestResult {
	targets, findings := byTarget(j.list)
	results := make([]retestResult, len(targets))
	var group errgroup.Group
	group.SetLimit(max(1, j.settings.number("concurrency", j.settings.file.Concurrency)))
	for i, t := range targets {
		group.Go(func() error {
			results[i] = j.look(ctx, t, findings[t])
			return nil
		})
	}
	_ = group.Wait() // the work returns no error
	return results
}

// byTarget are the findings of each target, and the targets in the order of the list.
func byTarget(list []scanner.Finding) (targets []string, findings map[string][]scanner.Finding) {
	findings = map[string][]scanner.Finding{}
	for _, f := range list {
		if len(findings[f.Target]) == 0 {
			targets = append(targets, f.Target)
		}
		findings[f.Target] = append(findings[f.Target], f)
	}
	return targets, findings
}

// handshakes are the signatures that made TLS handshakes of their own.
type handshakes struct {
	mu   sync.Mutex
	made map[string]bool
}

func (h *handshakes) note(t web.Traffic) {
	if t.Method != "TLS" {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.made == nil {
		h.made = map[string]bool{}
	}
	h.made[t.By] = true
}

// by reports whether a signature made one.
func (h *handshakes) by(signature string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.made[signature]
}

// tellRetest tells the results as those of a scan.
func tellRetest(to scanner.Sink, start scanner.Start, results []retestResult, summary scanner.Summary) error {
	err := to.Start(start)
	for _, r := range results {
		for _, t := range r.seen.Targets {
			err = errors.Join(err, to.Target(t))
		}
		for _, f := range r.findings {
			err = errors.Join(err, to.Finding(f))
		}
		for _, o := range r.seen.Outcomes {
			err = errors.Join(err, to.Outcome(o))
		}
	}
	return errors.Join(err, to.Close(summary))
}

func furtherFindings(results []retestResult) int {
	n := 0
	for _, r := range results {
		n += r.further
	}
	return n
}

// retestTally counts results, and what fails the retest.
type retestTally struct {
	scanner.Discard
	limit   failOn
	counts  map[scanner.RetestResult]int
	failing int
}

func (t *retestTally) Finding(f scanner.Finding) error {
	t.counts[f.Retest.Result]++
	if f.Retest.Result == scanner.RetestRemaining && f.Suppressed == nil && t.limit.reachedBy(f.Severity, cmp.Or(f.Hit.Certainty, scanner.Confirmed)) {
		t.failing++
	}
	return nil
}

// retestStatus is how a retest ends.
func (e *environment) retestStatus(t *retestTally, interrupted bool) error {
	said := message.New("fixed: %d, remaining: %d, could not be confirmed: %d, target gone: %d",
		t.counts[scanner.RetestFixed], t.counts[scanner.RetestRemaining], t.counts[scanner.RetestUnconfirmed], t.counts[scanner.RetestTargetGone])
	switch {
	case interrupted:
		return &statusError{scanner.ExitInterrupted, said}
	case t.failing > 0:
		return &statusError{scanner.ExitFound, said}
	case t.counts[scanner.RetestUnconfirmed] > 0:
		return &statusError{scanner.ExitIncomplete, said}
	}
	e.notice(said)
	return nil
}
