// Package match is the public template language: matchers, extractors, expressions and placeholders over exchanges.
package match

import (
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// Vars are the names a template may use in {{...}} and in expressions: built-ins such as BaseURL, variables:, payloads
// and what internal extractors took.
type Vars map[string]any

// Data is what a block is judged on.
type Data struct {
	Exchange *web.Exchange   // the answer just received
	Earlier  []*web.Exchange // all answers of the block or flow so far, in order: body_1 is Earlier[0]'s
	Vars     Vars
}

// Program is the compiled matchers and extractors of one http block. It may be used by many goroutines.
type Program struct{}

// UnsupportedError names a feature of the language that sotomi lacks.
type UnsupportedError struct{ Feature string }

func (e *UnsupportedError) Error() string { return "not supported: " + e.Feature }

// Compile reads matchers, pre-conditions and extractors. The error is a *UnsupportedError, or says what is wrong with file line.
func Compile(h *signature.HTTP) (*Program, error) { return &Program{}, nil }

// Result of one answer.
type Result struct {
	Matched   bool                // as matchers-condition says; false when the block has no matchers
	Names     []string            // of the named matchers that matched, in file order
	Extracted []string            // all that non-internal extractors took, in order, without repeats
	Named     map[string][]string // the same by extractor name
	Internal  Vars                // for later requests
}

// Run judges one answer.
func (p *Program) Run(d *Data) Result { return Result{} }

// Expand replaces the placeholders {{...}} of text: names from vars, and expressions with helper functions. Unknown ones
// stay as they are and are listed in unresolved.
func Expand(text string, vars Vars) (out string, unresolved []string, err error) {
	return text, nil, nil
}
