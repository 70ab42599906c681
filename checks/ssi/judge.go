package ssi

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// answer is what one place does with a directive.
type answer int

const (
	ssiAbsent    answer = iota // the text does not come back, or comes back encoded or stripped
	ssiPlain                   // it comes back unchanged: a reflection, but not evaluated
	ssiBlocked                 // a filter refuses it
	ssiEvaluated               // the server computed it
)

type verdict struct {
	Answer answer
	Proof  []*web.Exchange // proof, repetition, control
	Shown  []string        // what to show of each
}

// quoting is how attribute values of a directive are written.
type quoting int

const (
	doubleQuotes quoting = iota
	noQuotes             // Apache accepts it; for applications that put backslashes before quotes
)

// probe is one set of random tokens: letters only, so that they can be told from the digits of the date and from the
// conversions of strftime.
type probe struct{ T [5]string }

func newProbe(r *rand.Rand) probe {
	var p probe
	for i := range p.T {
		p.T[i] = scanner.Token(r, 4)
	}
	return p
}

// Directive sets a time format that holds the tokens and prints the date with it.
func (p probe) Directive(q quoting) string { return p.shape("#", q) }

// Control is the same without the # that makes a comment a directive.
func (p probe) Control(q quoting) string { return p.shape("zq ", q) }

func (p probe) shape(mark string, q quoting) string {
	quote := `"`
	if q == noQuotes {
		quote = ""
	}
	return fmt.Sprintf(`%s<!--%sconfig timefmt=%s%s%%j%s%%Y%s%s --><!--%secho var=%sDATE_GMT%s -->%s`,
		p.T[0], mark, quote, p.T[1], p.T[2], p.T[3], quote, mark, quote, quote, p.T[4])
}

// Canary is a comment as long as the directive, with both quotes: it shows whether the place sends comments back at all,
// and whole, because a directive that is cut off takes the rest of the page with it.
func (p probe) Canary() string {
	head, tail := p.T[0]+"<!--", ` "'-->`+p.T[4]
	fill := len(p.Directive(doubleQuotes)) - len(head) - len(tail)
	return head + strings.Repeat(p.T[1], fill/len(p.T[1])+1)[:fill] + tail
}

// verbatim reports whether sent stands in the answer as it was sent.
func (p probe) verbatim(ex *web.Exchange, sent string) bool {
	return ex != nil && strings.Contains(string(ex.Body), sent)
}

// judgeCanary is ssiPlain when a directive can be sent here, and how to quote it. Baseline is the status of the place
// for ordinary text, 0 when unknown.
func judgeCanary(p probe, ex *web.Exchange, baseline int) (quoting, answer) {
	switch {
	case ex == nil:
		return 0, ssiAbsent
	case p.verbatim(ex, p.Canary()):
		return doubleQuotes, ssiPlain
	case p.verbatim(ex, strings.NewReplacer(`"`, `\"`, `'`, `\'`).Replace(p.Canary())),
		p.verbatim(ex, strings.Replace(p.Canary(), `"`, `\"`, 1)):
		return noQuotes, ssiPlain
	case refused(ex.Status) && !refused(baseline) && baseline != 0:
		return 0, ssiBlocked
	}
	return 0, ssiAbsent
}

// judgeProof looks for the day of the year and the year between the tokens, both of the server's own clock.
func judgeProof(p probe, ex, canary *web.Exchange) answer {
	if ex == nil {
		return ssiBlocked // the canary was answered
	}
	frame := regexp.MustCompile(p.T[0] + p.T[1] + `(\d{3})` + p.T[2] + `(\d{4})` + p.T[3] + p.T[4])
	for _, m := range frame.FindAllSubmatch(ex.Body, -1) {
		if sameDay(string(m[1]), string(m[2]), clock(ex)) {
			return ssiEvaluated
		}
	}
	if refused(ex.Status) && !refused(canary.Status) {
		return ssiBlocked
	}
	return ssiPlain
}

// refused are the answers with which filters turn requests away.
func refused(status int) bool {
	switch status {
	case http.StatusForbidden, http.StatusNotAcceptable, http.StatusTooManyRequests, http.StatusNotImplemented, http.StatusServiceUnavailable, 419, 493, 999:
		return true
	}
	return false
}

// clock is the server's time by its Date header (RFC 9110 section 6.6.1), else ours.
func clock(ex *web.Exchange) time.Time {
	if t, err := http.ParseTime(ex.Header.Get("Date")); err == nil {
		return t
	}
	return ex.Started
}

// sameDay allows a day to either side, for time zones.
func sameDay(dayOfYear, year string, now time.Time) bool {
	for _, days := range []int{-1, 0, 1} {
		day := now.AddDate(0, 0, days)
		if dayOfYear == fmt.Sprintf("%03d", day.YearDay()) && year == strconv.Itoa(day.Year()) {
			return true
		}
	}
	return false
}
