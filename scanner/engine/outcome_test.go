package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// outcomes runs the checks on the targets and gives "signature target-without-scheme status reason" lines.
func outcomes(t *testing.T, o Options) ([]string, scanner.Summary) {
	t.Helper()
	out := &recorder{}
	if o.Client == nil {
		o.Client = newClient(t)
	}
	o.Sinks = append(o.Sinks, out)
	summary, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, l := range out.lines {
		if rest, ok := strings.CutPrefix(l, "outcome "); ok {
			lines = append(lines, rest)
		}
	}
	return lines, summary
}

func hello(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	t.Cleanup(s.Close)
	return s
}

func quiet(context.Context, *scanner.Probe) ([]scanner.Hit, error) { return nil, nil }

func needing(facts ...string) func(*signature.Signature) {
	return func(s *signature.Signature) { s.Needs = facts }
}

func giving(fact string) func(*signature.Signature) {
	return func(s *signature.Signature) { s.Gives = fact }
}

func TestEveryStepEndsInOneOutcome(t *testing.T) {
	s := hello(t)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	checks := map[string]scanner.Check{
		"a-clean": checkFunc(quiet),
		"b-explains": checkFunc(func(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
			p.Explain("looked at %d", 3)
			return nil, nil
		}),
		"c-panics": checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) { panic("broken") }),
		"d-fails":  checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) { return nil, errors.New("cannot tell") }),
		"e-stops": checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) {
			return nil, fmt.Errorf("x: %w", scanner.NotApplicable("no form"))
		}),
		"f-hit-then-error": checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) {
			return []scanner.Hit{{}}, errors.New("second half failed")
		}),
		"g-other-host": checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
			_, err := p.Do(ctx, &web.Request{Method: "GET", URL: &url.URL{Scheme: "http", Host: "other.test", Path: "/"}})
			return nil, err
		}),
		"h-closed-port": checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
			_, err := p.Do(ctx, &web.Request{Method: "GET", URL: mustURL(t, closed.URL)})
			return nil, err
		}),
		"i-plan-panics": planPanics{},
		"k-needs-known": checkFunc(func(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
			f, _ := p.Fact("shop")
			p.Explain("shop %s", f["version"])
			return nil, nil
		}),
		"m-gives": checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) {
			return []scanner.Hit{{Values: scanner.Values{"version": 4}}}, nil
		}),
		"l-needs-unknown": checkFunc(quiet),
		"n-needs-failed":  checkFunc(quiet),
		"o-gives-nothing": checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) { return nil, errors.New("broke") }),
		"p-needs-absent":  checkFunc(quiet),
		"q-gives-clean":   checkFunc(quiet),
	}
	var sigs []*signature.Signature
	more := map[string]func(*signature.Signature){
		"k-needs-known": needing("shop"), "l-needs-unknown": needing("nobody"), "m-gives": giving("shop"),
		"n-needs-failed": needing("shop", "broken"), "o-gives-nothing": giving("broken"),
		"p-needs-absent": needing("absent"), "q-gives-clean": giving("absent"),
	}
	for id := range checks {
		if m := more[id]; m != nil {
			sigs = append(sigs, sig(id, m))
			continue
		}
		sigs = append(sigs, sig(id))
	}
	sigs = append(sigs, sig("j-unsupported", func(s *signature.Signature) {
		s.Unsupported = []message.Message{message.New("flow"), message.New("code")}
	}))
	got, summary := outcomes(t, Options{Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: tableOf(checks)})
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], s.URL+" ", "")
	}
	want := []string{
		"a-clean clean ",
		"b-explains clean looked at 3",
		"c-panics crashed broken at engine/outcome_test.go",
		"d-fails failed cannot tell",
		"e-stops not-applicable no form",
		"f-hit-then-error found then second half failed",
		"g-other-host failed http://other.test/: scope: other.test is not the host that was asked for",
		"h-closed-port not-applicable port N closed",
		"i-plan-panics crashed no plan at engine/outcome_test.go",
		"j-unsupported unsupported flow, code",
		"k-needs-known clean shop 4",
		"l-needs-unknown not-applicable no selected signature looks for nobody",
		"m-gives found ",
		"n-needs-failed failed broken was looked for by o-gives-nothing: broke",
		"o-gives-nothing failed broke",
		"p-needs-absent not-applicable no absent here",
		"q-gives-clean clean ",
	}
	for i, l := range got { // line numbers and ports
		if strings.Contains(l, "outcome_test.go:") {
			got[i] = l[:strings.LastIndexByte(l, ':')]
		}
		got[i] = strings.Replace(got[i], "port "+mustURL(t, closed.URL).Port()+" closed", "port N closed", 1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if summary.Complete || summary.Targets != 1 || summary.Statuses[scanner.StatusCrashed] != 2 {
		t.Errorf("summary = %+v", summary)
	}
}

type planPanics struct{}

func (planPanics) Plan(target.Target) []*web.Request                          { panic("no plan") }
func (planPanics) Run(context.Context, *scanner.Probe) ([]scanner.Hit, error) { panic("no plan") }

func TestNewPlanNamesEveryMistake(t *testing.T) {
	o := Options{
		Client: newClient(t), Targets: mustTargets(t, "http://h.test"),
		Checks: scanner.Table{"bad": func(*signature.Signature) (scanner.Check, error) { return nil, errors.New("x.yaml:3: no such key") }},
		Signatures: []*signature.Signature{
			{ID: "a", File: "a.yaml", Check: "missing"},
			{ID: "b", File: "b.yaml", Check: "bad", Own: true},
		},
	}
	_, err := NewPlan(o)
	if err == nil || !strings.Contains(err.Error(), `a.yaml: no check is called "missing"`) || !strings.Contains(err.Error(), "x.yaml:3: no such key") {
		t.Errorf("error = %v", err)
	}
	o.Signatures = []*signature.Signature{sig("a", needing("x"), giving("y")), sig("b", needing("y"), giving("x"))}
	o.Checks = tableOf(map[string]scanner.Check{"a": checkFunc(quiet), "b": checkFunc(quiet)})
	if _, err := NewPlan(o); err == nil || !strings.Contains(err.Error(), "circular needs") {
		t.Errorf("error of a circle = %v", err)
	}
	o.Signatures = []*signature.Signature{sig("a", func(s *signature.Signature) { s.Safety = signature.SafetyIntrusive })}
	if _, err := NewPlan(o); err == nil || !strings.Contains(err.Error(), "above the safety level active") {
		t.Errorf("error of nothing to run = %v", err)
	}
}

func TestSafetyLeavesOutAndSays(t *testing.T) {
	s := hello(t)
	level := func(l signature.Safety) func(*signature.Signature) {
		return func(s *signature.Signature) { s.Safety = l }
	}
	got, summary := outcomes(t, Options{
		Targets: mustTargets(t, s.URL), Safety: signature.SafetyPassive,
		Signatures: []*signature.Signature{sig("a"), sig("b", level(signature.SafetyActive)), sig("c", level("reckless"))},
		Checks:     tableOf(map[string]scanner.Check{"a": checkFunc(quiet), "b": checkFunc(quiet), "c": checkFunc(quiet)}),
	})
	if diff := cmp.Diff([]string{"a " + s.URL + " clean "}, got); diff != "" || summary.AboveSafety != 2 {
		t.Errorf("%d above, outcomes (-want +got):\n%s", summary.AboveSafety, diff)
	}
}

// resolving sends the names of tests to servers on loopback.
func resolving(t *testing.T, resolve map[string]string) *web.Client {
	t.Helper()
	c, err := web.NewClient(web.Options{Rate: -1, Retries: -1, Insecure: true, Resolve: resolve})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestBareHosts(t *testing.T) {
	plain := hello(t)
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	t.Cleanup(secure.Close)
	closed := closedPort(t)
	at := func(s *httptest.Server) string { return s.Listener.Addr().String() }
	cases := map[string]struct {
		arg     string
		resolve map[string]string
		want    []string
	}{
		"https_first": {
			"h.test",
			map[string]string{"h.test:443": at(secure), "h.test:80": at(plain), "h.test:9200": closed},
			[]string{"a https://h.test clean", "s https://h.test clean", "s https://h.test:9200 not-applicable port 9200 closed"},
		},
		"http_when_no_https": {
			"h.test",
			map[string]string{"h.test:443": closed, "h.test:80": at(plain), "h.test:9200": at(plain)},
			[]string{"a http://h.test clean", "s http://h.test clean", "s http://h.test:9200 clean"},
		},
		"further_port_with_tls": {
			"h.test",
			map[string]string{"h.test:443": closed, "h.test:80": at(plain), "h.test:9200": at(secure)},
			[]string{"a http://h.test clean", "s http://h.test clean", "s https://h.test:9200 clean"},
		},
		"nothing_answers": {
			"h.test",
			map[string]string{"h.test:443": closed, "h.test:80": closed, "h.test:9200": closed},
			[]string{"a https://h.test unreachable", "s https://h.test unreachable", "s https://h.test:9200 unreachable"},
		},
		"only_the_further_port": {
			"h.test",
			map[string]string{"h.test:443": closed, "h.test:80": closed, "h.test:9200": at(plain)},
			[]string{"a https://h.test unreachable", "s https://h.test unreachable", "s http://h.test:9200 clean"},
		},
		"host_and_port": {
			"h.test:8080",
			map[string]string{"h.test:8080": at(plain)},
			[]string{"a http://h.test:8080 clean", "s http://h.test:8080 clean"},
		},
		"host_and_port_with_tls": {
			"h.test:8443",
			map[string]string{"h.test:8443": at(secure)},
			[]string{"a https://h.test:8443 clean", "s https://h.test:8443 clean"},
		},
		"url": {
			"http://h.test/shop/",
			map[string]string{"h.test:80": at(plain)},
			[]string{"a http://h.test/shop/ clean", "s http://h.test/shop/ clean"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, _ := outcomes(t, Options{
				Client: resolving(t, c.resolve), Targets: mustTargets(t, c.arg),
				Signatures: []*signature.Signature{sig("s", func(s *signature.Signature) { s.Ports = []int{9200} }), sig("a")},
				Checks:     tableOf(map[string]scanner.Check{"a": checkFunc(quiet), "s": checkFunc(quiet)}),
			})
			for i, l := range got {
				if j := strings.Index(l, "unreachable"); j >= 0 {
					l = l[:j+len("unreachable")]
				}
				got[i] = strings.TrimSpace(l)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestUntrustedCertificateIsSaid(t *testing.T) {
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	got, summary := outcomes(t, Options{
		Targets: mustTargets(t, secure.URL), Signatures: []*signature.Signature{sig("a")},
		Checks: tableOf(map[string]scanner.Check{"a": checkFunc(quiet)}),
	})
	if !strings.Contains(got[0], "unreachable") || !strings.Contains(got[0], "--insecure") || scanner.ExitStatus(summary, "high", false) != scanner.ExitIncomplete {
		t.Errorf("outcome = %q, exit %d", got[0], scanner.ExitStatus(summary, "high", false))
	}
}

func TestOutcomesFollowTheOrderOfTargets(t *testing.T) {
	first := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-first }))
	t.Cleanup(slow.Close)
	quick := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(first) }))
	t.Cleanup(quick.Close)
	got, _ := outcomes(t, Options{
		Targets: mustTargets(t, slow.URL, quick.URL), Signatures: []*signature.Signature{sig("a")},
		Checks: tableOf(map[string]scanner.Check{"a": checkFunc(quiet)}),
	})
	if want := []string{"a " + slow.URL + " clean ", "a " + quick.URL + " clean "}; !slices.Equal(got, want) {
		t.Errorf("outcomes = %q, want %q", got, want)
	}
}

// What ends a site ends all its steps with the same words, also those that wait for another.
func TestStepsThatWaitEndLikeTheirSite(t *testing.T) {
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"refuses": {status(http.StatusTeapot), "blocked everything is answered 418 with the same page"},
		"log_in":  {status(http.StatusUnauthorized), "blocked asks for a log-in"},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(c.serve)
			defer s.Close()
			sigs, _ := many(30)
			sigs = append(sigs, sig("t-gives", giving("shop")), sig("u-needs", needing("shop"), giving("more")), sig("v-needs", needing("more")))
			checks := map[string]scanner.Check{}
			for _, s := range sigs {
				checks[s.ID] = pathCheck{[]string{"/" + s.ID}, "secret"}
			}
			got := endsOf(t, Options{Client: newClient(t), Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: tableOf(checks), InFlight: 1})
			for id, end := range got {
				if end != c.want {
					t.Errorf("%s: %q, want %q", id, end, c.want)
				}
			}
		})
	}
}
