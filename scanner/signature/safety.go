package signature

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Safety is how far a signature goes; a scan runs those at or below its --safety. Of a signature with http blocks it follows
// from what they send.
type Safety string

// The levels of safety, the most harmless first.
const (
	// SafetyPassive is what a browser sends that opens the target and follows links: plain GETs for the target's own page,
	// for pages that the site links to, and for /favicon.ico.
	SafetyPassive Safety = "passive"
	// SafetyActive is requests that are unusual but only read: guessed addresses, headers and methods of no browser, and
	// forms that an author knows to change nothing.
	SafetyActive Safety = "active"
	// SafetyIntrusive is requests that could change something, or make the target speak to a third party.
	SafetyIntrusive Safety = "intrusive"
)

var safeties = []Safety{SafetyPassive, SafetyActive, SafetyIntrusive}

// Allows reports whether a scan at level s runs a signature of level other. "" is passive; no scan runs a signature whose
// level is none of these.
func (s Safety) Allows(other Safety) bool {
	return other.rank() >= 0 && other.rank() <= s.rank()
}

func (s Safety) rank() int { return slices.Index(safeties, cmp.Or(s, SafetyPassive)) }

// higher is the more harmful of two levels.
func higher(a, b Safety) Safety {
	if a.Allows(b) {
		return a
	}
	return b
}

// settleSafety gives the signature its level. One that is declared may be higher than what the requests need, never lower;
// without one, requests that may write count as if they did.
func (s *Signature) settleSafety() {
	needed, assumed := s.levels()
	s.needed = needed
	switch {
	case s.Safety == "":
		s.Safety = assumed
	case slices.Contains(safeties, s.Safety):
		s.Safety, s.declared = higher(s.Safety, needed), s.Safety
	}
}

// levels are the lowest level that the requests can have, and the level that they are taken to have when nobody says.
func (s *Signature) levels() (needed, assumed Safety) {
	needed = SafetyPassive
	for i := range s.HTTP {
		needed = higher(needed, s.HTTP[i].level())
	}
	if len(s.callbackHosts()) > 0 || slices.Contains(s.Info.Tags, "intrusive") {
		needed = SafetyIntrusive
	}
	assumed = needed
	if slices.ContainsFunc(s.HTTP, func(h HTTP) bool { return h.mayChange() }) {
		assumed = SafetyIntrusive
	}
	return needed, assumed
}

// level is the lowest that the requests of a block can have. A POST may be a question, as with GraphQL.
func (h *HTTP) level() Safety {
	level := SafetyPassive
	for _, method := range h.methods() {
		switch {
		case method == http.MethodGet:
		case slices.Contains(readMethods, method), method == http.MethodPost, strings.Contains(method, "{{"):
			level = higher(level, SafetyActive)
		default:
			return SafetyIntrusive
		}
	}
	switch {
	case slices.ContainsFunc(h.texts(), overridesMethod):
		return SafetyIntrusive
	case h.Unsafe, h.Race, h.Pipeline, h.Fuzzing != nil, h.Body != "", len(h.Payloads) > 0,
		slices.ContainsFunc(h.Path, func(path string) bool { return !ownPage.MatchString(path) }),
		slices.ContainsFunc(h.Raw, func(raw string) bool { return !plainRaw(raw) }):
		return higher(level, SafetyActive)
	}
	for name, value := range h.Headers {
		if !usualHeader(name, value) {
			return higher(level, SafetyActive)
		}
	}
	return level
}

var (
	// ownPage is the address of the target, of the front page of its host, or of its icon.
	ownPage = regexp.MustCompile(`^\s*\{\{(?:BaseURL|RootURL)\}\}(?:/|/favicon\.ico)?\s*$`)
	// ownLine begins a raw request for one of these.
	ownLine = regexp.MustCompile(`^GET (?:/|/favicon\.ico|\{\{(?:BaseURL|RootURL)\}\}/?) HTTP/1\.[01]\s*$`)
	// ownHost is the Host header that any request has.
	ownHost = regexp.MustCompile(`^\{\{(?:Hostname|Host)\}\}$`)
	// usualHeaders are the values that a browser could send.
	usualHeaders = map[string]*regexp.Regexp{
		"accept":          regexp.MustCompile(`^[a-zA-Z0-9*/+;=., -]*$`),
		"accept-encoding": regexp.MustCompile(`^[a-z0-9;=., -]*$`),
		"accept-language": regexp.MustCompile(`^[a-zA-Z0-9*;=., -]*$`),
		"connection":      regexp.MustCompile(`^(?i:close|keep-alive)$`),
		"user-agent":      regexp.MustCompile(`^Mozilla/5\.0 \([a-zA-Z0-9 ;:._-]*\)[a-zA-Z0-9 ();:,/._-]*$`),
	}
)

func usualHeader(name, value string) bool {
	value = strings.TrimSpace(value)
	if name = strings.ToLower(strings.TrimSpace(name)); name == "host" {
		return ownHost.MatchString(value)
	}
	usual := usualHeaders[name]
	return usual != nil && usual.MatchString(value)
}

// plainRaw reports whether a raw request is one that a browser could send for the target's own page.
func plainRaw(raw string) bool {
	first := true
	head, body, _ := strings.Cut(strings.ReplaceAll(raw, "\r\n", "\n"), "\n\n")
	for line := range strings.Lines(head) {
		if line = strings.TrimSpace(line); line == "" || line == "@once" || strings.HasPrefix(line, "@timeout") {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if first && !ownLine.MatchString(line) || !first && (!ok || !usualHeader(name, value)) {
			return false
		}
		first = false
	}
	return !first && strings.TrimSpace(body) == ""
}
