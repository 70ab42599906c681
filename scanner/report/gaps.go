package report

import (
	"cmp"
	"strings"

	"github.com/mattn/go-runewidth"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// gapTargets is how many sites are named beside a reason.
const gapTargets = 3

// gaps counts what could not be checked, by status and reason.
type gaps struct {
	limit  int // reasons listed
	counts map[gap]*gapCount
	order  []gap
	more   map[gap]bool // those beyond the limit
}

type gap struct {
	status scanner.Status
	reason string
}

// gapCount counts the checks and sites that have a gap. The outcomes of one target come one after the other.
type gapCount struct {
	checks  int
	sites   int
	targets []string // the first of the sites
	last    string   // of the sites
}

func newGaps(limit int) *gaps {
	return &gaps{limit: limit, counts: map[gap]*gapCount{}, more: map[gap]bool{}}
}

// add counts an outcome that is no answer.
func (g *gaps) add(o scanner.Outcome, words message.Language) {
	if o.Status.Complete() {
		return
	}
	key := gap{o.Status, words.Text(o.Reason)}
	c, ok := g.counts[key]
	if !ok {
		if len(g.counts) == g.limit {
			g.more[key] = true
			return
		}
		c = &gapCount{}
		g.counts[key] = c
		g.order = append(g.order, key)
	}
	c.checks++
	if c.sites > 0 && c.last == o.Target {
		return
	}
	c.sites, c.last = c.sites+1, o.Target
	if len(c.targets) < gapTargets {
		c.targets = append(c.targets, o.Target)
	}
}

// lines are the reasons, each with a count and the first sites.
func (g *gaps) lines(words message.Language) []string {
	var lines []string
	for _, key := range g.order {
		c := g.counts[key]
		where := strings.Join(c.targets, ", ")
		if more := c.sites - len(c.targets); more > 0 {
			where += " " + words.Say("more", map[string]any{"N": more})
		}
		reason := cmp.Or(message.Line(key.reason), words.Say("no-reason", nil))
		lines = append(lines, words.Count("unchecked-line", c.checks, map[string]any{
			"Status": words.Say("status-"+string(key.status), nil), "Reason": runewidth.Truncate(reason, evidenceWidth, "…"), "Where": message.Line(where),
		}))
	}
	if n := len(g.more); n > 0 {
		lines = append(lines, words.Count("unchecked-more", n, nil))
	}
	return lines
}

// loss is what one target's checks that ended alike, without an answer, have in common.
type loss struct {
	Target     string
	Status     scanner.Status
	Reason     string
	Checks     int
	Signatures []string // the first of them
}

// lossNames is how many signatures a loss names.
const lossNames = 20

// losses hands out what could not be checked target by target, so that it needs no more memory for more targets.
type losses struct {
	words message.Language
	each  func(loss) error

	target string
	open   []*loss
}

// add takes an outcome; when it begins another target, what was lost of the one before is handed out.
func (l *losses) add(o scanner.Outcome) error {
	if o.Target != l.target {
		if err := l.flush(); err != nil {
			return err
		}
		l.target = o.Target
	}
	if o.Status.Complete() {
		return nil
	}
	reason := cmp.Or(message.Line(l.words.Text(o.Reason)), l.words.Say("no-reason", nil))
	for _, one := range l.open {
		if one.Status == o.Status && one.Reason == reason {
			one.count(o)
			return nil
		}
	}
	one := &loss{Target: message.Line(o.Target), Status: o.Status, Reason: reason}
	one.count(o)
	l.open = append(l.open, one)
	return nil
}

func (l *loss) count(o scanner.Outcome) {
	if l.Checks++; len(l.Signatures) < lossNames {
		l.Signatures = append(l.Signatures, message.Line(o.Signature))
	}
}

// names are the signatures in one text.
func (l *loss) names(words message.Language) string {
	text := strings.Join(l.Signatures, ", ")
	if more := l.Checks - len(l.Signatures); more > 0 {
		text += " " + words.Say("more", map[string]any{"N": more})
	}
	return text
}

// line is the loss in one line.
func (l *loss) line(words message.Language) string {
	return words.Count("unchecked-line", l.Checks, map[string]any{
		"Status": words.Say("status-"+string(l.Status), nil), "Reason": l.Reason, "Where": l.Target,
	})
}

func (l *losses) flush() error {
	for _, one := range l.open {
		if err := l.each(*one); err != nil {
			return err
		}
	}
	l.open = nil
	return nil
}
