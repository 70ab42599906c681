package web

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// SendsTo is where the answer sends every visitor: by a redirect, a Refresh header, or a page that does nothing but go on to
// another address. nil when it does not, or when that is no web address.
func (ex *Exchange) SendsTo() *url.URL {
	ex.sendsOnce.Do(func() { ex.sendsTo = ex.sends() })
	return ex.sendsTo
}

func (ex *Exchange) sends() *url.URL {
	switch {
	case ex.Status >= 300 && ex.Status <= 399:
		return ex.address(ex.Header.Get("Location"))
	case ex.Status != http.StatusOK:
		return nil
	}
	if header := ex.Header.Get("Refresh"); header != "" {
		return ex.address(refreshed(header))
	}
	const smallPage = 8 << 10 // bytes
	if len(ex.Body) > smallPage || !bytes.Contains(ex.Body, []byte("efresh")) && !bytes.Contains(ex.Body, []byte("location")) {
		return nil
	}
	page, err := ParsePage(ex)
	if err != nil {
		return nil
	}
	if content := page.Meta["refresh"]; content != "" {
		return ex.address(refreshed(content))
	}
	const fewLetters = 200
	if len(page.Links)+len(page.Forms)+len(page.Scripts) > 0 || len(strings.Join(page.Visible, "")) > fewLetters {
		return nil
	}
	if m := goesOn.FindSubmatch(ex.Body); m != nil {
		return ex.address(string(m[1]) + string(m[2]))
	}
	return nil
}

// goesOn is a script that leaves the page, in a page that shows nothing.
var goesOn = regexp.MustCompile(`location(?:\.href)?\s*=\s*["']([^"']+)["']|location\.(?:replace|assign)\(\s*["']([^"']+)["']`)

// refresh is the content of a Refresh header: less than ten seconds and an address (HTML, "shared declarative refresh steps").
var refresh = regexp.MustCompile(`(?i)^\s*\d(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?["']?([^"'>]+)`)

// refreshed is the address of a refresh within ten seconds, "" for none: a page that renews itself later is a page.
func refreshed(content string) string {
	m := refresh.FindStringSubmatch(content)
	if m == nil {
		return ""
	}
	return strings.TrimSpace(m[1])
}

// address is a web address as an answer names it, nil for anything else.
func (ex *Exchange) address(text string) *url.URL {
	to, err := ex.URL.Parse(text)
	if text == "" || err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Hostname() == "" {
		return nil
	}
	return to
}
