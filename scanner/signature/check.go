package signature

import (
	"bytes"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

var severities = []Severity{SeverityCritical, SeverityHigh, SeverityMedium, SeverityLow, SeverityInfo, SeverityUnknown}

// Rank orders severities: 0 for unknown and anything else that is not a severity, 5 for critical.
func (s Severity) Rank() int {
	if i := slices.Index(severities, s); i >= 0 {
		return len(severities) - 1 - i
	}
	return 0
}

// ParseSeverity reads a severity as users write it.
func ParseSeverity(text string) (Severity, error) {
	s := Severity(strings.ToLower(text))
	if !slices.Contains(severities, s) {
		return "", message.Errorf("%q is not a severity; there are critical, high, medium, low, info, unknown", text)
	}
	return s, nil
}

// ParseSafety reads a level as users write it.
func ParseSafety(text string) (Safety, error) {
	if s := Safety(text); slices.Contains(safeties, s) {
		return s, nil
	}
	return "", message.Errorf("%q is not a safety level; there are passive, active, intrusive", text)
}

// normalise fills in defaults.
func (s *Signature) normalise() {
	s.ID = strings.TrimSpace(s.ID)
	s.Info.Severity = Severity(strings.ToLower(string(s.Info.Severity)))
	s.settleSafety()
}

var identifier = regexp.MustCompile(`^[A-Za-z0-9]+([._-]+[A-Za-z0-9]+)*[_-]*$`)

// check finds the mistakes that the decoder cannot see.
func (s *Signature) check(keys map[string]*yaml.Node) []mistake {
	var all []mistake
	bad := func(wrong bool, key, format string, a ...any) {
		if wrong {
			line := s.line
			if keys[key] != nil {
				line = keys[key].Line
			}
			all = append(all, mistake{line, message.New(format, a...)})
		}
	}
	bad(!identifier.MatchString(s.ID), "id", "id %q must be letters and digits joined by dashes", s.ID)
	bad(s.Info.Name == "", "info", "info.name is missing")
	if severity := s.Info.Severity; !slices.Contains(severities, severity) && (s.Strict || severity != "") {
		all = append(all, mistake{lineOf(topKeys(keys["info"])["severity"]), message.New("info.severity %q: there are %s%s", severity, severityNames(), DidYouMean(string(severity), names(severities)))})
	}
	bad(keys["http"] != nil && keys["requests"] != nil, "requests", "http and requests are the same; use http")
	for i := range s.HTTP {
		all = append(all, s.HTTP[i].mistakes()...)
		s.refused = append(s.refused, s.HTTP[i].oddities()...)
	}
	if !s.Strict {
		return all
	}
	all = append(all, s.refused...)
	bad(s.Certain != "" && s.Certain != "possible", "certainty", "certainty %q: there is possible", s.Certain)
	bad(!slices.Contains(safeties, s.Safety), "safety", "safety %q: there are passive, active, intrusive", s.Safety)
	bad((s.Check == "") == (len(s.HTTP) == 0), "id", "exactly one of http: and check: is needed")
	for _, p := range s.Ports {
		bad(p < 1 || p > 65535, "ports", "port %d is not between 1 and 65535", p)
	}
	for _, p := range s.UDP {
		bad(p < 1 || p > 65535, "udp", "port %d is not between 1 and 65535", p)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Variants)) {
		severity := s.Variants[name].Severity
		bad(severity != "" && !slices.Contains(severities, severity), "variants", "variant %q: severity %q: there are %s", name, severity, severityNames())
	}
	return all
}

func severityNames() string { return strings.Join(names(severities), ", ") }

func names(list []Severity) []string {
	all := make([]string, len(list))
	for i, s := range list {
		all[i] = string(s)
	}
	return all
}

func lineOf(n *yaml.Node) int {
	if n == nil {
		return 1
	}
	return n.Line
}

// referenceID is what the reference engine takes as an id.
var referenceID = regexp.MustCompile(`^([a-zA-Z0-9]+[-_])*[a-zA-Z0-9]+$`)

// refuse notes what the reference engine's validator refuses of a public template that can run.
func (s *Signature) refuse(keys map[string]*yaml.Node) {
	for _, rule := range []struct {
		broken bool
		key    string
		what   message.Message
	}{
		{!referenceID.MatchString(s.ID), "id", message.New("id %q: the reference engine takes letters and digits joined by single - or _", s.ID)},
		{len(s.Info.Author) == 0, "info", message.New("%s is missing", "info.author")},
		{s.Info.Severity == "", "info", message.New("%s is missing", "info.severity")},
	} {
		if rule.broken {
			s.refused = append(s.refused, mistake{lineOf(keys[rule.key]), rule.what})
		}
	}
}

// callbacks are the names by which a template uses a server that waits for connections from the target.
var callbacks = regexp.MustCompile(`\{\{[^}]*interactsh|\binteractsh_(?:protocol|request|response|ip)\b`)

// unsupported are the features of a signature that sotomi lacks or refuses.
func unsupported(s *Signature, keys map[string]*yaml.Node, text []byte) []message.Message {
	var list []message.Message
	add := func(feature message.Message) {
		if !slices.ContainsFunc(list, func(m message.Message) bool { return m.String() == feature.String() }) {
			list = append(list, feature)
		}
	}
	for _, k := range foreign {
		if keys[k] != nil {
			add(message.New("protocol %s", k))
		}
	}
	if n := keys["signature"]; n != nil && n.Kind == yaml.ScalarNode {
		add(message.New("request signing"))
	}
	if bytes.Contains(text, []byte("interactsh")) && callbacks.Match(text) {
		add(message.New("out-of-band callbacks (interactsh)"))
	}
	if s.Check == "" && len(s.HTTP) == 0 && len(list) == 0 {
		add(message.New("no http block"))
	}
	for i := range s.HTTP {
		for _, f := range s.HTTP[i].unsupported() {
			add(f)
		}
	}
	return list
}

func (h *HTTP) unsupported() []message.Message {
	var list []message.Message
	for _, feature := range []struct {
		name message.Message
		used bool
	}{
		{message.New("analyzers"), h.Analyzer != nil},
		{message.New("digest authentication"), h.DigestUsername != ""},
		{message.New("extraction to files"), slices.ContainsFunc(h.Extractors, func(e Extractor) bool { return e.ToFile != "" })},
		{message.New("fuzzing"), h.Fuzzing != nil},
		{message.New("global matchers"), h.GlobalMatchers},
		{message.New("pipelining"), h.Pipeline},
		{message.New("race conditions"), h.Race},
		{message.New("unsafe raw requests"), h.Unsafe},
	} {
		if feature.used {
			list = append(list, feature.name)
		}
	}
	for _, m := range h.methods() {
		switch m {
		case "GET", "HEAD", "POST", "OPTIONS", "TRACE", "":
		default:
			if !strings.Contains(m, "{{") {
				list = append(list, message.New("writes: %s", m))
			}
		}
	}
	return list
}
