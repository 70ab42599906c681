package browser

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// Print is the PDF of a page in a local file, with all that is folded away opened. The profile is a folder for the browser,
// which opens nothing but files: every name leads nowhere, and what is not a name goes to a proxy that is not there.
func Print(ctx context.Context, path, file, profile string) ([]byte, error) {
	ctx, stop := offline(ctx, path, profile)
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

// offline is a browser without a network.
func offline(ctx context.Context, path, profile string) (context.Context, context.CancelFunc) {
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(profile))
	for _, f := range append(quietFlags(), "host-resolver-rules=MAP * ~NOTFOUND") {
		if name, value, ok := strings.Cut(f, "="); ok {
			options = append(options, chromedp.Flag(name, value))
		} else {
			options = append(options, chromedp.Flag(name, true))
		}
	}
	ctx, stopBrowser := chromedp.NewExecAllocator(ctx, options...)
	ctx, stopTab := chromedp.NewContext(ctx)
	return ctx, func() {
		stopTab()
		stopBrowser()
	}
}

// quietFlags keep a browser from using the network for itself: what has no proxy of its own goes to one that is not there. As
// root it has no sandbox, without which it would not start.
func quietFlags() []string {
	flags := []string{
		"disable-gpu", "enable-unsafe-swiftshader", "disable-component-update", "no-pings", "disable-domain-reliability",
		"proxy-server=127.0.0.1:9", "proxy-bypass-list=<-loopback>",
	}
	if os.Geteuid() == 0 {
		flags = append(flags, "no-sandbox")
	}
	return flags
}
