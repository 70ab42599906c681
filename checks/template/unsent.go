package template

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/message"
)

// unsent is what was not sent, and why. Of several the first is told, one that is the template's fault before others.
type unsent struct {
	what, why message.Message // why may be part of what
	fault     bool            // of the template, or nobody can tell: the check is not clean
	mistake   bool            // no engine could send it: a public template is unsupported then
}

func (u *unsent) reason() message.Message {
	if u.why.IsZero() {
		return u.what
	}
	return message.New("%s: %s", u.what, u.why)
}

// leave notes what is not sent.
func (v *run) leave(u unsent) {
	if v.unsent == nil || u.fault && !v.unsent.fault {
		v.unsent = &u
	}
}

// notSent decides what becomes of the block when a request cannot be built; stop ends the check.
func (v *run) notSent(r *blockRun, d requestTemplate, err error) (end bool, stop error) {
	var lacking *unresolvedError
	var write *writeError
	u := unsent{fault: true, mistake: true, why: message.Of(err)}
	end = true
	switch {
	case errors.As(err, &write):
		return true, scanner.Unsupported("writes: %s", write.method)
	case errors.As(err, &lacking):
		u = v.withoutValue(lacking.names)
		end = !r.block.independent
	}
	u.what = v.requests(r.block, d.index, end)
	v.leave(u)
	return end, nil
}

// requests names a request of a block by number, or it and all behind it.
func (v *run) requests(b *block, index int, onwards bool) message.Message {
	last := index
	if onwards {
		for d := range b.templates() {
			last = d.index
		}
	}
	several := len(v.check.blocks) > 1
	switch {
	case last > index && several:
		return message.New("requests %d to %d of block %d were not sent", index+1, last+1, b.number)
	case last > index:
		return message.New("requests %d to %d were not sent", index+1, last+1)
	case several:
		return message.New("request %d of block %d was not sent", index+1, b.number)
	}
	return message.New("request %d was not sent", index+1)
}

// noRequest says that a block had no request to send.
func (v *run) noRequest(b *block) message.Message {
	if len(v.check.blocks) > 1 {
		return message.New("no request of block %d was sent", b.number)
	}
	return message.New("no request was sent")
}

// emptyList is the name of a list without values.
func (p *payloads) emptyList() string {
	for i, list := range p.lists {
		if len(p.values[i]) == 0 {
			return list
		}
	}
	return ""
}

// withoutValue is why there is no value for any of the names, each of which may stand within an expression.
func (v *run) withoutValue(names []string) unsent {
	for _, fact := range v.probe.Signature.Needs {
		for _, name := range names {
			if value, ok := strings.CutPrefix(name, fact+"_"); ok {
				return unsent{why: message.New("the fact %s has no %s", fact, value)}
			}
		}
	}
	name := names[0]
	b, taken, internal := v.check.taker(name)
	domain := slices.IndexFunc(domainNames, func(part string) bool { return slices.Contains(namesIn(name), part) })
	switch {
	case domain >= 0:
		return unsent{why: message.New("the target's host has no %s", domainNames[domain])}
	case b == nil:
		return unsent{why: message.New("nothing gives a value to %s", name), fault: true}
	case !internal:
		return unsent{why: message.New("the extractor %s is not internal: true, so no request gets its value", taken), fault: true}
	case v.matched[b.number]:
		return unsent{why: message.New("a response matched, but gave no value to %s", taken), fault: true}
	}
	return unsent{why: message.New("no response gave a value to %s", taken)}
}

// taker is the block with an extractor whose value is used under a name or in an expression; nil when there is none.
func (c *check) taker(expression string) (b *block, name string, internal bool) {
	used := namesIn(expression)
	for _, b := range c.blocks {
		for name, internal := range b.takes {
			if slices.ContainsFunc(used, func(word string) bool { return word == name || strings.TrimRight(word, "0123456789") == name }) {
				return b, name, internal
			}
		}
	}
	return nil, "", false
}

// namesIn are the words of an expression that may be names.
func namesIn(expression string) []string {
	return strings.FieldsFunc(expression, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '-' })
}

// notRun tells which blocks a flow left out: those that it would have run had others matched, or those that it never calls.
func (v *run) notRun() {
	var left []string
	for _, b := range v.check.blocks {
		switch {
		case v.ran[b]:
		case !v.check.calls(v.check.flow, b):
			v.leave(unsent{what: message.New("the flow never calls block %d", b.number), fault: true, mistake: true})
		default:
			left = append(left, strconv.Itoa(b.number))
		}
	}
	switch len(left) {
	case 0:
	case 1:
		v.leave(unsent{what: message.New("block %s was not run: what the flow makes it depend on did not match", left[0])})
	default:
		v.leave(unsent{what: message.New("blocks %s were not run: what the flow makes them depend on did not match", strings.Join(left, ", "))})
	}
}

// verdict is the error that the check ends with: nil when every request that could be sent was answered.
func (v *run) verdict() error {
	switch u := v.unsent; {
	case v.failed != nil:
		return v.failed
	case v.cut:
		return scanner.Undetermined("a response held more than %d values for an extractor; only the first were used", match.MaxValues)
	case v.mistake != nil:
		return &scanner.StatusError{Status: scanner.StatusFailed, Reason: message.Of(v.mistake)}
	case u == nil:
	case u.mistake && !v.probe.Signature.Strict:
		return &scanner.StatusError{Status: scanner.StatusUnsupported, Reason: u.reason()}
	case u.fault:
		return &scanner.StatusError{Status: scanner.StatusFailed, Reason: u.reason()}
	case v.sent == 0 && len(v.hits) == 0:
		return &scanner.StatusError{Status: scanner.StatusNotApplicable, Reason: u.reason()}
	default:
		reasons := []message.Message{u.reason()}
		if before := v.probe.Notes().Reason; !before.IsZero() { // a match that was dropped
			reasons = []message.Message{before, u.reason()}
		}
		v.probe.Explain("%s", message.Join("; ", reasons...))
	}
	return nil
}
