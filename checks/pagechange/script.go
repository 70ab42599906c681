package pagechange

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
)

// scriptRead is how much of one script is looked at, in bytes.
const scriptRead = 256 << 10

var (
	address      = regexp.MustCompile(`(?:https?:)?(?:\\?/){2}([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(?::\d+)?(?:\\?/)?[^\s"'<>\\)` + "`" + `]*`)
	loads        = regexp.MustCompile(`(?i)\.src\s*=|createElement\(|document\.write|['"]src['"]|importScripts|import\(|fetch\(|XMLHttpRequest|sendBeacon|WebSocket|new Image|insertAdjacentHTML|innerHTML|<script|\$\.(?:get|post|ajax)`)
	loading      = regexp.MustCompile(`(?i)(?:\.src\s*=|['"]src['"]\s*,|importScripts\(|import\(|fetch\(|sendBeacon\(|WebSocket\(|<script[^>]{0,200}src=|<iframe[^>]{0,200}src=|\.open\(\s*['"](?:GET|POST)['"]\s*,|\$\.(?:get|post|getScript|ajax)\()[^;]{0,160}`)
	leaves       = regexp.MustCompile(`(?i)(?:(?:window|document|self|top|parent)\s*\.\s*)?location(?:\.href)?\s*=[^=]|location\s*\.\s*(?:replace|assign)\s*\(`)
	packedString = regexp.MustCompile(`['"` + "`" + `]([A-Za-z0-9+/]{24,}={0,2})['"` + "`" + `]`)
	literal      = regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'`)
	madeUpWord   = regexp.MustCompile(`[0-9]+|\b_0x[0-9a-f]+\b`)
)

// hiding are ways to keep a reader from seeing what a script does, and what every script has that does so.
var hiding = []struct {
	name, needle string
	is           *regexp.Regexp
}{
	{"atob", "atob", regexp.MustCompile(`\batob\s*\(\s*['"` + "`" + `][A-Za-z0-9+/=]{24,}|\[\s*['"]atob['"]\s*\]`)},
	{"char-code", "fromCharCode", regexp.MustCompile(`fromCharCode\s*\(\s*(?:(?:0x)?[0-9a-fA-F]+\s*,\s*){12,}`)},
	{"escapes", `\`, regexp.MustCompile(`(?i)(?:\\x[0-9a-f]{2}){24,}|(?:\\u00[0-9a-f]{2}){24,}`)},
	{"eval", "(", regexp.MustCompile(`\b(?:eval|Function|setTimeout|setInterval)\s*\(\s*(?:atob|unescape|decodeURIComponent|String\.fromCharCode|function\s*\(\s*p\s*,\s*a\s*,\s*c\s*,\s*k)`)},
	{"unescape", "unescape", regexp.MustCompile(`\bunescape\s*\(\s*['"](?:%[0-9a-fA-F]{2}|%u[0-9a-fA-F]{4}){12,}`)},
}

var madeUpName = regexp.MustCompile(`\b_0x[0-9a-f]{4,}\b`)

// hidesIn are the ways in which a source hides what it does, ascending.
func hidesIn(source string) []string {
	var list []string
	for _, h := range hiding {
		if strings.Contains(source, h.needle) && h.is.MatchString(source) {
			list = append(list, h.name)
		}
	}
	const manyNames = 12
	if strings.Count(source, "_0x") >= manyNames && len(madeUpName.FindAllStringIndex(source, manyNames)) == manyNames {
		list = append(list, "names")
	}
	return list
}

// scriptSeen is what an inline script shows of itself.
type scriptSeen struct {
	loads  []*url.URL // other addresses that it names and may load or send to
	leaves []*url.URL // that it sends visitors on to
	hides  []string   // ways in which it hides what it does, ascending
	shape  string     // it without what differs from visit to visit
}

// readScript looks at the source of an inline script, and into what is packed within it.
func readScript(source string) scriptSeen {
	source = source[:min(len(source), scriptRead)]
	var s scriptSeen
	s.hides = hidesIn(source)
	s.add(source, false)
	for _, m := range packedString.FindAllStringSubmatch(source, 50) {
		if text, ok := unpack(m[1]); ok {
			s.add(text, true)
		}
	}
	s.shape = hashOf(madeUpWord.ReplaceAllString(literal.ReplaceAllString(source, `""`), "0"))
	return s
}

// add notes the addresses in a text that is a script, or is packed in one.
func (s *scriptSeen) add(text string, packed bool) {
	switch {
	case packed || len(s.hides) > 0:
		s.loads = append(s.loads, addresses(text)...)
	case loads.MatchString(text):
		for _, near := range loading.FindAllString(text, 50) {
			s.loads = append(s.loads, addresses(near)...)
		}
		for _, u := range addresses(text) {
			if strings.HasSuffix(u.Path, ".js") {
				s.loads = append(s.loads, u)
			}
		}
	}
	if leaves.MatchString(text) {
		s.leaves = append(s.leaves, targetsOf(text)...)
	}
}

func addresses(text string) []*url.URL {
	const most = 200
	var list []*url.URL
	for _, a := range address.FindAllString(text, most) {
		a = strings.ReplaceAll(a, `\/`, "/")
		if strings.HasPrefix(a, "//") {
			a = "https:" + a
		}
		if u, err := url.Parse(a); err == nil && u.Host != "" {
			list = append(list, u)
		}
	}
	return list
}

var goesTo = regexp.MustCompile(`(?i)location(?:\.href)?\s*(?:=|\.\s*(?:replace|assign)\s*\()\s*['"` + "`" + `]([^'"` + "`" + `]+)`)

// targetsOf are the addresses that a script sends visitors on to.
func targetsOf(text string) []*url.URL {
	var list []*url.URL
	for _, m := range goesTo.FindAllStringSubmatch(text, 20) {
		if u, err := url.Parse(strings.ReplaceAll(m[1], `\/`, "/")); err == nil && u.Host != "" {
			list = append(list, u)
		}
	}
	return list
}

// unpack decodes base64 that holds text.
func unpack(packed string) (string, bool) {
	text, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		if text, err = base64.RawStdEncoding.DecodeString(packed); err != nil {
			return "", false
		}
	}
	for _, c := range text {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' || c > '~' {
			return "", false
		}
	}
	return string(text), true
}
