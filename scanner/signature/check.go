package signature

import (
	"bytes"
	"cmp"
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

var safeties = []Safety{SafetyPassive, SafetyActive, SafetyIntrusive}

// Allows reports whether a scan at level s runs a signature of level other. "" is passive; no scan runs a signature whose
// level is none of these.
func (s Safety) Allows(other Safety) bool {
	level := func(s Safety) int { return slices.Index(safeties, cmp.Or(s, SafetyPassive)) }
	return level(other) >= 0 && level(other) <= level(s)
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
	if !slices.Contains(severities, s.Info.Severity) && !s.Strict {
		s.badSeverity, s.Info.Severity = s.Info.Severity, SeverityUnknown
	}
	if s.Safety != "" {
		return
	}
	s.Safety = SafetyPassive
	for i := range s.HTTP {
		if s.HTTP[i].mayChange() {
			s.Safety = SafetyIntrusive
		}
	}
	if slices.Contains(s.Info.Tags, "intrusive") {
		s.Safety = SafetyIntrusive
	}
}

var identifier = regexp.MustCompile(`^[A-Za-z0-9]+([._-]+[A-Za-z0-9]+)*[_-]*$`)

// check finds the mistakes that the decoder cannot see.
func (s *Signature) check(keys map[string]*yaml.Node) []error {
	var all []error
	bad := func(key, format string, a ...any) {
		line := 1
		if n := keys[key]; n != nil {
			line = n.Line
		}
		all = append(all, message.Errorf("%s:%d: %s", s.File, line, message.New(format, a...)))
	}
	if !identifier.MatchString(s.ID) {
		bad("id", "id %q must be letters and digits joined by dashes", s.ID)
	}
	if s.Info.Name == "" {
		bad("info", "info.name is missing")
	}
	if !s.Strict {
		return all
	}
	if !slices.Contains(severities, s.Info.Severity) {
		bad("info", "info.severity %q: there are critical, high, medium, low, info", s.Info.Severity)
	}
	if !slices.Contains(safeties, s.Safety) {
		bad("safety", "safety %q: there are passive, active, intrusive", s.Safety)
	}
	if (s.Check == "") == (len(s.HTTP) == 0) {
		bad("id", "exactly one of http: and check: is needed")
	}
	for _, p := range s.Ports {
		if p < 1 || p > 65535 {
			bad("ports", "port %d is not between 1 and 65535", p)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Variants)) {
		v := s.Variants[name]
		if v.Severity != "" && !slices.Contains(severities, v.Severity) {
			bad("variants", "variant %q: severity %q: there are critical, high, medium, low, info", name, v.Severity)
		}
	}
	for i := range s.HTTP {
		for _, m := range s.HTTP[i].Matchers {
			for _, mistake := range m.mistakes() {
				all = append(all, message.Errorf("%s:%d: %s", s.File, m.Line, mistake))
			}
		}
	}
	return all
}

// mistakes are those that would make a matcher mean something else than intended.
func (m *Matcher) mistakes() []message.Message {
	var list []message.Message
	if m.Condition != "" && m.Condition != "and" && m.Condition != "or" {
		list = append(list, message.New("condition %q: there are and, or", m.Condition))
	}
	if !slices.Contains(matcherTypes, m.Type) {
		return append(list, message.New("matcher type %q: there are %s", m.Type, strings.Join(matcherTypes, ", ")))
	}
	n, counted := map[string]int{
		"status": len(m.Status), "size": len(m.Size), "word": len(m.Words), "regex": len(m.Regex), "binary": len(m.Binary), "dsl": len(m.DSL), "xpath": len(m.XPath),
	}[m.Type]
	if counted && n == 0 {
		list = append(list, message.New("a matcher of type %s has nothing to look for", m.Type))
	}
	return list
}

var matcherTypes = []string{"status", "size", "word", "regex", "binary", "dsl", "xpath", "favicon"}

// foreign are the protocols of the public language that sotomi does not support.
var foreign = []string{"code", "dns", "file", "headless", "javascript", "network", "ssl", "tcp", "websocket", "whois", "workflows", "constants-file", "fuzzing"}

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
	if s.badSeverity != "" {
		add(message.New("severity %q%s", s.badSeverity, DidYouMean(string(s.badSeverity), []string{"critical", "high", "medium", "low", "info", "unknown"})))
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
