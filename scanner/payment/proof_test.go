package payment_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner/payment"
)

func replaced(text, old, new string) string { return strings.Replace(text, old, new, 1) }

// cutOut is a text without what begins with one word and ends with another.
func cutOut(text, from, to string) string {
	before, rest, _ := strings.Cut(text, from)
	_, after, _ := strings.Cut(rest, to)
	return before + after
}

// func2 is everybody but some visitors.
func func2(o only) only { return func(r *http.Request) bool { return !o(r) } }

func kinds(list []payment.Deviation) []payment.Kind {
	var all []payment.Kind
	for _, d := range list {
		all = append(all, d.Kind)
	}
	return all
}

func signs(list []payment.Suspicion) []payment.Sign {
	var all []payment.Sign
	for _, s := range list {
		all = append(all, s.Sign)
	}
	return all
}

// TestReplicasInHTML: what HTML alone shows of a skimmer is found, with payment.yaml and, where it can be, without.
func TestReplicasInHTML(t *testing.T) {
	run := serve(t)
	good := approved(t, run.fromHTML(t))
	for _, r := range replicas() {
		t.Run(strings.ReplaceAll(r.name, " ", "_"), func(t *testing.T) {
			if r.rendered {
				t.Skip("only a browser sees it")
			}
			run.show(r.altered, r.to)
			p := run.fromHTML(t)
			if got := kinds(good.Judge(p, now)); r.found != "" && !slices.Contains(got, r.found) {
				t.Errorf("differs by %v, want %s", got, r.found)
			}
			if got := signs(payment.Suspect(p)); r.suspected != "" && !slices.Contains(got, r.suspected) {
				t.Errorf("signs %v, want %s", got, r.suspected)
			}
		})
	}
}

// TestDeploysInHTML: what shops change every day alarms nobody.
func TestDeploysInHTML(t *testing.T) {
	run := serve(t)
	good := approved(t, run.fromHTML(t))
	for _, d := range deploys() {
		t.Run(strings.ReplaceAll(d.name, " ", "_"), func(t *testing.T) {
			run.show(d.changed, d.to)
			p := run.fromHTML(t)
			if got := good.Judge(p, now); len(got) > 0 {
				t.Errorf("differs: %+v", got)
			}
			if got := payment.Suspect(p); len(got) > 0 {
				t.Errorf("signs: %+v", got)
			}
		})
	}
}
