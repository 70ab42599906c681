package command

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/urfave/cli/v2"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

func (e *environment) signatures() *cli.Command {
	sub := func(name, args, usage, examples string, action func(*settings, *signature.Set, []*signature.Signature) error) *cli.Command {
		return leaf(&cli.Command{
			Name: name, Usage: usage, ArgsUsage: args, Description: examples, Flags: signatureFlags(),
			Action: func(c *cli.Context) error {
				if err := noArguments(c); args == "" && err != nil {
					return err
				}
				s := &settings{c: c}
				set, selected, err := s.load(signatures.FS, name != "test")
				if err != nil {
					return err
				}
				return action(s, set, selected)
			},
		})
	}
	return &cli.Command{
		Name: "signatures", Usage: "list, show, check and test signatures", OnUsageError: usageError, Flags: []cli.Flag{langFlag()},
		Description: "EXAMPLES\n   sotomi signatures list --only elasticsearch\n   sotomi signatures show git-exposed\n" +
			"   sotomi signatures lint -s my-signatures --no-default-signatures\n   sotomi signatures test -s my-signatures --no-default-signatures\n   sotomi signatures schema > schema.json",
		Subcommands: []*cli.Command{
			sub("list", "", "list signatures, one per line", "EXAMPLES\n   sotomi signatures list\n   sotomi signatures list --only high,exposure --lang ja", e.listSignatures),
			sub("show", "ID...", "show everything about a signature", "EXAMPLES\n   sotomi signatures show git-exposed\n   sotomi signatures show git-exposed --lang ja", e.showSignatures),
			sub("lint", "", "check signature files; count the features of public templates that sotomi does not support",
				"EXAMPLES\n   sotomi signatures lint\n   sotomi signatures lint -s my-signatures --no-default-signatures", e.lintSignatures),
			sub("test", "[ID...]", "run the test cases of signatures, on loopback",
				"EXAMPLES\n   sotomi signatures test git-exposed\n   sotomi signatures test -s my-signatures --no-default-signatures", e.testSignatures),
			leaf(&cli.Command{Name: "schema", Usage: "print the JSON Schema of signature files, for editors", Description: "EXAMPLES\n   sotomi signatures schema > schema.json", Action: func(c *cli.Context) error {
				if err := noArguments(c); err != nil {
					return err
				}
				_, err := e.stdout.Write(signatures.Schema)
				return err
			}}),
		},
		Action: func(c *cli.Context) error {
			return message.Errorf("signatures has no command %q; there are list, show, lint, test, schema", c.Args().First())
		},
	}
}

func (e *environment) listSignatures(_ *settings, _ *signature.Set, selected []*signature.Signature) error {
	width := 0
	for _, sig := range selected {
		width = max(width, len(sig.ID))
	}
	for _, sig := range selected {
		_, err := fmt.Fprintf(e.stdout, "%-*s  %-8s  %-9s  %s\n", width, sig.ID, sig.Info.Severity, sig.Safety, runewidth.Truncate(message.Line(sig.Info.Words(e.lang).Name), 100, "…"))
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *environment) showSignatures(s *settings, set *signature.Set, _ []*signature.Signature) error {
	if s.c.NArg() == 0 {
		return message.Errorf("signatures show needs an id; see sotomi signatures list")
	}
	for _, id := range s.c.Args().Slice() {
		found, err := set.Select(signature.Filter{Only: []string{id}, Safety: signature.SafetyIntrusive})
		if err != nil {
			return noSignature(id, set)
		}
		for _, sig := range found {
			e.show(sig)
		}
	}
	return nil
}

func noSignature(id string, set *signature.Set) error {
	return message.Errorf("there is no signature %q%s; see sotomi signatures list", id, signature.DidYouMean(id, ids(set.Signatures)))
}

func ids(list []*signature.Signature) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = s.ID
	}
	return all
}

func (e *environment) show(sig *signature.Signature) {
	w := sig.Info.Words(e.lang)
	lines := func(text string) string { return message.Printable(strings.TrimSpace(text)) }
	fmt.Fprintf(e.stdout, "%s\n%s\n\n%s\n", sig.ID, message.Line(w.Name), lines(w.Description))
	if w.Impact != "" {
		fmt.Fprintf(e.stdout, "\n%s\n", lines(w.Impact))
	}
	fmt.Fprintf(e.stdout, "\n%s\n\n", lines(w.Remediation))
	row := func(name message.Message, value string) {
		if value != "" {
			fmt.Fprintf(e.stdout, "%s %s\n", runewidth.FillRight(e.words.Text(name), 12), message.Line(value))
		}
	}
	row(message.New("severity"), strings.ToLower(e.words.Say("severity-"+string(sig.Info.Severity), nil)))
	row(message.New("safety"), string(sig.Safety))
	row(message.New("check"), cmp.Or(sig.Check, "http"))
	row(message.New("tags"), strings.Join(sig.Info.Tags, ", "))
	row(message.New("weakness"), strings.Join(sig.Info.Classification.CWEID, ", "))
	row(message.New("needs"), strings.Join(sig.Needs, ", "))
	row(message.New("file"), sig.File)
	row(message.New("unsupported"), e.words.Text(message.Join(", ", sig.Unsupported...)))
	for _, r := range sig.Info.Reference {
		row(message.New("reference"), r)
	}
	fmt.Fprintln(e.stdout)
}

func (e *environment) testSignatures(s *settings, set *signature.Set, selected []*signature.Signature) error {
	wanted := s.c.Args().Slice()
	for _, id := range wanted {
		if !slices.ContainsFunc(set.Signatures, func(sig *signature.Signature) bool { return sig.ID == id }) {
			return noSignature(id, set)
		}
	}
	ctx, stop := interruptible(s.c.Context)
	defer stop()
	ran, cases, failed := 0, 0, 0
	for _, sig := range selected {
		if len(wanted) > 0 && !slices.Contains(wanted, sig.ID) || len(sig.Tests) == 0 || len(sig.Unsupported) > 0 {
			continue
		}
		ran++
		cases += len(sig.Tests)
		var files fs.FS
		if sig.Own {
			files = signatures.FS
		}
		failures := sigtest.Run(ctx, sig, sigtest.Options{Checks: checks.All, Files: files})
		if ctx.Err() != nil {
			return &statusError{scanner.ExitInterrupted, message.New("interrupted")}
		}
		for _, f := range failures {
			failed++
			fmt.Fprintln(e.stdout, e.words.Text(f.Message()))
		}
	}
	if ran == 0 {
		return message.Errorf("no signature with test cases is selected")
	}
	fmt.Fprintln(e.stdout, e.words.Count("tested", cases, map[string]any{"Signatures": e.words.Count("signatures", ran, nil), "Failed": failed}))
	if failed > 0 {
		return &statusError{scanner.ExitFound, message.Message{Format: e.words.Count("cases-failed", cases, map[string]any{"Failed": failed})}}
	}
	return nil
}
