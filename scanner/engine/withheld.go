package engine

import (
	"net/http"
	"regexp"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// Withheld is why an answer says nothing of what stands at its address: a filter, a page that refuses, waits or belongs to no
// site, an error. It is nil for an answer of the site itself: the thing, that there is none, that it is closed, or a redirect.
func Withheld(ex *web.Exchange) *scanner.StatusError {
	if name := filterOf(ex); name != "" {
		return blockedBy(name)
	}
	switch status := ex.Status; {
	case ex.Broken:
		return scanner.End(scanner.StatusFailed, "a response was cut off or could not be decoded")
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return scanner.End(scanner.StatusThrottled, "it is answered %d", status)
	case status == http.StatusForbidden:
		if refusesInWords(ex) {
			return scanner.End(scanner.StatusBlocked, "it is answered %d with a page that may be that of a filter", status)
		}
	case status == http.StatusUnauthorized, status == http.StatusNotFound, status == http.StatusGone, status >= 300 && status <= 399 && status != http.StatusNotModified:
	case status >= 200 && status <= 299 && status != http.StatusAccepted:
		switch kindOfEveryPage(ex) {
		case everyPageRefuses:
			return scanner.End(scanner.StatusBlocked, "it is answered with a page that refuses")
		case everyPageWaits:
			return scanner.End(scanner.StatusFailed, "it is answered with a page that says that the site is down for maintenance")
		case everyPageIsNoSites:
			return scanner.End(scanner.StatusFailed, "it is answered with a page of a name for sale or of the hoster")
		}
	default:
		return scanner.End(scanner.StatusFailed, "it is answered %d", status)
	}
	return nil
}

// serverRefusal is what servers themselves write under status 403 when they are told to keep an address closed.
var serverRefusal = regexp.MustCompile(`(?i)\b403\b|\bforbidden: access is denied|\bforbidden\b|\byou (?:don'?t|do not) have (?:the )?permission to (?:access|view) (?:this|the) \w+(?: or page)?(?: using the credentials that you supplied)?` +
	`|\byou don'?t have permission to access [^ ]+ on this server` +
	`|\badditionally, a 403 [^.]*\.`)

// refusesInWords reports a refusal that says more than a server does of a closed address.
func refusesInWords(ex *web.Exchange) bool {
	seen := textOf(ex)
	text := serverRefusal.ReplaceAllString(strings.TrimSpace(seen.title+" "+seen.text), "")
	return wordsOfRefusal.MatchString(text) || challenge.Match(ex.Body)
}
