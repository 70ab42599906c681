// Package watch scans again and again, and tells what has changed.
package watch

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"sotomi/scanner/message"
)

// Schedule is when runs begin.
type Schedule struct {
	every    time.Duration // since the last began; 0 when times are given
	times    cron.Schedule
	zone     *time.Location
	blackout []window
}

// window is a part of the week in which nothing is sent.
type window struct {
	days       [7]bool // on which it begins, Sunday first
	from, till int     // minutes of the day; till is at most from when it ends on the next day
}

// NewSchedule reads when runs begin: an interval of at least a minute, or a cron expression of five fields; one of them must
// be given. blackout are parts of the week, such as "Mon-Fri 09:00-18:00" or "22:00-06:00". The zone is that of cron
// expression and blackout; "" is that of the machine.
func NewSchedule(every time.Duration, expression, zone string, blackout []string) (*Schedule, error) {
	s := &Schedule{every: every}
	var err error
	if s.zone, err = time.LoadLocation(zoneName(zone)); err != nil {
		return nil, message.Errorf("time-zone: %q is no time zone, such as Asia/Tokyo", zone)
	}
	switch {
	case every == 0 && expression == "":
		return nil, message.Errorf("nothing says when to scan; every: 6h or cron: \"0 3 * * *\" does")
	case every != 0 && expression != "":
		return nil, message.Errorf("every and cron both say when to scan; one of them is enough")
	case every != 0 && every < time.Minute:
		return nil, message.Errorf("every: %s is less than a minute", every)
	case expression != "":
		if s.times, err = cron.ParseStandard(expression); err != nil {
			return nil, message.Errorf("cron: %q is no cron expression of minute, hour, day, month and weekday: %w", expression, err)
		}
	}
	for _, text := range blackout {
		w, err := readWindow(text)
		if err != nil {
			return nil, err
		}
		s.blackout = append(s.blackout, w)
	}
	if _, ok := s.allowed(time.Now()); !ok {
		return nil, message.Errorf("blackout: no time of the week is left to scan")
	}
	return s, nil
}

func zoneName(zone string) string {
	if zone == "" {
		return "Local"
	}
	return zone
}

var (
	windowText = regexp.MustCompile(`^(?:([A-Za-z]{3}(?:[-,][A-Za-z]{3})*) +)?([0-9]{1,2}):([0-9]{2}) ?- ?([0-9]{1,2}):([0-9]{2})$`)
	dayNames   = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}
)

func readWindow(text string) (window, error) {
	var w window
	m := windowText.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return w, message.Errorf("blackout: %q is no part of the week, such as \"Mon-Fri 09:00-18:00\" or \"22:00-06:00\"", text)
	}
	numbers := make([]int, 4)
	for i := range numbers {
		numbers[i], _ = strconv.Atoi(m[2+i]) // they are digits
	}
	if numbers[0] > 23 || numbers[2] > 24 || numbers[1] > 59 || numbers[3] > 59 || numbers[2] == 24 && numbers[3] > 0 {
		return w, message.Errorf("blackout: %q holds no time of the day", text)
	}
	w.from, w.till = numbers[0]*60+numbers[1], numbers[2]*60+numbers[3]
	if m[1] == "" {
		w.days = [7]bool{true, true, true, true, true, true, true}
		return w, nil
	}
	for part := range strings.SplitSeq(strings.ToLower(m[1]), ",") {
		first, last, isRange := strings.Cut(part, "-")
		from, till := dayOf(first), dayOf(first)
		if isRange {
			till = dayOf(last)
		}
		if from < 0 || till < 0 {
			return w, message.Errorf("blackout: %q names no day; days are Mon, Tue, Wed, Thu, Fri, Sat, Sun", text)
		}
		for d := from; ; d = (d + 1) % 7 {
			w.days[d] = true
			if d == till {
				break
			}
		}
	}
	return w, nil
}

func dayOf(name string) int {
	for i, d := range dayNames {
		if d == name {
			return i
		}
	}
	return -1
}

// Next is when the run after one that began at last is to begin; now is the earliest. A zero last means that there was none.
func (s *Schedule) Next(last, now time.Time) time.Time {
	next := now
	switch {
	case s.times != nil:
		from := now
		if !last.IsZero() {
			from = last
		}
		next = s.times.Next(from.In(s.zone))
		if next.Before(now) { // it was missed while nobody watched: one run makes up for all
			next = now
		}
	case !last.IsZero() && last.Add(s.every).After(now):
		next = last.Add(s.every)
	}
	allowed, _ := s.allowed(next)
	return allowed
}

// allowed is the first time from t on that is in no blackout; false when there is none within two weeks.
func (s *Schedule) allowed(t time.Time) (time.Time, bool) {
	for limit := t.AddDate(0, 0, 14); t.Before(limit); {
		end, in := s.within(t)
		if !in {
			return t, true
		}
		t = end
	}
	return t, false
}

// within is the end of the blackout that a time lies in.
func (s *Schedule) within(t time.Time) (end time.Time, in bool) {
	for _, w := range s.blackout {
		for _, before := range []int{1, 0} {
			if from, till, ok := s.on(w, t, -before); ok && !t.Before(from) && t.Before(till) && till.After(end) {
				end, in = till, true
			}
		}
	}
	return end, in
}

// on is the window that begins some days after the day of t.
func (s *Schedule) on(w window, t time.Time, days int) (from, till time.Time, ok bool) {
	t = t.In(s.zone)
	at := func(days, minute int) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day()+days, 0, minute, 0, 0, s.zone)
	}
	from, till = at(days, w.from), at(days, w.till)
	if w.till <= w.from {
		till = at(days+1, w.till)
	}
	return from, till, w.days[at(days, 12*60).Weekday()]
}

// Closes is when the next blackout begins after t, which lies in none; zero when there is none in the next eight days.
func (s *Schedule) Closes(t time.Time) time.Time {
	var first time.Time
	for _, w := range s.blackout {
		for days := range 9 {
			if from, _, ok := s.on(w, t, days); ok && from.After(t) && (first.IsZero() || from.Before(first)) {
				first = from
			}
		}
	}
	return first
}
