package command

import (
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// redactingSink keeps what the user gave to log in out of a report, for servers repeat what they are sent, and makes what
// they send safe to print. Evidence comes redacted and cut; this is the last net below it.
type redactingSink struct {
	scanner.Sink
	secrets evidence.Secrets
}

// withoutSecrets wraps every sink.
func withoutSecrets(sinks []scanner.Sink, secrets []string) []scanner.Sink {
	given := evidence.GivenSecrets(secrets)
	wrapped := make([]scanner.Sink, len(sinks))
	for i, s := range sinks {
		wrapped[i] = &redactingSink{s, given}
	}
	return wrapped
}

func (s *redactingSink) Start(start scanner.Start) error {
	start.Targets = s.texts(start.Targets)
	return s.Sink.Start(start)
}

func (s *redactingSink) Target(t scanner.TargetInfo) error {
	t.Owner, t.Contact, t.Label, t.Environment = s.text(t.Owner), s.text(t.Contact), s.text(t.Label), s.text(t.Environment)
	t.Target, t.Asked, t.Leads, t.Address, t.Folders = s.text(t.Target), s.text(t.Asked), s.text(t.Leads), s.text(t.Address), s.texts(t.Folders)
	return s.Sink.Target(t)
}

func (s *redactingSink) Finding(f scanner.Finding) error {
	f.Hit.URL, f.Hit.Matcher, f.Address = s.text(f.Hit.URL), s.text(f.Hit.Matcher), s.text(f.Address)
	if f.Hit.Values != nil {
		values := make(scanner.Values, len(f.Hit.Values))
		for name, value := range f.Hit.Values {
			values[s.text(name)] = s.value(value)
		}
		f.Hit.Values = values
	}
	f.Hit.Page = f.Hit.Page.Map(s.text)
	f.Hit.Evidence = slices.Clone(f.Hit.Evidence)
	for i, e := range f.Hit.Evidence {
		f.Hit.Evidence[i] = evidence.Evidence{Request: s.text(e.Request), Response: s.text(e.Response), Note: e.Note.Map(s.text), Time: e.Time, Address: e.Address}
	}
	return s.Sink.Finding(f)
}

func (s *redactingSink) Outcome(o scanner.Outcome) error {
	o.Reason = o.Reason.Map(s.text)
	return s.Sink.Outcome(o)
}

func (s *redactingSink) Close(summary scanner.Summary) error {
	summary.Redirected = slices.Clone(summary.Redirected)
	for i, r := range summary.Redirected {
		summary.Redirected[i] = scanner.Redirected{Target: s.text(r.Target), To: s.text(r.To)}
	}
	return s.Sink.Close(summary)
}

func (s *redactingSink) text(text string) string { return message.Printable(s.secrets.Hide(text)) }

func (s *redactingSink) texts(list []string) []string {
	shown := slices.Clone(list)
	for i, text := range shown {
		shown[i] = s.text(text)
	}
	return shown
}

// value is a value as a report may show it. What was taken out of an answer may be a part of a secret only.
func (s *redactingSink) value(value any) any {
	part := func(text string) string { return message.Printable(s.secrets.HideValue(text)) }
	switch v := value.(type) {
	case string:
		return part(v)
	case message.Message:
		return v.Map(part)
	case []string:
		list := slices.Clone(v)
		for i, text := range list {
			list[i] = part(text)
		}
		return list
	case []any:
		list := slices.Clone(v)
		for i, one := range list {
			list[i] = s.value(one)
		}
		return list
	}
	return value
}
