package payment

import (
	"crypto/sha512"
	"encoding/base64"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2/js"
)

var (
	nonce      = regexp.MustCompile(`'nonce-[^']*'`)
	escaped    = regexp.MustCompile(`\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|u\{[0-9a-fA-F]{1,6}\}|[^xu])`)
	inAddress  = regexp.MustCompile(`(?i)(?:(?:https?|wss?):)?//([a-z0-9.-]+\.[a-z0-9-]+)|\b(?:https?|wss?)://([a-z0-9.-]+)`)
	bareHost   = regexp.MustCompile(`(?i)^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|net|org|jp|io|info|biz|co|xyz|top|site|online|shop|store|club|cc|ru|cn|tk|pw|app|dev|me|tv|us|uk|de|fr|su|icu|vip|live|cloud|space|click|link|example|invalid|test|localhost)$`)
	accounts   = regexp.MustCompile(`\b(?:GTM|GT|G|UA|AW|DC)-[A-Z0-9][A-Z0-9-]{3,}\b|\bpk_(?:live|test)_[A-Za-z0-9]+|\btshop[0-9]{8}\b`)
	changeable = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|[A-Za-z0-9+/_=-]{20,}|[0-9a-fA-F]{8,}|[0-9]+`)
)

// How much of its texts and numbers belongs to what a script does.
type leeway int

const (
	dataVaries   leeway = iota // it neither loads, sends nor decodes: of its texts, hosts and accounts count
	tokensVary                 // it loads or sends: texts count, without what looks made up for one visit
	nothingMoves               // it makes code of texts: each letter counts
)

var (
	decoders = []string{"eval", "Function", "atob", "fromCharCode", "fromCodePoint", "unescape", "import", "importScripts"}
	senders  = []string{
		"fetch", "XMLHttpRequest", "sendBeacon", "WebSocket", "EventSource", "RTCPeerConnection", "Image", "createElement", "createElementNS", "src", "href",
		"innerHTML", "outerHTML", "insertAdjacentHTML", "write", "writeln", "appendChild", "action", "location", "addEventListener", "postMessage", "setAttribute",
		"Worker", "SharedWorker", "serviceWorker", "backgroundImage", "cssText", "insertRule", "ajax", "post", "getScript", "submit", "open",
	}
)

// Shape is the hash of what an inline script does. It stays the same while only data in it change, as prices, tokens against
// forged requests and dates do, and it changes with its code, the hosts in it and the accounts that it sends to.
func Shape(source []byte) string {
	list, ok := tokens(source)
	if !ok {
		return hash384([]byte(strings.TrimSpace(string(source))))
	}
	way := leewayOf(list)
	var b strings.Builder
	for _, t := range dataCollapsed(list, way) {
		b.WriteString(t.shape(way))
		b.WriteByte(0)
	}
	for _, fixed := range [][]string{hostsIn(list), accountsIn(list)} {
		b.WriteString(strings.Join(fixed, " "))
		b.WriteByte(0)
	}
	return hash384([]byte(b.String()))
}

func hash384(text []byte) string {
	sum := sha512.Sum384(text)
	return base64.StdEncoding.EncodeToString(sum[:])
}

func leewayOf(list []token) leeway {
	way := dataVaries
	for i, t := range list {
		switch {
		case !t.isName() && (!t.isText() || i == 0 || list[i-1].text != "["): // window["eval"]
		case slices.Contains(decoders, t.name()):
			return nothingMoves
		case slices.Contains(senders, t.name()):
			way = tokensVary
		}
	}
	return way
}

// name is an identifier, or the text that is one in brackets.
func (t token) name() string {
	if t.isText() {
		return t.value()
	}
	return t.text
}

// shape is a word without what may vary.
func (t token) shape(way leeway) string {
	switch {
	case way == nothingMoves:
		return t.text
	case js.IsNumeric(t.kind):
		return "0"
	case !t.isText():
		return t.text
	case way == dataVaries:
		return `""`
	}
	return `"` + changeable.ReplaceAllString(t.value(), "*") + `"`
}

// dataCollapsed replaces lists and objects of nothing but values by one word: a cart holds more or fewer articles.
func dataCollapsed(list []token, way leeway) []token {
	if way == nothingMoves {
		return list
	}
	type open struct {
		at   int // in out
		pure bool
	}
	var out []token
	var stack []open
	for i, t := range list {
		switch {
		case t.text == "[" || t.text == "{":
			stack = append(stack, open{len(out), true})
			out = append(out, t)
			continue
		case (t.text == "]" || t.text == "}") && len(stack) > 0:
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if last.pure && !isIndex(out, last.at) {
				out = append(out[:last.at], token{js.StringToken, `""`})
				continue
			}
			if len(stack) > 0 {
				stack[len(stack)-1].pure = false
			}
		case len(stack) > 0 && !isData(list, i):
			stack[len(stack)-1].pure = false
		}
		out = append(out, t)
	}
	return out
}

// isIndex reports whether a bracket stands behind a value, as in list[0].
func isIndex(out []token, at int) bool {
	return at > 0 && out[at].text == "[" && (out[at-1].isName() && !js.IsReservedWord(out[at-1].kind) || out[at-1].text == "]" || out[at-1].text == ")")
}

// isData reports whether a word can stand in a list or an object of nothing but values.
func isData(list []token, i int) bool {
	t := list[i]
	switch t.text {
	case ",", ":", "-", "true", "false", "null", "undefined":
		return true
	}
	isKey := t.isName() && i+1 < len(list) && list[i+1].text == ":"
	return isKey || js.IsNumeric(t.kind) || t.kind == js.StringToken || t.kind == js.TemplateToken
}

// hostsIn are the hosts that texts of a script name, in order.
func hostsIn(list []token) []string {
	var hosts []string
	for _, t := range list {
		if !t.isText() {
			continue
		}
		value := strings.ToLower(t.value())
		for _, m := range inAddress.FindAllStringSubmatch(value, -1) {
			hosts = append(hosts, strings.Trim(m[1]+m[2], "."))
		}
		if bareHost.MatchString(value) {
			hosts = append(hosts, value)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// accountsIn are the accounts of tag managers, analytics and payment providers that a script names, in order.
func accountsIn(list []token) []string {
	var found []string
	for _, t := range list {
		if t.isText() {
			found = append(found, accounts.FindAllString(t.value(), -1)...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// unescape is a text of JavaScript as it reads when the script runs.
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	return escaped.ReplaceAllStringFunc(text, func(e string) string {
		if e[1] != 'x' && e[1] != 'u' {
			return e[1:]
		}
		n, err := strconv.ParseInt(strings.Trim(e[2:], "{}"), 16, 32)
		if err != nil {
			return e
		}
		return string(rune(n))
	})
}
