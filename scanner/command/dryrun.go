package command

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"sotomi/scanner/engine"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// dryRun prints what a scan would send, by target. What a check decides as it goes is named instead.
func (e *environment) dryRun(ctx context.Context, o engine.Options) error {
	plan, err := engine.NewPlan(o)
	if err != nil {
		return err
	}
	d := &dryTarget{out: e.stdout}
	for p := range plan.Requests(ctx) {
		if d.target.URL == nil || p.Target.String() != d.target.String() {
			d.flush()
			d.begin(p.Target)
		}
		d.add(p)
	}
	d.flush()
	fmt.Fprintf(e.stdout, "%s, and those that checks decide as they go; nothing was sent\n", counted(d.requests, "request"))
	return ctx.Err()
}

// dryTarget is what would be sent to one target.
type dryTarget struct {
	out      io.Writer
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
	unless := ""
	if p.Unless != "" {
		unless = ", " + p.Unless
	}
	if p.Request == nil {
		d.lines = append(d.lines, fmt.Sprintf("  (%s decides as it goes%s)", strings.Join(p.Signatures, ", "), unless))
		return
	}
	d.requests++
	d.first = d.first && p.Request.Key() != d.home
	address := p.Request.URL.String()
	if p.Request.Target != "" {
		address = p.Request.URL.Scheme + "://" + p.Request.URL.Host + p.Request.Target
	}
	d.lines = append(d.lines, fmt.Sprintf("  %s %s  (%s%s)", cmp.Or(p.Request.Method, "GET"), address, shortened(p.Signatures), unless))
}

func (d *dryTarget) flush() {
	if d.target.URL == nil {
		return
	}
	fmt.Fprintln(d.out, d.target)
	if d.first {
		d.requests++
		fmt.Fprintf(d.out, "  GET %s  (first, to see whether the site answers)\n", d.target.URL)
	}
	for _, line := range d.lines {
		fmt.Fprintln(d.out, line)
	}
}

func shortened(ids []string) string {
	if len(ids) > 3 {
		return fmt.Sprintf("%s and %d more", strings.Join(ids[:3], ", "), len(ids)-3)
	}
	return strings.Join(ids, ", ")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
