package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

func TestAnswersThatBreakOffAreNotClean(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, "home")
		case "/whole":
			fmt.Fprint(w, "nothing")
		default:
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, strings.TrimPrefix(r.URL.Path, "/"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(s.Close)
	ask := func(path, word string) scanner.Check { return pathCheck{[]string{path}, word} }
	got, summary := outcomes(t, Options{
		Visitors: []Visitor{{Name: "A"}},
		Targets:  mustTargets(t, s.URL), Signatures: []*signature.Signature{sig("a-half"), sig("b-seen-before"), sig("c-whole"), sig("d-explains"), sig("e-alone"), sig("f-visitor")},
		Checks: tableOf(map[string]scanner.Check{
			"a-half": ask("/nothing", "secret"), "b-seen-before": ask("/secret", "secret"), "c-whole": ask("/whole", "secret"),
			"d-explains": checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
				_, err := p.Get(ctx, "/nothing")
				return nil, errors.Join(err, scanner.NotApplicable("no shop"))
			}),
			"e-alone": checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
				_, err := p.Session().Do(ctx, &web.Request{URL: p.Target.URL.JoinPath("/nothing")})
				return nil, err
			}),
			"f-visitor": checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
				a := p.Visitors()[0].Session
				_, err := a.Do(ctx, &web.Request{URL: p.Target.URL.JoinPath("/nothing")})
				return nil, err
			}),
		}),
	})
	want := []string{
		"a-half " + s.URL + " failed a response was cut off or could not be decoded",
		"b-seen-before " + s.URL + " found ",
		"c-whole " + s.URL + " clean ",
		"d-explains " + s.URL + " failed a response was cut off or could not be decoded",
		"e-alone " + s.URL + " failed a response was cut off or could not be decoded",
		"f-visitor " + s.URL + " failed a response was cut off or could not be decoded",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if status := scanner.ExitStatus(summary, scanner.SeverityNever, false); status != scanner.ExitIncomplete {
		t.Errorf("exit status %d, want %d", status, scanner.ExitIncomplete)
	}
}

// TestLargeAnswersAreSaid: a check that saw nothing in the beginning of a large answer says that it saw no more of it. A
// template that asks for no more itself does not.
func TestLargeAnswersAreSaid(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			fmt.Fprint(w, "home")
			return
		}
		fmt.Fprint(w, strings.Repeat(strings.TrimPrefix(r.URL.Path, "/"), 1000))
	}))
	t.Cleanup(s.Close)
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1, MaxBody: 500})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	got, _ := outcomes(t, Options{
		Client: client, Targets: mustTargets(t, s.URL), Signatures: []*signature.Signature{sig("a-silent"), sig("b-found"), sig("c-small"), sig("d-limited")},
		Checks: tableOf(map[string]scanner.Check{
			"a-silent": pathCheck{[]string{"/large"}, "secret"}, "b-found": pathCheck{[]string{"/secret"}, "secret"}, "c-small": pathCheck{[]string{"/"}, "secret"},
			"d-limited": checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
				_, err := p.Do(ctx, &web.Request{URL: p.Target.URL.JoinPath("/large"), MaxBody: 100})
				return nil, err
			}),
		}),
	})
	want := []string{
		"a-silent " + s.URL + " clean only the first 500 bytes of a response were looked at",
		"b-found " + s.URL + " found ",
		"c-small " + s.URL + " clean ",
		"d-limited " + s.URL + " clean ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// What an answer takes is its headers too: a server may send a quarter of a megabyte of them with each.
func TestHeadersTakeRoom(t *testing.T) {
	header := http.Header{"X-Long": {strings.Repeat("a", 250_000)}}
	many := http.Header{}
	for i := range 10_000 {
		many.Set(fmt.Sprintf("X-%d", i), "a")
	}
	for name, c := range map[string]struct {
		header http.Header
		least  int
	}{"few": {http.Header{"Server": {"nginx"}}, 0}, "long": {header, 250_000}, "many": {many, 500_000}} {
		first := &web.Exchange{Header: c.header}
		for _, ex := range []*web.Exchange{first, {Previous: first}} {
			if got := (&entry{answer: answer{ex: ex}}).bytes(); got < c.least || got > 3*c.least+8<<10 {
				t.Errorf("%s: %d bytes, want at least %d", name, got, c.least)
			}
		}
	}
}
