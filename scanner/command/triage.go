package command

import (
	"errors"
	"io/fs"
	"strings"
	"time"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/triage"
)

// rules read what the user knows of findings already: --baseline, --ignore and --vex.
func (e *environment) rules(s *settings) (*triage.Rules, error) {
	r := &triage.Rules{Now: time.Now().UTC()}
	var mistakes []error
	if name := s.text("baseline", s.file.Baseline); name != "" {
		text, err := readFile(name, maxKnown)
		if err == nil {
			r.Baseline, err = triage.ReadBaseline(text)
		} else {
			err = reason(err)
		}
		if err != nil {
			mistakes = append(mistakes, message.Errorf("--baseline %s: %w", name, err))
		}
	}
	mistakes = append(mistakes, e.readIgnore(r, s.text("ignore", s.file.Ignore)))
	mistakes = append(mistakes, e.readExpected(r, s.text("expected", s.file.Expected)))
	for _, name := range s.list("vex", s.file.VEX) {
		text, err := readFile(name, maxKnown)
		if err == nil {
			err = r.ReadVEX(name, text)
		} else {
			err = reason(err)
		}
		if err != nil {
			mistakes = append(mistakes, message.Errorf("--vex %s: %w", name, err))
		}
	}
	return r, errors.Join(mistakes...)
}

// readGate reads what is known of findings, and what fails the scan.
func (e *environment) readGate(j *job, s *settings) error {
	var err1, err2 error
	j.rules, err1 = e.rules(s)
	j.gate, err2 = s.gate(s.text("baseline", s.file.Baseline) != "")
	return errors.Join(err1, err2)
}

// readIgnore reads the file that --ignore names, or .sotomi-ignore.yaml if there is one, and says so.
func (e *environment) readIgnore(r *triage.Rules, name string) error {
	name, text, err := e.readKnown("ignore", name, triage.DefaultIgnoreFile, message.New("suppressions are read from %s", triage.DefaultIgnoreFile))
	if text == nil || err != nil {
		return err
	}
	if strings.HasSuffix(name, ".json") {
		if err := r.ReadVEX(name, text); err != nil {
			return message.Errorf("--ignore %s: %w", name, err)
		}
		return nil
	}
	return r.ReadIgnore(name, text)
}

// readKnown reads the file that a flag names. Without a name it is the file with the usual name if there is one, and the notice
// says that it is read; no text and no error where there is none.
func (e *environment) readKnown(flag, name, usual string, notice message.Message) (file string, text []byte, err error) {
	named := name != ""
	if !named {
		name = usual
	}
	text, err = readFile(name, maxKnown)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !named:
		return name, nil, nil
	case err != nil:
		return name, nil, message.Errorf("--%s %s: %w", flag, name, reason(err))
	}
	if !named {
		e.notice(notice)
	}
	return name, text, nil
}

// readToAdd reads the file that entries are added to; no text where there is none yet.
func readToAdd(name string) ([]byte, error) {
	text, err := readFile(name, maxKnown)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, message.Errorf("%s: %w", name, reason(err))
	}
	return text, nil
}

// gate reads what fails a scan.
func (s *settings) gate(baseline bool) (*gate, error) {
	failOn, err1 := parseFailOn("fail-on", s.text("fail-on", s.file.FailOn))
	g := &gate{
		failOn: failOn, baseline: baseline, strict: s.yes("strict", s.file.Strict),
		newSignatures: s.yes("fail-on-new-signatures", s.file.FailOnNewSignatures),
	}
	var err2, err3 error
	if text := s.text("fail-on-new", s.file.FailOnNew); text != "" {
		g.failOn, err2 = parseFailOn("fail-on-new", text)
	}
	if !baseline && (s.text("fail-on-new", s.file.FailOnNew) != "" || g.newSignatures) {
		err2 = errors.Join(err2, message.Errorf("--fail-on-new and --fail-on-new-signatures need --baseline: without one nobody knows what is new"))
	}
	switch text := s.text("on-incomplete", s.file.OnIncomplete); text {
	case "fail":
	case "warn":
		g.forgiveGaps = true
	default:
		err3 = message.Errorf("--on-incomplete: %q is none; there are fail, warn", text)
	}
	return g, errors.Join(err1, err2, err3)
}

// minSeverity is the lowest severity that reports for people show, "" for all.
func (s *settings) minSeverity() (signature.Severity, error) {
	text := s.text("min-severity", s.file.MinSeverity)
	if text == "" {
		return "", nil
	}
	severity, err := signature.ParseSeverity(text)
	if err != nil {
		return "", message.Errorf("--min-severity: %w", err)
	}
	return severity, nil
}

// maxTime is the longest that the whole scan may take, 0 for no limit.
func (s *settings) maxTime() (time.Duration, error) {
	d := pick(s, "max-time", s.c.Duration, s.file.MaxTime)
	if d < 0 {
		return 0, message.Errorf("--max-time must not be negative")
	}
	return d, nil
}
