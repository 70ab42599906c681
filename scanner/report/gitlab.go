package report

import (
	"cmp"
	"crypto/sha1" //nolint:gosec // names a finding, keeps no secret
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// gitlabVersion is that of the schema: an older server refuses newer ones, and newer servers read it.
const gitlabVersion = "15.2.1"

const (
	gitlabName      = 255    // characters
	gitlabSolution  = 7000   // characters
	gitlabResources = 10_000 // targets that are listed
)

// NewGitLab writes a DAST report for GitLab. The findings come first in the document, so that they need not be kept.
func NewGitLab(w io.Writer, o Options) scanner.Sink {
	g := &gitlab{out: newJSONStream(w), language: o.Language, words: message.In(o.Language)}
	g.losses = losses{words: g.words, each: g.lost}
	return g
}

type gitlab struct {
	scanner.Discard
	out       *jsonStream
	language  string
	words     message.Language
	start     scanner.Start
	losses    losses
	messages  []gitlabMessage
	more      int // losses beyond the limit
	resources []gitlabResource
	target    string
	ignored   int // findings that are suppressed
}

type (
	gitlabMessage struct {
		Level string `json:"level"`
		Value string `json:"value"`
	}
	gitlabResource struct {
		Method string `json:"method"`
		URL    string `json:"url"`
		Type   string `json:"type"`
	}
	gitlabTool struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		Version string       `json:"version"`
		Vendor  gitlabVendor `json:"vendor"`
	}
	gitlabVendor struct {
		Name string `json:"name"`
	}
	gitlabScan struct {
		Analyzer  gitlabTool       `json:"analyzer"`
		Scanner   gitlabTool       `json:"scanner"`
		Start     string           `json:"start_time"`
		End       string           `json:"end_time"`
		Status    string           `json:"status"`
		Type      string           `json:"type"`
		Resources []gitlabResource `json:"scanned_resources"`
		Messages  []gitlabMessage  `json:"messages"`
	}
	gitlabFinding struct {
		ID          string             `json:"id"`
		Name        string             `json:"name"`
		Description string             `json:"description,omitempty"`
		Severity    string             `json:"severity"`
		Solution    string             `json:"solution,omitempty"`
		Identifiers []gitlabIdentifier `json:"identifiers"`
		Links       []gitlabLink       `json:"links,omitempty"`
		Location    gitlabLocation     `json:"location"`
		Evidence    *gitlabEvidence    `json:"evidence,omitempty"`
	}
	gitlabIdentifier struct {
		Type  string `json:"type"`
		Name  string `json:"name"`
		Value string `json:"value"`
		URL   string `json:"url,omitempty"`
	}
	gitlabLink struct {
		URL string `json:"url"`
	}
	gitlabLocation struct {
		Hostname string `json:"hostname"`
		Method   string `json:"method"`
		Param    string `json:"param"`
		Path     string `json:"path"`
	}
	gitlabEvidence struct {
		Summary string `json:"summary"`
	}
)

func (g *gitlab) Start(s scanner.Start) error {
	g.start = s
	g.out.raw(`{"version":"` + gitlabVersion + `","vulnerabilities":[`)
	return g.out.err
}

func (g *gitlab) Finding(f scanner.Finding) error {
	if f.Suppressed != nil { // the schema has no place for why
		g.ignored++
		return nil
	}
	e := newEntry(f, g.language)
	text := e.Description
	for _, part := range []string{e.Impact, e.Values, e.URL} {
		if part != "" {
			text = strings.TrimSpace(text + "\n\n" + part)
		}
	}
	v := gitlabFinding{
		ID: uuidOf(e.Fingerprint + " " + e.Target), Name: cut(e.Name, gitlabName), Description: inMarkdown(text), Severity: gitlabSeverity(e.Severity),
		Solution: cut(e.Remediation, gitlabSolution), Location: gitlabPlace(&e),
		Identifiers: []gitlabIdentifier{{Type: "sotomi", Name: e.Rule, Value: e.Rule}},
	}
	for _, cwe := range e.CWE {
		number := strings.TrimPrefix(cwe, "CWE-")
		v.Identifiers = append(v.Identifiers, gitlabIdentifier{"cwe", cwe, number, "https://cwe.mitre.org/data/definitions/" + number + ".html"})
	}
	for _, cve := range e.CVE {
		v.Identifiers = append(v.Identifiers, gitlabIdentifier{"cve", cve, cve, "https://nvd.nist.gov/vuln/detail/" + url.PathEscape(cve)})
	}
	for _, reference := range e.References {
		if link := webLink(reference); link != "" {
			v.Links = append(v.Links, gitlabLink{link})
		}
	}
	if shown := e.proofs(); shown != "" {
		v.Evidence = &gitlabEvidence{shown}
	}
	return g.out.item(v)
}

func gitlabPlace(e *entry) gitlabLocation {
	place := gitlabLocation{Hostname: e.Target, Method: cmp.Or(e.Method, http.MethodGet), Path: "/"}
	if u, err := url.Parse(cmp.Or(e.URL, e.Target)); err == nil && u.Host != "" {
		place.Hostname, place.Path = u.Scheme+"://"+u.Host, u.RequestURI()
	}
	return place
}

func gitlabSeverity(s signature.Severity) string {
	switch s {
	case signature.SeverityCritical, signature.SeverityHigh, signature.SeverityMedium, signature.SeverityLow, signature.SeverityInfo:
		return strings.ToUpper(string(s[:1])) + string(s[1:])
	case signature.SeverityUnknown:
	}
	return "Unknown"
}

// uuidOf is a UUID of version 5 in a space of our own: the same for the same text.
func uuidOf(text string) string {
	sum := sha1.Sum([]byte("sotomi " + text)) //nolint:gosec // as the version asks
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func (g *gitlab) Outcome(o scanner.Outcome) error {
	if o.Target != g.target && len(g.resources) < gitlabResources {
		g.target = o.Target
		g.resources = append(g.resources, gitlabResource{http.MethodGet, message.Line(o.Target), "url"})
	}
	return g.losses.add(o)
}

func (g *gitlab) lost(l loss) error {
	if len(g.messages) == sarifNotifications {
		g.more++
		return nil
	}
	severity := "warn"
	if !l.Status.Gap() {
		severity = "info"
	}
	g.messages = append(g.messages, gitlabMessage{severity, l.line(g.words)})
	return nil
}

func (g *gitlab) Close(s scanner.Summary) error {
	if err := g.losses.flush(); err != nil {
		return err
	}
	if g.more > 0 {
		g.messages = append(g.messages, gitlabMessage{"warn", g.words.Count("unchecked-more", g.more, nil)})
	}
	if g.ignored > 0 {
		g.messages = append(g.messages, gitlabMessage{"info", g.words.Count("exit-suppressed", g.ignored, nil)})
	}
	if s.Interrupted {
		g.messages = append(g.messages, gitlabMessage{"fatal", g.words.Say("interrupted", nil)})
	}
	if s.NotStarted > 0 {
		g.messages = append(g.messages, gitlabMessage{"warn", g.words.Count("not-started", s.NotStarted, nil)})
	}
	tool := gitlabTool{"sotomi", "sotomi", cmp.Or(message.Line(g.start.Version), "0"), gitlabVendor{"sotomi"}}
	scan := gitlabScan{
		Analyzer: tool, Scanner: tool, Start: gitlabTime(g.start.Time), End: gitlabTime(endOf(g.start, s)), Status: "failure", Type: "dast",
		Resources: orEmpty(g.resources), Messages: orEmpty(g.messages),
	}
	if complete(s) {
		scan.Status = "success"
	}
	g.out.raw("\n]," + `"scan":`)
	g.out.value(scan)
	g.out.raw("}\n")
	return g.out.err
}

// gitlabTime is a time in UTC without a mark of its zone.
func gitlabTime(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05")
}
