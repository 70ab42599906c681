package command

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// hostileScan is what a scan of some sites came to.
type hostileScan struct {
	outcomes map[string]map[string]scanner.Outcome // by target, then signature
	requests int64
	reports  map[string]*bytes.Buffer // by format
}

var embedded = sync.OnceValues(func() (*signature.Set, error) { return signature.Load(signature.Sources{Embedded: signatures.FS}) })

// quarter is how much of a body tests read: four times as much is four times the work.
const quarter = 256 << 10

// scanAll runs all embedded signatures on some sites, with a report of each format.
func scanAll(ctx context.Context, t testing.TB, o web.Options, urls ...string) hostileScan {
	t.Helper()
	set, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	o.Rate, o.Retries, o.Timeout = -1, -1, time.Second
	client, err := web.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	targets, err := target.Parse(urls, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := hostileScan{outcomes: map[string]map[string]scanner.Outcome{}, reports: map[string]*bytes.Buffer{}}
	all := &scanner.Collector{}
	sinks := []scanner.Sink{all}
	for name, format := range report.Formats() {
		if name == "pdf" {
			continue // a browser prints the page that is looked at as html
		}
		s.reports[name] = &bytes.Buffer{}
		sinks = append(sinks, format(s.reports[name], report.Options{Verbose: true}))
	}
	if _, err := engine.Run(ctx, engine.Options{
		Client: client, Signatures: set.Signatures, Checks: checks.All, Targets: targets, Safety: signature.SafetyIntrusive, Sinks: sinks,
	}); err != nil {
		t.Fatal(err)
	}
	for _, o := range all.Outcomes {
		if s.outcomes[o.Target] == nil {
			s.outcomes[o.Target] = map[string]scanner.Outcome{}
		}
		s.outcomes[o.Target][o.Signature] = o
	}
	s.requests = client.Requests()
	return s
}

// at are the outcomes on the target with this address, by whatever scheme.
func (s hostileScan) at(address string) map[string]scanner.Outcome {
	host := func(address string) string {
		_, rest, _ := strings.Cut(address, "://")
		host, _, _ := strings.Cut(rest, "/")
		return host
	}
	for name, outcomes := range s.outcomes {
		if host(name) == host(address) {
			return outcomes
		}
	}
	return nil
}

// tally counts outcomes by status.
func tally(outcomes map[string]scanner.Outcome) map[scanner.Status]int {
	n := map[scanner.Status]int{}
	for _, o := range outcomes {
		n[o.Status]++
	}
	return n
}

// quiet keeps the words of net/http about strange servers from the output of tests, as Main does from the user.
func quiet(t *testing.T) {
	t.Helper()
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(os.Stderr) })
}

// wellSite is a plain site that is scanned beside a hostile one.
func wellSite(t testing.TB) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, "<html><title>Shop</title><body><a href=/about>About</a></body></html>")
		case "/.git/HEAD":
			fmt.Fprint(w, "ref: refs/heads/main\n")
		case "/.git/config":
			fmt.Fprint(w, "[core]\n\trepositoryformatversion = 0\n")
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// TestHostileServers: a scan of each ends, says clean of nothing that was not seen, costs few requests, does not change what
// is said of a well site in the same scan, and lets nothing through to those who read its reports.
func TestHostileServers(t *testing.T) {
	if testing.Short() {
		t.Skip("scans a hundred servers with all signatures")
	}
	quiet(t)
	alone := wellSite(t)
	want := tally(scanAll(t.Context(), t, web.Options{MaxBody: quarter}, alone).at(alone))
	if want[scanner.StatusFound] == 0 || want[scanner.StatusClean] == 0 {
		t.Fatalf("the well site: %v", want)
	}
	for _, h := range sigtest.HostileServers() {
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			s, err := h.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			well := wellSite(t)
			result := scanAll(t.Context(), t, web.Options{MaxBody: quarter, CAFile: s.AuthorityFile}, s.URL, well)
			if got := tally(result.at(well)); !maps.Equal(got, want) {
				t.Errorf("the well site beside it: %v, want %v", got, want)
			}
			judgeHostile(t, h, result.at(s.URL))
			const most = 2000
			if result.requests > most {
				t.Errorf("%d requests, want at most %d", result.requests, most)
			}
			for format, text := range result.reports {
				for _, fault := range dangers(format, text.String()) {
					t.Errorf("%s: %s", format, fault)
				}
			}
		})
	}
}

// judgeHostile holds the outcomes on a hostile server against what can be known of it.
func judgeHostile(t *testing.T, h sigtest.Hostile, outcomes map[string]scanner.Outcome) {
	t.Helper()
	set, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	pages := 0 // signatures that look at pages, not at ports
	for _, sig := range set.Signatures {
		if sig.Check != "port" && sig.Check != "store" {
			pages++
		}
	}
	if len(outcomes) < pages {
		t.Errorf("%d outcomes of %d signatures", len(outcomes), pages)
	}
	t.Logf("%v", tally(outcomes))
	carriage := map[string]bool{} // signatures that look at how a site is carried: head and handshake are enough
	for _, sig := range set.Signatures {
		carriage[sig.ID] = slices.Contains(sig.Info.Tags, "transport")
	}
	for id, o := range outcomes {
		seen := h.Seen || carriage[id]
		said := o.Status == scanner.StatusClean || o.Status == scanner.StatusFound
		switch {
		case o.Status == scanner.StatusCrashed || o.Status == scanner.StatusInterrupted:
			t.Errorf("%s: %s (%s)", id, o.Status, o.Reason)
		case said && !seen:
			t.Errorf("%s: %s, though nothing could be seen", id, o.Status)
		case !said && o.Status != scanner.StatusNotApplicable && o.Reason.IsZero():
			t.Errorf("%s: %s without a reason", id, o.Status)
		}
	}
}

// Whatever a server does, a scan ends when it is told to.
func TestHostileServersEndWithTheScan(t *testing.T) {
	if testing.Short() {
		t.Skip("scans a hundred servers with all signatures")
	}
	quiet(t)
	for _, h := range sigtest.HostileServers() {
		t.Run(h.Name, func(t *testing.T) {
			t.Parallel()
			s, err := h.Start(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			ctx, cancel := context.WithCancel(t.Context())
			var told time.Time
			var group sync.WaitGroup
			group.Go(func() { <-s.Asked; told = time.Now(); cancel() })
			scanAll(ctx, t, web.Options{MaxBody: quarter, CAFile: s.AuthorityFile}, s.URL)
			group.Wait()
			const busy = 5 * time.Second // two on a machine that is not: the slowest takes one there, most of it sinkPatience and grace
			took := time.Since(told)
			t.Logf("ended in %v", took)
			if took > busy {
				t.Errorf("ended %v after it was told to", took)
			}
		})
	}
}

var (
	controls  = regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)
	markup    = regexp.MustCompile(`(?i)<(?:script|img)[^>]*>hostile7|<img src=x onerror|href=["']?\s*javascript:hostile7`)
	codeFence = regexp.MustCompile("(?m)^ *(`{3,})[^`\n]*$")
)

// dangers are what in a report acts on the program that shows it.
func dangers(format, text string) (faults []string) {
	if format == "xlsx" {
		return nil // its own tests read it
	}
	if at := controls.FindStringIndex(text); at != nil {
		faults = append(faults, fmt.Sprintf("a control character: %q", text[max(0, at[0]-40):min(len(text), at[1]+40)]))
	}
	switch format {
	case "html":
		if m := markup.FindString(text); m != "" {
			faults = append(faults, "markup of the site: "+m)
		}
	case "markdown":
		plain := withoutFences(text)
		if at := regexp.MustCompile(`(?i)<(?:script|img)|[^\\]\]\(javascript:`).FindStringIndex(plain); at != nil {
			faults = append(faults, fmt.Sprintf("markup of the site: %q", plain[max(0, at[0]-40):min(len(plain), at[1]+40)]))
		}
	case "csv":
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
		if err != nil {
			return append(faults, err.Error())
		}
		for _, cell := range slices.Concat(rows...) {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				faults = append(faults, fmt.Sprintf("a formula: %.80q", cell))
			}
		}
	}
	return faults
}

// withoutFences is Markdown without its blocks of code.
func withoutFences(text string) string {
	var kept strings.Builder
	for {
		open := codeFence.FindStringSubmatchIndex(text)
		if open == nil {
			return kept.String() + text
		}
		kept.WriteString(text[:open[0]])
		ticks := text[open[2]:open[3]]
		_, text, _ = strings.Cut(text[open[1]:], "\n"+ticks)
	}
}

// BenchmarkHostileServers prints what a scan of each costs: requests, seconds, and the most memory in MB.
func BenchmarkHostileServers(b *testing.B) {
	for _, h := range sigtest.HostileServers() {
		b.Run(h.Name, func(b *testing.B) {
			for b.Loop() {
				s, err := h.Start(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // Linux counts the most memory anew; elsewhere it is that of all
				result := scanAll(b.Context(), b, web.Options{CAFile: s.AuthorityFile}, s.URL)
				s.Close()
				b.ReportMetric(float64(result.requests), "requests")
				b.ReportMetric(peakMemory(), "MB")
				b.Logf("%v", tally(result.at(s.URL)))
			}
		})
	}
}

// peakMemory is the most memory that the process had, in MB; 0 where that is not known.
func peakMemory() float64 {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		var kilobytes float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kilobytes); n == 1 {
			return kilobytes / 1024
		}
	}
	return 0
}
