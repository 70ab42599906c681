package report

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// Limits of code scanning services.
const (
	sarifText          = 1024   // characters of a description of a rule
	sarifResults       = 25_000 // in one run
	sarifRules         = 25_000 // in one run
	sarifNotifications = 1000   // ours, about what could not be checked
	sarifTags          = 10
)

// NewSARIF writes SARIF 2.1.0 that code scanning accepts for sites: a location is the address without its scheme, for a
// service refuses absolute addresses; results are told apart by our own fingerprints; rules say nothing of any site, and those
// that came to an answer without a result are there, too; and what could not be checked is a notification. The run has no
// category: whoever uploads the file names one. The results come first in the document, so that they need not be kept.
func NewSARIF(w io.Writer, o Options) scanner.Sink {
	s := &sarif{out: newJSONStream(w), language: o.Language, words: message.In(o.Language), known: o.Signatures, rules: map[string]int{}, ran: map[string]bool{}}
	s.losses = losses{words: s.words, each: s.lost}
	return s
}

type sarif struct {
	scanner.Discard
	out           *jsonStream
	language      string
	words         message.Language
	start         scanner.Start
	known         map[string]*signature.Signature // by id; nil for none
	ran           map[string]bool                 // ids of signatures that came to an answer
	rules         map[string]int                  // index by id
	list          []sarifRule
	results       int
	losses        losses
	notifications []sarifNotification
	more          int // losses beyond the limit
}

type (
	sarifMessage struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifRule struct {
		ID         string          `json:"id"`
		Name       string          `json:"name"`
		Short      sarifMessage    `json:"shortDescription"`
		Full       sarifMessage    `json:"fullDescription"`
		Help       sarifMessage    `json:"help"`
		HelpURI    string          `json:"helpUri,omitempty"`
		Default    sarifLevel      `json:"defaultConfiguration"`
		Properties sarifProperties `json:"properties"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifProperties struct {
		Tags      []string `json:"tags"`
		Precision string   `json:"precision"`
		Severity  string   `json:"security-severity,omitempty"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
		Baseline     string            `json:"baselineState,omitempty"`
		Suppressions []sarifSuppressed `json:"suppressions,omitempty"`
		Properties   sarifFound        `json:"properties"`
	}
	sarifSuppressed struct {
		Kind          string `json:"kind"`
		Status        string `json:"status"`
		Justification string `json:"justification"`
	}
	sarifFound struct {
		Severity  signature.Severity `json:"severity"`
		Certainty scanner.Certainty  `json:"certainty"`
		Values    string             `json:"values,omitempty"`
		Curl      string             `json:"curl,omitempty"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndLine     int `json:"endLine"`
		EndColumn   int `json:"endColumn"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
		Kind string `json:"kind"`
	}
	sarifNotification struct {
		Level   string       `json:"level"`
		Message sarifMessage `json:"message"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Start         string              `json:"startTimeUtc,omitempty"`
		End           string              `json:"endTimeUtc,omitempty"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
)

func (s *sarif) Start(start scanner.Start) error {
	s.start = start
	s.out.raw(`{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":[`)
	return s.out.err
}

func (s *sarif) Finding(f scanner.Finding) error {
	if s.results++; s.results > sarifResults {
		return nil
	}
	e := newEntry(f, s.language)
	index := s.ruleOf(f, &e)
	text := e.Name + ": " + e.URL
	if e.Certainty == scanner.Possible {
		text += " (" + s.words.Say("certainty-"+string(e.Certainty), nil) + ")"
	}
	for _, more := range []string{e.Values, e.Description} {
		if more != "" {
			text += "\n\n" + more
		}
	}
	return s.out.item(sarifResult{
		RuleID: e.Rule, RuleIndex: index, Level: level(e.Severity), Message: sarifMessage{Text: text},
		Locations: []sarifLocation{{
			Physical: sarifPhysical{sarifArtifact{placeOf(cmp.Or(e.URL, e.Target))}, sarifRegion{1, 1, 1, 1}},
			Logical:  []sarifLogical{{cmp.Or(e.URL, e.Target, e.Rule), "resource"}},
		}},
		Fingerprints: map[string]string{"primaryLocationLineHash": e.Fingerprint + ":1", "sotomi/v1": e.Fingerprint},
		Baseline:     sarifBaseline(e.Baseline), Suppressions: s.suppressions(e.Standing),
		Properties: sarifFound{e.Severity, e.Certainty, e.Values, e.Curl},
	})
}

// ruleOf is the index of the rule of a finding.
func (s *sarif) ruleOf(f scanner.Finding, e *entry) int {
	index, ok := s.rules[e.Rule]
	if !ok {
		index = len(s.list)
		s.rules[e.Rule] = index
		s.list = append(s.list, s.rule(f, e))
	}
	return index
}

// addRules adds the rules of signatures that came to an answer and have none yet, in the order of their ids.
func (s *sarif) addRules() {
	for _, id := range slices.Sorted(maps.Keys(s.ran)) {
		if len(s.list) == sarifRules {
			return
		}
		sig := s.known[id]
		if sig == nil { // a saved scan of signatures of the user's
			sig = &signature.Signature{ID: id}
		}
		f := scanner.Finding{Signature: sig, Severity: sig.Info.Severity}
		e := newEntry(f, s.language)
		s.ruleOf(f, &e)
	}
}

// sarifBaseline is how a result stands to the baseline.
func sarifBaseline(n scanner.Novelty) string {
	switch n {
	case scanner.Known:
		return "unchanged"
	case scanner.New, scanner.NewSignature:
		return "new"
	}
	return ""
}

func (s *sarif) suppressions(of scanner.Standing) []sarifSuppressed {
	if of.Suppressed == nil {
		return nil
	}
	return []sarifSuppressed{{"external", "accepted", suppressionText(*of.Suppressed, s.words)}}
}

// rule is what a signature says of itself. Nothing in it comes from a site.
func (s *sarif) rule(f scanner.Finding, e *entry) sarifRule {
	info, _ := f.Signature.For(f.Hit.Variant)
	remedy := message.Printable(info.Words(s.language).Remediation)
	help := []string{}
	for _, part := range []string{e.Impact, prefixed(s.words.Say("todo", nil)+": ", remedy)} {
		if part != "" {
			help = append(help, part)
		}
	}
	if len(help) == 0 {
		help = []string{e.Name}
	}
	helpText := strings.Join(help, "\n\n")
	helpMarkdown := inMarkdown(helpText)
	for _, reference := range e.References {
		helpText += "\n" + reference
		helpMarkdown += "\n- " + markdownLink(reference)
	}
	r := sarifRule{
		ID: e.Rule, Name: e.Rule, Short: sarifMessage{Text: cut(e.Name, sarifText)},
		Full:    sarifMessage{Text: cut(cmp.Or(strings.Join(strings.Fields(e.Description), " "), e.Name), sarifText)},
		Help:    sarifMessage{Text: helpText, Markdown: helpMarkdown},
		Default: sarifLevel{level(e.Severity)},
		Properties: sarifProperties{
			Tags:      sarifTagsOf(e),
			Precision: precision(f), Severity: securitySeverity(e.Severity),
		},
	}
	for _, reference := range e.References {
		if link := webLink(reference); link != "" {
			r.HelpURI = link
			break
		}
	}
	return r
}

// sarifTagsOf are the weaknesses in the spelling of code scanning services, and the signature's tags.
func sarifTagsOf(e *entry) []string {
	tags := []string{"security"}
	for _, cwe := range e.CWE {
		number := strings.TrimPrefix(cwe, "CWE-")
		tags = append(tags, "external/cwe/cwe-"+strings.Repeat("0", max(0, 3-len(number)))+number)
	}
	tags = append(tags, e.Tags...)
	return tags[:min(len(tags), sarifTags)]
}

// precision depends on the signature alone: a variant named possible is less sure.
func precision(f scanner.Finding) string {
	if strings.Contains(f.Hit.Variant, "possible") {
		return "medium"
	}
	return "high"
}

func level(s signature.Severity) string {
	switch s {
	case signature.SeverityCritical, signature.SeverityHigh:
		return "error"
	case signature.SeverityMedium:
		return "warning"
	case signature.SeverityLow, signature.SeverityInfo, signature.SeverityUnknown:
	}
	return "note"
}

// securitySeverity is the middle of the band that stands for a severity; none for what is no weakness.
func securitySeverity(s signature.Severity) string {
	switch s {
	case signature.SeverityCritical:
		return "9.5"
	case signature.SeverityHigh:
		return "8.0"
	case signature.SeverityMedium:
		return "5.5"
	case signature.SeverityLow:
		return "2.0"
	case signature.SeverityInfo, signature.SeverityUnknown:
	}
	return ""
}

// placeOf is an address as a relative one: host%3Aport/path. A service takes it for a file of the repository.
func placeOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return cmp.Or(strings.ReplaceAll(url.PathEscape(address), ":", "%3A"), "-")
	}
	host := strings.NewReplacer("[", "%5B", "]", "%5D", ":", "%3A").Replace(u.Host)
	path := strings.ReplaceAll(strings.TrimPrefix(u.EscapedPath(), "/"), ":", "%3A")
	return strings.TrimSuffix(host+"/"+path, "/")
}

// cut is a text of at most n characters.
func cut(text string, n int) string {
	runes := []rune(text)
	if len(runes) <= n {
		return text
	}
	return string(runes[:n-1]) + "…"
}

func (s *sarif) Outcome(o scanner.Outcome) error {
	if o.Status.Complete() {
		s.ran[o.Signature] = true
	}
	return s.losses.add(o)
}

// lost notes what could not be checked.
func (s *sarif) lost(l loss) error {
	if len(s.notifications) == sarifNotifications {
		s.more++
		return nil
	}
	severity := "warning"
	if !l.Status.Gap() { // the same on every site
		severity = "note"
	}
	s.notifications = append(s.notifications, sarifNotification{severity, sarifMessage{Text: l.line(s.words)}})
	return nil
}

func (s *sarif) notify(severity, text string) {
	s.notifications = append(s.notifications, sarifNotification{severity, sarifMessage{Text: text}})
}

func (s *sarif) Close(end scanner.Summary) error {
	if err := s.losses.flush(); err != nil {
		return err
	}
	s.addRules()
	if s.more > 0 {
		s.notify("warning", s.words.Count("unchecked-more", s.more, nil))
	}
	if s.results > sarifResults {
		s.notify("warning", s.words.Count("results-left-out", s.results-sarifResults, nil))
	}
	if end.NotStarted > 0 {
		s.notify("error", s.words.Count("not-started", end.NotStarted, nil))
	}
	if end.Interrupted {
		s.notify("error", s.words.Say("interrupted", nil))
	}
	invocation := sarifInvocation{Successful: complete(end), Notifications: s.notifications}
	if !s.start.Time.IsZero() {
		invocation.Start = s.start.Time.UTC().Format("2006-01-02T15:04:05Z")
		invocation.End = endOf(s.start, end).UTC().Format("2006-01-02T15:04:05Z")
	}
	if invocation.Notifications == nil {
		invocation.Notifications = []sarifNotification{}
	}
	s.out.raw("\n]," + `"tool":{"driver":{"name":"sotomi","version":`)
	s.out.value(cmp.Or(s.start.Version, "0"))
	s.out.raw(`,"rules":`)
	s.out.value(orEmpty(s.list))
	s.out.raw(`}},"columnKind":"unicodeCodePoints","invocations":[`)
	s.out.value(invocation)
	s.out.raw(fmt.Sprintf(`],"properties":{"signatures":%d,"requests":%d,"signatureSet":`, s.start.Signatures, end.Requests))
	s.out.value(s.start.SignatureSet)
	s.out.raw("}}]}\n")
	return s.out.err
}

// endOf is when a scan ended. A saved scan has the start in whole seconds, so it counts from there.
func endOf(start scanner.Start, end scanner.Summary) time.Time {
	return start.Time.Truncate(time.Second).Add(end.Took)
}

// complete reports whether a scan checked all that it could have.
func complete(s scanner.Summary) bool {
	return scanner.ExitStatus(s, scanner.SeverityNever, false) == scanner.ExitClean
}
