package payment

import (
	"errors"
	"slices"
	"strings"
	"time"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// DefaultFile is read when it is in the working folder.
const DefaultFile = "payment.yaml"

// Integrity is how it is made sure that a script stays what was approved.
type Integrity string

// How scripts are kept as they were approved.
const (
	ByHash   Integrity = "hash"       // its contents are one of hashes
	ByShape  Integrity = "shape"      // of an inline one: its code and the hosts in it stay, its data may change
	BySRI    Integrity = "sri"        // the page names the hash; the browser runs nothing else
	ByCSP    Integrity = "csp"        // the policy of the page allows it by nonce or hash
	ByVendor Integrity = "vendor"     // its vendor sees to it
	ByDeploy Integrity = "own-deploy" // the operator's build gives each version a name of its own: new contents come with a new name
)

// File is payment.yaml: what the operator has approved of the payment pages.
type File struct {
	Scripts []Entry   `yaml:"scripts,omitempty" json:"scripts,omitempty" jsonschema:"description=Scripts that may run on payment pages"`
	Styles  []Entry   `yaml:"styles,omitempty" json:"styles,omitempty" jsonschema:"description=Style sheets of other hosts. Without any the hosts are enough"`
	Forms   []Allowed `yaml:"forms,omitempty" json:"forms,omitempty" jsonschema:"description=Addresses that forms may send to"`
	Frames  []Allowed `yaml:"frames,omitempty" json:"frames,omitempty" jsonschema:"description=Addresses that frames may show"`
	Hosts   []Allowed `yaml:"hosts,omitempty" json:"hosts,omitempty" jsonschema:"description=Other hosts that the pages may send requests to"`
	Workers []Allowed `yaml:"workers,omitempty" json:"workers,omitempty" jsonschema:"description=Addresses of workers that the pages may start"`
	Headers []Rule    `yaml:"headers,omitempty" json:"headers,omitempty" jsonschema:"description=Headers that the pages must have"`
}

// Entry is a script, or several whose addresses follow one pattern.
type Entry struct {
	URL       string    `yaml:"url,omitempty" json:"url,omitempty" jsonschema:"description=Address of the script; * stands for any text without a slash and ** for any text"`
	Inline    string    `yaml:"inline,omitempty" json:"inline,omitempty" jsonschema:"description=A name of your own for a script that stands in the page"`
	Integrity Integrity `yaml:"integrity" json:"integrity" jsonschema:"required,enum=hash,enum=shape,enum=sri,enum=csp,enum=vendor,enum=own-deploy,description=How it is made sure that it stays what was approved"`
	Hashes    []string  `yaml:"hashes,omitempty" json:"hashes,omitempty" jsonschema:"description=sha384-... of its contents; of an inline script with integrity shape: what sotomi has computed"`
	Files     []Known   `yaml:"files,omitempty" json:"files,omitempty" jsonschema:"description=With own-deploy: the files seen so far. One of them with other contents is told"`
	Approval  `yaml:",inline"`
	Text      string `yaml:"text,omitempty" json:"text,omitempty" jsonschema:"description=The inline script as it was approved; changes are shown against it"`
}

// Approval is who answers for a thing, why it is there, and who allowed it.
type Approval struct {
	Owner    string  `yaml:"owner,omitempty" json:"owner,omitempty" jsonschema:"description=Who answers for it"`
	Purpose  string  `yaml:"purpose,omitempty" json:"purpose,omitempty" jsonschema:"description=Why the page needs it"`
	Approved *Signed `yaml:"approved,omitempty" json:"approved,omitempty" jsonschema:"description=When it was approved and by whom"`
	Until    string  `yaml:"until,omitempty" json:"until,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,description=The last day of the approval (UTC); without it there is no end"`
	// It stays allowed on other pages.
	Pages []string `yaml:"pages,omitempty" json:"pages,omitempty" jsonschema:"description=Addresses of the pages that have it; one that has it no more is told. Without them it is told when none of a site has it"`

	Kept Integrity `yaml:"-" json:"integrity,omitempty" jsonschema:"-"` // in reports: the integrity of its entry
}

// Signed is an approval's day and person.
type Signed struct {
	On string `yaml:"on" json:"on" jsonschema:"required,pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,description=The day such as 2026-11-27"`
	By string `yaml:"by" json:"by" jsonschema:"required,minLength=1,description=Who approved it"`
}

// String is the day and the person, "" for no approval.
func (s *Signed) String() string {
	if s == nil {
		return ""
	}
	return s.On + " " + s.By
}

// Known is a file that an entry with own-deploy has seen.
type Known struct {
	URL  string `yaml:"url" json:"url" jsonschema:"required,minLength=1"`
	Hash string `yaml:"hash" json:"hash" jsonschema:"required,pattern=^sha384-"`
}

// Allowed is an address or a host that the pages may use.
type Allowed struct {
	To       string `yaml:"to" json:"to" jsonschema:"required,minLength=1,description=An address or a host; * stands for any text without a slash and ** for any text"`
	Approval `yaml:",inline"`
}

// Rule is a header that the pages must have.
type Rule struct {
	Name  string `yaml:"name" json:"name" jsonschema:"required,minLength=1,description=Name of the header"`
	Value string `yaml:"value,omitempty" json:"value,omitempty" jsonschema:"description=Its value; * stands for any text; without it any value will do"`
}

// dayForm is how days are written.
const dayForm = "2006-01-02"

// sha384 stands before hashes in payment.yaml, as in integrity attributes.
const sha384 = "sha384-"

// Read reads a payment.yaml. The error names every mistake with file and line.
func Read(name string, text []byte) (*File, error) {
	f := &File{}
	if err := signature.DecodeFile(name, text, f); err != nil {
		return nil, err
	}
	var errs []error
	check := func(key string, mistakes func(i int) []message.Message, n int) {
		lines := signature.ItemLines(text, key)
		for i := range n {
			for _, m := range mistakes(i) {
				errs = append(errs, message.Errorf("%s:%d: %s", name, lines[i], m))
			}
		}
	}
	check("styles", func(i int) []message.Message {
		if f.Styles[i].Inline != "" {
			return []message.Message{message.New("a style sheet needs url")}
		}
		return f.Styles[i].mistakes()
	}, len(f.Styles))
	check("scripts", func(i int) []message.Message { return f.Scripts[i].mistakes() }, len(f.Scripts))
	for _, list := range []struct {
		key   string
		items []Allowed
	}{{"forms", f.Forms}, {"frames", f.Frames}, {"hosts", f.Hosts}, {"workers", f.Workers}} {
		check(list.key, func(i int) []message.Message { return list.items[i].mistakes() }, len(list.items))
	}
	check("headers", func(i int) []message.Message {
		if strings.TrimSpace(f.Headers[i].Name) == "" {
			return []message.Message{message.New("a header needs a name")}
		}
		return nil
	}, len(f.Headers))
	return f, errors.Join(errs...)
}

func (e *Entry) mistakes() []message.Message {
	var wrong []message.Message
	mistake := func(format string, a ...any) { wrong = append(wrong, message.New(format, a...)) }
	switch {
	case (e.URL == "") == (e.Inline == ""):
		mistake("a script needs url, or inline with a name of your own")
	case !slices.Contains([]Integrity{ByHash, ByShape, BySRI, ByCSP, ByVendor, ByDeploy}, e.Integrity):
		mistake("integrity: %q is none of hash, shape, sri, csp, vendor, own-deploy", string(e.Integrity))
	case e.Inline != "" && e.Integrity != ByHash && e.Integrity != ByShape:
		mistake("integrity: an inline script is kept by hash or shape, not by %s", string(e.Integrity))
	case e.URL != "" && e.Integrity == ByShape:
		mistake("integrity: shape is for inline scripts")
	case (e.Integrity == ByHash || e.Integrity == ByShape) && len(e.Hashes) == 0:
		mistake("integrity: %s needs hashes; sotomi payment accept writes them", string(e.Integrity))
	}
	for _, h := range e.Hashes {
		if !strings.HasPrefix(h, sha384) {
			mistake("hashes: %q does not begin with sha384-", h)
		}
	}
	return append(wrong, e.Approval.mistakes()...)
}

func (a *Allowed) mistakes() []message.Message {
	var wrong []message.Message
	if strings.Trim(a.To, "* ") == "" {
		wrong = append(wrong, message.New("an entry needs to: an address or a host"))
	}
	return append(wrong, a.Approval.mistakes()...)
}

func (a *Approval) mistakes() []message.Message {
	var wrong []message.Message
	day := func(key, text string) {
		if _, err := time.Parse(dayForm, text); err != nil {
			wrong = append(wrong, message.New("%s: %q is not a day such as 2027-03-31", key, text))
		}
	}
	if a.Until != "" {
		day("until", a.Until)
	}
	if a.Approved != nil {
		day("approved.on", a.Approved.On)
		if strings.TrimSpace(a.Approved.By) == "" {
			wrong = append(wrong, message.New("approved needs by: who approved it"))
		}
	}
	return wrong
}

// ended reports whether the last day of an approval is over.
func (a *Approval) ended(now time.Time) bool {
	day, err := time.Parse(dayForm, a.Until)
	return a.Until != "" && err == nil && !now.Before(day.AddDate(0, 0, 1))
}

// Justified reports whether there is a written reason, and somebody who allowed it.
func (a *Approval) Justified() bool {
	return a != nil && strings.TrimSpace(a.Purpose) != "" && a.Approved != nil
}
