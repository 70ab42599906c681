// Package signature reads signature files: the public http template schema, with our own keys beside it.
//
// Our own files are decoded strictly: a misspelt key is an error with file and line. Public templates are decoded
// leniently: what sotomi does not support, or cannot read, is listed in Signature.Unsupported, and they are never run in
// part.
package signature

import (
	"io/fs"

	"sotomi/scanner/message"
)

// Severity of a finding, from the signature and never from a check.
type Severity string

// The severities, the worst first.
const (
	SeverityCritical Severity = "critical"
	SeverityHigh     Severity = "high"
	SeverityMedium   Severity = "medium"
	SeverityLow      Severity = "low"
	SeverityInfo     Severity = "info"
	SeverityUnknown  Severity = "unknown"
)

// Signature is one weakness (or product) and how it is recognised.
type Signature struct {
	ID            string    `yaml:"id" jsonschema:"required"`
	Info          Info      `yaml:"info" jsonschema:"required"`
	Variables     Variables `yaml:"variables"` // in file order: later ones may use earlier ones
	Flow          string    `yaml:"flow"`
	SelfContained bool      `yaml:"self-contained"`
	HTTP          []HTTP    `yaml:"http"`
	Requests      []HTTP    `yaml:"requests"` // older spelling of http; Load moves it there

	Safety   Safety             `yaml:"safety" jsonschema:"enum=passive,enum=active,enum=intrusive"` // how far its requests go; "" is computed from them, and passive for a check
	Certain  string             `yaml:"certainty" jsonschema:"enum=possible"`                        // "possible" where the blocks under http: see a sign of the weakness only, such as a version; "" where they see it
	Check    string             `yaml:"check"`                                                       // a Go check by name, instead of HTTP
	With     Params             `yaml:"with"`                                                        // its parameters
	Ports    []int              `yaml:"ports"`                                                       // further ports tried when the target names a bare host
	UDP      []int              `yaml:"udp"`                                                         // ports of UDP that are asked on a bare host
	Needs    []string           `yaml:"needs"`                                                       // facts that must be known before this runs
	Gives    string             `yaml:"gives"`                                                       // fact that a finding of this establishes
	Variants map[string]Variant `yaml:"variants"`                                                    // other words and severity for kinds of hits that the check tells apart; with http, by name of the matcher; where all matchers of a block must match, one of them names it
	Tests    []Case             `yaml:"tests"`

	File        string                         `yaml:"-"` // as named to the user
	FlowLine    int                            `yaml:"-"` // of the flow; counts from 1
	Roots       []string                       `yaml:"-"` // folders that payload files may lie in, in the order they are looked for
	Broken      error                          `yaml:"-"` // mistakes for which it is not run; only with Sources.SkipBroken
	needed      Safety                         // the lowest level that its requests can have
	declared    Safety                         // its level as the file says; "" when it does not
	fileID      string                         // the id in the file, when that is not ID
	refused     []mistake                      // what lint refuses of a public template that can run
	files       fs.FS                          // of an embedded one, instead of Roots
	told        func(name string, text []byte) // of every file that it names and that is read; nil for none
	listed      bool                           // one of several in its file
	line        int                            // where it begins; that of its row in a list
	Own         bool                           `yaml:"-"` // one of the embedded signatures
	Strict      bool                           `yaml:"-"` // carries keys of ours, so it was decoded strictly
	Unsupported []message.Message              `yaml:"-"` // features it uses that sotomi lacks; such a signature is never run
}

// Info is what a signature says about itself, the same for every target.
type Info struct {
	Name           string         `yaml:"name" jsonschema:"required"`
	Author         StringList     `yaml:"author"`
	Tags           StringList     `yaml:"tags"`
	Items          StringList     `yaml:"items"` // of checklists that findings speak to, such as card-6.0/2a; items.yaml has them all
	Description    string         `yaml:"description"`
	Impact         string         `yaml:"impact"`
	Remediation    string         `yaml:"remediation"`
	Reference      StringList     `yaml:"reference"`
	Severity       Severity       `yaml:"severity" jsonschema:"required,enum=critical,enum=high,enum=medium,enum=low,enum=info,enum=unknown"`
	Classification Classification `yaml:"classification"`
	Metadata       map[string]any `yaml:"metadata"`
	JA             Words          `yaml:"ja"`
}

// Words are the translatable ones. An empty field falls back to English.
type Words struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
	Impact      string `yaml:"impact"`
	Remediation string `yaml:"remediation"`
}

// Variant replaces the severity and those words that are not empty, for hits that carry its name.
type Variant struct {
	Severity    Severity `yaml:"severity"`
	Name        string   `yaml:"name"`
	Description string   `yaml:"description"`
	Impact      string   `yaml:"impact"`
	Remediation string   `yaml:"remediation"`
	JA          Words    `yaml:"ja"`
}

// Classification holds identifiers as the public schema spells them.
type Classification struct {
	CVEID       StringList `yaml:"cve-id"`
	CWEID       StringList `yaml:"cwe-id"` // "CWE-200"
	CVSSMetrics string     `yaml:"cvss-metrics"`
	CVSSScore   float64    `yaml:"cvss-score"`
	EPSSScore   float64    `yaml:"epss-score"`
	EPSSPercent float64    `yaml:"epss-percentile"`
	CPE         string     `yaml:"cpe"`
}

// WithoutBlocks is the signature without its blocks and cases, for what only needs its texts: thousands of blocks need not
// stay in memory once checks are made of them.
func (s *Signature) WithoutBlocks() *Signature {
	light := *s
	light.HTTP, light.Requests, light.Tests = nil, nil, nil
	return &light
}

// HTTP is one block under http:.
type HTTP struct {
	ID                   string             `yaml:"id"`
	Name                 string             `yaml:"name"`
	Method               string             `yaml:"method"`
	Path                 []string           `yaml:"path"`
	Raw                  []string           `yaml:"raw"`
	Headers              map[string]string  `yaml:"headers"`
	Body                 string             `yaml:"body"`
	Attack               string             `yaml:"attack" jsonschema:"enum=batteringram,enum=pitchfork,enum=clusterbomb"` // batteringram (default), pitchfork, clusterbomb
	Payloads             map[string]Payload `yaml:"payloads"`                                                              // by name: values, a file with one a line, or {list: NAME, values: [FURTHER]} with what is known of the target only: folders, application-folders (addresses without a slash at the end, its own first), site-names, site-copies
	PayloadNames         []string           `yaml:"-"`                                                                     // of Payloads, in the order of the file
	Matchers             []Matcher          `yaml:"matchers"`
	MatchersCondition    string             `yaml:"matchers-condition" jsonschema:"enum=or,enum=and"` // "or" (default), "and"
	Extractors           []Extractor        `yaml:"extractors"`
	StopAtFirstMatch     bool               `yaml:"stop-at-first-match"`
	Redirects            bool               `yaml:"redirects"`
	HostRedirects        bool               `yaml:"host-redirects"`
	MaxRedirects         int                `yaml:"max-redirects" jsonschema:"minimum=0"`
	MaxSize              int64              `yaml:"max-size" jsonschema:"minimum=0"`
	ReqCondition         bool               `yaml:"req-condition"`
	CookieReuse          bool               `yaml:"cookie-reuse"`
	DisableCookie        bool               `yaml:"disable-cookie"`
	IterateAll           bool               `yaml:"iterate-all"`
	DisablePathAutomerge bool               `yaml:"disable-path-automerge"`
	SkipVariablesCheck   bool               `yaml:"skip-variables-check"`
	Unsafe               bool               `yaml:"unsafe"`
	DigestUsername       string             `yaml:"digest-username"`
	DigestPassword       string             `yaml:"digest-password"`
	Pipeline             bool               `yaml:"pipeline"`
	Race                 bool               `yaml:"race"`
	Threads              int                `yaml:"threads" jsonschema:"minimum=0"`
	PreCondition         []Matcher          `yaml:"pre-condition"`
	Fuzzing              any                `yaml:"fuzzing"`
	Analyzer             any                `yaml:"analyzer"`
	GlobalMatchers       bool               `yaml:"global-matchers"`
	Line                 int                `yaml:"-"` // counts from 1
}

// Matcher decides by one kind of comparison.
type Matcher struct {
	Type            string   `yaml:"type" jsonschema:"required,enum=status,enum=size,enum=word,enum=regex,enum=binary,enum=dsl,enum=xpath,enum=favicon"` // status size word regex binary dsl xpath favicon
	Name            string   `yaml:"name"`
	Part            string   `yaml:"part"`                                    // "" is body; header, all, a header by its name (x_powered_by), or of an HTML page: page_title page_text page_generator page_scripts page_styles page_frames page_links page_files
	Condition       string   `yaml:"condition" jsonschema:"enum=or,enum=and"` // "or" (default), "and"
	Status          []int    `yaml:"status" jsonschema:"minItems=1"`
	Size            []int    `yaml:"size" jsonschema:"minItems=1"`
	Words           []string `yaml:"words" jsonschema:"minItems=1"`
	Regex           []string `yaml:"regex" jsonschema:"minItems=1"`
	Binary          []string `yaml:"binary" jsonschema:"minItems=1"` // hex
	DSL             []string `yaml:"dsl" jsonschema:"minItems=1"`
	XPath           []string `yaml:"xpath" jsonschema:"minItems=1"`
	Encoding        string   `yaml:"encoding" jsonschema:"enum=hex"` // "hex": words are hex
	Negative        bool     `yaml:"negative"`
	Internal        bool     `yaml:"internal"`
	CaseInsensitive bool     `yaml:"case-insensitive"`
	MatchAll        bool     `yaml:"match-all"`
	Line            int      `yaml:"-"`
}

// Extractor takes text out of an answer.
type Extractor struct {
	Type            string   `yaml:"type" jsonschema:"required,enum=regex,enum=kval,enum=json,enum=xpath,enum=dsl"` // regex kval json xpath dsl
	Name            string   `yaml:"name"`
	Part            string   `yaml:"part"` // as for matchers
	Regex           []string `yaml:"regex" jsonschema:"minItems=1"`
	Group           int      `yaml:"group" jsonschema:"minimum=0"`
	KVal            []string `yaml:"kval" jsonschema:"minItems=1"`
	JSON            []string `yaml:"json" jsonschema:"minItems=1"`
	XPath           []string `yaml:"xpath" jsonschema:"minItems=1"`
	Attribute       string   `yaml:"attribute"`
	DSL             []string `yaml:"dsl" jsonschema:"minItems=1"`
	Internal        bool     `yaml:"internal"` // for later requests only, not reported
	CaseInsensitive bool     `yaml:"case-insensitive"`
	ToFile          string   `yaml:"to"`
	Line            int      `yaml:"-"`
}

// Payload is a list of values, the name of a file with one per line, or a list that is known of each target only, with
// further values behind it.
type Payload struct {
	Values []string
	File   string // as written in the template; "" when Values or List are given
	List   string // one of PayloadLists; "" for none
}

// PayloadLists are the lists that a payload may name as {list: NAME, values: [FURTHER]}. Folders are addresses without a
// slash at the end, as BaseURL; the target's own comes first, and there are few.
var PayloadLists = []string{
	"folders",             // those in which pages, scripts, styles and pictures lie that the site's pages name
	"application-folders", // those of them that an application may lie in: of pages, themes and plug-ins, not of pictures
	"site-names",          // what the site's owner calls it: the host, with and without www and what is behind it
	"site-copies",         // the site's shortest name with a year or "backup" behind it; none for an address
}

// Case is one test that a signature carries.
type Case struct {
	Name    string                       `yaml:"name"`
	Serve   map[string]CaseResponse      `yaml:"serve"`   // by request path with query, "/"-rooted; 404 elsewhere
	Ports   []CasePort                   `yaml:"ports"`   // open ports of a host; all others are closed
	Before  map[string]CaseResponse      `yaml:"before"`  // what it served in six earlier scans of a watch, as serve
	Server  string                       `yaml:"server"`  // a scripted server by name, instead of serve
	File    string                       `yaml:"file"`    // a raw HTTP response for every path, instead of serve
	Path    string                       `yaml:"path"`    // path of the target URL; "" is the root
	Facts   map[string]map[string]string `yaml:"facts"`   // facts established beforehand
	TLS     string                       `yaml:"tls"`     // serves over HTTPS with a certificate of this kind: valid, expired, soon, wrong-name ...
	Session map[string]string            `yaml:"session"` // what each visitor sends, as in a file of --session: "Cookie: a=b"
	Page    []string                     `yaml:"page"`    // addresses as with --page
	Payment string                       `yaml:"payment"` // the text of a payment.yaml
	Want    []map[string]any             `yaml:"want"`    // one map of values a finding, in order; severity is the finding's; [] for nothing
	Outcome string                       `yaml:"outcome"` // the status expected; "" is found or clean, as Want says
}

// CaseResponse is one scripted answer.
type CaseResponse struct {
	Status int               `yaml:"status"` // 0 is 200
	Header map[string]string `yaml:"header"`
	Body   string            `yaml:"body"`
	Base64 string            `yaml:"base64"` // body as bytes, instead of Body
}

// CasePort is what an open port says. Characters up to U+00FF are bytes.
type CasePort struct {
	Port    int    `yaml:"port"`
	UDP     bool   `yaml:"udp"`     // it is a port of UDP
	Greets  string `yaml:"greets"`  // at once
	Answers string `yaml:"answers"` // to the first thing that it is told
	Echoes  bool   `yaml:"echoes"`  // it repeats what it is told

	Replies []CaseReply `yaml:"replies"` // to what it is told, in any order, as often as it is told
}

// CaseReply is what an open port answers when it has been told something.
type CaseReply struct {
	To   string `yaml:"to"`   // a part of what it was told since its last answer
	With string `yaml:"with"` // "" ends the connection
}

// Variable is one entry of variables:.
type Variable struct{ Name, Value string }

// Variables keep the order of the file.
type Variables []Variable

// StringList is written as a list, or as one string with commas.
type StringList []string
