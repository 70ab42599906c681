package watch

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/history"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// Receiver is somebody to tell.
type Receiver struct {
	Name     string             // stable: messages that wait are kept under it
	Language string             // "en" or "ja"
	Least    signature.Severity // of findings; "" for all
	Kinds    []Kind             // of what is told; all when empty
	Send     func(ctx context.Context, title, body string) error
}

// eventsOfKind is how many of one kind a message names.
const eventsOfKind = 20

// wants reports whether a receiver wants to know of an event.
func (r *Receiver) wants(e Event) bool {
	if len(r.Kinds) > 0 && !slices.Contains(r.Kinds, e.Kind) {
		return false
	}
	return e.Finding == nil || r.Least == "" || e.Finding.Severity.Rank() >= r.Least.Rank()
}

// digest is one message about all events of a run; ok is false when there is nothing that the receiver wants to know.
func (r *Receiver) digest(events []Event, now time.Time) (m history.Message, ok bool) {
	words := message.In(r.Language)
	byKind := map[Kind][]Event{}
	for _, e := range events {
		if r.wants(e) {
			byKind[e.Kind] = append(byKind[e.Kind], e)
		}
	}
	if len(byKind) == 0 {
		return m, false
	}
	var counts []string
	var body strings.Builder
	for _, kind := range Kinds {
		list := byKind[kind]
		if len(list) == 0 {
			continue
		}
		heading := words.Say("watch-"+string(kind), nil)
		counts = append(counts, fmt.Sprintf("%s %d", words.Say("watch-"+string(kind)+"-short", nil), len(list)))
		fmt.Fprintf(&body, "%s (%d)\n", heading, len(list))
		for _, e := range list[:min(len(list), eventsOfKind)] {
			fmt.Fprintf(&body, "- %s\n", e.line(words, r.Language))
		}
		if more := len(list) - eventsOfKind; more > 0 {
			fmt.Fprintf(&body, "- %s\n", words.Say("more", map[string]any{"N": more}))
		}
		body.WriteString("\n")
	}
	return history.Message{
		Receiver: r.Name, Due: now,
		Title: "sotomi: " + strings.Join(counts, words.Say("list-separator", nil)), Body: strings.TrimRight(body.String(), "\n"),
	}, true
}

// line is an event in one line. Addresses come without their query, which may hold what is nobody's business.
func (e Event) line(words message.Language, language string) string {
	if e.Finding == nil {
		text := message.Line(e.Subject)
		if !e.Since.IsZero() {
			text += " (" + words.Text(message.New("since %s", e.Since.UTC().Format(time.DateOnly))) + ")"
		}
		if !e.Reason.IsZero() {
			text += ": " + words.Text(e.Reason)
		}
		return text
	}
	f := e.Finding
	info, _ := f.Signature.For(f.Hit.Variant)
	text := fmt.Sprintf("%s  %s  %s", words.Say("severity-"+string(f.Severity), nil), message.Line(cmp.Or(info.Words(language).Name, f.Signature.ID)), message.Line(withoutQuery(cmp.Or(f.Hit.URL, f.Target))))
	if f.Hit.Certainty == scanner.Possible {
		text += " (" + words.Say("certainty-possible", nil) + ")"
	}
	if e.Kind != New {
		text += " (" + words.Text(message.New("since %s", e.Since.UTC().Format(time.DateOnly))) + ")"
	}
	if e.Kind == Unchecked && !e.Reason.IsZero() {
		text += ": " + words.Text(e.Reason)
	}
	return text
}

func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}
