package command

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/urfave/cli/v2"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

func (e *environment) signatures() *cli.Command {
	lang := stringFlag("lang", categoryReport, "language: en, ja (default: from the environment)", "")
	sub := func(name, args, usage, examples string, action func(*settings, *signature.Set, []*signature.Signature) error, flags ...cli.Flag) *cli.Command {
		return leaf(&cli.Command{
			Name: name, Usage: usage, ArgsUsage: args, Description: examples, Flags: append(signatureFlags(), flags...),
			Action: func(c *cli.Context) error {
				if err := noArguments(c); args == "" && err != nil {
					return err
				}
				s := &settings{c: c}
				set, selected, err := s.load(signatures.FS, signature.SafetyIntrusive)
				if err != nil {
					return err
				}
				return action(s, set, selected)
			},
		})
	}
	return &cli.Command{
		Name: "signatures", Usage: "list, show, check and test signatures", OnUsageError: usageError,
		Description: "EXAMPLES\n   sotomi signatures list --only elasticsearch\n   sotomi signatures show git-exposed\n" +
			"   sotomi signatures lint -s my-signatures --no-default-signatures\n   sotomi signatures test -s my-signatures --no-default-signatures\n   sotomi signatures schema > schema.json",
		Subcommands: []*cli.Command{
			sub("list", "", "one line for each", "EXAMPLES\n   sotomi signatures list\n   sotomi signatures list --only high,exposure --lang ja", e.listSignatures, lang),
			sub("show", "ID...", "all about some", "EXAMPLES\n   sotomi signatures show git-exposed\n   sotomi signatures show git-exposed --lang ja", e.showSignatures, lang),
			sub("lint", "", "hold files against the rules; count what public templates use that sotomi lacks",
				"EXAMPLES\n   sotomi signatures lint\n   sotomi signatures lint -s my-signatures --no-default-signatures", e.lintSignatures),
			sub("test", "[ID...]", "run the cases that signatures carry, on loopback",
				"EXAMPLES\n   sotomi signatures test git-exposed\n   sotomi signatures test -s my-signatures --no-default-signatures", e.testSignatures),
			leaf(&cli.Command{Name: "schema", Usage: "the JSON Schema of a signature file, for editors", Description: "EXAMPLES\n   sotomi signatures schema > schema.json", Action: func(c *cli.Context) error {
				if err := noArguments(c); err != nil {
					return err
				}
				_, err := e.stdout.Write(signatures.Schema)
				return err
			}}),
		},
		Action: func(c *cli.Context) error {
			if name := c.Args().First(); name != "" {
				return fmt.Errorf("signatures has no command %q; there are list, show, lint, test, schema", name)
			}
			return cli.ShowSubcommandHelp(c)
		},
	}
}

func (e *environment) listSignatures(s *settings, _ *signature.Set, selected []*signature.Signature) error {
	lang, err := s.language()
	if err != nil {
		return err
	}
	width := 0
	for _, sig := range selected {
		width = max(width, len(sig.ID))
	}
	for _, sig := range selected {
		_, err := fmt.Fprintf(e.stdout, "%-*s  %-8s  %s\n", width, sig.ID, sig.Info.Severity, runewidth.Truncate(sig.Info.Words(lang).Name, 100, "…"))
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *environment) showSignatures(s *settings, set *signature.Set, _ []*signature.Signature) error {
	lang, err := s.language()
	if err != nil {
		return err
	}
	if s.c.NArg() == 0 {
		return errors.New("signatures show needs an id; see sotomi signatures list")
	}
	for _, id := range s.c.Args().Slice() {
		found, err := set.Select(signature.Filter{Only: []string{id}, Safety: signature.SafetyIntrusive})
		if err != nil {
			return fmt.Errorf("there is no signature %q%s; see sotomi signatures list", id, signature.DidYouMean(id, ids(set.Signatures)))
		}
		for _, sig := range found {
			e.show(sig, lang)
		}
	}
	return nil
}

func ids(list []*signature.Signature) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = s.ID
	}
	return all
}

func (e *environment) show(sig *signature.Signature, lang string) {
	w := sig.Info.Words(lang)
	fmt.Fprintf(e.stdout, "%s\n%s\n\n%s\n", sig.ID, w.Name, strings.TrimSpace(w.Description))
	if w.Impact != "" {
		fmt.Fprintf(e.stdout, "\n%s\n", strings.TrimSpace(w.Impact))
	}
	fmt.Fprintf(e.stdout, "\n%s\n\n", strings.TrimSpace(w.Remediation))
	rows := [][2]string{
		{"severity", string(sig.Info.Severity)},
		{"safety", string(sig.Safety)},
		{"check", cmp.Or(sig.Check, "http")},
		{"tags", strings.Join(sig.Info.Tags, ", ")},
		{"weakness", strings.Join(sig.Info.Classification.CWEID, ", ")},
		{"needs", strings.Join(sig.Needs, ", ")},
		{"file", sig.File},
		{"unsupported", strings.Join(sig.Unsupported, ", ")},
	}
	for _, r := range rows {
		if r[1] != "" {
			fmt.Fprintf(e.stdout, "%-12s %s\n", r[0], r[1])
		}
	}
	for _, r := range sig.Info.Reference {
		fmt.Fprintf(e.stdout, "%-12s %s\n", "reference", r)
	}
	fmt.Fprintln(e.stdout)
}

// lintSignatures prints mistakes of our own kind, and what keeps public templates from running, by feature.
func (e *environment) lintSignatures(_ *settings, set *signature.Set, selected []*signature.Signature) error {
	lacking := map[string]int{}
	mistakes, supported := 0, 0
	for _, sig := range selected {
		for _, err := range signature.Lint(sig) {
			mistakes++
			fmt.Fprintln(e.stdout, err)
		}
		features, err := missing(sig)
		if err != nil {
			mistakes++
			fmt.Fprintln(e.stdout, err)
		}
		if len(features) == 0 && err == nil {
			supported++
		}
		for _, f := range features {
			lacking[f]++
		}
	}
	for _, f := range slices.SortedFunc(maps.Keys(lacking), func(a, b string) int { return cmp.Or(lacking[b]-lacking[a], strings.Compare(a, b)) }) {
		fmt.Fprintf(e.stdout, "%5d  not supported: %s\n", lacking[f], f)
	}
	fmt.Fprintf(e.stdout, "%d of %s can run (%.1f %%)", supported, counted(len(selected), "signature"), 100*float64(supported)/float64(max(1, len(selected))))
	if n := len(set.Skipped); n > 0 {
		fmt.Fprintf(e.stdout, "; left out, for they are no signatures or repeat one: %s", counted(n, "YAML file"))
	}
	fmt.Fprintln(e.stdout)
	if mistakes > 0 {
		return &statusError{scanner.ExitUsage, counted(mistakes, "mistake")}
	}
	return nil
}

// missing is what a signature uses that sotomi lacks; the error is a mistake in it.
func missing(sig *signature.Signature) ([]string, error) {
	if len(sig.Unsupported) > 0 {
		return sig.Unsupported, nil
	}
	factory, ok := checks.All[cmp.Or(sig.Check, "http")]
	if !ok {
		return nil, fmt.Errorf("%s:1: no check is called %q", sig.File, sig.Check)
	}
	_, err := factory(sig)
	var stop *scanner.StatusError
	switch {
	case errors.As(err, &stop):
		return []string{stop.Reason.String()}, nil
	case err != nil && !sig.Strict:
		return []string{err.Error()}, nil
	}
	return nil, err
}

func (e *environment) testSignatures(s *settings, set *signature.Set, selected []*signature.Signature) error {
	wanted := s.c.Args().Slice()
	for _, id := range wanted {
		if !slices.ContainsFunc(set.Signatures, func(sig *signature.Signature) bool { return sig.ID == id }) {
			return fmt.Errorf("there is no signature %q%s; see sotomi signatures list", id, signature.DidYouMean(id, ids(set.Signatures)))
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
			return &statusError{scanner.ExitInterrupted, "interrupted"}
		}
		for _, f := range failures {
			failed++
			fmt.Fprintln(e.stdout, f)
		}
	}
	if ran == 0 {
		return errors.New("no signature with cases is selected")
	}
	fmt.Fprintf(e.stdout, "%s of %s, %d failed\n", counted(cases, "case"), counted(ran, "signature"), failed)
	if failed > 0 {
		return &statusError{scanner.ExitFound, fmt.Sprintf("%d of %s failed", failed, counted(cases, "case"))}
	}
	return nil
}
