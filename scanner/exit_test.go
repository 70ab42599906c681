package scanner

import (
	"testing"

	"sotomi/scanner/signature"
)

func TestExitStatus(t *testing.T) {
	ok := map[Status]int{StatusClean: 3, StatusNotApplicable: 1}
	gap := map[Status]int{StatusClean: 3, StatusFailed: 1}
	down := map[Status]int{StatusUnreachable: 4}
	high := map[string]int{"high": 1, "info": 2}
	cases := map[string]struct {
		s     Summary
		limit signature.Severity
		allow bool
		want  int
	}{
		"all_clean":                  {Summary{Statuses: ok, Complete: true}, "high", false, 0},
		"at_the_limit":               {Summary{Statuses: ok, Complete: true, Severities: high}, "high", false, 1},
		"above_the_limit":            {Summary{Statuses: ok, Complete: true, Severities: high}, "low", false, 1},
		"below_the_limit":            {Summary{Statuses: ok, Complete: true, Severities: high}, "critical", false, 0},
		"no_limit":                   {Summary{Statuses: ok, Complete: true, Severities: high}, SeverityNever, false, 0},
		"zero_findings_of_severity":  {Summary{Statuses: ok, Complete: true, Severities: map[string]int{"critical": 0}}, "high", false, 0},
		"gap":                        {Summary{Statuses: gap, Severities: map[string]int{"info": 1}}, "high", false, 3},
		"gap_allowed":                {Summary{Statuses: gap}, "high", true, 0},
		"finding_wins_over_gap":      {Summary{Statuses: gap, Severities: high}, "high", false, 1},
		"unreachable":                {Summary{Statuses: down}, "high", false, 3},
		"unreachable_is_never_green": {Summary{Statuses: down}, "high", true, 3},
		"nothing_at_all":             {Summary{Complete: true}, "high", false, 3},
		"unsupported_is_no_gap":      {Summary{Statuses: map[Status]int{StatusClean: 1, StatusUnsupported: 1}, Complete: true}, "high", false, 0},
		"unsupported_beside_a_gap":   {Summary{Statuses: map[Status]int{StatusClean: 1, StatusUnsupported: 1, StatusUnreachable: 1}}, "high", false, 3},
		"nothing_but_unsupported":    {Summary{Statuses: map[Status]int{StatusUnsupported: 4}, Complete: true}, "high", false, 3},
		"nothing_answered":           {Summary{Statuses: map[Status]int{StatusUnsupported: 4, StatusUnreachable: 4}}, "high", true, 3},
		"says_incomplete":            {Summary{Statuses: ok}, "high", false, 3},
		"interrupted":                {Summary{Statuses: ok, Severities: high, Interrupted: true}, "high", true, 130},
		"unknown_severity":           {Summary{Statuses: ok, Complete: true, Severities: map[string]int{"unknown": 1}}, "info", false, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := ExitStatus(c.s, c.limit, c.allow); got != c.want {
				t.Errorf("ExitStatus(%+v, %q, %v) = %d, want %d", c.s, c.limit, c.allow, got, c.want)
			}
		})
	}
}
