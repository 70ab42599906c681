package report

import (
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// NewJUnit writes a suite for each target with a case for each signature: a finding that counts fails it, another one is
// told in its output, and what could not be checked is an error. A suite is kept until its target ends.
func NewJUnit(w io.Writer, o Options) scanner.Sink {
	fails := o.Fails
	if fails == nil {
		fails = func(s signature.Severity, _ scanner.Certainty) bool { return s.Rank() >= signature.SeverityHigh.Rank() }
	}
	return &junit{w: w, language: o.Language, words: message.In(o.Language), fails: fails, newSignatures: o.NewSignatures}
}

type junit struct {
	scanner.Discard
	w        io.Writer
	language string
	words    message.Language
	fails    func(signature.Severity, scanner.Certainty) bool

	newSignatures bool // findings of signatures that the baseline does not know count

	start    scanner.Start
	target   string
	cases    []junitCase
	findings map[string][]entry // of the target, by signature
	order    []string           // of findings without an outcome so far
}

type (
	junitSuite struct {
		XMLName   xml.Name    `xml:"testsuite"`
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Errors    int         `xml:"errors,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Timestamp string      `xml:"timestamp,attr,omitempty"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Skipped *junitProblem `xml:"skipped"`
		Output  string        `xml:"system-out,omitempty"`
	}
	junitProblem struct {
		Message string `xml:"message,attr,omitempty"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

func (j *junit) Start(s scanner.Start) error {
	j.start = s
	_, err := io.WriteString(j.w, xml.Header+"<testsuites name=\"sotomi\">\n")
	return err
}

func (j *junit) Finding(f scanner.Finding) error {
	if err := j.turn(f.Target); err != nil {
		return err
	}
	e := newEntry(f, j.language)
	if len(j.findings[e.Signature]) == 0 {
		j.order = append(j.order, e.Signature)
	}
	j.findings[e.Signature] = append(j.findings[e.Signature], e)
	return nil
}

// turn ends the suite of another target.
func (j *junit) turn(target string) error {
	if target == j.target && j.findings != nil {
		return nil
	}
	err := j.flush()
	j.target, j.findings = target, map[string][]entry{}
	return err
}

func (j *junit) Outcome(o scanner.Outcome) error {
	if err := j.turn(o.Target); err != nil {
		return err
	}
	id := message.Line(o.Signature)
	c := j.newCase(id)
	reason := j.words.Say("status-"+string(o.Status), nil) + prefixed(": ", message.Line(j.words.Text(o.Reason)))
	switch {
	case o.Status == scanner.StatusFound:
		j.judge(&c, id)
	case o.Status == scanner.StatusClean && strings.HasPrefix(o.Target, "tcp://"):
		c.Output = reason // what came of its ports
	case o.Status == scanner.StatusClean:
	case o.Status.Gap():
		c.Error = &junitProblem{Message: reason, Type: string(o.Status)}
	default: // nothing here that it looks at, or nothing that sotomi can run
		c.Skipped = &junitProblem{Message: reason}
	}
	j.cases = append(j.cases, c)
	return nil
}

// newCase is the case of a signature on the target.
func (j *junit) newCase(id string) junitCase {
	host := message.Line(j.target)
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host = rest
	}
	return junitCase{Class: host, Name: id}
}

// judge makes a case of the findings of a signature.
func (j *junit) judge(c *junitCase, id string) {
	var failed *entry
	var texts []string
	suppressed := len(j.findings[id]) > 0 // all of them
	for i := range j.findings[id] {
		e := &j.findings[id][i]
		suppressed = suppressed && e.Suppressed != nil
		if j.counts(e) && (failed == nil || rank(e, failed) < 0) {
			failed = e
		}
		texts = append(texts, j.tell(e))
	}
	delete(j.findings, id)
	text := strings.Join(texts, "\n\n")
	if suppressed {
		c.Skipped = &junitProblem{Message: j.words.Say("status-found", nil) + ": " + texts[0]}
		return
	}
	if failed == nil {
		c.Output = text
		return
	}
	c.Failure = &junitProblem{Message: failed.Name + " (" + failed.URL + ")", Type: string(failed.Severity), Text: text}
}

// counts reports whether a finding fails its case.
func (j *junit) counts(e *entry) bool {
	known := e.Suppressed != nil || e.Baseline == scanner.Known || e.Baseline == scanner.NewSignature && !j.newSignatures
	return !known && j.fails(e.Severity, e.Certainty)
}

// tell is a finding for the log of a pipeline.
func (j *junit) tell(e *entry) string {
	lines := []string{
		"[" + j.words.Say("severity-"+string(e.Severity), nil) + ", " + j.words.Say("certainty-"+string(e.Certainty), nil) + "] " + e.Name,
		j.words.Say("where", nil) + ": " + e.URL,
	}
	for _, line := range []string{e.Values, e.Description, prefixed(j.words.Say("todo", nil)+": ", e.Remediation), e.Curl} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// flush writes the suite of the target.
func (j *junit) flush() error {
	for _, id := range j.order {
		if len(j.findings[id]) > 0 { // the scan ended before its outcome
			c := j.newCase(id)
			j.judge(&c, id)
			j.cases = append(j.cases, c)
		}
	}
	cases := j.cases
	j.cases, j.order = nil, nil
	if len(cases) == 0 {
		return nil
	}
	return j.suite(message.Line(j.target), cases)
}

func (j *junit) suite(name string, cases []junitCase) error {
	s := junitSuite{Name: name, Tests: len(cases), Cases: cases}
	if !j.start.Time.IsZero() {
		s.Timestamp = j.start.Time.UTC().Format("2006-01-02T15:04:05")
	}
	for _, c := range cases {
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	text, err := xml.MarshalIndent(s, "  ", "  ")
	if err != nil {
		return err
	}
	_, err = j.w.Write(append(text, '\n'))
	return err
}

func (j *junit) Close(s scanner.Summary) error {
	if err := j.flush(); err != nil {
		return err
	}
	var problems []junitCase
	problem := func(text string) {
		problems = append(problems, junitCase{Class: "sotomi", Name: "scan " + strconv.Itoa(len(problems)+1), Error: &junitProblem{Message: text}})
	}
	if s.Interrupted {
		problem(j.words.Say("interrupted", nil))
	}
	if s.NotStarted > 0 {
		problem(j.words.Count("not-started", s.NotStarted, nil))
	}
	if len(s.Statuses) == 0 {
		problem(j.words.Say("exit-nothing", nil))
	}
	if len(problems) > 0 {
		if err := j.suite("sotomi", problems); err != nil {
			return err
		}
	}
	_, err := io.WriteString(j.w, "</testsuites>\n")
	return err
}
