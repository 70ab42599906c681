package pagechange

import (
	"slices"
	"strings"
)

// replaced tells of a page of which hardly anything is left.
func (p *page) replaced(looks []seenBy) []alarm {
	for _, s := range looks {
		if c := p.change(s); c != nil && !p.isTold(c) {
			p.Changes = append(p.Changes, c)
			break // one visitor tells it
		}
	}
	var alarms []alarm
	p.Changes = slices.DeleteFunc(p.Changes, func(c *change) bool {
		at := slices.IndexFunc(looks, func(s seenBy) bool { return s.who == c.Who })
		if at < 0 {
			return false
		}
		l := looks[at].look
		if c.isBack(l) {
			c.Back++
			return c.Back >= learning
		}
		c.Back = 0
		a := alarm{variant: variantReplaced, matcher: c.ID, who: c.Who, before: c.Before, after: headOf(l)}
		if c.Grave {
			a.variant = variantDefaced
		}
		alarms = append(alarms, a)
		return false
	})
	return alarms
}

// isTold reports whether a change is one that is known.
func (p *page) isTold(c *change) bool {
	return slices.ContainsFunc(p.Changes, func(o *change) bool {
		same := 0
		for _, hash := range c.Old {
			if slices.Contains(o.Old, hash) {
				same++
			}
		}
		return 2*same > len(c.Old)
	})
}

// isBack reports whether what was there before is back.
func (c *change) isBack(l *look) bool {
	there, now := 0, l.blocks()
	for _, hash := range c.Old {
		if now[hash] {
			there++
		}
	}
	return 2*there >= len(c.Old)
}

// fewBlocks are too few to say of them that they are gone.
const fewBlocks = 3

// change is a page that was replaced in this look, nil when it was not.
func (p *page) change(s seenBy) *change {
	l := s.look
	stable, was := p.stable(s.who), p.Titles[s.who]
	titled := was.Row > learning/2 && hashOf(normal(l.title)) != was.Hash
	if l.to != nil || len(stable) == 0 || len(stable) < fewBlocks && !titled {
		return nil
	}
	now := l.blocks()
	left := 0
	c := &change{Who: s.who, Grave: titled}
	for _, k := range stable {
		if now[k.Value] {
			left++
		}
		if k.Shown != "" && !now[k.Value] {
			c.Before = append(c.Before, k.Shown)
		}
		if len(c.Old) < keptOlder {
			c.Old = append(c.Old, k.Value)
		}
	}
	const few, fewer = 5, 12 // of so many blocks one may be left
	switch {
	case titled && left*few <= len(stable):
	case !titled && len(stable) >= 2*fewBlocks && left*fewer <= len(stable):
	default:
		return nil
	}
	if was.Shown != "" {
		c.Before = append([]string{was.Shown}, c.Before...)
	}
	c.Before = c.Before[:min(len(c.Before), shownRows)]
	c.ID = hashOf(was.Hash + strings.Join(c.Old, ""))
	return c
}

// shownRows is how many blocks of a page are shown to people.
const shownRows = 12

// headOf is what a page begins with.
func headOf(l *look) []string {
	var list []string
	if l.title != "" {
		list = append(list, shown(l.title))
	}
	for _, v := range l.texts {
		if len(list) == shownRows {
			break
		}
		list = append(list, shown(v.shown))
	}
	return list
}

// away reports whether a look shows in place of the page that the site is away for a while.
func (p *page) away(s seenBy) bool {
	const short = 12
	l := s.look
	if len(l.texts) > short || !p.learned() || p.change(s) == nil {
		return false
	}
	if slices.ContainsFunc(l.unique(), func(v part) bool {
		k := p.find(v.kind, v.value)
		return k == nil || k.Bad != ""
	}) {
		return false
	}
	return notices.MatchString(l.title) || slices.ContainsFunc(l.texts, func(v part) bool { return notices.MatchString(v.shown) })
}
