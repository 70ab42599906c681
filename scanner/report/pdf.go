package report

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Times that a browser may take.
const (
	browserStarts = 20 * time.Second // to say its version
	browserPrints = 5 * time.Minute
)

// browserNames are programs that print pages, by what they are called in PATH or where their installers put them.
func browserNames() []string {
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"}
	switch runtime.GOOS {
	case "darwin":
		names = append(names, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")
	case "windows":
		names = append(names, `C:\Program Files\Google\Chrome\Application\chrome.exe`, `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`)
	}
	return names
}

// Chromium is the browser that prints PDF: the one that is named, else one that is found. It is asked for its version, for
// some installations have a program of this name that only says how to get one.
func Chromium(ctx context.Context, named string) (string, error) {
	names := browserNames()
	if named != "" {
		names = []string{named}
	}
	var failed error
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err == nil {
			if err = answers(ctx, path); err == nil {
				return path, nil
			}
		}
		if named != "" || !errors.Is(err, exec.ErrNotFound) && !errors.Is(err, os.ErrNotExist) {
			failed = message.Errorf("%s: %w", name, err)
		}
	}
	switch {
	case named != "":
		return "", message.Errorf("--chromium %w", failed)
	case failed != nil:
		return "", message.Errorf("pdf needs Chromium or Chrome, and the one that was found does not run: %w; name another with --chromium, or take -o html", failed)
	}
	return "", message.Errorf("pdf needs Chromium or Chrome, and none was found; install one, name it with --chromium, or take -o html")
}

// answers reports whether a program runs.
func answers(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, browserStarts)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	if err == nil {
		return nil
	}
	if first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n"); first != "" {
		return message.Errorf("%s (%w)", message.Line(first), err)
	}
	return err
}

// NewPDF prints the page of NewHTML through an installed browser, with every finding opened.
func NewPDF(w io.Writer, o Options) scanner.Sink {
	p := &pdf{to: w, browser: o.Chromium, language: o.Language}
	p.Sink = NewHTML(&p.html, o)
	return p
}

type pdf struct {
	scanner.Sink // the page
	html         spool
	to           io.Writer
	browser      string
	language     string
}

// Close prints what the page is at the end of the scan.
func (p *pdf) Close(s scanner.Summary) error {
	if err := p.Sink.Close(s); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "sotomi-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "report.html")
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(p.html.copyTo(out), out.Close()); err != nil {
		return err
	}
	printed, err := p.print(file, folder)
	if err != nil {
		return message.Errorf("%s printed no PDF: %w", p.browser, err)
	}
	_, err = io.Copy(p.to, bytes.NewReader(printed))
	return err
}

// print makes the PDF of a file. Sink has no context to end it with, so it has a time of its own.
func (p *pdf) print(file, folder string) (printed []byte, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), browserPrints)
	defer cancel()
	ctx, stop := offlineBrowser(ctx, p.browser, filepath.Join(folder, "profile"))
	defer stop()
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(file)}
	if !strings.HasPrefix(address.Path, "/") {
		address.Path = "/" + address.Path // C:/...
	}
	const footer = `<div style="width:100%;text-align:center;font-size:8px;color:#555"><span class="pageNumber"></span> / <span class="totalPages"></span></div>`
	if err := chromedp.Do(ctx, chromedp.Navigate(address.String())); err != nil {
		return nil, err
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int](`[...document.querySelectorAll("details")].map(d => d.open = true).length`)); err != nil {
		return nil, err
	}
	return chromedp.Run(ctx, chromedp.PrintToPDF(
		chromedp.PDFPaper(chromedp.PaperA4), chromedp.PDFMargin(0.5), chromedp.PDFPrintBackground(), chromedp.PDFHeaderTemplate("<span></span>"), chromedp.PDFFooterTemplate(footer),
		chromedp.PDFOutlineAndTagged(), chromedp.PDFStream(),
	))
}

// offlineBrowser is a browser that opens nothing but files: every name leads nowhere, and what is not a name goes to a proxy
// that is not there. Its own control connection is on loopback. As root it has no sandbox, without which it would not start.
func offlineBrowser(ctx context.Context, path, profile string) (context.Context, context.CancelFunc) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile), chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"), chromedp.Flag("proxy-server", "127.0.0.1:9"), chromedp.Flag("proxy-bypass-list", "<-loopback>"),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("no-pings", true), chromedp.Flag("disable-domain-reliability", true),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, stopBrowser := chromedp.NewExecAllocator(ctx, options...)
	ctx, stopTab := chromedp.NewContext(ctx)
	return ctx, func() {
		stopTab()
		stopBrowser()
	}
}
