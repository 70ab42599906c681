package report

import (
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// NewDefectDojo writes DefectDojo's "Generic Findings Import": findings alone, for it has no place for what was not checked.
func NewDefectDojo(w io.Writer, o Options) scanner.Sink {
	return &dojo{out: newJSONStream(w), language: o.Language, words: message.In(o.Language)}
}

type dojo struct {
	scanner.Discard
	out      *jsonStream
	language string
	words    message.Language
	day      string
}

// dojoFinding has keys that the importer allows; it refuses a file with any other.
type dojoFinding struct {
	Title       string   `json:"title"`
	Severity    string   `json:"severity"`
	Description string   `json:"description"`
	Date        string   `json:"date,omitempty"`
	Impact      string   `json:"impact,omitempty"`
	Mitigation  string   `json:"mitigation,omitempty"`
	Steps       string   `json:"steps_to_reproduce,omitempty"`
	References  string   `json:"references,omitempty"`
	CWE         int      `json:"cwe,omitempty"`
	CVE         []string `json:"vulnerability_ids,omitempty"`
	CVSS        string   `json:"cvssv3,omitempty"`
	Active      bool     `json:"active"`
	Accepted    bool     `json:"risk_accepted,omitempty"`
	False       bool     `json:"false_p,omitempty"`
	Verified    bool     `json:"verified"`
	Static      bool     `json:"static_finding"`
	Dynamic     bool     `json:"dynamic_finding"`
	ID          string   `json:"unique_id_from_tool"`
	Rule        string   `json:"vuln_id_from_tool"`
	Tags        []string `json:"tags,omitempty"`
	Endpoints   []string `json:"endpoints,omitempty"`
}

func (d *dojo) Start(s scanner.Start) error {
	if !s.Time.IsZero() {
		d.day = s.Time.UTC().Format(time.DateOnly)
	}
	d.out.raw(`{"name":"sotomi","type":"sotomi","dynamic_tool":true,"static_tool":false,"version":`)
	d.out.value(message.Line(s.Version))
	d.out.raw(`,"findings":[`)
	return d.out.err
}

func (d *dojo) Finding(f scanner.Finding) error {
	const title = 500 // characters
	e := newEntry(f, d.language)
	text := []string{inMarkdown(e.Description)}
	for _, part := range []string{e.Values, e.URL} {
		if part != "" {
			text = append(text, codeSpan(part))
		}
	}
	for _, p := range e.Evidence {
		text = append(text, inMarkdown(p.Note))
		for _, exchanged := range []string{p.Request, p.Response} {
			if exchanged != "" {
				text = append(text, fenced(exchanged))
			}
		}
	}
	shown := dojoFinding{
		Title: cut(e.Name, title), Severity: dojoSeverity(e.Severity), Description: strings.TrimSpace(strings.Join(text, "\n\n")), Date: d.day,
		Impact: inMarkdown(e.Impact), Mitigation: inMarkdown(e.Remediation), References: strings.Join(e.References, "\n"), CVE: e.CVE,
		Active: e.Suppressed == nil, Accepted: suppressedAs(e, scanner.Accepted), False: suppressedAs(e, scanner.FalsePositive, scanner.NotAffected),
		Verified: e.Certainty == scanner.Confirmed, Dynamic: true, ID: e.Fingerprint, Rule: e.Rule, Tags: e.Tags,
	}
	if shown.Description == "" {
		shown.Description = inMarkdown(e.Name)
	}
	if strings.HasPrefix(e.CVSS, "CVSS:3") {
		shown.CVSS = e.CVSS
	}
	if e.Curl != "" {
		shown.Steps = fenced(e.Curl)
	}
	if len(e.CWE) > 0 {
		shown.CWE, _ = strconv.Atoi(strings.TrimPrefix(e.CWE[0], "CWE-"))
	}
	if u, err := url.Parse(e.URL); err == nil && u.Host != "" && webLink(e.URL) != "" {
		u.RawQuery, u.Fragment, u.User = "", "", nil
		shown.Endpoints = []string{u.String()}
	}
	return d.out.item(shown)
}

// suppressedAs reports whether a finding is suppressed in one of these ways.
func suppressedAs(e entry, ways ...scanner.SuppressionStatus) bool {
	return e.Suppressed != nil && slices.Contains(ways, e.Suppressed.Status)
}

// dojoSeverity is one of those that it knows; it has none for what is not known.
func dojoSeverity(s signature.Severity) string {
	if s == signature.SeverityUnknown {
		return "Info"
	}
	if text := gitlabSeverity(s); text != "Unknown" {
		return text
	}
	return "Info"
}

func (d *dojo) Close(scanner.Summary) error {
	d.out.raw("\n]}\n")
	return d.out.err
}
