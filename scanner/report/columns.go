package report

import (
	"strconv"
	"strings"
	"time"

	"sotomi/scanner/message"
)

// columns are those of a list of findings, by the id of their heading. The last ones are for whoever works with the list.
var columns = []string{
	"number", "kind", "target", "name", "severity", "certainty", "cvss", "cwe", "cve", "url", "method", "description", "impact", "values", "curl",
	"proof", "remedy", "references", "state", "due", "owner", "first-seen", "retest", "remarks", "id", "signature",
}

// headings are the columns' headings in a language.
func headings(words message.Language) []string {
	texts := make([]string, len(columns))
	for i, id := range columns {
		texts[i] = words.Say("column-"+id, nil)
	}
	return texts
}

// findingRow is a finding under the columns.
func findingRow(e *entry, number int, day string, words message.Language) []string {
	return []string{
		strconv.Itoa(number), words.Say("kind-finding", nil), e.Target, e.Name, words.Say("severity-"+string(e.Severity), nil),
		words.Say("certainty-"+string(e.Certainty), nil), e.CVSS, strings.Join(e.CWE, ", "), strings.Join(e.CVE, ", "), e.URL, e.Method,
		e.Description, e.Impact, e.Values, e.Curl, e.proofs(), e.Remediation, strings.Join(e.References, "\n"),
		stateOf(e.Standing, words), "", "", day, retestText(e.Retest, words), "", e.Fingerprint, e.Signature,
	}
}

// lossRow is what could not be checked under the columns: what is not in the list of findings was not all looked at.
func lossRow(l *loss, number int, words message.Language) []string {
	row := make([]string, len(columns))
	for i, id := range columns {
		switch id {
		case "number":
			row[i] = strconv.Itoa(number)
		case "kind":
			row[i] = words.Say("kind-unchecked", nil)
		case "target":
			row[i] = l.Target
		case "name":
			row[i] = l.names(words)
		case "description":
			row[i] = words.Say("status-"+string(l.Status), nil) + ": " + l.Reason
		}
	}
	return row
}

// dayOf is a date as the language writes it.
func dayOf(t time.Time, language string) string {
	if t.IsZero() {
		return ""
	}
	if language == "ja" {
		return t.UTC().Format("2006/01/02")
	}
	return t.UTC().Format(time.DateOnly)
}

// maxCell is the most that a cell of a spreadsheet holds, in characters.
const maxCell = 32_767

// cell is a text that a spreadsheet takes for text, not for a formula, also where it reads full-width signs or skips blanks.
func cell(text string) string {
	bare := strings.TrimLeft(text, " \t\r\n\u00a0\u3000")
	if bare != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(bare)[0]) || text != "" && strings.ContainsRune("\t\r\n", rune(text[0])) {
		text = "'" + text
	}
	return cut(text, maxCell)
}
