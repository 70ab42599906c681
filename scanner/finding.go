package scanner

import (
	"fmt"
	"strings"
	"time"

	"sotomi/scanner/evidence"
	"sotomi/scanner/payment"
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
	Pictures  *evidence.Pictures // of the page; nil for none. They never change
	Page      *payment.Page      // what a payment page is made of, where the hit tells that; else nil. It never changes
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
	Fingerprint string // stable over runs, with the version of how it is made: v1:0123…

	Time    time.Time // UTC, when the answer came that shows it; zero for a finding that was saved without
	Address string    // IP:port that gave the answer; "" through a proxy

	Standing
}

// Standing is what the user knows of a finding already.
type Standing struct {
	Baseline   Novelty      // "" without a baseline
	Suppressed *Suppression // nil for a finding that is open
	Retest     *Retest      // nil for one that was not looked at again
}

// Novelty is how a finding stands to a baseline.
type Novelty string

// How a finding stands to a baseline.
const (
	Known        Novelty = "known"         // in it
	New          Novelty = "new"           // not in it
	NewSignature Novelty = "new-signature" // not in it, and neither is its signature: nobody knows since when it is there
)

// Suppression is why a finding does not count, as the user wrote it.
type Suppression struct {
	Reason string            `json:"reason"`
	Until  string            `json:"until,omitempty"` // the last day, 2006-01-02; "" for a statement that has none
	Owner  string            `json:"owner,omitempty"`
	Ticket string            `json:"ticket,omitempty"`
	Status SuppressionStatus `json:"status"`
	Source string            `json:"source,omitempty"` // file, and line where there are lines
}

// SuppressionStatus is what kind of suppression one is.
type SuppressionStatus string

// The kinds of suppressions. The last two are of OpenVEX.
const (
	Accepted      SuppressionStatus = "accepted" // the risk is taken
	FalsePositive SuppressionStatus = "false-positive"
	InProgress    SuppressionStatus = "in-progress" // it is being mended
	NotAffected   SuppressionStatus = "not-affected"
	Fixed         SuppressionStatus = "fixed"
)
