package command

import (
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
)

// secretless keeps what the user gave to log in out of every report, for servers repeat what they are sent.
type redactingSink struct {
	scanner.Sink
	secrets evidence.Secrets
}

// withoutSecrets wraps sinks; without secrets they stay as they are.
func withoutSecrets(sinks []scanner.Sink, secrets []string) []scanner.Sink {
	if len(secrets) == 0 {
		return sinks
	}
	hidden := append(evidence.NewSecrets(secrets), secrets...) // as they were given, too, whatever they are
	wrapped := make([]scanner.Sink, len(sinks))
	for i, s := range sinks {
		wrapped[i] = &redactingSink{s, hidden}
	}
	return wrapped
}

func (s *redactingSink) Finding(f scanner.Finding) error {
	f.Hit.URL = s.secrets.Hide(f.Hit.URL)
	values := make(scanner.Values, len(f.Hit.Values))
	for name, value := range f.Hit.Values {
		values[name] = s.value(value)
	}
	if f.Hit.Values != nil {
		f.Hit.Values = values
	}
	f.Hit.Evidence = slices.Clone(f.Hit.Evidence)
	for i, e := range f.Hit.Evidence {
		f.Hit.Evidence[i] = evidence.Evidence{Request: s.secrets.Hide(e.Request), Response: s.secrets.Hide(e.Response), Note: e.Note.Map(s.secrets.Hide)}
	}
	return s.Sink.Finding(f)
}

func (s *redactingSink) Outcome(o scanner.Outcome) error {
	o.Reason = o.Reason.Map(s.secrets.Hide)
	return s.Sink.Outcome(o)
}

func (s *redactingSink) value(value any) any {
	switch v := value.(type) {
	case string:
		return s.secrets.Hide(v)
	case []string:
		list := make([]string, len(v))
		for i := range v {
			list[i] = s.secrets.Hide(v[i])
		}
		return list
	}
	return value
}
