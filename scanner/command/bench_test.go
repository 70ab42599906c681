//go:build linux

package command_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The benchmark of a scan: a folder of public templates against many sites on loopback. Everything it compares is
// measured in one run on one machine: the scan and a bare net/http client that replays the very same requests, each in a
// process of its own, so that the memory of the sites is nobody's.
const (
	benchSites       = 50
	benchConcurrency = 25 // hosts at once, of the scan and of the bare client
	benchInFlight    = 6  // requests at once to one host, of both
)

// benchTask is what the benchmark tells its child process, by the environment.
const benchTask = "SOTOMI_BENCH_TASK"

// benchReport is what a child says.
type benchReport struct {
	Templates   int
	Unsupported int
	Load        time.Duration
	Embedded    time.Duration // loading 500 embedded signatures
	Took        time.Duration
	CPU         time.Duration // of the process while it sent
	Requests    int64
	Planned     int64
	Answered    int64
	Unneeded    int64
	Outcomes    int
	Statuses    map[string]int
	Peak        int64   // bytes, VmHWM of the process
	Descriptors int     // open at the same time
	Forecast    float64 // the worst of how long it was to take, as the part by which it was wrong
}

// sentRequest is one request as a site received it.
type sentRequest struct {
	Method, URI string
	Header      http.Header
	Body        []byte
}

// BenchmarkScan prints the table; run it with -bench Scan -benchtime 1x. TEMPLATES names the folder of templates; without
// it a set of the same shape is made.
func BenchmarkScan(b *testing.B) {
	if task := os.Getenv(benchTask); task != "" {
		runBenchTask(b, task)
		return
	}
	folder := os.Getenv("TEMPLATES")
	if folder == "" {
		folder = b.TempDir()
		writeTemplates(b, folder, 3190)
	}
	sites := startSites(b)
	for b.Loop() {
		sites.count.Store(0)
		scan := child(b, "scan", folder, sites.urls())
		answered := sites.count.Load()
		requests := sites.recorded(b)
		bare := child(b, "bare", requests, sites.urls())
		fmt.Fprint(os.Stdout, table(scan, bare, answered))
		b.ReportMetric(perSecond(scan)/perSecond(bare), "ratio")
		b.ReportMetric(perSecond(scan), "req/s")
		b.ReportMetric(float64(scan.Peak)/(1<<20), "peak-MB")
	}
}

func perSecond(r benchReport) float64 { return float64(r.Requests) / r.Took.Seconds() }

func each(r benchReport) time.Duration {
	return (r.CPU / time.Duration(max(1, r.Requests))).Round(time.Microsecond)
}

func table(scan, bare benchReport, answered int64) string {
	var t strings.Builder
	row := func(name, format string, a ...any) { fmt.Fprintf(&t, "  %-46s %s\n", name, fmt.Sprintf(format, a...)) }
	t.WriteString("\n")
	row("templates loaded (of them unsupported)", "%d (%d)", scan.Templates, scan.Unsupported)
	row("loading them", "%s (goal: below 1 s)", scan.Load.Round(time.Millisecond))
	row("loading 500 embedded signatures", "%s (goal: below 50 ms)", scan.Embedded.Round(100*time.Microsecond))
	row("sites, hosts at once, in flight to each", "%d, %d, %d", benchSites, benchConcurrency, benchInFlight)
	row("outcomes (templates x sites)", "%d (%d) %v", scan.Outcomes, scan.Templates*benchSites, scan.Statuses)
	row("planned requests, identical ones once", "%d", scan.Planned)
	row("  answered", "%d", scan.Answered)
	row("  not needed: their signatures ended before", "%d", scan.Unneeded)
	row("  unaccounted for", "%d (goal: 0)", scan.Planned-scan.Answered-scan.Unneeded)
	row("requests sent by the scan, received by the sites", "%d, %d", scan.Requests, answered)
	row("scan", "%.0f requests/s in %s", perSecond(scan), scan.Took.Round(10*time.Millisecond))
	row("bare net/http client, the same requests", "%.0f requests/s in %s", perSecond(bare), bare.Took.Round(10*time.Millisecond))
	row("processor time a request, scan and bare", "%s, %s", each(scan), each(bare))
	row("ratio", "%.2f (goal: 0.70 or more)", perSecond(scan)/perSecond(bare))
	row("peak memory of the scan", "%.0f MB (goal: below 150 MB)", float64(scan.Peak)/(1<<20))
	return t.String()
}

// child runs a task in a process of its own.
func child(b *testing.B, task, input string, urls []string) benchReport {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0], append([]string{"-test.run=^$", "-test.bench=^" + b.Name() + "$", "-test.benchtime=1x", //nolint:gosec // ourselves
		"-test.cpuprofile=" + os.Getenv("SOTOMI_BENCH_PROFILE_"+strings.ToUpper(task))}, urls...)...)
	out := b.TempDir() + "/report.json"
	cmd.Env = append(os.Environ(), benchTask+"="+task, "SOTOMI_BENCH_INPUT="+input, "SOTOMI_BENCH_OUT="+out)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		b.Fatalf("%s: %v\n%s", task, err, said.String())
	}
	data, err := os.ReadFile(out)
	if err != nil {
		b.Fatalf("%v\n%s", err, said.String())
	}
	var report benchReport
	if err := json.Unmarshal(data, &report); err != nil {
		b.Fatal(err)
	}
	return report
}

// benchSiteSet are sites that look like small company sites; the first notes what it is asked.
type benchSiteSet struct {
	servers []*httptest.Server
	count   atomic.Int64
	mu      sync.Mutex
	noted   []sentRequest
}

func startSites(b *testing.B) *benchSiteSet {
	b.Helper()
	s := &benchSiteSet{}
	home := "<!DOCTYPE html><html><head><title>Example Trading</title><link rel=icon href=/favicon.ico></head><body>" +
		strings.Repeat("<p>We have traded in examples since 1987, and our <a href=/about>people</a> know them well.</p>\n", 80) + "</body></html>"
	missing := "<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1><p>The requested URL was not found on this server.</p></body></html>"
	for i := range benchSites {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.count.Add(1)
			if i == 0 {
				s.note(r)
			}
			h := w.Header()
			h.Set("Content-Type", "text/html; charset=utf-8")
			h.Set("Server", "nginx")
			h.Set("X-Frame-Options", "SAMEORIGIN")
			body, status := missing, http.StatusNotFound
			switch r.URL.Path {
			case "/", "/index.html":
				body, status = home, http.StatusOK
			}
			h.Set("Content-Length", fmt.Sprint(len(body)))
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body)) // the client may have gone
		}))
		b.Cleanup(server.Close)
		s.servers = append(s.servers, server)
	}
	return s
}

func (s *benchSiteSet) note(r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body) // a body that breaks off is replayed as far as it came
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted = append(s.noted, sentRequest{r.Method, r.RequestURI, r.Header, body.Bytes()})
}

// recorded writes what the first site was asked to a file, and forgets it.
func (s *benchSiteSet) recorded(b *testing.B) string {
	b.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := json.Marshal(s.noted)
	if err != nil {
		b.Fatal(err)
	}
	s.noted = nil
	name := b.TempDir() + "/requests.json"
	if err := os.WriteFile(name, data, 0o600); err != nil {
		b.Fatal(err)
	}
	return name
}

func (s *benchSiteSet) urls() []string {
	var list []string
	for _, server := range s.servers {
		list = append(list, server.URL)
	}
	return list
}
