package transport

import (
	"context"
	"net/http"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// onHoldingPages is onPages for those pages that hold something of their visitors. It makes one finding a site: headers are
// mostly set for all pages at once.
func onHoldingPages(ctx context.Context, p *scanner.Probe, look func(*web.Page) *scanner.Hit) (*scanner.Hit, error) {
	held := false
	hit, err := onPages(ctx, p, func(page *web.Page) *scanner.Hit {
		if !holds(page) {
			return nil
		}
		held = true
		hit := look(page)
		if hit != nil {
			hit.URL = page.Exchange.URL.String()
		}
		return hit
	})
	if err == nil && !held {
		return nil, scanner.NotApplicable("no page of the target sends a form or begins a session")
	}
	return hit, err
}

// framing: pages that any site may show in a frame of its own, where visitors click on what they do not see.
func framing(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	return onHoldingPages(ctx, p, func(page *web.Page) *scanner.Hit {
		if !framable(page) {
			return nil
		}
		return &scanner.Hit{
			Values:   scanner.Values{"x-frame-options": stated(page.Exchange.Header, "X-Frame-Options")},
			Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("any site may show this page in a frame"))},
		}
	})
}

// contentPolicy: pages that let run whatever gets into them.
func contentPolicy(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	return onHoldingPages(ctx, p, func(page *web.Page) *scanner.Hit {
		switch scriptPolicy(page) {
		case "missing":
			return &scanner.Hit{Values: scanner.Values{"policy": "none"}, Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("no Content-Security-Policy for scripts"))}}
		case "unsafe":
			all := append(page.Exchange.Header.Values("Content-Security-Policy"), page.Policies...)
			return &scanner.Hit{Variant: "unsafe", Values: scanner.Values{"policy": strings.Join(all, ", ")}, Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("the policy lets injected scripts run"), "script-src", "default-src")}}
		}
		return nil
	})
}

// referrer: pages that tell other sites their whole address, or leave it to the browser.
func referrer(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	return onHoldingPages(ctx, p, func(page *web.Page) *scanner.Hit {
		switch policy := referrerPolicy(page); policy {
		case "unsafe-url", "no-referrer-when-downgrade":
			return &scanner.Hit{Values: scanner.Values{"policy": policy}, Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("other sites are told the whole address of the page"), policy)}}
		case "":
			return &scanner.Hit{Variant: "missing", Values: scanner.Values{"policy": "none"}, Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("no Referrer-Policy"))}}
		}
		return nil
	})
}

// sniffing: pages whose kind browsers may guess from their content.
func sniffing(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	return onHoldingPages(ctx, p, func(page *web.Page) *scanner.Hit {
		if noSniff(page.Exchange) {
			return nil
		}
		return &scanner.Hit{
			Values:   scanner.Values{"x-content-type-options": stated(page.Exchange.Header, "X-Content-Type-Options")},
			Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("no X-Content-Type-Options: nosniff"))},
		}
	})
}

// stated is what a header says, for people.
func stated(h http.Header, name string) string {
	if said := strings.Join(h.Values(name), ", "); said != "" {
		return said
	}
	return "none"
}
