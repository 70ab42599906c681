// Package browser shows a page in an installed Chromium as a visitor's browser does, and tells what ran there.
package browser

import "net/http"

// Visit is how a page is looked at.
type Visit string

// How a page is looked at. Skimmers hide from some of these.
const (
	VisitFirst  Visit = "first"  // a new visitor
	VisitLater  Visit = "later"  // the same visitor again: cookies and storage are kept
	VisitSearch Visit = "search" // a new visitor who comes from a search engine
	VisitPhone  Visit = "phone"  // a new visitor with a phone
)

// Visits are all, in the order in which a page is looked at.
func Visits() []Visit { return []Visit{VisitFirst, VisitLater, VisitSearch, VisitPhone} }

// Look is what one visit of a page showed. Addresses are as the page used them; values of storage, cookies and fields are
// never read.
type Look struct {
	URL      string      `json:"url"` // that was asked for
	Final    string      `json:"final"`
	Visit    Visit       `json:"visit"`
	HTMLOnly bool        `json:"html_only,omitempty"` // there was no browser: what the HTML tells, and nothing that a script did
	Status   int         `json:"status"`
	Header   http.Header `json:"header"` // of the page, as received

	Scripts   []Script     `json:"scripts,omitempty"` // in the order in which they ran
	Forms     []Form       `json:"forms,omitempty"`   // as they stand when the page has loaded
	Frames    []Frame      `json:"frames,omitempty"`
	Sheets    []Sheet      `json:"sheets,omitempty"`
	Requests  []Request    `json:"requests,omitempty"` // all that the page asked for, in order
	Storage   []StorageKey `json:"storage,omitempty"`
	Workers   []Worker     `json:"workers,omitempty"`
	Listeners []Listener   `json:"listeners,omitempty"` // on fields for card data and passwords

	Unseen     []string `json:"unseen,omitempty"` // what could not be seen, in plain English
	Screenshot []byte   `json:"-"`                // JPEG of what is seen first, at most MaxPicture bytes; nil when there is none
}

// Script is one that ran, or that the page names.
type Script struct {
	URL        string   `json:"url,omitempty"`        // "" for inline and generated ones
	Kind       string   `json:"kind"`                 // file, inline, eval, module, worker
	Initiators []string `json:"initiators,omitempty"` // addresses of the scripts or pages that brought it in, the nearest first
	Frame      string   `json:"frame,omitempty"`      // address of the frame in which it ran, "" for the page itself
	SHA384     string   `json:"sha384,omitempty"`     // of its source, base64, as in integrity="sha384-..."; "" when it was not read
	Size       int      `json:"size"`                 // bytes
	Integrity  string   `json:"integrity,omitempty"`  // the integrity attribute
	Nonce      bool     `json:"nonce,omitempty"`
	CSP        string   `json:"csp,omitempty"` // allowed, reported, blocked; "" when the page has no policy for scripts
	Source     []byte   `json:"-"`             // at most 2 MiB
}

// Sheet is a style sheet that the page loaded, or names.
type Sheet struct {
	URL       string `json:"url"`
	Frame     string `json:"frame,omitempty"`  // address of the frame that it is of, "" for the page itself
	SHA384    string `json:"sha384,omitempty"` // as that of scripts; "" when it was not read
	Size      int    `json:"size"`             // bytes
	Integrity string `json:"integrity,omitempty"`
	Source    []byte `json:"-"`
}

// Form is a form or, where Action is "", fields outside of any.
type Form struct {
	Action string  `json:"action"` // absolute
	Method string  `json:"method"`
	Frame  string  `json:"frame,omitempty"`
	Hidden bool    `json:"hidden,omitempty"` // it takes no room on the page
	Fields []Field `json:"fields,omitempty"`
}

// Field is an input of a page. Its value is never read.
type Field struct {
	Name         string `json:"name,omitempty"`
	ID           string `json:"id,omitempty"`
	Type         string `json:"type,omitempty"`
	Autocomplete string `json:"autocomplete,omitempty"`
	Label        string `json:"label,omitempty"` // label, aria-label or placeholder
	Holds        string `json:"holds,omitempty"` // card, password; "" for others
}

// Frame is a frame of the page.
type Frame struct {
	URL     string `json:"url"`
	Parent  string `json:"parent,omitempty"` // address of the frame around it, "" for the page itself
	Sandbox string `json:"sandbox,omitempty"`
	Hidden  bool   `json:"hidden,omitempty"`
}

// Request is one that the page made.
type Request struct {
	URL       string `json:"url"`
	Method    string `json:"method"`
	Kind      string `json:"kind"`                // document, script, style, image, font, fetch, beacon, websocket, other
	Initiator string `json:"initiator,omitempty"` // address of the script or page that made it
	Held      string `json:"held,omitempty"`      // why it was not sent; "" when it was
	Status    int    `json:"status,omitempty"`
}

// StorageKey is the name of something that the page keeps in the browser.
type StorageKey struct {
	Origin string `json:"origin"`
	Area   string `json:"area"` // local, session, cookie, indexeddb, cache
	Key    string `json:"key"`
}

// Worker is a worker that the page started.
type Worker struct {
	Kind string `json:"kind"` // service, shared, dedicated
	URL  string `json:"url"`
}

// Listener is code that is told what a visitor types.
type Listener struct {
	Field  Field  `json:"field"`
	On     string `json:"on"`               // field, form, document, window
	Event  string `json:"event"`            // such as keyup, input, change, submit
	Script string `json:"script,omitempty"` // address of the script, "" when it is inline
	SHA384 string `json:"sha384,omitempty"` // of an inline one
}
