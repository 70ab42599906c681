package command

import (
	"context"
	"fmt"
	"strings"

	"sotomi/scanner"
)

// dryRun prints what a scan would send, by target. What a check decides as it goes is named instead.
func (e *environment) dryRun(ctx context.Context, o scanner.Options) error {
	plan, err := scanner.NewPlan(o)
	if err != nil {
		return err
	}
	target, requests := "", 0
	for p := range plan.Requests(ctx) {
		if name := p.Target.String(); name != target {
			target = name
			fmt.Fprintf(e.stdout, "%s\n", target)
		}
		unless := ""
		if p.Unless != "" {
			unless = ", " + p.Unless
		}
		if p.Request == nil {
			fmt.Fprintf(e.stdout, "  (%s decides as it goes%s)\n", strings.Join(p.Signatures, ", "), unless)
			continue
		}
		requests++
		method := p.Request.Method
		if method == "" {
			method = "GET"
		}
		address := p.Request.URL.String()
		if p.Request.Target != "" {
			address = p.Request.URL.Scheme + "://" + p.Request.URL.Host + p.Request.Target
		}
		fmt.Fprintf(e.stdout, "  %s %s  (%s%s)\n", method, address, shortened(p.Signatures), unless)
	}
	fmt.Fprintf(e.stdout, "%s, and those that checks decide as they go; nothing was sent\n", counted(requests, "request"))
	return ctx.Err()
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
