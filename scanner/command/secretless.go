package command

import (
	"slices"
	"strings"

	"sotomi/scanner"
)

// secretless keeps what the user gave to log in out of every report, for servers repeat what they are sent.
type secretless struct {
	scanner.Sink
	hide *strings.Replacer
}

// withoutSecrets wraps sinks; without secrets they stay as they are.
func withoutSecrets(sinks []scanner.Sink, secrets []string) []scanner.Sink {
	if len(secrets) == 0 {
		return sinks
	}
	slices.SortStableFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // a part never goes before the whole
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s, "***")
	}
	hide := strings.NewReplacer(pairs...)
	wrapped := make([]scanner.Sink, len(sinks))
	for i, s := range sinks {
		wrapped[i] = &secretless{s, hide}
	}
	return wrapped
}

func (s *secretless) Finding(f scanner.Finding) error {
	f.Hit.URL = s.hide.Replace(f.Hit.URL)
	values := make(scanner.Values, len(f.Hit.Values))
	for name, value := range f.Hit.Values {
		values[name] = s.value(value)
	}
	if f.Hit.Values != nil {
		f.Hit.Values = values
	}
	f.Hit.Evidence = slices.Clone(f.Hit.Evidence)
	for i, e := range f.Hit.Evidence {
		f.Hit.Evidence[i] = scanner.Evidence{Request: s.hide.Replace(e.Request), Response: s.hide.Replace(e.Response), Note: s.hide.Replace(e.Note)}
	}
	return s.Sink.Finding(f)
}

func (s *secretless) Outcome(o scanner.Outcome) error {
	o.Reason = s.hide.Replace(o.Reason)
	return s.Sink.Outcome(o)
}

func (s *secretless) value(value any) any {
	switch v := value.(type) {
	case string:
		return s.hide.Replace(v)
	case []string:
		list := make([]string, len(v))
		for i := range v {
			list[i] = s.hide.Replace(v[i])
		}
		return list
	}
	return value
}
