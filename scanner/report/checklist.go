package report

import (
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// checklist is what a scan says of the items of a profile's checklists. A look from outside can speak against an item, never
// for it.
type checklist struct {
	lists []signature.Checklist
	items map[string]*itemSeen // by id
	of    map[string][]string  // items by signature
}

// itemSeen is what was seen of one item.
type itemSeen struct {
	signatures int // that speak to it and ran
	clean      int // outcomes
	open       int // outcomes that are gaps
	confirmed  int // findings
	findings   []scanner.Finding
	more       int // findings beyond those
}

// itemFindings is how many findings are named beside an item.
const itemFindings = 5

// newChecklist is for a scan with a profile; nil for one without.
func newChecklist(s scanner.Start) *checklist {
	if s.Settings == nil || len(signature.Checklists(s.Settings.Profile)) == 0 {
		return nil
	}
	c := &checklist{lists: signature.Checklists(s.Settings.Profile), items: map[string]*itemSeen{}, of: map[string][]string{}}
	for _, list := range c.lists {
		for _, item := range list.Items {
			c.items[item.ID] = &itemSeen{signatures: len(s.Settings.Items[item.ID])}
			for _, id := range s.Settings.Items[item.ID] {
				c.of[id] = append(c.of[id], item.ID)
			}
		}
	}
	return c
}

func (c *checklist) finding(f scanner.Finding) {
	if c == nil {
		return
	}
	for _, id := range f.Signature.Info.Items {
		item := c.items[id]
		if item == nil || f.Severity == signature.SeverityInfo { // which is no weakness
			continue
		}
		if f.Suppressed != nil && f.Suppressed.Status != scanner.Accepted && f.Suppressed.Status != scanner.InProgress {
			item.clean++ // the user says that there is nothing
			continue
		}
		if f.Hit.Certainty != scanner.Possible {
			item.confirmed++
		}
		if len(item.findings) == itemFindings {
			item.more++
			continue
		}
		f.Hit.Evidence = nil
		item.findings = append(item.findings, f)
	}
}

func (c *checklist) outcome(o scanner.Outcome) {
	if c == nil {
		return
	}
	for _, id := range c.of[o.Signature] {
		switch item := c.items[id]; {
		case o.Status == scanner.StatusClean:
			item.clean++
		case !o.Status.Complete():
			item.open++
		}
	}
}

// verdict is what is known of an item, and a class for its look.
func (i *itemSeen) verdict(item signature.Item) (name, class string) {
	switch {
	case i.confirmed > 0 && item.Outside == signature.OutsideRefutes:
		return "refuted", "high"
	case len(i.findings) > 0:
		return "doubtful", "medium"
	case i.signatures == 0 || item.Outside == signature.OutsideNothing:
		return "unseen", "none"
	case i.open > 0:
		return "open", "gap"
	case i.clean == 0:
		return "none", "none"
	}
	return "nothing", "none"
}

// say is the verdict in words. The date is that of the scan.
func (i *itemSeen) say(item signature.Item, when time.Time, language string) string {
	name, _ := i.verdict(item)
	return message.In(language).Say("item-"+name, map[string]any{"Date": dayOf(when, language), "N": i.open})
}
