package engine

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

// What others need runs, counts for nobody, and is not reported.
func TestHelpersRunUnseen(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	giver, taker := sig("giver"), sig("taker")
	giver.Gives, taker.Needs = "shop", []string{"shop"}
	hit := checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) { return []scanner.Hit{{}}, nil })
	sink := &scanner.Collector{}
	summary, err := Run(t.Context(), Options{
		Client: newClient(t), Targets: mustTargets(t, s.URL), Signatures: []*signature.Signature{taker}, Helpers: []*signature.Signature{giver},
		Sinks: []scanner.Sink{sink}, Checks: tableOf(map[string]scanner.Check{"giver": hit, "taker": hit}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sink.Findings) != 1 || sink.Findings[0].Signature.ID != "taker" || len(sink.Outcomes) != 1 || sink.Outcomes[0].Status != scanner.StatusFound {
		t.Errorf("findings %v, outcomes %v", sink.Findings, sink.Outcomes)
	}
	if got := slices.Collect(maps.Values(summary.Statuses)); len(got) != 1 || got[0] != 1 {
		t.Errorf("summary counts %v", summary.Statuses)
	}
}
