package report

import (
	"bufio"
	"errors"
	"io"

	"sotomi/scanner"
)

// Spool is a file that a report may use until it is closed.
type Spool interface {
	io.Writer
	io.ReaderAt
}

// Part is a share of a scan that gets a report of its own.
type Part struct {
	Name     string // of the target, owner or label; "" for targets without
	Findings int
}

// NewParts writes a report for each part of a scan: name tells the part that a target belongs to, and open makes the report,
// or gives nil when the part is to have none. Results go through the spool, so that memory does not grow with them and one
// report is open at a time.
func NewParts(spool Spool, name func(scanner.TargetInfo) string, open func(Part) (scanner.Sink, error)) scanner.Sink {
	p := &parts{spool: spool, name: name, open: open, byName: map[string]*part{}}
	p.lines = newJSONLines(&counting{to: spool, written: &p.written})
	return p
}

type parts struct {
	scanner.Discard
	spool   Spool
	name    func(scanner.TargetInfo) string
	open    func(Part) (scanner.Sink, error)
	lines   *jsonLines
	written int64

	start  scanner.Start
	byName map[string]*part
	order  []*part
	now    *part // of the target whose results come
}

// part is one share: where its records are, and what they come to.
type part struct {
	Part
	places     []place
	targets    int
	redirected []scanner.Redirected
}

// counting counts bytes.
type counting struct {
	to      io.Writer
	written *int64
}

func (c *counting) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	*c.written += int64(n)
	return n, err
}

func (p *parts) Start(s scanner.Start) error {
	p.start = s
	return nil
}

func (p *parts) Target(t scanner.TargetInfo) error {
	name := p.name(t)
	now, ok := p.byName[name]
	if !ok {
		now = &part{Part: Part{Name: name}}
		p.byName[name] = now
		p.order = append(p.order, now)
	}
	p.now = now
	now.targets++
	if t.Leads != "" && len(now.redirected) < maxRedirected {
		now.redirected = append(now.redirected, scanner.Redirected{Target: t.Target, To: t.Leads})
	}
	return p.record(func() error { return p.lines.Target(t) })
}

func (p *parts) Finding(f scanner.Finding) error {
	if p.now != nil {
		p.now.Findings++
	}
	return p.record(func() error { return p.lines.Finding(f) })
}

func (p *parts) Outcome(o scanner.Outcome) error {
	return p.record(func() error { return p.lines.Outcome(o) })
}

// record spools a record of the part that the last target belongs to.
func (p *parts) record(write func() error) error {
	if p.now == nil { // of a scan saved before there were records of targets
		if err := p.Target(scanner.TargetInfo{}); err != nil {
			return err
		}
	}
	from := p.written
	if err := write(); err != nil {
		return err
	}
	if last := len(p.now.places) - 1; last >= 0 && p.now.places[last].to == from {
		p.now.places[last].to = p.written
		return nil
	}
	p.now.places = append(p.now.places, place{from, p.written})
	return nil
}

// Close writes the reports, one after the other.
func (p *parts) Close(s scanner.Summary) error {
	var errs []error
	for _, one := range p.order {
		sink, err := p.open(one.Part)
		if err == nil && sink != nil {
			err = p.write(one, sink, s)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (p *parts) write(one *part, sink scanner.Sink, whole scanner.Summary) error {
	r := &replay{to: sink, started: true, counted: newCounts()}
	err := sink.Start(p.start)
	for _, at := range one.places {
		lines := bufio.NewReader(io.NewSectionReader(p.spool, at.from, at.to-at.from))
		for err == nil {
			var text []byte
			text, err = lines.ReadBytes('\n')
			if err == nil {
				err = r.line(text)
			}
		}
		if !errors.Is(err, io.EOF) {
			break
		}
		err = nil
	}
	own := r.counted
	own.Targets, own.Redirected = one.targets, one.redirected
	own.Requests, own.Took, own.AboveSafety, own.Interrupted = whole.Requests, whole.Took, whole.AboveSafety, whole.Interrupted
	own.Complete = !whole.Interrupted && err == nil
	for status := range own.Statuses {
		own.Complete = own.Complete && !status.Gap()
	}
	return errors.Join(err, sink.Close(own))
}
