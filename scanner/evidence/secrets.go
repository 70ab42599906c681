package evidence

import (
	"encoding/json"
	"html"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner/web"
)

// Secrets are texts that a report shows nowhere, whatever they look like. Nil hides only what Mask does.
type Secrets []string

// shortestSecret is the length in bytes below which a text stands in too many places to be hidden in all of them.
const shortestSecret = 4

// NewSecrets are the given texts, also as they are written in addresses, pages and JSON. Empty and harmless ones are left
// out.
func NewSecrets(texts []string) Secrets {
	var list Secrets
	for _, text := range texts {
		text = strings.TrimSpace(text)
		if len(text) < shortestSecret || harmless(text) {
			continue
		}
		list = append(list, text, url.QueryEscape(text), url.PathEscape(text), html.EscapeString(text))
		if quoted, err := json.Marshal(text); err == nil {
			list = append(list, string(quoted[1:len(quoted)-1]))
		}
		list = append(list, strings.ReplaceAll(text, "/", `\/`))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Hide is a text with the secrets in it masked, and nothing else.
func (s Secrets) Hide(text string) string {
	return cover(text, inOrder(s.within(text, span{0, len(text)})))
}

// within are the places of the secrets that lie at least in part within w.
func (s Secrets) within(text string, w span) []span {
	var spans []span
	for _, secret := range s {
		at := max(w.start-len(secret), 0)
		end := min(w.end+len(secret), len(text))
		for secret != "" && at < end {
			next := strings.Index(text[at:end], secret)
			if next < 0 {
				break
			}
			spans = append(spans, span{at + next, at + next + len(secret)})
			at += next + len(secret)
		}
	}
	return spans
}

// placesLooked is at how many places of a body a value is looked at.
const placesLooked = 3

// IsMasked reports whether text is masked where it stands in an answer, such as under the name of a secret, which the text
// alone does not show. A part of something longer that is masked for its look does not count.
func IsRedacted(ex *web.Exchange, text string) bool {
	if len(text) < shortestSecret {
		return false
	}
	for name, values := range ex.Header {
		for _, value := range values {
			if redactedIn(name+": "+value, text) {
				return true
			}
		}
	}
	return redactedIn(ex.Text(), text)
}

func redactedIn(whole, text string) bool {
	at := 0
	for range placesLooked {
		next := strings.Index(whole[at:], text)
		if next < 0 {
			return false
		}
		start := at + next
		at = start + len(text)
		mail := at < len(whole) && whole[at] == '@'
		before := runeStart(whole, start-1)
		if !mail && Secrets(nil).redactWindow(whole, span{before, at}) == whole[before:start]+redacted {
			return true
		}
	}
	return false
}
