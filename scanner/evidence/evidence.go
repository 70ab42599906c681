package evidence

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// Sizes of evidence, in bytes before redaction. A report is read by people.
const (
	requestShown = 1500 // of a request, its body included
	headerShown  = 300  // of one header line of a response
	headersShown = 40   // header lines of a response
	bodyShown    = 1200 // of a response's body from its beginning, when nothing is to be shown in particular
	around       = 200  // on each side of a part to be shown
	partsShown   = 6    // parts of one body
	contextRead  = 4 << 10
)

// Evidence is one exchange as a report may show it. Make it with New, which redacts.
type Evidence struct {
	Request  string
	Response string
	Note     message.Message

	Time    time.Time // UTC, when the answer came; zero without an exchange. Not part of JSON lines
	Address string    // IP:port that gave it; "" through a proxy
}

// New is the exchange as a report may show it: with credentials, cookies, secrets and personal data redacted, then cut. Parts
// of the response around keep (if any are given) are shown, else its beginning.
func New(ex *web.Exchange, note message.Message, keep ...string) Evidence {
	return Secrets{}.Evidence(ex, note, keep...)
}

// Evidence is New, with the secrets hidden too.
func (s Secrets) Evidence(ex *web.Exchange, note message.Message, keep ...string) Evidence {
	s = s.and(GivenSecrets(ex.Secrets))
	request := strings.TrimSpace(ex.Sent.String())
	shown := span{0, runeStart(request, requestShown)}
	shownRequest := s.redactWindow(request, shown)
	if shown.end < len(request) {
		shownRequest += " […]"
	}
	e := Evidence{
		Request: message.Printable(shownRequest), Response: message.Printable(s.response(ex, keep)),
		Note: note.Map(func(text string) string { return message.Printable(s.Hide(text)) }),
	}
	if !ex.Started.IsZero() {
		e.Time = ex.Started.Add(ex.Took).UTC()
	}
	if ex.Remote != nil {
		e.Address = ex.Remote.String()
	}
	return e
}

func (s Secrets) response(ex *web.Exchange, keep []string) string {
	var b strings.Builder
	b.WriteString(s.redactWindow(ex.StatusLine, span{0, len(ex.StatusLine)}))
	lines := 0
	for _, name := range slices.Sorted(maps.Keys(ex.Header)) {
		for _, value := range ex.Header[name] {
			if lines++; lines > headersShown {
				continue
			}
			line := name + ": " + value
			line = s.redactWindow(line, span{0, len(line)})
			if cut := head(line, headerShown); cut != line {
				line = cut + " […]"
			}
			b.WriteString("\n" + line)
		}
	}
	if lines > headersShown {
		fmt.Fprintf(&b, "\n[%d more]", lines-headersShown)
	}
	if len(ex.Body) > 0 {
		b.WriteString("\n\n" + s.body(ex, keep))
	}
	return b.String()
}

// body is the shown part of a body, redacted.
func (s Secrets) body(ex *web.Exchange, keep []string) string {
	if isBinary(ex) {
		return fmt.Sprintf("[binary, %d bytes, beginning with %s]", len(ex.Body), s.hexadecimal(ex.Body))
	}
	text := ex.Text()
	var b strings.Builder
	at := 0
	for _, w := range windows(text, keep) {
		if w.start > at {
			b.WriteString("[…] ")
		}
		b.WriteString(s.redactWindow(text, w))
		if at = w.end; at < len(text) {
			b.WriteString(" ")
		}
	}
	if at < len(text) {
		b.WriteString("[…]")
	}
	return b.String()
}

// hexadecimal is the beginning of binary content, with ** for each byte of a secret.
func (s Secrets) hexadecimal(body []byte) string {
	const shown = 24
	w := span{0, min(shown, len(body))}
	hidden := s.within(string(body), w)
	parts := make([]string, w.end)
	for i := range parts {
		parts[i] = fmt.Sprintf("%02x", body[i])
		if slices.ContainsFunc(hidden, func(h span) bool { return h.start <= i && i < h.end }) {
			parts[i] = "**"
		}
	}
	return strings.Join(parts, " ")
}

// isBinary tells what no person can read: a NUL, or many control characters, near the beginning. UTF-16 has a byte order
// mark and is text.
func isBinary(ex *web.Exchange) bool {
	b := ex.Body[:min(len(ex.Body), 1024)]
	if len(b) >= 2 && (b[0] == 0xFE && b[1] == 0xFF || b[0] == 0xFF && b[1] == 0xFE) {
		return false
	}
	control := 0
	for _, c := range b {
		if c == 0 {
			return true
		}
		if c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != 0x1b {
			control++
		}
	}
	return control*10 > len(b)
}

// windows are the parts of a text to show: around the first place of each of keep, or the beginning.
func windows(text string, keep []string) []span {
	var list []span
	for _, k := range keep {
		if k == "" || len(list) == partsShown {
			continue
		}
		if i := strings.Index(text, k); i >= 0 {
			list = append(list, span{i - around, i + min(len(k), bodyShown) + around})
		}
	}
	if len(list) == 0 {
		list = []span{{0, bodyShown}}
	}
	slices.SortFunc(list, func(a, b span) int { return a.start - b.start })
	var merged []span
	for _, w := range list {
		w = span{runeStart(text, w.start), runeStart(text, w.end)}
		if n := len(merged); n > 0 && w.start <= merged[n-1].end {
			merged[n-1].end = max(merged[n-1].end, w.end)
			continue
		}
		merged = append(merged, w)
	}
	return merged
}

// redactWindow is text[w] redacted by what stands around it too: a name before the window makes a value in it a secret. A
// window never shows the rest of what was redacted by its beginning.
func (s Secrets) redactWindow(text string, w span) string {
	start := runeStart(text, w.start-contextRead)
	end := runeStart(text, w.end+contextRead)
	all := s.within(text, w)
	for _, found := range secretSpans(text[start:end]) {
		all = append(all, span{found.start + start, found.end + start})
	}
	var inside []span
	for _, found := range inOrder(all) {
		found.start, found.end = max(found.start, w.start)-w.start, min(found.end, w.end)-w.start
		if found.start < found.end {
			inside = append(inside, found)
		}
	}
	return cover(text[w.start:w.end], inside)
}

// runeStart is the nearest place at or before i, within text, that does not split a character.
func runeStart(text string, i int) int {
	i = min(max(i, 0), len(text))
	for i > 0 && i < len(text) && !utf8.RuneStart(text[i]) {
		i--
	}
	return i
}

// head is the beginning of text, n bytes at most, without a split character.
func head(text string, n int) string { return text[:runeStart(text, n)] }
