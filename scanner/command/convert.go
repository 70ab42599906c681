package command

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
	"sotomi/signatures"
)

func (e *environment) convert() *cli.Command {
	return leaf(&cli.Command{
		Name: "convert", Usage: "make another report from saved scans", ArgsUsage: "SCAN.jsonl...",
		Description: "Reads scans that were saved with -o jsonl and writes them in another format or language, without scanning again. Several become one: of a signature on a target that more than one looked at, the newest counts.\n\n" +
			"EXAMPLES\n   sotomi convert scan.jsonl -o text\n   sotomi convert scan.jsonl -o text=report.txt --lang ja\n   sotomi convert monday.jsonl tuesday.jsonl -o text -o html=week.html\n" +
			"   sotomi convert scan.jsonl -o text --target shop.example --severity medium\n   sotomi scan -o jsonl=- shop.example | sotomi convert - -o text",
		Flags: []cli.Flag{
			outputFlag(), perFlag(), chromiumFlag(),
			stringsFlag("only", categoryReport, "tell only of these signatures (id, tag) and severities: a comma-separated list of `ID|TAG|SEVERITY`; repeatable"),
			stringsFlag("exclude", categoryReport, "the reverse of --only, and wins over it: a comma-separated list of `ID|TAG|SEVERITY`; repeatable"),
			stringsFlag("target", categoryReport, "tell only of targets that fit `PATTERN`: an address with its scheme, or a host with or without its port; * is any text; repeatable"),
			stringFlag("severity", categoryReport, "lowest `SEVERITY` of findings to tell: critical, high, medium, low, info, unknown", ""),
			minSeverityFlag(),
			boolFlag("verbose", categoryReport, "show every outcome, also the clean ones", "v"),
		},
		Action: func(c *cli.Context) error {
			if c.NArg() == 0 {
				return message.Errorf("convert needs a file, such as scan.jsonl, or - for standard input")
			}
			if c.NArg() > 1 && slices.Contains(c.Args().Slice(), "-") {
				return message.Errorf("standard input can only be converted alone: it cannot be read twice")
			}
			return e.runConvert(&settings{c: c}, c.Args().Slice())
		},
	})
}

func (e *environment) runConvert(s *settings, files []string) error {
	outs, err := e.outputs(s.c.Context, wantedOutputs{list: s.list("output", nil), per: s.c.String("per"), verbose: s.c.Bool("verbose"), chromium: s.c.String("chromium")})
	if err != nil {
		return err
	}
	if err := outs.withoutRequests(); err != nil {
		return err
	}
	if outs.minSeverity, err = s.minSeverity(); err != nil {
		return err
	}
	choice, err := s.choice()
	if err != nil {
		return err
	}
	if err := outs.knowSignatures(choice); err != nil {
		return err
	}
	outs.live = false // one of them may be the file that is read
	sources, done, err := e.sources(files)
	if err != nil {
		return err
	}
	defer done()
	if f, ok := e.stdin.(*os.File); files[0] == "-" && (!ok || !term.IsTerminal(int(f.Fd()))) {
		_, stop := interruptible(s.c.Context) // the scan at the other end of the pipe stops too and still writes its summary
		defer stop()
	}
	collectOften()
	if err := outs.open(); err != nil {
		return err
	}
	defer outs.finish()
	to := scanner.Sink(tee(withoutSecrets(outs.sinks, nil))) // which also makes printable what a stranger may have written
	if choice != nil {
		to = report.NewSelection(to, *choice)
	}
	if len(sources) == 1 {
		err = sources[0].Read(to)
	} else {
		err = report.Merge(sources, to)
	}
	if errors.Is(err, report.ErrIncomplete) {
		return &statusError{scanner.ExitIncomplete, message.Of(err)}
	}
	return err
}

// sources are files to be read. done closes them.
func (e *environment) sources(files []string) (list []report.Source, done func(), err error) {
	var open []*os.File
	done = func() {
		for _, f := range open {
			_ = f.Close() // it was only read
		}
	}
	for _, name := range files {
		if name == "-" {
			list = append(list, report.Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(e.stdin), nil }})
			continue
		}
		f, err := openFile(name)
		if err != nil {
			done()
			return nil, nil, err
		}
		open = append(open, f)
		list = append(list, report.Source{Name: name, Open: func() (io.ReadCloser, error) {
			if _, err := f.Seek(0, io.SeekStart); err != nil && len(files) > 1 { // else it may be a pipe
				return nil, err
			}
			return io.NopCloser(f), nil
		}})
	}
	return list, done, nil
}

// choice is what the flags of convert leave of a scan; nil for all of it.
func (s *settings) choice() (*report.Choice, error) {
	c := &report.Choice{Only: s.words("only", nil), Exclude: s.words("exclude", nil), Targets: s.list("target", nil)}
	if err := errors.Join(s.mistakes...); err != nil {
		return nil, err
	}
	if text := s.c.String("severity"); text != "" {
		var err error
		if c.Least, err = signature.ParseSeverity(text); err != nil {
			return nil, message.Errorf("--severity: %w", err)
		}
	}
	if len(c.Only)+len(c.Exclude)+len(c.Targets) == 0 && c.Least == "" {
		return nil, nil
	}
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		return nil, err
	}
	c.Known = byID(set.Signatures)
	return c, nil
}

// knowSignatures gives the embedded signatures to a report that names what ran and found nothing.
func (o *outputs) knowSignatures(choice *report.Choice) error {
	if !slices.ContainsFunc(o.wanted, func(w output) bool { return w.name == "sarif" }) {
		return nil
	}
	if choice != nil {
		o.options.Signatures = choice.Known
		return nil
	}
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		return err
	}
	o.options.Signatures = byID(set.Signatures)
	return nil
}

func byID(list []*signature.Signature) map[string]*signature.Signature {
	by := make(map[string]*signature.Signature, len(list))
	for _, sig := range list {
		by[sig.ID] = sig
	}
	return by
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
