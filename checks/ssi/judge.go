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
	ssiCut                     // it comes back, but not to its end
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
	singleQuotes
	noQuotes // Apache accepts it, nginx does not
)

// form is how a directive is written.
type form struct {
	quoting quoting
	short   bool // for places that cut text: the date alone, in the format that servers print when told none
}

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
func (p probe) Directive(f form) string { return p.shape("#", f) }

// Control is the same without the # that makes a comment a directive.
func (p probe) Control(f form) string { return p.shape("zq ", f) }

func (p probe) shape(mark string, f form) string {
	quote := map[quoting]string{doubleQuotes: `"`, singleQuotes: "'"}[f.quoting]
	date := fmt.Sprintf(`<!--%secho var=%sDATE_GMT%s -->%s`, mark, quote, quote, p.T[4])
	if f.short {
		return p.T[0] + date
	}
	return fmt.Sprintf(`%s<!--%sconfig timefmt=%s%s%%j%s%%Y%s%s -->`, p.T[0], mark, quote, p.T[1], p.T[2], p.T[3], quote) + date
}

// Canary is a comment as long as the directive, with both quotes: it shows whether the place sends comments back at all,
// and whole, because a directive that is cut off takes the rest of the page with it.
func (p probe) Canary(short bool) string { return p.canaryHead(short) + canaryQuotes + "-->" + p.T[4] }

const canaryQuotes = ` "'`

func (p probe) canaryHead(short bool) string {
	head := p.T[0] + "<!--"
	fill := len(p.Directive(form{short: short})) - len(head+canaryQuotes+"-->"+p.T[4])
	return head + strings.Repeat(p.T[1], fill/len(p.T[1])+1)[:fill]
}

// verbatim reports whether sent stands in the answer as it was sent.
func (p probe) verbatim(ex *web.Exchange, sent string) bool {
	return ex != nil && strings.Contains(string(ex.Body), sent)
}

// judgeCanary is ssiPlain when a directive can be sent here, and how to quote it. Baseline is the status of the place
// for ordinary text, 0 when unknown.
func judgeCanary(p probe, short bool, ex *web.Exchange, baseline int) (quoting, answer) {
	if ex == nil {
		return 0, ssiAbsent
	}
	whole := regexp.MustCompile(regexp.QuoteMeta(p.canaryHead(short)+" ") + `([^<>]{0,20}?)-->` + p.T[4])
	switch m := whole.FindSubmatch(ex.Body); {
	case m != nil:
		return quotingLeft(string(m[1])), ssiPlain
	case refused(ex.Status) && !refused(baseline) && baseline != 0:
		return 0, ssiBlocked
	case strings.Contains(string(ex.Body), p.canaryHead(true)):
		return 0, ssiCut
	}
	return 0, ssiAbsent
}

// quotingLeft is how values can be quoted where both quotes, one behind the other, come back as sent: applications encode
// them, take them out, double them or put backslashes before them.
func quotingLeft(back string) quoting {
	switch {
	case strings.HasPrefix(back, `"`) && !strings.HasPrefix(back, `""`):
		return doubleQuotes
	case strings.HasSuffix(back, "'") && !strings.HasSuffix(back, `\'`) && !strings.HasSuffix(back, "''"):
		return singleQuotes
	}
	return noQuotes
}

// judgeProof looks for a date between the tokens, by the server's own clock: the day of the year and the year, or all of it
// where the directive was short.
func judgeProof(p probe, short bool, ex, canary *web.Exchange) answer {
	if ex == nil {
		return ssiBlocked // the canary was answered
	}
	frame := regexp.MustCompile(p.T[0] + p.T[1] + `(\d{3})` + p.T[2] + `(\d{4})` + p.T[3] + p.T[4])
	if short {
		frame = regexp.MustCompile(p.T[0] + `[A-Z][a-z]+day, (\d{2}-[A-Z][a-z]{2})-(\d{4}) \d{2}:\d{2}:\d{2} [A-Z]{3}` + p.T[4])
	}
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

// sameDay allows a day to either side, for time zones. The day is that of the year, or of a month with its name.
func sameDay(day, year string, now time.Time) bool {
	for _, days := range []int{-1, 0, 1} {
		near := now.AddDate(0, 0, days)
		if (day == fmt.Sprintf("%03d", near.YearDay()) || day == near.Format("02-Jan")) && year == strconv.Itoa(near.Year()) {
			return true
		}
	}
	return false
}
