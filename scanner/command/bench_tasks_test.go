//go:build linux

package command_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/command"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// runBenchTask is the child process: the scan, or the bare client. The sites are its arguments.
func runBenchTask(b *testing.B, task string) {
	b.Helper()
	input := os.Getenv("SOTOMI_BENCH_INPUT")
	var report benchReport
	switch task {
	case "scan":
		report = benchScan(b, input, flag.Args())
	case "targets":
		report = benchTargets(b, input)
	case "bare":
		report = benchBare(b, input, flag.Args())
	}
	report.Peak = peakMemory(b)
	data, err := json.Marshal(report)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("SOTOMI_BENCH_OUT"), data, 0o600); err != nil {
		b.Fatal(err)
	}
}

// counter is the sink: it counts, as the cheapest report would.
type counter struct {
	scanner.Discard
	outcomes int
}

func (c *counter) Outcome(scanner.Outcome) error { c.outcomes++; return nil }

func benchScan(b *testing.B, folder string, urls []string) benchReport {
	b.Helper()
	started := time.Now()
	set, err := signature.Load(signature.Sources{Folders: []string{folder}})
	if err != nil {
		b.Fatal(err)
	}
	r := benchReport{Load: time.Since(started), Templates: len(set.Signatures), Statuses: map[string]int{}}
	r.Embedded = benchEmbedded(b)
	debug.SetGCPercent(command.GCPercent)
	client, err := web.NewClient(web.Options{Rate: -1, InFlight: benchInFlight})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	targets, err := target.Parse(urls, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	sink := &counter{}
	started, used := time.Now(), processorTime(b)
	summary, err := engine.Run(b.Context(), engine.Options{
		Client: client, Signatures: set.Signatures, Checks: checks.All, Targets: targets, Safety: signature.SafetyIntrusive,
		Concurrency: benchConcurrency, InFlight: benchInFlight, Sinks: []scanner.Sink{sink},
	})
	if err != nil {
		b.Fatal(err)
	}
	r.Took, r.CPU, r.Requests, r.Outcomes = time.Since(started), processorTime(b)-used, summary.Requests, sink.outcomes
	r.Planned, r.Answered, r.Unneeded = summary.Planned, summary.Answered, summary.Unneeded
	for status, n := range summary.Statuses {
		r.Statuses[string(status)] = n
	}
	r.Unsupported = summary.Statuses[scanner.StatusUnsupported] / benchSites
	return r
}

// benchEmbedded loads 500 of our own signatures, those there are again and again under other ids.
func benchEmbedded(b *testing.B) time.Duration {
	b.Helper()
	names, err := fs.Glob(signatures.FS, "*/*.yaml")
	names = slices.DeleteFunc(names, func(name string) bool { return path.Base(name) == "advisories.yaml" }) // a list
	if err != nil || len(names) == 0 {
		b.Fatalf("no embedded signatures: %v", err)
	}
	files := fstest.MapFS{}
	for i := range 500 {
		text, err := fs.ReadFile(signatures.FS, names[i%len(names)])
		if err != nil {
			b.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), "\n")
		id := fmt.Sprintf("%s-%d", strings.TrimSuffix(path.Base(names[i%len(names)]), ".yaml"), i)
		files["x/"+id+".yaml"] = &fstest.MapFile{Data: []byte("id: " + id + "\n" + rest)}
	}
	started := time.Now()
	if _, err := signature.Load(signature.Sources{Embedded: files}); err != nil {
		b.Fatal(err)
	}
	return time.Since(started)
}

// benchBare sends the recorded requests to every site with nothing but net/http.
func benchBare(b *testing.B, file string, urls []string) benchReport {
	b.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	var requests []sentRequest
	if err := json.Unmarshal(data, &requests); err != nil {
		b.Fatal(err)
	}
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: benchInFlight, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	started, used := time.Now(), processorTime(b)
	var sent atomic.Int64
	hosts, ctx := errgroup.WithContext(b.Context())
	hosts.SetLimit(benchConcurrency)
	for _, site := range urls {
		hosts.Go(func() error {
			var next atomic.Int64
			workers, ctx := errgroup.WithContext(ctx)
			for range benchInFlight {
				workers.Go(func() error {
					for i := next.Add(1) - 1; i < int64(len(requests)); i = next.Add(1) - 1 {
						if err := replay(ctx, client, site, requests[i]); err != nil {
							return err
						}
						sent.Add(1)
					}
					return nil
				})
			}
			return workers.Wait()
		})
	}
	if err := hosts.Wait(); err != nil {
		b.Fatal(err)
	}
	return benchReport{Took: time.Since(started), CPU: processorTime(b) - used, Requests: sent.Load()}
}

func replay(ctx context.Context, client *http.Client, site string, r sentRequest) error {
	base, err := url.Parse(site)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, site, bytes.NewReader(r.Body))
	if err != nil {
		return err
	}
	req.URL = &url.URL{Scheme: base.Scheme, Host: base.Host, Opaque: r.URI}
	req.Header = r.Header.Clone()
	req.Header.Del("Content-Length")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// processorTime is what the process used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// peakMemory is the most memory that the process had so far.
func peakMemory(b *testing.B) int64 {
	b.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Logf("peak memory is not to be had here: %v", err)
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb << 10
		}
	}
	return 0
}

// writeTemplates makes n templates in the shape of the public ones: a third look at the front page, the rest at paths of
// their own; words, status, headers, regular expressions and expressions, and a raw request now and then.
func writeTemplates(b *testing.B, folder string, n int) {
	b.Helper()
	for i := range n {
		var t strings.Builder
		fmt.Fprintf(&t, "id: bench-%04d\ninfo:\n  name: Product %d\n  author: bench\n  severity: %s\n  tags: bench,tech\n\nhttp:\n", i, i,
			[]string{"info", "low", "medium", "high"}[i%4])
		switch {
		case i%20 == 19:
			fmt.Fprintf(&t, "  - raw:\n      - |\n        GET /product%d/login HTTP/1.1\n        Host: {{Hostname}}\n        X-Asked-By: bench\n", i)
		case i%3 == 0:
			t.WriteString("  - method: GET\n    path:\n      - \"{{BaseURL}}\"\n")
		default:
			fmt.Fprintf(&t, "  - method: GET\n    path:\n      - \"{{BaseURL}}/product%d/config.json\"\n      - \"{{BaseURL}}/product%d/\"\n    stop-at-first-match: true\n", i, i%700)
		}
		switch i % 4 {
		case 0:
			fmt.Fprintf(&t, "    matchers-condition: and\n    matchers:\n      - type: word\n        words:\n          - \"Powered by Product %d\"\n          - \"product%d-app\"\n        condition: or\n      - type: status\n        status:\n          - 200\n", i, i)
		case 1:
			fmt.Fprintf(&t, "    matchers-condition: and\n    matchers:\n      - type: regex\n        regex:\n          - \"(?i)product %d version ([0-9.]+)\"\n      - type: word\n        part: header\n        words:\n          - text/html\n    extractors:\n      - type: regex\n        group: 1\n        regex:\n          - \"(?i)product %d version ([0-9.]+)\"\n", i, i)
		case 2:
			fmt.Fprintf(&t, "    matchers:\n      - type: dsl\n        dsl:\n          - 'status_code == 200 && contains(tolower(body), \"product %d\")'\n", i)
		default:
			fmt.Fprintf(&t, "    matchers:\n      - type: word\n        part: body\n        case-insensitive: true\n        words:\n          - \"<title>product %d</title>\"\n", i)
		}
		name := filepath.Join(folder, fmt.Sprintf("bench-%04d.yaml", i))
		if err := os.WriteFile(name, []byte(t.String()), 0o600); err != nil {
			b.Fatal(err)
		}
	}
}
