package report_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"sotomi/scanner"
)

// tab is an open page, and what the browser complained of.
type tab struct {
	ctx  context.Context
	size int // of the page, in bytes

	mu         sync.Mutex
	complaints []string
}

// open shows a scan in a browser that can reach nothing.
func open(t *testing.T, put func(testing.TB, scanner.Sink), language string) *tab {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.html")
	text := in(t, "html", language, put)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(browser(t)), chromedp.DisableGPU, chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	shown := &tab{size: len(text)}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx, chromedp.WithListener(shown.hear))
	t.Cleanup(stop)
	shown.ctx = ctx
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+file)); err != nil {
		t.Fatal(err)
	}
	return shown
}

// hear notes what only a page with a mistake, or one that runs what a site said, makes a browser say.
func (b *tab) hear(event any) {
	var text string
	switch e := event.(type) {
	case *log.EventEntryAdded:
		text = fmt.Sprint("log: ", e.Entry.Text)
	case *runtime.EventExceptionThrown:
		text = fmt.Sprint("exception: ", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		text = "console"
	case *page.EventJavascriptDialogOpening:
		text = fmt.Sprint("dialog: ", e.Message)
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, text)
}

// ask is what an expression gives in the page, as text.
func (b *tab) ask(t *testing.T, expression string) string {
	t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

// want holds what an expression gives to a text.
func (b *tab) want(t *testing.T, expression, want string) {
	t.Helper()
	if got := b.ask(t, expression); got != want {
		t.Errorf("%s is %q, want %q", expression, got, want)
	}
}

// quiet holds that the browser complained of nothing.
func (b *tab) quiet(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, text := range b.complaints {
		t.Error(text)
	}
}

const (
	shownFindings = `[...document.querySelectorAll(".finding")].filter(f => f.offsetParent !== null).length`
	filtering     = `(function (id, value) { var e = document.getElementById(id); e.value = value; e.dispatchEvent(new Event(id === "search" ? "input" : "change")); return "" })`
	visibleText   = `document.body.innerText`
)

// TestPageInABrowser: search, filters and the switch of languages do what they say, the page fits a phone and prints whole,
// and nothing that a site said runs.
func TestPageInABrowser(t *testing.T) {
	b := open(t, recorded, "ja")
	b.want(t, `document.getElementById("shown").textContent`, "3 / 3")
	b.want(t, shownFindings, "3")
	b.ask(t, filtering+`("severity", "high")`)
	b.want(t, shownFindings, "2")
	b.ask(t, filtering+`("search", "GIT HEAD")`)
	if err := chromedp.Do(b.ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := chromedp.Poll[bool](`document.getElementById("shown").textContent === "1 / 3"`, chromedp.WithPollingTimeout(20*time.Second))(ctx, tab)
		return err
	})); err != nil {
		t.Fatalf("the search does not find the one finding with both words: %v; %s", err, b.ask(t, `document.getElementById("shown").textContent`))
	}
	b.want(t, `[...document.querySelectorAll(".mend")].filter(m => !m.hidden).length`, "1")
	b.ask(t, filtering+`("severity", "low")`)
	b.want(t, shownFindings, "0")
	b.ask(t, filtering+`("severity", "")`)
	b.ask(t, filtering+`("certainty", "possible")`)
	b.want(t, shownFindings, "0")

	if text := b.ask(t, visibleText); !strings.Contains(text, "問題点") || strings.Contains(text, "What is bad") || !strings.Contains(text, "判定不能") {
		t.Errorf("the page is not in Japanese:\n%.800s", text)
	}
	b.ask(t, `document.getElementById("language").click()`)
	if text := b.ask(t, visibleText); strings.Contains(text, "問題点") || !strings.Contains(text, "What is bad") || !strings.Contains(text, "not determined") {
		t.Errorf("the page is not in English:\n%.800s", text)
	}
	b.want(t, `document.documentElement.lang`, "en")

	b.ask(t, `window.dispatchEvent(new Event("beforeprint"))`)
	b.want(t, `document.querySelectorAll("details:not([open])").length`, "0")
	b.ask(t, `window.dispatchEvent(new Event("afterprint"))`)
	b.want(t, `document.querySelectorAll("details[open]").length`, "0")
	b.quiet(t)

	b.ask(t, `console.log("heard")`)
	if b.mu.Lock(); len(b.complaints) != 1 {
		t.Errorf("the test does not hear the page: %q", b.complaints)
	}
	b.mu.Unlock()
}

// TestPageFits: nothing is wider than the window of a phone or of a desktop, also with long and hostile texts.
func TestPageFits(t *testing.T) {
	for name, put := range map[string]func(testing.TB, scanner.Sink){"recorded": recorded, "hostile": hostile, "troubled": troubled, "shops": shops, "profiled": profiled} {
		t.Run(name, func(t *testing.T) {
			b := open(t, put, "ja")
			b.ask(t, `document.querySelectorAll("details").forEach(d => d.open = true)`)
			for _, width := range []int64{360, 390, 1280} {
				if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 844)); err != nil {
					t.Fatal(err)
				}
				b.want(t, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)`, fmt.Sprint(width))
			}
			b.quiet(t)
		})
	}
}

// TestPageOfTenThousand: a page of 10,000 findings is there in seconds, filters and changes its language in about one,
// and is no larger than browsers take with ease.
func TestPageOfTenThousand(t *testing.T) {
	start := time.Now()
	b := open(t, tenThousand, "en")
	if b.size > 50<<20 {
		t.Errorf("the page has %d MiB", b.size>>20)
	}
	b.want(t, `document.getElementById("shown").textContent`, "10000 / 10000")
	t.Logf("%d MiB, written and shown in %s", b.size>>20, time.Since(start).Round(time.Millisecond))
	b.takes(t, "a filter", filtering+`("severity", "high")`)
	b.want(t, `document.getElementById("shown").textContent`, "1 / 10000")
	b.takes(t, "no filter", filtering+`("severity", "")`)
	b.takes(t, "the other language", `document.getElementById("language").click()`)
	b.want(t, `document.documentElement.lang`, "ja")
	b.quiet(t)
}

// takes holds that something is shown soon.
func (b *tab) takes(t *testing.T, what, expression string) {
	t.Helper()
	took := b.ask(t, `(function () { var s = performance.now(); `+expression+`; document.body.offsetHeight; return Math.round(performance.now() - s) })()`)
	var milliseconds int
	if _, err := fmt.Sscan(took, &milliseconds); err != nil || milliseconds > 5000 { // on a busy machine
		t.Errorf("%s takes %s ms", what, took)
	}
	t.Logf("%s: %d ms", what, milliseconds)
}

// tenThousand is a scan with 10,000 findings on 1,000 sites, each with evidence of the usual size.
func tenThousand(t testing.TB, to scanner.Sink) {
	if err := to.Start(scanner.Start{}); err != nil {
		t.Fatal(err)
	}
	for i := range 10_000 {
		target := fmt.Sprintf("https://host-%d.example", i/10)
		f := scanner.Finding{Signature: longSignature, Severity: "medium", Target: target, Fingerprint: fmt.Sprint(i), Hit: scanner.Hit{URL: target + fmt.Sprint("/", i), Evidence: longEvidence(i)}}
		if i == 5000 {
			f.Severity = "high"
		}
		if err := to.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(scanner.Summary{Severities: map[string]int{"medium": 9999, "high": 1}, Statuses: map[scanner.Status]int{"found": 10_000}, Complete: true}); err != nil {
		t.Fatal(err)
	}
}

// TestNothingRuns: what a site says never runs in the page, in a link or when it is opened.
func TestNothingRuns(t *testing.T) {
	b := open(t, hostile, "en")
	b.ask(t, `document.querySelectorAll("details").forEach(d => d.open = true)`)
	b.ask(t, `document.querySelectorAll("a").forEach(a => { if (!/^https?:/.test(a.href)) a.click() })`)
	b.want(t, `document.querySelectorAll("img, iframe, script:not(:last-of-type), [onerror]").length`, "0")
	b.quiet(t)
}
