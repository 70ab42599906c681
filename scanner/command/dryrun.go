package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"sotomi/scanner/engine"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// dryRun prints what a scan would send, by target. Checks whose requests depend on answers are named instead.
func (e *environment) dryRun(ctx context.Context, plans ...*engine.Plan) error {
	d := &dryTarget{out: e.stdout, words: e.words}
	for _, plan := range plans {
		for p := range plan.Requests(ctx) {
			if d.target.URL == nil || p.Target.String() != d.target.String() {
				d.flush()
				d.begin(p.Target)
			}
			d.add(p)
		}
	}
	d.flush()
	fmt.Fprintln(e.stdout, e.words.Count("planned", d.requests, nil))
	return ctx.Err()
}

// dryTarget is what would be sent to one target.
type dryTarget struct {
	out      io.Writer
	words    message.Language
	requests int // to all targets so far

	target target.Target
	home   string // key of the request that every scan of a target begins with
	first  bool   // nobody else makes it
	lines  []string
}

func (d *dryTarget) begin(t target.Target) {
	d.target, d.first, d.lines = t, true, nil
	d.home = (&web.Request{Method: "GET", URL: t.URL}).Key()
}

func (d *dryTarget) add(p engine.Planned) {
	unless := prefixed(", ", d.words.Text(p.Unless))
	if p.Target.URL.Scheme == "tcp" {
		d.first = false // no page is asked for
		d.requests += len(p.Ports)
		what := message.New("no connection to its ports")
		if len(p.Ports) > 0 {
			what = message.New("connections to the ports %s, and to those that are open up to two more", p.Ports.String())
		}
		d.lines = append(d.lines, fmt.Sprintf("  %s  (%s)", d.words.Text(what), d.shortened(p.Signatures)))
		return
	}
	if p.Request == nil {
		who := message.New("%s decides during the scan", strings.Join(p.Signatures, ", "))
		d.lines = append(d.lines, fmt.Sprintf("  (%s%s)", d.words.Text(who), unless))
		return
	}
	d.requests++
	d.first = d.first && p.Request.Key() != d.home
	address := p.Request.URL.String()
	if p.Request.Target != "" {
		address = p.Request.URL.Scheme + "://" + p.Request.URL.Host + p.Request.Target
	}
	d.lines = append(d.lines, fmt.Sprintf("  %s %s  (%s%s)", cmp.Or(p.Request.Method, "GET"), address, d.shortened(p.Signatures), unless))
}

func (d *dryTarget) flush() {
	if d.target.URL == nil {
		return
	}
	fmt.Fprintln(d.out, message.Line(d.target.String()))
	if d.first {
		d.requests++
		fmt.Fprintf(d.out, "  GET %s  (%s)\n", message.Line(d.target.URL.String()), d.words.Text(message.New("first, to see whether the site answers")))
	}
	for _, line := range d.lines {
		fmt.Fprintln(d.out, message.Line(line))
	}
}

func (d *dryTarget) shortened(ids []string) string {
	if len(ids) <= 3 {
		return strings.Join(ids, ", ")
	}
	return strings.Join(ids[:3], ", ") + " " + d.words.Say("more", map[string]any{"N": len(ids) - 3})
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
