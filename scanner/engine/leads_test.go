package engine

import (
	"fmt"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/target"
)

// Where one site leads costs the same however many targets there are.
func TestWhereASiteLeadsDoesNotCostMoreWithMoreTargets(t *testing.T) {
	allocations := func(targets int) float64 {
		var args []string
		for i := range targets {
			args = append(args, fmt.Sprintf("http://host%d.example/", i))
		}
		p, err := NewPlan(Options{
			Client: newClient(t), Targets: mustTargets(t, args...), Signatures: sigsOf("a"),
			Checks: tableOf(map[string]scanner.Check{"a": checkFunc(quiet)}),
		})
		if err != nil {
			t.Fatal(err)
		}
		s := newSite(p.options.Client, target.Target{URL: mustURL(t, "http://host1.example/")}, siteSettings{})
		to := mustURL(t, "https://www.elsewhere.example/")
		s.leadsTo(to, p) // what is made once
		return testing.AllocsPerRun(100, func() { s.leadsTo(to, p) })
	}
	few, many := allocations(2), allocations(2000)
	if many > few+1 {
		t.Errorf("%v allocations among 2000 targets, %v among 2", many, few)
	}
}
