package report

import (
	"html/template"
	"slices"

	"sotomi/scanner"
)

// bar is a line of a picture.
type bar struct {
	Class string
	Name  template.HTML
	Plain string
	Count int
	Share int // of the longest, in percent
}

// whole is what the page says of the scan.
func (p *page) whole(s scanner.Summary) map[string]any {
	first := p.mends.first()
	ignored := p.ignored[0].total
	en, ja := newAnswer(s, first, "en"), newAnswer(s, first, "ja")
	title := en.Bad
	if p.language == "ja" {
		title = ja.Bad
	}
	pictured := slices.ContainsFunc(p.findings, func(f onPage) bool { return f.Hit.Pictures != nil })
	return map[string]any{
		"Language": p.language, "Policy": policy(pageStyle, pageScript, pictured), "Style": template.CSS(pageStyle), "Script": template.JS(pageScript), "Title": title,
		"About":   span(about(p.start, s, p.hosts.count(), "en"), about(p.start, s, p.hosts.count(), "ja")),
		"OldData": spans(oldDataLines(p.start, p.english), oldDataLines(p.start, p.japanese)),
		"Bad":     span(en.Bad, ja.Bad), "First": span(en.First, ja.First), "Unchecked": span(en.Unchecked, ja.Unchecked),
		"Severities": p.severities(s), "Statuses": p.statuses(s), "Total": len(p.findings),
		"Gaps":         spans(p.gaps[0].lines(p.english), p.gaps[1].lines(p.japanese)),
		"Ports":        spans(p.ports.lines(p.english), p.ports.lines(p.japanese)),
		"Beyond":       spans(notLookedAt(s, p.english), notLookedAt(s, p.japanese)),
		"IgnoredCount": span(p.english.Count("suppressed-findings", ignored, nil), p.japanese.Count("suppressed-findings", ignored, nil)),
		"Ignored":      spans(p.ignored[0].text(p.english), p.ignored[1].text(p.japanese)),
		"Next":         p.watched.next(), "NoLonger": p.watched.unchecked(),
		"Glossary": p.glossary(), "Checklists": p.checklists(),
	}
}

// spans are lines in both languages, as many in the one as in the other. Two reasons may read alike in one of them.
func spans(english, japanese []string) []template.HTML {
	list := []template.HTML{}
	if len(english) != len(japanese) {
		for _, text := range english {
			list = append(list, template.HTML(`<span lang="en">`+template.HTMLEscapeString(text)+`</span>`))
		}
		for _, text := range japanese {
			list = append(list, template.HTML(`<span lang="ja">`+template.HTMLEscapeString(text)+`</span>`))
		}
		return list
	}
	for i := range english {
		list = append(list, span(english[i], japanese[i]))
	}
	return list
}

func (p *page) severities(s scanner.Summary) []bar {
	var list []bar
	for _, g := range grades {
		id := "severity-" + string(g)
		list = append(list, bar{Class: string(g), Name: p.Say(id), Plain: p.plain(id), Count: s.Severities[string(g)]})
	}
	return shares(list)
}

func (p *page) statuses(s scanner.Summary) []bar {
	var list []bar
	for _, status := range statuses {
		n := s.Statuses[status]
		if n == 0 {
			continue
		}
		b := bar{Class: "none", Name: p.Say("status-" + string(status)), Count: n}
		switch {
		case status == scanner.StatusClean:
			b.Class = "good"
		case status.Gap() || status == scanner.StatusFound:
			b.Class = "gap"
		}
		list = append(list, b)
	}
	return shares(list)
}

// shares makes the longest bar fill the picture; what is there at all is seen.
func shares(list []bar) []bar {
	most := 1
	for _, b := range list {
		most = max(most, b.Count)
	}
	for i, b := range list {
		if b.Count > 0 {
			list[i].Share = max(1, b.Count*100/most)
		}
	}
	return list
}

// word is an entry of the glossary.
type word struct{ Word, Meaning template.HTML }

func (p *page) glossary() []word {
	var list []word
	for _, g := range grades[:len(grades)-1] {
		list = append(list, word{p.Say("severity-" + string(g)), p.Say("meaning-" + string(g))})
	}
	for _, c := range []scanner.Certainty{scanner.Confirmed, scanner.Possible} {
		list = append(list, word{p.Say("certainty-" + string(c)), p.Say("meaning-" + string(c))})
	}
	for _, status := range statuses {
		if !slices.Contains([]scanner.Status{scanner.StatusFound, scanner.StatusInterrupted}, status) {
			list = append(list, word{p.Say("status-" + string(status)), p.Say("meaning-" + string(status))})
		}
	}
	return list
}

// listed is a checklist on the page.
type listed struct {
	Name  template.HTML
	Items []listedItem
}

type listedItem struct {
	ID       string
	Name     template.HTML
	Class    string
	Verdict  template.HTML
	Findings []template.HTML
}

func (p *page) checklists() []listed {
	if p.checklist == nil {
		return nil
	}
	var all []listed
	for _, list := range p.checklist.lists {
		l := listed{Name: span(list.Name, list.JA)}
		for _, item := range list.Items {
			seen := p.checklist.items[item.ID]
			_, class := seen.verdict(item)
			one := listedItem{
				ID: item.Short, Name: span(item.Name, item.JA), Class: class,
				Verdict: span(seen.say(item, p.start.Time, "en"), seen.say(item, p.start.Time, "ja")),
			}
			for _, f := range seen.findings {
				en, ja := newEntry(f, "en"), newEntry(f, "ja")
				inEnglish, inJapanese := en.Name+" – "+en.URL, ja.Name+" – "+ja.URL
				if f.Suppressed != nil {
					inEnglish += " – " + standingText(f.Standing, p.english)
					inJapanese += " – " + standingText(f.Standing, p.japanese)
				}
				one.Findings = append(one.Findings, span(inEnglish, inJapanese))
			}
			if seen.more > 0 {
				more := map[string]any{"N": seen.more}
				one.Findings = append(one.Findings, span(p.english.Say("more", more), p.japanese.Say("more", more)))
			}
			l.Items = append(l.Items, one)
		}
		all = append(all, l)
	}
	return all
}
