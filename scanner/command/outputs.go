package command

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
	"sotomi/scanner/triage"
)

// outputs are the reports of a scan, which are finished also after an interruption.
type outputs struct {
	stdout  io.Writer
	live    bool // JSON lines are in their file as soon as they are known
	wanted  []output
	options report.Options
	per     string // what each report in a file is split by; "" for whole ones
	sinks   []scanner.Sink
	list    *report.List // that a workbook which is not there yet begins as; nil for an empty one
	retest  bool         // a workbook tells of a retest: nothing but the list changes
	files   []*outputFile
	spools  []*os.File

	minSeverity signature.Severity // below it, reports for people show no findings; "" for all
	baseline    string             // where a baseline of the scan goes, "" for none

	journal string // where the journal of the scan goes; "" when no report goes to a file

	secrets  evidence.Secrets   // of the user's, which the log of requests hides
	requests *report.RequestLog // nil when nobody wants it
	goesOn   bool               // the scan is one that was begun before, and so is the log
}

type output struct {
	name   string
	format report.Format // nil for letters and the evidence pack
	path   string        // "" or "-" for standard output
}

// wantedOutputs are the flags that reports are made by.
type wantedOutputs struct {
	list     []string
	per      string // what each report in a file is split by; "" for whole ones
	verbose  bool
	goesOn   bool   // the scan is one that was begun before
	chromium string // that prints PDF; "" for one that is found
}

// outputs reads what --output says. A browser that is needed and not there is an error before anything is sent.
func (e *environment) outputs(ctx context.Context, wanted wantedOutputs) (*outputs, error) {
	list := wanted.list
	if len(list) == 0 {
		list = []string{"text"}
	}
	o := &outputs{stdout: e.stdout, live: true, per: wanted.per, goesOn: wanted.goesOn, options: report.Options{Language: e.lang, Verbose: wanted.verbose}}
	standard := 0
	for _, entry := range list {
		name, path, toFile := strings.Cut(entry, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		var format report.Format
		var err error
		if name != letters && name != evidencePack {
			format, err = formatNamed(name)
		}
		switch extension := strings.TrimPrefix(filepath.Ext(name), "."); {
		case err != nil && !toFile && report.Formats()[extension] != nil:
			return nil, message.Errorf("--output: %w; a file is named behind it, as in %s=%s", err, extension, name)
		case err != nil:
			return nil, message.Errorf("--output: %w", err)
		case toFile && path == "":
			return nil, message.Errorf("--output %s= names no file; %s alone goes to standard output", name, name)
		}
		switch path {
		case "", "-", "/dev/stdout":
			if name == letters {
				return nil, message.Errorf("--output %s: name the folder for the letters, as in -o letters=letters", entry)
			}
			if name == evidencePack {
				return nil, message.Errorf("--output %s: name the folder for the evidence, as in -o payment-evidence=evidence", entry)
			}
			if (name == "xlsx" || name == "pdf") && isTerminal(e.stdout) {
				return nil, message.Errorf("--output %s: this is not for a terminal; name a file, as in -o %s=report.%s", entry, name, name)
			}
			path = ""
			standard++
		default:
			path = filepath.Clean(path)
		}
		if path != "" && slices.ContainsFunc(o.wanted, func(w output) bool { return w.path == path }) {
			return nil, message.Errorf("--output: two reports go to %s", path)
		}
		if name == "pdf" && o.options.Chromium == "" {
			if o.options.Chromium, err = report.Chromium(ctx, wanted.chromium); err != nil {
				return nil, message.Errorf("--output pdf: %w", err)
			}
		}
		o.wanted = append(o.wanted, output{name, format, path})
	}
	if standard > 1 {
		return nil, message.Errorf("--output: two reports go to standard output; give one of them a path, as in -o jsonl=scan.jsonl")
	}
	return o, o.checkPer()
}

// open makes the sinks. A path that cannot be written is an error before anything is sent.
func (o *outputs) open() error {
	for _, w := range o.wanted {
		if w.path == "" {
			options := o.options
			options.Color, options.Width = colours(o.stdout), columns(o.stdout)
			o.sinks = append(o.sinks, o.shown(w.name, o.sink(w, o.stdout, options)))
			continue
		}
		if w.name == evidencePack {
			if err := o.openEvidence(w); err != nil {
				o.finish()
				return message.Errorf("--output %s=%s: %w", w.name, w.path, err)
			}
			continue
		}
		if o.per != "" && w.name != requestsOutput || w.name == letters {
			sink, err := o.parts(w)
			if err != nil {
				o.finish()
				return message.Errorf("--output %s=%s: %w", w.name, w.path, err)
			}
			o.sinks = append(o.sinks, o.shown(w.name, sink))
			o.keepBeside(w.path)
			continue
		}
		if err := o.merged(&w); err != nil {
			o.finish()
			return message.Errorf("--output %s=%s: %w", w.name, w.path, err)
		}
		p, err := newOutputFile(w.path, o.live && (w.name == "jsonl" || w.name == requestsOutput))
		if err == nil && o.sharedFile(p) {
			p.abandon()
			err = message.Errorf("another report goes to this file")
		}
		if err == nil && w.name == requestsOutput && o.goesOn {
			err = p.goOn()
		}
		if err != nil {
			o.finish()
			return message.Errorf("--output %s=%s: %w", w.name, w.path, err)
		}
		o.files = append(o.files, p)
		if p.kind != device {
			o.keepBeside(p.path)
		}
		o.sinks = append(o.sinks, &fileSink{o.shown(w.name, o.sink(w, p, o.options)), p})
	}
	return o.openBaseline()
}

// openBaseline adds the baseline to what is written.
func (o *outputs) openBaseline() error {
	if o.baseline == "" {
		return nil
	}
	p, err := newOutputFile(o.baseline, false)
	if err == nil && o.sharedFile(p) {
		p.abandon()
		err = message.Errorf("another report goes to this file")
	}
	if err != nil {
		o.finish()
		return message.Errorf("--write-baseline %s: %w", o.baseline, err)
	}
	o.files = append(o.files, p)
	o.sinks = append(o.sinks, &fileSink{triage.NewBaselineSink(p, o.options.Language), p})
	return nil
}

// sink makes the sink of one report.
func (o *outputs) sink(w output, to io.Writer, options report.Options) scanner.Sink {
	sink := w.format(to, options)
	if log, ok := sink.(*report.RequestLog); ok {
		o.requests = log
	}
	return sink
}

// shown is a report that shows no findings below --min-severity, when it is one for people.
func (o *outputs) shown(name string, s scanner.Sink) scanner.Sink {
	if o.minSeverity == "" || !slices.Contains([]string{"text", "html", "markdown", "pdf", letters}, name) {
		return s
	}
	return &hiding{Sink: s, below: o.minSeverity}
}

// hiding keeps findings below a severity from a report, and counts them.
type hiding struct {
	scanner.Sink
	below  signature.Severity
	hidden int
}

func (h *hiding) Finding(f scanner.Finding) error {
	if f.Severity.Rank() < h.below.Rank() {
		h.hidden++
		return nil
	}
	return h.Sink.Finding(f)
}

func (h *hiding) Close(s scanner.Summary) error {
	s.Hidden = h.hidden
	return h.Sink.Close(s)
}

// sharedFile: a path that differs may lead to the same file.
func (o *outputs) sharedFile(p *outputFile) bool {
	info, err := os.Stat(p.path)
	return err == nil && p.kind != device && slices.ContainsFunc(o.files, func(other *outputFile) bool {
		there, err := os.Stat(other.path)
		return err == nil && os.SameFile(info, there)
	})
}

// finish ends the reports that were not closed.
func (o *outputs) finish() {
	for _, p := range o.files {
		p.abandon()
	}
	for _, s := range o.spools {
		_, _ = s.Close(), os.Remove(s.Name())
	}
	o.spools = nil
}

// colours reports whether to use colours: on a terminal unless NO_COLOR is set, and always with CLICOLOR_FORCE.
func colours(w io.Writer) bool {
	if os.Getenv("NO_COLOR") != "" {
		return false
	}
	if force := os.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return isTerminal(w) && os.Getenv("TERM") != "dumb"
}

// progress is a bar on standard error, nil when that is not a terminal.
func (e *environment) progress() scanner.Sink {
	if !isTerminal(e.stderr) {
		return nil
	}
	return &progressSink{bar: newBar(e.stderr), say: report.Progress(e.lang)}
}

// barParts is how finely a bar shows the time of a scan.
const barParts = 1000

func newBar(w io.Writer) *progressbar.ProgressBar {
	const width = 20 // columns of the bar itself: the whole line mostly fits into 80
	return progressbar.NewOptions(barParts, progressbar.OptionSetWriter(w), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(width), progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(true))
}

// progressSink comes before the reports among the sinks, so that it removes its line before one of them writes.
type progressSink struct {
	scanner.Discard
	bar   *progressbar.ProgressBar
	say   func(scanner.Progress) string
	shown bool
}

func (p *progressSink) Finding(scanner.Finding) error { return p.clear() }
func (p *progressSink) Outcome(scanner.Outcome) error { return p.clear() }
func (p *progressSink) Close(scanner.Summary) error   { return p.clear() }

func (p *progressSink) Progress(s scanner.Progress) error {
	p.bar.Describe(p.say(s))
	p.shown = true
	// Time is what passes evenly: the first targets to be done are those that are dead. A bar that is full takes itself away.
	return p.bar.Set(min(barParts-1, int(barParts*s.Took.Seconds()/max(1, (s.Took+s.Left).Seconds()))))
}

func (p *progressSink) clear() error {
	if !p.shown {
		return nil
	}
	p.shown = false
	return p.bar.Clear()
}
