package report

import (
	"fmt"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/payment"
)

// lookedWeekly is the longest time between two looks that 11.6.1 allows without a risk analysis.
const lookedWeekly = 7 * 24 * time.Hour

// PaymentDays are the looks at payment pages of earlier scans, which the evidence pack lists. It is the sink of each of them,
// from the oldest to the newest.
type PaymentDays struct {
	scanner.Discard
	days    []payDay
	scripts map[payScript]*payTimes

	start time.Time // of the scan that is being read
	looks []payDay
	gaps  []payDay
	told  map[[2]string]int // its findings by target and page
	held  map[string]bool   // targets whose pages were compared with payment.yaml
}

// payDay is one look at a page, or a scan in which none of a target could be looked at.
type payDay struct {
	target, page string // page is "" where there was none
	at           time.Time
	htmlOnly     bool
	compared     bool // with payment.yaml
	told         int  // findings
	reason       message.Message
}

// payScript is a script of a page: its address without the query, or the digest of its code.
type payScript struct{ page, script string }

// payTimes are when a script was first seen, and when its contents were last others than before; zero for never.
type payTimes struct {
	first, changed time.Time
	hashes         []string // of the newest look
}

// Start begins a scan.
func (d *PaymentDays) Start(s scanner.Start) error {
	d.start, d.looks, d.gaps, d.told, d.held = s.Time, nil, nil, map[[2]string]int{}, map[string]bool{}
	return nil
}

// Finding takes the pages of a scan, and how many findings each has.
func (d *PaymentDays) Finding(f scanner.Finding) error {
	switch {
	case f.Hit.Page != nil:
		d.looks = append(d.looks, payDay{target: f.Target, page: f.Hit.Page.URL, at: f.Hit.Page.Time, htmlOnly: f.Hit.Page.HTMLOnly()})
		d.see(f.Hit.Page)
	case f.Suppressed == nil && (f.Signature.ID == paymentApproved || f.Signature.ID == paymentSkimmer):
		d.told[[2]string{f.Target, f.Hit.URL}]++
	}
	return nil
}

// Outcome takes whether pages could be looked at and compared.
func (d *PaymentDays) Outcome(o scanner.Outcome) error {
	switch {
	case o.Signature == paymentInventory && o.Status.Gap():
		d.gaps = append(d.gaps, payDay{target: o.Target, at: d.start, reason: o.Reason})
	case o.Signature == paymentApproved && isCompared(o.Status):
		d.held[o.Target] = true
	}
	return nil
}

// isCompared reports whether an outcome is that of pages that were compared with payment.yaml.
func isCompared(s scanner.Status) bool {
	return s == scanner.StatusClean || s == scanner.StatusFound || s == scanner.StatusFailed
}

// Close ends a scan.
func (d *PaymentDays) Close(scanner.Summary) error {
	for i := range d.looks {
		look := &d.looks[i]
		look.told, look.compared = d.told[[2]string{look.target, look.page}], d.held[look.target]
	}
	d.days = append(append(d.days, d.looks...), d.gaps...)
	return nil
}

// clone is a copy to which more may be added.
func (d *PaymentDays) clone() *PaymentDays {
	if d == nil {
		return nil
	}
	c := &PaymentDays{days: slices.Clone(d.days), scripts: map[payScript]*payTimes{}}
	for key, t := range d.scripts {
		times := *t
		c.scripts[key] = &times
	}
	return c
}

// see notes when the scripts of a page were seen, and when their contents changed.
func (d *PaymentDays) see(p *payment.Page) {
	if d.scripts == nil {
		d.scripts = map[payScript]*payTimes{}
	}
	now := map[payScript][]string{}
	for i := range p.Scripts {
		key := scriptOf(p, &p.Scripts[i])
		now[key] = append(now[key], p.Scripts[i].SHA384)
	}
	for key, hashes := range now {
		t := d.scripts[key]
		if t == nil {
			t = &payTimes{first: p.Time, hashes: hashes}
			d.scripts[key] = t
		}
		for _, hash := range hashes {
			if hash != "" && len(t.hashes) > 0 && !slices.Contains(t.hashes, hash) && !slices.Contains(t.hashes, "") {
				t.changed = p.Time
			}
		}
		t.hashes = hashes
	}
}

func scriptOf(p *payment.Page, s *payment.Script) payScript {
	if name := s.Name(); name != "" {
		return payScript{p.URL, name}
	}
	return payScript{p.URL, s.Shape + " " + s.Frame}
}

// times are when a script was first seen and last changed, in words.
func (d *PaymentDays) times(p *payment.Page, s *payment.Script) (first, changed string) {
	t := d.scripts[scriptOf(p, s)]
	if t == nil {
		return "", ""
	}
	if !t.changed.IsZero() {
		changed = t.changed.UTC().Format(packTime)
	}
	return t.first.UTC().Format(packTime), changed
}

// longest is the longest time between two looks at one of some pages, and whether each was looked at more than once.
func (d *PaymentDays) longest(pages []packPage) (longest time.Duration, several bool) {
	several = len(pages) > 0
	for _, p := range pages {
		var times []time.Time
		for _, day := range d.days {
			if day.target == p.target && day.page == p.URL {
				times = append(times, day.at)
			}
		}
		slices.SortFunc(times, time.Time.Compare)
		several = several && len(times) > 1
		for i := 1; i < len(times); i++ {
			longest = max(longest, times[i].Sub(times[i-1]))
		}
	}
	return longest, several
}

// days are the table of all looks that the history knows.
func (p *evidencePack) days() packTable {
	t := packTable{
		Title:   p.inWords("Days looked at"),
		Columns: p.columns(message.New("Target"), message.New("Page"), message.New("Looked at (UTC)"), message.New("Days since the look before"), message.New("With"), message.New("Result")),
	}
	if p.earlier == nil {
		t.Note = p.inWords("There is no history: this scan is the only one that is known. sotomi watch keeps one.")
		return t
	}
	list := slices.Clone(p.earlier.days)
	slices.SortStableFunc(list, func(a, b payDay) int { return a.at.Compare(b.at) })
	before := map[[2]string]time.Time{}
	for _, day := range list {
		key := [2]string{day.target, day.page}
		row := []string{day.target, day.page, day.at.UTC().Format(packTime), "", "", p.dayResult(day)}
		if day.page != "" {
			if last, ok := before[key]; ok {
				row[3] = p.distance(day.at.Sub(last))
			}
			before[key] = day.at
			if row[4] = "Chromium"; day.htmlOnly {
				row[4] = p.inWords("HTML only")
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// distance is a time between two looks in days.
func (p *evidencePack) distance(d time.Duration) string {
	days := fmt.Sprintf("%.1f", d.Hours()/24)
	if d > lookedWeekly {
		return p.inWords("%s: more than seven days", days)
	}
	return days
}

func (p *evidencePack) dayResult(day payDay) string {
	switch {
	case day.page == "":
		return p.inWords("not looked at: %s", day.reason)
	case day.told > 0:
		return p.inWords("findings: %d", day.told)
	case !day.compared:
		return p.inWords("not compared: no payment.yaml")
	}
	return p.inWords("as approved")
}

// weekly answers how often the mechanism runs.
func (p *evidencePack) weekly() (answer, by string) {
	if p.earlier == nil {
		return p.answer(false, false), p.inWords("One scan cannot show that. It is of %s; sotomi watch keeps the days of all its scans (sotomi history list).", dayOf(p.start.Time, p.language))
	}
	longest, several := p.earlier.longest(p.pages)
	htmlOnly := slices.ContainsFunc(p.earlier.days, func(d payDay) bool { return d.htmlOnly })
	switch {
	case !several:
		return p.answer(false, false), p.inWords("The history has no earlier look at each of these pages.")
	case longest > lookedWeekly:
		return p.answer(false, true), p.inWords("Two looks were more than seven days apart: %s days. The table of days below has each.", fmt.Sprintf("%.1f", longest.Hours()/24))
	}
	return p.answer(!htmlOnly, true), p.inWords("No two looks that the history has were more than seven days apart; the longest time was %s days. The table of days below has each.", fmt.Sprintf("%.1f", longest.Hours()/24))
}
