package web

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
)

// shortestSecret is the length in bytes from which a value can be told from a common word.
const shortestSecret = 6

// public are headers whose values are no secret, and may well stand in an answer for other reasons.
var public = []string{"Host", "User-Agent", "Referer", "Origin", "Range", "Cache-Control", "Pragma", "Content-Type", "Forwarded", "Dnt"}

// Secrets are the values in the headers of a visitor that no report may show, wherever a server repeats them: whole values,
// tokens behind a scheme such as Bearer, both halves of Basic, cookies one by one. Longer ones come first.
func Secrets(h http.Header) []string {
	var list []string
	for name, values := range h {
		if slices.Contains(public, name) || strings.HasPrefix(name, "Accept") || strings.HasPrefix(name, "X-Forwarded-") {
			continue
		}
		for _, value := range values {
			list = append(list, value)
			if name == "Cookie" {
				for pair := range strings.SplitSeq(value, ";") {
					_, cookie, _ := strings.Cut(pair, "=")
					list = append(list, strings.TrimSpace(cookie))
				}
				continue
			}
			scheme, token, found := strings.Cut(value, " ")
			if !found {
				continue
			}
			list = append(list, strings.TrimSpace(token))
			if plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token)); err == nil && strings.EqualFold(scheme, "Basic") {
				_, password, _ := strings.Cut(string(plain), ":")
				list = append(list, string(plain), password)
			}
		}
	}
	list = slices.DeleteFunc(list, func(s string) bool { return len(s) < shortestSecret })
	slices.SortFunc(list, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(list)
}

// Secrets are the values that no report may show.
func (c Credentials) Secrets() []string {
	h := c.header.Clone()
	for _, g := range c.cookies {
		h.Add("Cookie", g.cookie.Name+"="+g.cookie.Value)
	}
	return Secrets(h)
}
