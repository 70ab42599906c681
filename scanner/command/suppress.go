package command

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/scanner/message"
	"sotomi/scanner/triage"
)

func (e *environment) suppress() *cli.Command {
	return leaf(&cli.Command{
		Name: "suppress", Usage: "add a finding to those that do not count until a day", ArgsUsage: "ID",
		Description: "ID is the fingerprint of a finding, as reports show it. It is added to .sotomi-ignore.yaml, whose comments stay; scans read that file, and the finding is suppressed through the last day that is given.\n\n" +
			"EXAMPLES\n   sotomi suppress v1:0123456789abcdef0123456789abcdef --reason VPN-only --until 2099-03-31 --owner aoki",
		Flags: []cli.Flag{
			stringFlag("reason", categoryReport, "why the finding does not count, as `TEXT`", ""),
			stringFlag("until", categoryReport, "the last `DAY` on which it does not count, such as 2027-03-31", ""),
			stringFlag("owner", categoryReport, "`NAME` of who has decided so", ""),
			stringFlag("ticket", categoryReport, "where it is followed up, as `TEXT`", ""),
			stringFlag("status", categoryReport, "`accepted|false-positive|in-progress`", "accepted"),
			stringFlag("ignore", categoryReport, "add it to `FILE`", triage.DefaultIgnoreFile),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return message.Errorf("suppress needs one id of a finding, such as v1:0123456789abcdef0123456789abcdef")
			}
			entry := triage.IgnoreEntry{
				ID: c.Args().First(), Reason: c.String("reason"), Until: c.String("until"), Owner: c.String("owner"), Ticket: c.String("ticket"),
			}
			if c.IsSet("status") {
				entry.Status = c.String("status")
			}
			return e.addSuppression(c.String("ignore"), entry)
		},
	})
}

func (e *environment) addSuppression(name string, entry triage.IgnoreEntry) error {
	text, err := readToAdd(name)
	if err != nil {
		return err
	}
	text, err = triage.AddIgnore(name, text, entry, time.Now().UTC())
	if err != nil {
		return err
	}
	if err := writeWhole(name, text); err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, message.Printable(e.words.Text(message.New("%s suppresses %s until %s", name, entry.ID, entry.Until))))
	return err
}

// writeWhole puts a text in the place of a file.
func writeWhole(name string, text []byte) error {
	p, err := newOutputFile(name, false)
	if err != nil {
		return message.Errorf("%s: %w", name, err)
	}
	if _, err := p.Write(text); err != nil {
		p.abandon()
		return message.Errorf("%s: %w", name, err)
	}
	if err := p.keep(); err != nil {
		return message.Errorf("%s: %w", name, err)
	}
	return nil
}
