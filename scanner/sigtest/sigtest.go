// Package sigtest runs the cases that signatures carry, and the servers on which signatures must stay quiet.
package sigtest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"io/fs"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/payment"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"

	"sotomi/scanner/message"
)

// Options of a test run.
type Options struct {
	Checks   scanner.Table
	Files    fs.FS            // where raw answers named by cases are looked for, by path from the root of the signatures; may be nil
	Safety   signature.Safety // of the scan; "" is intrusive
	Wordlist string           // of the scan; "" for none
}

// Failure is a case that did not come out as it says.
type Failure struct {
	Signature, Case, File string
	Err                   error
}

func (f Failure) String() string { return f.Message().String() }

// Message is the failure in words.
func (f Failure) Message() message.Message {
	return message.New("%s: %s: case %q: %s", f.File, f.Signature, f.Case, f.Err)
}

// Run runs all cases of a signature, each against a server of its own on loopback.
func Run(ctx context.Context, s *signature.Signature, o Options) []Failure {
	var failures []Failure
	for i := range s.Tests {
		c := &s.Tests[i]
		r, err := RunCase(ctx, s, c, o)
		if err == nil {
			err = Judge(s, c, r)
		}
		if err != nil {
			failures = append(failures, Failure{s.ID, c.Name, s.File, err})
		}
	}
	return failures
}

// RunCase runs one case of a signature against a server of its own on loopback.
func RunCase(ctx context.Context, s *signature.Signature, c *signature.Case, o Options) (*Result, error) {
	handler, err := Handler(s, c, o.Files)
	if err != nil {
		return nil, err
	}
	return Scan(ctx, handler, c, o, s)
}

// Judge says in what the result of a case is not what the case wants, nil when it is.
func Judge(s *signature.Signature, c *signature.Case, r *Result) error {
	want := scanner.Status(c.Outcome)
	switch {
	case want == "" && len(c.Want) > 0:
		want = scanner.StatusFound
	case want == "":
		want = scanner.StatusClean
	}
	if got := r.Outcomes[s.ID]; got.Status != want {
		return message.Errorf("outcome is %s (%s), want %s", got.Status, got.Reason, want)
	}
	return compare(r.Findings, c.Want)
}

// compare holds findings against the values wanted: as many, in order, each with at least these values. What stands
// under severity is the finding's own, unless it has a value of that name.
func compare(findings []scanner.Finding, want []map[string]any) error {
	if len(findings) != len(want) {
		return message.Errorf("%d findings, want %d", len(findings), len(want))
	}
	for i, w := range want {
		for _, name := range slices.Sorted(maps.Keys(w)) {
			got := findings[i].Hit.Values[name]
			if name == "severity" && got == nil {
				got = findings[i].Severity
			}
			if fmt.Sprint(got) != fmt.Sprint(w[name]) {
				return message.Errorf("finding %d: %s = %v, want %v", i+1, name, got, w[name])
			}
		}
	}
	return nil
}

// Result is what a scan of one server found.
type Result struct {
	Findings []scanner.Finding
	Outcomes map[string]scanner.Outcome // by signature
	Summary  scanner.Summary
}

// Scan runs signatures against a handler served on loopback, at the path and with the facts of the case, which may be nil.
func Scan(ctx context.Context, h http.Handler, c *signature.Case, options Options, sigs ...*signature.Signature) (*Result, error) {
	folder, err := os.MkdirTemp("", "sotomi-test")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }() // a rest of it harms nobody
	site := &turning{now: h}
	server, authorityFile, err := serve(site, c, folder)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	ports, err := servePorts(ctx, c, sigs)
	if err != nil {
		return nil, err
	}
	defer ports.Close()
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1, Timeout: 2 * time.Second, CAFile: authorityFile, Resolve: ports.resolve})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var facts map[string]map[string]string
	if c != nil {
		facts = c.Facts
	}
	targets, err := target.Parse(ports.targets(server.URL, c, sigs, options.Checks), nil, nil)
	if err != nil {
		return nil, err
	}
	run, table := withFacts(facts, sigs, options.Checks)
	sink := &scanner.Collector{}
	o := engine.Options{
		Client: client, Signatures: run, Checks: table, Targets: targets,
		Safety: cmp.Or(options.Safety, signature.SafetyIntrusive), Sinks: []scanner.Sink{sink}, Wordlist: options.Wordlist,
		Ports: engine.Ports{Numbers: ports.numbers}, Chromium: engine.NoChromium,
	}
	if err := named(&o, server.URL, c); err != nil {
		return nil, err
	}
	if err := site.earlier(ctx, &o, c); err != nil {
		return nil, err
	}
	if _, err := engine.Run(ctx, o); err != nil {
		return nil, err
	}
	return result(sink)
}

// result is what a scan came to, but for what was given.
func result(sink *scanner.Collector) (*Result, error) {
	r := &Result{Outcomes: map[string]scanner.Outcome{}, Summary: sink.Summary}
	for _, f := range sink.Findings {
		if f.Signature.File != "" || f.Signature.Gives == "" || f.Signature.ID != givenPrefix+f.Signature.Gives {
			r.Findings = append(r.Findings, f)
		}
	}
	for _, o := range sink.Outcomes {
		if _, twice := r.Outcomes[o.Signature]; twice {
			return nil, message.Errorf("two outcomes of %s", o.Signature)
		}
		r.Outcomes[o.Signature] = o
	}
	return r, nil
}

// serve starts the server of a case. The file is that of the authority that the scan trusts, "" without TLS; it is in
// folder.
func serve(h http.Handler, c *signature.Case, folder string) (server *httptest.Server, authorityFile string, err error) {
	server = httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are broken off are part of the test
	if c == nil || c.TLS == "" {
		server.Start()
		return server, "", nil
	}
	if server.TLS, authorityFile, err = tlsConfig(c.TLS, folder); err != nil {
		return nil, "", message.Errorf("case %q: %w", c.Name, err)
	}
	server.StartTLS()
	return server, authorityFile, nil
}

// named are the visitors and pages of a case.
func named(o *engine.Options, base string, c *signature.Case) error {
	if c == nil {
		return nil
	}
	for _, page := range c.Page {
		u, err := url.Parse(base + page)
		if err != nil {
			return message.Errorf("case %q: page: %w", c.Name, err)
		}
		o.Pages = append(o.Pages, u)
	}
	if c.Payment != "" {
		f, err := payment.Read("payment.yaml", []byte(strings.ReplaceAll(c.Payment, "{{BaseURL}}", base)))
		if err != nil {
			return message.Errorf("case %q: payment: %w", c.Name, err)
		}
		o.Payment.Approved = f
	}
	for _, name := range slices.Sorted(maps.Keys(c.Session)) {
		credentials, err := web.ReadCredentials(strings.NewReader(c.Session[name]), name)
		if err != nil {
			return message.Errorf("case %q: session: %w", c.Name, err)
		}
		o.Visitors = append(o.Visitors, engine.Visitor{Name: name, Credentials: credentials})
	}
	return nil
}

// withFacts adds a signature that establishes each fact.
func withFacts(facts map[string]map[string]string, sigs []*signature.Signature, checks scanner.Table) ([]*signature.Signature, scanner.Table) {
	if len(facts) == 0 {
		return sigs, checks
	}
	checks = maps.Clone(checks)
	sigs = slices.Clone(sigs)
	for _, name := range slices.Sorted(maps.Keys(facts)) {
		id := givenPrefix + name
		values := scanner.Values{}
		for k, v := range facts[name] {
			values[k] = v
		}
		checks[id] = func(*signature.Signature) (scanner.Check, error) { return given{values}, nil }
		sigs = append(sigs, &signature.Signature{ID: id, Check: id, Gives: name, Safety: signature.SafetyPassive, Own: true})
	}
	return sigs, checks
}

const givenPrefix = "given-"

// given finds what the case says is known.
type given struct{ values scanner.Values }

func (g given) Run(context.Context, *scanner.Probe) ([]scanner.Hit, error) {
	return []scanner.Hit{{Values: g.values}}, nil
}
