package signature

import (
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner/message"
)

// A matcher or extractor that is written wrongly matches nothing, or anything, and says so on no site. These are the
// mistakes that show without compiling it; package match knows the others.

var (
	matcherTypes   = []string{"status", "size", "word", "regex", "binary", "dsl", "xpath", "favicon"}
	extractorTypes = []string{"regex", "kval", "json", "xpath", "dsl"}
	methods        = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PURGE", "DEBUG"}
)

// wanted is one key of a matcher or extractor that holds what to look for.
type wanted struct {
	key   string
	count int
}

// kind is a type as the public language reads it.
func kind(text string) string { return strings.ToLower(strings.TrimSpace(text)) }

// mistakes are those that would make a matcher mean something else than intended.
func (m *Matcher) mistakes() []message.Message {
	var all []message.Message
	bad := func(wrong bool, format string, a ...any) {
		if wrong {
			all = append(all, message.New(format, a...))
		}
	}
	bad(m.Condition != "" && m.Condition != "and" && m.Condition != "or", "condition %q: there are and, or", m.Condition)
	own := kind(m.Type)
	if !slices.Contains(matcherTypes, own) {
		bad(true, "matcher type %q: there are %s%s", m.Type, strings.Join(matcherTypes, ", "), DidYouMean(m.Type, matcherTypes))
		return all
	}
	uses := own
	switch own {
	case "word", "favicon":
		uses = "words"
	}
	for _, l := range []wanted{
		{"status", len(m.Status)},
		{"size", len(m.Size)},
		{"words", len(m.Words)},
		{"regex", len(m.Regex)},
		{"binary", len(m.Binary)},
		{"dsl", len(m.DSL)},
		{"xpath", len(m.XPath)},
	} {
		bad(l.key == uses && l.count == 0, "a matcher of type %s has nothing to look for", own)
		bad(l.key != uses && l.count > 0, "a matcher of type %s does not use %s", own, l.key)
	}
	bad(own == "dsl" && m.Part != "", "a matcher of type %s does not use %s", own, "part")
	bad(m.CaseInsensitive && own != "word", "case-insensitive works with word matchers only, not %q", m.Type)
	bad(m.Encoding != "" && m.Encoding != "hex", "encoding %q: there is %s", m.Encoding, "hex")
	for _, n := range m.Status {
		bad(!slices.ContainsFunc(m.Status, possible), "no response has the status %d", n)
	}
	for _, n := range m.Size {
		bad(slices.Max(m.Size) < 0, "no response has the size %d", n)
	}
	texts := slices.Concat(m.Words, m.Regex, m.Binary)
	bad(!m.Negative && m.Condition != "and" && own != "favicon" && slices.Contains(texts, ""), "an empty text is in every response")
	return all
}

// mistakes are those that would make an extractor take nothing.
func (e *Extractor) mistakes() []message.Message {
	own := kind(e.Type)
	if !slices.Contains(extractorTypes, own) {
		return []message.Message{message.New("extractor type %q: there are %s%s", e.Type, strings.Join(extractorTypes, ", "), DidYouMean(e.Type, extractorTypes))}
	}
	var all []message.Message
	for _, l := range []wanted{{"regex", len(e.Regex)}, {"kval", len(e.KVal)}, {"json", len(e.JSON)}, {"xpath", len(e.XPath)}, {"dsl", len(e.DSL)}} {
		if l.key == own && l.count == 0 {
			all = append(all, message.New("an extractor of type %s has nothing to look for", own))
		}
	}
	if e.Group < 0 {
		all = append(all, message.New("group %d: the groups of a pattern count from 0, the whole match", e.Group))
	}
	if e.CaseInsensitive && own != "kval" {
		all = append(all, message.New("case-insensitive works with kval extractors only"))
	}
	return all
}

// rawMethod is what may begin a raw request.
var rawMethod = regexp.MustCompile(`^[A-Za-z]+$|\{\{|§`)

// ofEarlier is a part of an earlier response, such as body_2.
var ofEarlier = regexp.MustCompile(`_\d+`)

// mistakes are those of the block and of its matchers and extractors.
func (h *HTTP) mistakes() []mistake {
	var all []mistake
	bad := func(wrong bool, format string, a ...any) {
		if wrong {
			all = append(all, mistake{h.Line, message.New(format, a...)})
		}
	}
	method := strings.ToUpper(strings.TrimSpace(h.Method))
	bad(method != "" && !strings.Contains(method, "{{") && !slices.Contains(methods, method),
		"method %q: there are %s%s", h.Method, strings.Join(methods, ", "), DidYouMean(method, methods))
	for _, raw := range h.Raw {
		line := requestLine(raw)
		method, _, _ := strings.Cut(line, " ")
		bad(!h.Unsafe && !rawMethod.MatchString(method), "raw request begins with %q, not with METHOD PATH HTTP/1.1", line)
	}
	bad(h.Race && h.namesEarlier(), "%s and %s cannot be used together", "race", message.New("parts of earlier responses"))
	bad(h.Fuzzing != nil && h.namesEarlier(), "%s and %s cannot be used together", "fuzzing", message.New("parts of earlier responses"))
	for _, m := range slices.Concat(h.Matchers, h.PreCondition) {
		for _, what := range m.mistakes() {
			all = append(all, mistake{m.Line, what})
		}
	}
	for i := range h.Extractors {
		for _, what := range h.Extractors[i].mistakes() {
			all = append(all, mistake{h.Extractors[i].Line, what})
		}
	}
	return all
}

// oddities are mistakes of the block without which it could still match.
func (h *HTTP) oddities() []mistake {
	var all []mistake
	for _, number := range []struct {
		key string
		n   int64
	}{{"max-redirects", int64(h.MaxRedirects)}, {"max-size", h.MaxSize}, {"threads", int64(h.Threads)}} {
		if number.n < 0 {
			all = append(all, mistake{h.Line, message.New("%s %d is negative", number.key, number.n)})
		}
	}
	for _, m := range h.Matchers {
		for _, n := range m.Status {
			if !possible(n) {
				all = append(all, mistake{m.Line, message.New("no response has the status %d", n)})
			}
		}
	}
	return all
}

// possible reports whether a response can have a status.
func possible(status int) bool { return status >= 100 && status <= 999 }

// namesEarlier reports whether the block looks at parts of earlier responses.
func (h *HTTP) namesEarlier() bool {
	named := func(part string, dsl []string) bool {
		return ofEarlier.MatchString(part) || slices.ContainsFunc(dsl, ofEarlier.MatchString)
	}
	return slices.ContainsFunc(h.Matchers, func(m Matcher) bool { return named(m.Part, m.DSL) }) ||
		slices.ContainsFunc(h.Extractors, func(e Extractor) bool { return named(e.Part, e.DSL) })
}

// mute says why nothing could ever be reported of a signature's blocks; the zero Message when something could.
func (s *Signature) mute() message.Message {
	operators := 0
	for i := range s.HTTP {
		h := &s.HTTP[i]
		operators += len(h.Matchers) + len(h.Extractors)
		if slices.ContainsFunc(h.Matchers, func(m Matcher) bool { return !m.Internal }) ||
			slices.ContainsFunc(h.Extractors, func(e Extractor) bool { return !e.Internal }) {
			return message.Message{}
		}
	}
	switch {
	case len(s.HTTP) == 0:
		return message.Message{}
	case operators == 0:
		return message.New("no matcher and no extractor: nothing could ever be reported")
	}
	return message.New("all matchers and extractors are internal: nothing could ever be reported")
}
