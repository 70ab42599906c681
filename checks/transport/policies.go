package transport

import (
	"net/http"
	"slices"
	"strings"

	"sotomi/scanner/web"
)

// holds reports whether a page has something that its visitor can lose: a form that sends, or a session that begins. A
// leaflet has nothing that headers could protect.
func holds(page *web.Page) bool {
	sends := page.AsksForPassword() || slices.ContainsFunc(page.Forms, func(f web.Form) bool { return f.Method == http.MethodPost })
	return sends || slices.ContainsFunc(page.Exchange.Cookies(), func(c *http.Cookie) bool {
		return web.SessionCookie(c.Name) && !noSession(c.Value) && !web.TakenAway(c, page.Exchange.Started)
	})
}

// listed are the members of a field that is a list, from all its lines.
func listed(h http.Header, name string) []string {
	var list []string
	for _, line := range h.Values(name) {
		for _, member := range strings.Split(line, ",") {
			list = append(list, strings.ToLower(strings.TrimSpace(member)))
		}
	}
	return list
}

// framable reports whether pages of any other site may show a page within them: what Content-Security-Policy says about
// frame-ancestors counts, and where it says nothing X-Frame-Options (HTML, "check X-Frame-Options").
func framable(page *web.Page) bool {
	said := false
	for _, policy := range policies(page.Exchange.Header.Values("Content-Security-Policy")) {
		if sources, ok := policy["frame-ancestors"]; ok {
			said = true
			if !slices.ContainsFunc(sources, anywhere) {
				return false
			}
		}
	}
	if said {
		return true
	}
	options := listed(page.Exchange.Header, "X-Frame-Options")
	slices.Sort(options)
	options = slices.Compact(options)
	known := func(o string) bool { return o == "deny" || o == "sameorigin" }
	if len(options) > 1 { // browsers refuse contradictions
		known = func(o string) bool { return o == "deny" || o == "sameorigin" || o == "allowall" }
	}
	return !slices.ContainsFunc(options, known)
}

// anywhere reports whether a source of a policy is every site, or every site of a scheme.
func anywhere(source string) bool {
	return slices.Contains([]string{"*", "http:", "https:", "http://*", "https://*"}, source)
}

// policies are the directives of each policy, by name, in lower case. The first of a name counts.
func policies(fields []string) []map[string][]string {
	var list []map[string][]string
	for _, policy := range strings.Split(strings.ToLower(strings.Join(fields, ",")), ",") {
		directives := map[string][]string{}
		for _, directive := range strings.Split(policy, ";") {
			if words := strings.Fields(directive); len(words) > 0 {
				if _, again := directives[words[0]]; !again {
					directives[words[0]] = words[1:]
				}
			}
		}
		list = append(list, directives)
	}
	return list
}

// scriptPolicy is what is wrong with what a page lets run: "missing" when no policy speaks of scripts, "unsafe" when those
// that do let in what an attacker puts into the page, "" when one of them does not.
func scriptPolicy(page *web.Page) string {
	verdict := "missing"
	for _, policy := range policies(append(page.Exchange.Header.Values("Content-Security-Policy"), page.Policies...)) {
		for _, name := range []string{"script-src-elem", "script-src", "default-src"} {
			sources, ok := policy[name]
			if !ok {
				continue
			}
			if !letsIn(sources) {
				return ""
			}
			verdict = "unsafe"
			break
		}
	}
	return verdict
}

// letsIn reports whether sources of scripts let any script within the page run, or any host's. A nonce or a hash switches
// 'unsafe-inline' off, 'strict-dynamic' all hosts too (CSP level 3).
func letsIn(sources []string) bool {
	named := slices.ContainsFunc(sources, func(s string) bool {
		return strings.HasPrefix(s, "'nonce-") || strings.HasPrefix(s, "'sha256-") || strings.HasPrefix(s, "'sha384-") || strings.HasPrefix(s, "'sha512-")
	})
	if slices.Contains(sources, "'strict-dynamic'") {
		return false
	}
	return !named && slices.Contains(sources, "'unsafe-inline'") || slices.ContainsFunc(sources, anywhere) || slices.Contains(sources, "data:")
}

// referrerWords are what a page may say about the address that browsers tell other sites, with the older words.
var referrerWords = map[string]string{
	"no-referrer": "no-referrer", "no-referrer-when-downgrade": "no-referrer-when-downgrade", "same-origin": "same-origin",
	"origin": "origin", "strict-origin": "strict-origin", "origin-when-cross-origin": "origin-when-cross-origin",
	"strict-origin-when-cross-origin": "strict-origin-when-cross-origin", "unsafe-url": "unsafe-url",
}

var oldReferrerWords = map[string]string{
	"never": "no-referrer", "default": "strict-origin-when-cross-origin", "always": "unsafe-url",
	"origin-when-crossorigin": "origin-when-cross-origin",
}

// referrerPolicy is what holds for a page, "" when it says nothing that browsers know: the last known word of the header,
// and of the page after it.
func referrerPolicy(page *web.Page) string {
	policy := ""
	for _, word := range listed(page.Exchange.Header, "Referrer-Policy") {
		if known := referrerWords[word]; known != "" {
			policy = known
		}
	}
	word := strings.ToLower(strings.TrimSpace(page.Meta["referrer"]))
	if known := referrerWords[word] + oldReferrerWords[word]; known != "" {
		policy = known
	}
	return policy
}

// noSniff reports whether browsers take an answer for what it says it is: the first member counts (Fetch, "determine
// nosniff").
func noSniff(ex *web.Exchange) bool {
	options := listed(ex.Header, "X-Content-Type-Options")
	return len(options) > 0 && options[0] == "nosniff"
}
