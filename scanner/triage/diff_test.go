package triage_test

import (
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/triage"
)

// TestCompare: what a scan does not have is gone only when the scan looked for it.
func TestCompare(t *testing.T) {
	const target = "https://h.example"
	old := finding("a", target, "v1:1")
	worse := old
	worse.Severity = signature.SeverityCritical
	outcome := func(s scanner.Status, requests int) *scanner.Outcome {
		return &scanner.Outcome{Signature: "a", Target: target, Status: s, Requests: requests}
	}
	for name, c := range map[string]struct {
		before, after []scanner.Finding
		outcome       *scanner.Outcome
		want          triage.Change
	}{
		"new":                         {nil, []scanner.Finding{old}, outcome(scanner.StatusFound, 1), triage.Appeared},
		"still":                       {[]scanner.Finding{old}, []scanner.Finding{old}, outcome(scanner.StatusFound, 1), triage.Still},
		"worse":                       {[]scanner.Finding{old}, []scanner.Finding{worse}, outcome(scanner.StatusFound, 1), triage.Changed},
		"clean":                       {[]scanner.Finding{old}, nil, outcome(scanner.StatusClean, 1), triage.Gone},
		"found_elsewhere":             {[]scanner.Finding{old}, nil, outcome(scanner.StatusFound, 1), triage.Gone},
		"not_applicable_after_a_look": {[]scanner.Finding{old}, nil, outcome(scanner.StatusNotApplicable, 2), triage.Gone},
		"not_applicable":              {[]scanner.Finding{old}, nil, outcome(scanner.StatusNotApplicable, 0), triage.Unchecked},
		"not_in_the_plan":             {[]scanner.Finding{old}, nil, nil, triage.Unchecked},
		"blocked":                     {[]scanner.Finding{old}, nil, outcome(scanner.StatusBlocked, 3), triage.Unchecked},
		"unreachable":                 {[]scanner.Finding{old}, nil, outcome(scanner.StatusUnreachable, 1), triage.Unchecked},
		"throttled":                   {[]scanner.Finding{old}, nil, outcome(scanner.StatusThrottled, 1), triage.Unchecked},
		"elsewhere":                   {[]scanner.Finding{old}, nil, outcome(scanner.StatusElsewhere, 1), triage.Unchecked},
		"unsupported":                 {[]scanner.Finding{old}, nil, outcome(scanner.StatusUnsupported, 0), triage.Unchecked},
		"failed":                      {[]scanner.Finding{old}, nil, outcome(scanner.StatusFailed, 1), triage.Unchecked},
		"crashed":                     {[]scanner.Finding{old}, nil, outcome(scanner.StatusCrashed, 1), triage.Unchecked},
		"interrupted":                 {[]scanner.Finding{old}, nil, outcome(scanner.StatusInterrupted, 1), triage.Unchecked},
	} {
		t.Run(name, func(t *testing.T) {
			var scans [2]triage.Compared
			for i, list := range [][]scanner.Finding{c.before, c.after} {
				for _, f := range list {
					if err := scans[i].Finding(f); err != nil {
						t.Fatal(err)
					}
				}
			}
			if c.outcome != nil {
				if err := scans[1].Outcome(*c.outcome); err != nil {
					t.Fatal(err)
				}
			}
			list := triage.Compare(&scans[0], &scans[1])
			if len(list) != 1 || list[0].Change != c.want {
				t.Errorf("%+v, want %s", list, c.want)
			}
		})
	}
}
