package scanner

import (
	"fmt"
	"strings"
	"time"

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
	Matcher   string    // name of the matcher of a template, or of the thing where a check finds several at one place; "" if it has none
	Values    Values
	Evidence  []evidence.Evidence
}

// Values are facts about a hit by name: strings, numbers, booleans, lists of strings, and Messages where a value is words
// for people. Never a secret, never a person's data.
type Values map[string]any

// listSeparator stands between the items of a list in a fact, as in reports. No item of a value that others need has one.
const listSeparator = ", "

// Facts are the values as signatures that need them see them: as text. The items of a list are joined by ", "; FactList
// takes them apart.
func (v Values) Facts() map[string]string {
	facts := make(map[string]string, len(v))
	for name, value := range v {
		if list, ok := value.([]string); ok {
			facts[name] = strings.Join(list, listSeparator)
		} else {
			facts[name] = fmt.Sprint(value)
		}
	}
	return facts
}

// FactList is the items of a fact that was a list of strings.
func FactList(fact string) []string {
	if fact == "" {
		return nil
	}
	return strings.Split(fact, listSeparator)
}

// Finding is a Hit with the signature's words.
type Finding struct {
	Signature   *signature.Signature
	Severity    signature.Severity
	Target      string
	Hit         Hit
	Fingerprint string // stable over runs: hex

	Time    time.Time // UTC, when the answer came that shows it; zero for a finding that was saved without
	Address string    // IP:port that gave the answer; "" through a proxy
}
