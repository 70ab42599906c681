package scanner

import (
	"sotomi/scanner/evidence"
	"sotomi/scanner/signature"
)

// Certainty is how sure a finding is.
type Certainty string

// How sure a finding is.
const (
	Confirmed Certainty = "confirmed" // the exchange shows the weakness itself
	Possible  Certainty = "possible"  // the exchange shows a sign of it
)

// Hit is what a check saw. Words and severity come from the signature.
type Hit struct {
	URL       string    // where
	Certainty Certainty // "" is Confirmed
	Variant   string    // name in the signature's variants:, "" for its own words
	Matcher   string    // name of the matcher of a template, "" if it has none
	Values    Values
	Evidence  []evidence.Evidence
}

// Values are facts about a hit by name: strings, numbers, booleans, lists of strings, and Messages where a value is words
// for people. Never a secret, never a person's data.
type Values map[string]any

// Finding is a Hit with the signature's words.
type Finding struct {
	Signature   *signature.Signature
	Severity    signature.Severity
	Target      string
	Hit         Hit
	Fingerprint string // stable over runs: hex
}
