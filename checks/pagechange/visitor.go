package pagechange

import (
	"context"
	"net/http"
	"net/url"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// visitor is as whom a page is looked at. The letters stand in histories.
type visitor string

// As whom pages are looked at.
const (
	plain  visitor = "p" // as every other request of the scan
	phone  visitor = "m"
	search visitor = "s" // somebody who comes from a search engine, with a browser
	robot  visitor = "g" // the robot of a search engine
)

// header is what a visitor sends.
func (v visitor) header() http.Header {
	switch v {
	case plain:
	case phone:
		return http.Header{"User-Agent": {"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"}}
	case search:
		return http.Header{
			"User-Agent": {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
			"Referer":    {"https://www.google.com/"},
		}
	case robot:
		return http.Header{"User-Agent": {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"}}
	}
	return nil
}

// name is the visitor in words.
func (v visitor) name() message.Message {
	switch v {
	case plain:
	case phone:
		return message.New("visitors with a phone")
	case search:
		return message.New("visitors from a search engine")
	case robot:
		return message.New("the robot of a search engine")
	}
	return message.New("every visitor")
}

// ask is the request of a visitor. Identical ones of other signatures are shared.
func (v visitor) ask(ctx context.Context, p *scanner.Probe, page *url.URL) (*web.Exchange, error) {
	return p.Do(ctx, &web.Request{URL: page, Header: v.header(), Redirects: web.RedirectsHost})
}

// again asks once more what an answer may have been kept of.
func (v visitor) again(ctx context.Context, p *scanner.Probe, page *url.URL) (*web.Exchange, error) {
	p.Count(1)
	return p.Session().Do(ctx, &web.Request{URL: page, Header: v.header(), Redirects: web.RedirectsHost})
}
