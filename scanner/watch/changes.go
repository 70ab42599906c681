package watch

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/history"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
	"sotomi/scanner/triage"
)

// Kind is what an event tells of.
type Kind string

// What there is to tell, in the order in which people want to read it.
const (
	New       Kind = "new"
	Back      Kind = "back"    // found again after it was gone
	Changed   Kind = "changed" // of another severity or certainty than before
	Unchecked Kind = "no-longer-checked"
	Unseen    Kind = "target-unchecked" // something on a target could not be checked that could before
	Silent    Kind = "silent-signature" // found things for weeks, and from one run to the next nowhere any more
	OldData   Kind = "old-data"
	Reminder  Kind = "reminder" // still open
	Gone      Kind = "gone"
)

// Kinds are all of them, in order.
var Kinds = []Kind{New, Back, Changed, Unchecked, Unseen, Silent, OldData, Reminder, Gone}

// Event is a change that is to be told.
type Event struct {
	Kind    Kind
	Finding *scanner.Finding // nil when it is not about one
	Subject string           // a target, a signature or a name of data, when it is not about a finding
	Since   time.Time        // when a finding was first found
	Reason  message.Message  // why something was not checked
}

// silentAfter is how long a signature must have found things for its silence to be told.
const silentAfter = 30 * 24 * time.Hour

// look is what a run saw. It is a sink.
type look struct {
	triage.Compared
	findings []scanner.Finding // that are not suppressed, without evidence
	targets  []string
	gaps     map[string]message.Message // by target, the first reason
	data     []scanner.Data
	summary  scanner.Summary
	memory   []history.Memory
}

// readLook reads a report.
func readLook(r io.Reader) (*look, error) {
	l := &look{gaps: map[string]message.Message{}}
	return l, report.Replay(r, l)
}

func (l *look) Start(s scanner.Start) error {
	l.data = s.Data
	return nil
}

func (l *look) Target(t scanner.TargetInfo) error {
	l.targets = append(l.targets, t.Target)
	for _, m := range t.Memory {
		l.memory = append(l.memory, history.Memory{Signature: m.Signature, Target: t.Target, Name: m.Name, Value: m.Value})
	}
	return nil
}

func (l *look) Finding(f scanner.Finding) error {
	f.Hit.Evidence = nil
	if f.Suppressed == nil {
		l.findings = append(l.findings, f)
	}
	return l.Compared.Finding(f)
}

func (l *look) Outcome(o scanner.Outcome) error {
	if _, there := l.gaps[o.Target]; !there && o.Status.Gap() {
		reason := o.Reason
		if reason.IsZero() {
			reason = message.New("%s", string(o.Status))
		}
		l.gaps[o.Target] = reason
	}
	return l.Compared.Outcome(o)
}

func (l *look) Close(s scanner.Summary) error {
	l.summary = s
	return nil
}

// known is what is known before a run.
type known struct {
	history.Known
	findings map[string]scanner.Finding // by fingerprint
}

// Findings are the findings that are known, by fingerprint.
func Findings(k history.Known) (map[string]scanner.Finding, error) {
	var lines bytes.Buffer
	lines.WriteString(`{"type":"scan"}` + "\n")
	for _, f := range k.Findings {
		lines.Write(f.Record)
	}
	lines.WriteString(`{"type":"summary"}` + "\n")
	var c scanner.Collector
	if err := report.Replay(&lines, &c); err != nil {
		return nil, err
	}
	list := map[string]scanner.Finding{}
	for _, f := range c.Findings {
		list[f.Fingerprint] = f
	}
	return list, nil
}

// record is a finding's line of a report.
func record(f scanner.Finding) ([]byte, error) {
	var line bytes.Buffer
	err := report.NewJSONLines(&line, report.Options{}).Finding(f)
	return line.Bytes(), err
}

// changes is what a run changes of what is known, and what there is to tell.
type changes struct {
	before    *known
	now       time.Time
	reminders map[signature.Severity]time.Duration
	update    history.Update
	events    []Event
}

// compare holds a run against what is known.
func compare(before *known, after *look, now time.Time, reminders map[signature.Severity]time.Duration) (*changes, error) {
	c := &changes{before: before, now: now, reminders: reminders}
	var old triage.Compared
	for id, f := range before.findings {
		if before.Findings[id].State != history.StateGone {
			if err := old.Finding(f); err != nil {
				return nil, err
			}
		}
	}
	var gone []Event
	for _, d := range triage.Compare(&old, &after.Compared) {
		e, err := c.difference(d)
		if err != nil {
			return nil, err
		}
		if e != nil && e.Kind == Gone {
			gone = append(gone, *e)
		} else if e != nil {
			c.events = append(c.events, *e)
		}
	}
	c.events = append(c.events, gone...)
	c.targets(after)
	c.silent(gone, after)
	c.oldData(after.data)
	slices.SortStableFunc(c.events, func(a, b Event) int {
		return cmp.Or(slices.Index(Kinds, a.Kind)-slices.Index(Kinds, b.Kind), b.rank()-a.rank(), strings.Compare(a.place(), b.place()))
	})
	return c, nil
}

func (e Event) rank() int {
	if e.Finding == nil {
		return 0
	}
	return e.Finding.Severity.Rank()
}

func (e Event) place() string {
	if e.Finding == nil {
		return e.Subject
	}
	return e.Finding.Target + " " + e.Finding.Signature.ID
}

// difference keeps how a finding stands now. The event is nil when there is nothing to tell.
func (c *changes) difference(d triage.Difference) (*Event, error) {
	f := d.Finding
	was, knew := c.of(f)
	is := history.Finding{Fingerprint: cmp.Or(was.Fingerprint, f.Fingerprint), State: history.StateOpen, Since: c.now, First: c.now, Last: c.now, Reminded: was.Reminded}
	if knew {
		is.First = was.First
	}
	e := &Event{Kind: New, Finding: &f, Since: is.First, Reason: d.Reason}
	switch {
	case d.Change == triage.Gone:
		e.Kind, is.State, is.Last = Gone, history.StateGone, was.Last
	case d.Change == triage.Unchecked:
		e.Kind, is.State, is.Last = Unchecked, history.StateUnchecked, was.Last
		if was.State == history.StateUnchecked {
			e = nil
		}
	case d.Change == triage.Changed && (d.Before.Severity != f.Severity || d.Before.Hit.Certainty != f.Hit.Certainty):
		e.Kind = Changed
	case (d.Change == triage.Still || d.Change == triage.Changed) && c.due(f, was):
		e.Kind = Reminder
	case d.Change == triage.Still || d.Change == triage.Changed: // counts of documents and the like change all the time
		e = nil
	case knew:
		e.Kind = Back
	}
	if f.Suppressed != nil {
		e = nil
	}
	if e != nil {
		is.Reminded = c.now
	}
	if knew && was.State == is.State {
		is.Since = was.Since
	}
	f.Fingerprint = is.Fingerprint
	var err error
	is.Record, err = record(f)
	c.update.Findings = append(c.update.Findings, is)
	return e, err
}

// wasOpen reports whether a finding was there in the run before.
func (c *changes) wasOpen(f scanner.Finding) bool {
	was, knew := c.of(f)
	return knew && was.State == history.StateOpen
}

// of is what is known of a finding, under whichever fingerprint.
func (c *changes) of(f scanner.Finding) (history.Finding, bool) {
	for _, id := range f.Fingerprints() {
		if was, ok := c.before.Findings[id]; ok {
			return was, true
		}
	}
	return history.Finding{}, false
}

// due reports whether it is time to remind of a finding.
func (c *changes) due(f scanner.Finding, was history.Finding) bool {
	after := c.reminders[f.Severity]
	return after > 0 && !c.now.Before(was.Reminded.Add(after))
}

// targets keeps which targets were checked, and tells of those that are no longer.
func (c *changes) targets(after *look) {
	for _, name := range after.targets {
		was, knew := c.before.Targets[name]
		is := history.Target{Target: name, State: history.StateChecked, Since: c.now}
		reason, gap := after.gaps[name]
		if gap {
			is.State = history.StateUnchecked
		}
		if knew && was.State == is.State {
			continue
		}
		c.update.Targets = append(c.update.Targets, is)
		if gap {
			c.events = append(c.events, Event{Kind: Unseen, Subject: name, Reason: reason})
		}
	}
}

// silent tells of signatures whose findings, on more than one target, all went in one run: they may have been mended at once,
// or the signature sees them no more.
func (c *changes) silent(gone []Event, after *look) {
	type trace struct {
		first   time.Time
		targets map[string]bool
	}
	went := map[string]trace{}
	for _, e := range gone {
		id := e.Finding.Signature.ID
		t, ok := went[id]
		if !ok {
			t = trace{e.Since, map[string]bool{}}
		}
		if e.Since.Before(t.first) {
			t.first = e.Since
		}
		t.targets[e.Finding.Target] = true
		went[id] = t
	}
	for _, f := range after.findings {
		delete(went, f.Signature.ID)
	}
	for id, t := range went {
		if len(t.targets) > 1 && c.now.Sub(t.first) >= silentAfter {
			c.events = append(c.events, Event{Kind: Silent, Subject: id, Since: t.first})
		}
	}
}

// oldData tells, once, of data so old that newer data may know more.
func (c *changes) oldData(data []scanner.Data) {
	for _, d := range data {
		what := "data " + d.Name + " " + d.Date
		if d.Age(c.now) < scanner.DataTooOld || c.before.Told[what] {
			continue
		}
		c.update.Told = append(c.update.Told, what)
		c.events = append(c.events, Event{Kind: OldData, Subject: d.Name, Reason: message.New("of %s", d.Date)})
	}
}
