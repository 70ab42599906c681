package web

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// TakenAway reports whether an answer that sets the cookie takes it away from the visitor: it has ended by now.
func TakenAway(c *http.Cookie, now time.Time) bool {
	if c.MaxAge != 0 { // net/http has -1 for 0 and below
		return c.MaxAge < 0
	}
	ends, ok := cookieDate(c.RawExpires)
	return ok && !ends.After(now)
}

// The parts of a date in a cookie, whatever stands between them (RFC 6265 section 5.1.1).
var (
	dateTokens = regexp.MustCompile(`[^\x09\x20-\x2f\x3b-\x40\x5b-\x60\x7b-\x7e]+`)
	timeOfDay  = regexp.MustCompile(`^(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\D|$)`)
	dayOfMonth = regexp.MustCompile(`^(\d{1,2})(?:\D|$)`)
	yearOfDate = regexp.MustCompile(`^(\d{2,4})(?:\D|$)`)
)

// cookieDate reads a date as browsers do; not ok when they would ignore it.
func cookieDate(text string) (ends time.Time, ok bool) {
	clock, day, month, year := []string(nil), -1, -1, -1
	for _, token := range dateTokens.FindAllString(text, -1) {
		switch {
		case clock == nil && timeOfDay.MatchString(token):
			clock = timeOfDay.FindStringSubmatch(token)
		case day < 0 && dayOfMonth.MatchString(token):
			day = number(dayOfMonth.FindStringSubmatch(token)[1])
		case month < 0 && monthOf(token) > 0:
			month = monthOf(token)
		case year < 0 && yearOfDate.MatchString(token):
			year = number(yearOfDate.FindStringSubmatch(token)[1])
		}
	}
	switch {
	case year >= 70 && year <= 99:
		year += 1900
	case year >= 0 && year <= 69:
		year += 2000
	}
	if clock == nil || day < 1 || day > 31 || month < 1 || year < 1601 || number(clock[1]) > 23 || number(clock[2]) > 59 || number(clock[3]) > 59 {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, number(clock[1]), number(clock[2]), number(clock[3]), 0, time.UTC), true
}

// monthOf is the month that a word begins with the first three letters of, 0 for none.
func monthOf(word string) int {
	const names = "janfebmaraprmayjunjulaugsepoctnovdec"
	if len(word) < 3 {
		return 0
	}
	if at := strings.Index(names, strings.ToLower(word[:3])); at >= 0 && at%3 == 0 {
		return at/3 + 1
	}
	return 0
}

// number is what a few digits say.
func number(digits string) int {
	n, _ := strconv.Atoi(digits) // the patterns let nothing else through
	return n
}
