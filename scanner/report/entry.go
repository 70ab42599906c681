package report

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// entry is a finding in one language, for the formats that are lists: every text is fit to be printed, and the long ones
// alone have line breaks.
type entry struct {
	Signature   string
	Rule        string // signature, or signature/variant: what has words of its own
	Severity    signature.Severity
	Certainty   scanner.Certainty
	Target, URL string
	Matcher     string
	Method      string // "" when there is no request among the evidence
	Name        string
	Description string
	Impact      string
	Remediation string
	Values      string // all of them, in one line
	Evidence    []proof
	Curl        string // a command line that asks for the same again
	References  []string
	CVE, CWE    []string
	CVSS        string // vector
	Fixed       []string
	Tags        []string
	Fingerprint string

	scanner.Standing
}

// proof is a piece of evidence.
type proof struct{ Request, Response, Note string }

// newEntry is a finding in a language.
func newEntry(f scanner.Finding, language string) entry {
	words := message.In(language)
	info, _ := f.Signature.For(f.Hit.Variant)
	w := info.Words(language)
	e := entry{
		Signature: message.Line(f.Signature.ID), Severity: f.Severity, Certainty: f.Hit.Certainty,
		Target: message.Line(f.Target), URL: message.Line(f.Hit.URL), Matcher: message.Line(f.Hit.Matcher),
		Name: message.Line(w.Name), Description: message.Printable(w.Description), Impact: message.Printable(w.Impact),
		Remediation: remedyOf(f, language),
		Values:      valuesText(words, withPictures(f.Hit)), Standing: f.Standing,
		References: printable(info.Reference), CVE: printable(info.Classification.CVEID), CVSS: message.Line(info.Classification.CVSSMetrics),
		Tags: printable(info.Tags), Fingerprint: message.Line(f.Fingerprint),
	}
	if s := standingText(f.Standing, words); s != "" {
		e.Values = strings.TrimSuffix(s+"   "+e.Values, "   ")
	}
	e.Rule = e.Signature
	if f.Hit.Variant != "" {
		e.Rule += "/" + message.Line(f.Hit.Variant)
	}
	if e.Certainty == "" {
		e.Certainty = scanner.Confirmed
	}
	if e.Name == "" {
		e.Name = e.Signature
	}
	for _, n := range weaknesses(info.Classification.CWEID) {
		e.CWE = append(e.CWE, fmt.Sprintf("CWE-%d", n))
	}
	if fixed := valueText(words, f.Hit.Values["fixed"]); f.Hit.Values["fixed"] != nil && fixed != "" {
		e.Fixed = strings.Split(message.Line(fixed), ", ")
	}
	for _, one := range f.Hit.Evidence {
		e.Evidence = append(e.Evidence, proof{message.Printable(one.Request), message.Printable(one.Response), message.Line(words.Text(one.Note))})
	}
	e.Method, e.Curl = reproduce(e)
	return e
}

// wordsOf are the words of a finding in a language, as the signature has them.
func wordsOf(f *scanner.Finding, language string) signature.Words {
	info, _ := f.Signature.For(f.Hit.Variant)
	return info.Words(language)
}

// remedyOf is what to do about a finding, for the product that was seen alone.
func remedyOf(f scanner.Finding, language string) string {
	info, _ := f.Signature.For(f.Hit.Variant)
	seen := ""
	if cache := f.Hit.Values["cache"]; cache != nil {
		seen = valueText(message.In(language), cache)
	}
	return forProduct(message.Printable(info.Words(language).Remediation), seen)
}

func printable(list []string) []string {
	shown := make([]string, 0, len(list))
	for _, text := range list {
		shown = append(shown, message.Line(text))
	}
	return shown
}

// proofs are the evidence in one text.
func (e *entry) proofs() string {
	var parts []string
	for _, p := range e.Evidence {
		for _, text := range []string{p.Note, p.Request, p.Response} {
			if text != "" {
				parts = append(parts, strings.TrimSpace(text))
			}
		}
	}
	return strings.Join(parts, "\n\n")
}

// productLine begins a paragraph of a remedy that is for one product: "Varnish: ...".
var productLine = regexp.MustCompile(`^([A-Z]?[A-Za-z]+(?: [A-Z]?[A-Za-z]+)?): `)

// forProduct leaves of a remedy that names what to do for several products the part for the one that was seen.
func forProduct(remedy, seen string) string {
	if seen == "" {
		return remedy
	}
	lines := strings.Split(remedy, "\n")
	isSeen := func(line string) bool {
		m := productLine.FindStringSubmatch(line)
		return m != nil && strings.Contains(strings.ToLower(seen), strings.ToLower(m[1]))
	}
	if !slices.ContainsFunc(lines, isSeen) {
		return remedy
	}
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool { return productLine.MatchString(line) && !isSeen(line) }), "\n")
}

// firstSentence is the beginning of a text, for a heading.
func firstSentence(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if head, _, cut := strings.Cut(text, "。"); cut {
		return head + "。"
	}
	if at := strings.Index(text, ". "); at > 0 {
		return text[:at+1]
	}
	return text
}

// webLink is an address that a report may link to, "" for any other text.
func webLink(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return u.String()
}

// rank orders findings for people: the most severe first, then the surest.
func rank(a, b *entry) int {
	if d := b.Severity.Rank() - a.Severity.Rank(); d != 0 {
		return d
	}
	sure := func(e *entry) int {
		if e.Certainty == scanner.Confirmed {
			return 0
		}
		return 1
	}
	return sure(a) - sure(b)
}
