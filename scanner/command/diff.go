package command

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/triage"
)

const diffHelp = `OLD and NEW are scans that were saved with -o jsonl. A finding that NEW does not have is gone only when its signature ran on its target and did not find it; otherwise it is no longer checked.

EXAMPLES
   sotomi diff old.jsonl scan.jsonl
   sotomi diff old.jsonl scan.jsonl -o jsonl

EXIT STATUS
   0    nothing new at or above --fail-on
   1    something new at or above --fail-on
   2    mistake in flags or files
   3    a finding is no longer checked, or a scan did not end`

func (e *environment) diff() *cli.Command {
	return leaf(&cli.Command{
		Name: "diff", Usage: "compare two saved scans: new, gone, changed, still there, no longer checked", ArgsUsage: "OLD.jsonl NEW.jsonl", Description: diffHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: categoryReport, Usage: "`text|jsonl`", Value: "text"},
			stringFlag("fail-on", categoryReport, "lowest `SEVERITY` of a new finding that makes the exit status 1: critical, high, medium, low, info, none; SEVERITY:confirmed leaves possible findings out", "high"),
		},
		Action: func(c *cli.Context) error {
			limit, err := parseFailOn("fail-on", c.String("fail-on"))
			format := c.String("output")
			switch {
			case err != nil:
				return err
			case c.NArg() != 2:
				return message.Errorf("diff needs two files, the old scan and the new one")
			case format != "text" && format != "jsonl":
				return message.Errorf("--output: %q is none; there are text, jsonl", format)
			}
			return e.runDiff(c.Args().Slice(), format == "jsonl", limit)
		},
	})
}

func (e *environment) runDiff(names []string, asJSON bool, limit failOn) error {
	var scans [2]triage.Compared
	for i, name := range names {
		if err := replayFile(name, withoutSecrets([]scanner.Sink{&scans[i]}, nil)[0]); err != nil {
			return err
		}
	}
	list := triage.Compare(&scans[0], &scans[1])
	counts := map[triage.Change]int{}
	failing := 0
	for _, d := range list {
		if counts[d.Change]++; d.Change == triage.Appeared && d.Finding.Suppressed == nil && limit.reachedBy(d.Finding.Severity, cmp.Or(d.Finding.Hit.Certainty, scanner.Confirmed)) {
			failing++
		}
	}
	show := e.sayDifferences
	if asJSON {
		show = e.writeDifferences
	}
	if err := show(list, counts); err != nil {
		return err
	}
	said := message.New("new: %d, no longer checked: %d, changed: %d, gone: %d, still there: %d",
		counts[triage.Appeared], counts[triage.Unchecked], counts[triage.Changed], counts[triage.Gone], counts[triage.Still])
	switch {
	case failing > 0:
		return &statusError{scanner.ExitFound, said}
	case counts[triage.Unchecked] > 0:
		return &statusError{scanner.ExitIncomplete, said}
	}
	e.notice(said)
	return nil
}

// sayDifferences writes them for people.
func (e *environment) sayDifferences(list []triage.Difference, counts map[triage.Change]int) error {
	var last triage.Change
	for _, d := range list {
		if d.Change != last {
			last = d.Change
			if _, err := fmt.Fprintf(e.stdout, "%s (%d)\n", e.words.Say("change-"+string(d.Change), nil), counts[d.Change]); err != nil {
				return err
			}
		}
		info, _ := d.Finding.Signature.For(d.Finding.Hit.Variant)
		name := cmp.Or(info.Words(e.lang).Name, d.Finding.Signature.ID)
		line := fmt.Sprintf("  %s  %s  [%s]  %s", e.words.Say("severity-"+string(d.Finding.Severity), nil), name, d.Finding.Signature.ID, cmp.Or(d.Finding.Hit.URL, d.Finding.Target))
		if !d.Reason.IsZero() {
			line += "  (" + e.words.Text(d.Reason) + ")"
		}
		if _, err := fmt.Fprintln(e.stdout, message.Line(line)); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(e.stdout, e.words.Text(message.New("Neither scan has findings.")))
		return err
	}
	return nil
}

// differenceRecord is a difference in JSON lines.
type differenceRecord struct {
	Type        string             `json:"type"` // "difference"
	Change      triage.Change      `json:"change"`
	Fingerprint string             `json:"fingerprint"`
	Signature   string             `json:"signature"`
	Target      string             `json:"target"`
	URL         string             `json:"url"`
	Severity    signature.Severity `json:"severity"`
	Certainty   scanner.Certainty  `json:"certainty"`
	Before      signature.Severity `json:"severity_before,omitempty"` // of a changed one
	Reason      string             `json:"reason,omitempty"`
	Message     *message.Message   `json:"reason_message,omitempty"`
}

// writeDifferences writes them for programs.
func (e *environment) writeDifferences(list []triage.Difference, counts map[triage.Change]int) error {
	for _, d := range list {
		text, err := json.Marshal(differenceRecord{
			"difference", d.Change, d.Finding.Fingerprint, d.Finding.Signature.ID, d.Finding.Target, d.Finding.Hit.URL, d.Finding.Severity, d.Finding.Hit.Certainty,
			d.Before.Severity, d.Reason.String(), d.Reason.Record(),
		})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(e.stdout, "%s\n", message.PrintableJSON(text)); err != nil {
			return err
		}
	}
	text, err := json.Marshal(struct {
		Type   string                `json:"type"`
		Counts map[triage.Change]int `json:"counts"`
	}{"summary", counts})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s\n", text)
	return err
}
