// Package report writes the results of a scan: one file per format, each a scanner.Sink. A scan saved in JSON lines can be
// replayed into any of them.
package report

import (
	"io"
	"maps"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// Options say how a report reads.
type Options struct {
	Language string // "en" or "ja"
	Color    bool   // the destination is a terminal that shows colours
	Width    int    // columns of the terminal that text goes to; 0 for what is no terminal
	Verbose  bool   // every outcome, also the clean ones

	Signatures map[string]*signature.Signature // by id, those that are known: reports name what ran and found nothing

	Chromium string // the browser that prints PDF

	PaymentDays *PaymentDays // looks of earlier scans, which the evidence pack about payment pages lists; nil without a history

	Watched *Watched // what html says of a site that is watched; nil for the report of one scan

	Fails         func(signature.Severity, scanner.Certainty) bool // findings that fail a test of JUnit; nil: those that are high or critical
	NewSignatures bool                                             // findings of signatures that the baseline does not know fail it, too
}

// Format makes the sink of one format.
type Format func(w io.Writer, o Options) scanner.Sink

// Formats are all formats by the name of --output.
func Formats() map[string]Format {
	return map[string]Format{
		"text":       NewText,
		"jsonl":      NewJSONLines,
		"sarif":      NewSARIF,
		"junit":      NewJUnit,
		"csv":        NewCSV,
		"markdown":   NewMarkdown,
		"xlsx":       NewXLSX,
		"html":       NewHTML,
		"pdf":        NewPDF,
		"gitlab":     NewGitLab,
		"defectdojo": NewDefectDojo,
		"cyclonedx":  NewCycloneDX,
	}
}

// ByName finds a format, or says which there are.
func ByName(name string) (Format, error) {
	if f, ok := Formats()[name]; ok {
		return f, nil
	}
	return nil, message.Errorf("%q is not a format; there are %s", name, strings.Join(slices.Sorted(maps.Keys(Formats())), ", "))
}
