package triage

import (
	"cmp"
	"errors"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// DefaultIgnoreFile is read when it is in the working folder.
const DefaultIgnoreFile = ".sotomi-ignore.yaml"

// IgnoreFile is .sotomi-ignore.yaml: findings that do not count until a day.
type IgnoreFile struct {
	Ignore []IgnoreEntry `yaml:"ignore" json:"ignore"`
}

// IgnoreEntry suppresses one finding by its id, or those of a signature on targets.
type IgnoreEntry struct {
	ID        string `yaml:"id,omitempty" json:"id,omitempty" jsonschema:"minLength=1,description=Id of a finding: its fingerprint"`
	Signature string `yaml:"signature,omitempty" json:"signature,omitempty" jsonschema:"minLength=1,description=Id of a signature; needs target"`
	Target    string `yaml:"target,omitempty" json:"target,omitempty" jsonschema:"minLength=1,description=Targets of the signature: an address with its scheme or a host; * stands for any text"`
	Reason    string `yaml:"reason" json:"reason" jsonschema:"required,minLength=1,description=Why the finding does not count"`
	Until     string `yaml:"until" json:"until" jsonschema:"required,pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,description=The last day on which it does not count (UTC)"`
	Owner     string `yaml:"owner,omitempty" json:"owner,omitempty" jsonschema:"description=Who has decided so"`
	Ticket    string `yaml:"ticket,omitempty" json:"ticket,omitempty" jsonschema:"description=Where it is followed up"`
	Status    string `yaml:"status,omitempty" json:"status,omitempty" jsonschema:"enum=accepted,enum=false-positive,enum=in-progress,description=accepted when it is left out"`
}

// rule is what suppresses findings, from whatever file.
type rule struct {
	place   string // file and line, for people
	what    string // what it is for, for people
	matches func(scanner.Finding) bool
	about   func(signature, target string) bool // whether it is about what this signature finds there; nil when that cannot be told
	expects *expectation                        // nil for what is about findings, not ports
	suppression
}

type suppression struct {
	scanner.Suppression
	until time.Time // the first moment at which it no longer holds; zero when it has no end
}

// ReadIgnore reads an ignore file. The error names every mistake with file and line.
func (r *Rules) ReadIgnore(name string, text []byte) error {
	var f IgnoreFile
	err := signature.DecodeFile(name, text, &f)
	return errors.Join(err, addEntries(r, name, signature.ItemLines(text, "ignore"), f.Ignore))
}

const dayForm = "2006-01-02"

// rule checks an entry.
func (e IgnoreEntry) rule() (rule, []message.Message) {
	var wrong []message.Message
	mistake := func(format string, args ...any) { wrong = append(wrong, message.New(format, args...)) }
	r := rule{what: e.ID, suppression: suppression{Suppression: scanner.Suppression{
		Reason: strings.TrimSpace(e.Reason), Until: e.Until, Owner: e.Owner, Ticket: e.Ticket,
		Status: cmp.Or(scanner.SuppressionStatus(e.Status), scanner.Accepted),
	}}}
	switch {
	case e.ID == "" && e.Signature == "":
		mistake("an entry needs an id, or a signature and a target")
	case e.ID != "" && (e.Signature != "" || e.Target != ""):
		mistake("an entry with an id takes no signature and no target")
	case e.ID == "" && e.Target == "":
		mistake("a signature needs a target, such as https://shop.example or *.shop.example; * is all of them")
	}
	if r.Reason == "" {
		mistake("an entry needs a reason")
	}
	day, err := time.Parse(dayForm, e.Until)
	switch {
	case e.Until == "":
		mistake("an entry needs until, the last day on which it holds, such as 2027-03-31")
	case err != nil:
		mistake("until: %q is not a day such as 2027-03-31", e.Until)
	}
	r.until = day.AddDate(0, 0, 1)
	known := []scanner.SuppressionStatus{scanner.Accepted, scanner.FalsePositive, scanner.InProgress}
	if !slices.Contains(known, r.Status) {
		mistake("status: %q is none; there are accepted, false-positive, in-progress", e.Status)
	}
	if e.ID != "" {
		r.matches = func(f scanner.Finding) bool { return f.Is(e.ID) }
		return r, wrong
	}
	r.what = message.New("%s on %s", e.Signature, e.Target).String()
	there := target.Pattern(e.Target)
	r.about = func(signature, target string) bool { return signature == e.Signature && there(target) }
	r.matches = func(f scanner.Finding) bool { return r.about(f.Signature.ID, f.Target) }
	return r, wrong
}
