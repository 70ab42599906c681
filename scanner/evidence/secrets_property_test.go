package evidence

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"sotomi/scanner/message"
)

// encoding is one way in which a server writes what it was sent. Of the part of a text that is secret it tells where it
// stands in what is written.
type encoding struct {
	name  string
	write func(t *rapid.T, text string, secret span) (string, span)
}

// byCharacter is an encoding of each character by itself.
func byCharacter(name string, write func(string) string) encoding {
	return encoding{name, func(_ *rapid.T, text string, secret span) (string, span) {
		return write(text), span{len(write(text[:secret.start])), len(write(text[:secret.end]))}
	}}
}

func each(format string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		for i := range len(text) {
			fmt.Fprintf(&b, format, text[i])
		}
		return b.String()
	}
}

func eachRune(format string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		for _, r := range text {
			fmt.Fprintf(&b, format, r)
		}
		return b.String()
	}
}

func utf16Escapes(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, `\u%04x`, unit)
	}
	return b.String()
}

func jsonText(text string) string {
	quoted, _ := json.Marshal(text) // a string always can
	return string(quoted[1 : len(quoted)-1])
}

func special(write func(string) string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		for _, r := range text {
			if r < 0x80 && (r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z') {
				b.WriteRune(r)
			} else {
				b.WriteString(write(string(r)))
			}
		}
		return b.String()
	}
}

func ascii(letter func(rune) rune) func(string) string {
	return func(text string) string {
		return strings.Map(func(r rune) rune {
			if r < 0x80 {
				return letter(r)
			}
			return r
		}, text)
	}
}

// base64Of has other text around the secret, as a header line or "user:password" have.
func base64Of(name string, e *base64.Encoding, before, after string) encoding {
	return encoding{name, func(t *rapid.T, text string, secret span) (string, span) {
		n := rapid.IntRange(0, len(before)).Draw(t, "letters before")
		whole := e.EncodeToString([]byte(before[:n] + text + after))
		return whole, span{((n+secret.start)*8 + 5) / 6, (n + secret.end) * 8 / 6}
	}}
}

var encodings = []encoding{
	byCharacter("as_it_is", func(s string) string { return s }),
	byCharacter("capitals", ascii(func(r rune) rune { return []rune(strings.ToUpper(string(r)))[0] })),
	byCharacter("small", ascii(func(r rune) rune { return []rune(strings.ToLower(string(r)))[0] })),
	byCharacter("query", url.QueryEscape),
	byCharacter("path", url.PathEscape),
	byCharacter("percent_small", each("%%%02x")),
	byCharacter("percent_special", special(each("%%%02X"))),
	byCharacter("percent_u", func(s string) string { return strings.ReplaceAll(utf16Escapes(s), `\`, "%") }),
	byCharacter("html", html.EscapeString),
	byCharacter("entity_decimal", eachRune("&#%d;")),
	byCharacter("entity_padded", special(eachRune("&#%07d;"))),
	byCharacter("entity_hex", eachRune("&#x%x;")),
	byCharacter("entity_hex_capitals", special(eachRune("&#X%04X;"))),
	byCharacter("json", jsonText),
	byCharacter("json_units", utf16Escapes),
	byCharacter("json_special", special(utf16Escapes)),
	byCharacter("json_slashes", func(s string) string { return strings.ReplaceAll(jsonText(s), "/", `\/`) }),
	byCharacter("javascript", special(func(s string) string { return each(`\x%02x`)(s) })),
	byCharacter("javascript_braces", special(eachRune(`\u{%x}`))),
	base64Of("base64", base64.StdEncoding, "", ""),
	base64Of("base64_unpadded", base64.RawURLEncoding, "", ""),
	base64Of("base64_line", base64.StdEncoding, "Authorization: Bearer ", "\r\n"),
	base64Of("base64_pair", base64.URLEncoding, "admin:", ""),
}

// TestSecretsAreHiddenInEveryEncoding: a secret that an answer repeats, encoded once or twice and wherever the report cuts
// the answer, is not shown, not even in part.
func TestSecretsAreHiddenInEveryEncoding(t *testing.T) {
	const letters = `abcXYZ019+/=&%<>"'\ .:;_-~!é日`
	// What stands right before may be read as the beginning of an escape, what stands after as the rest of one.
	before := rapid.SampledFrom([]string{"", " ", `"`, `\`, "%", "%2", "&", "&am", "x", "+", "=", `\u00`, "/", "日"})
	after := rapid.SampledFrom([]string{"", " ", `"`, `\`, "%41", ";", "41;", "amp;", "x", "=", "n", "/", "日"})
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringOfN(rapid.SampledFrom([]rune(letters)), 8, 40, -1).Filter(func(s string) bool {
			return len(strings.TrimSpace(s)) == len(s) && strings.Trim(s, ".~ ") != ""
		}).Draw(t, "secret")
		text, part := secret, span{0, len(secret)}
		for range rapid.IntRange(1, 2).Draw(t, "encodings") {
			text, part = rapid.SampledFrom(encodings).Draw(t, "encoding").write(t, text, part)
		}
		head, hidden, tail := before.Draw(t, "before")+text[:part.start], text[part.start:part.end], text[part.end:]+after.Draw(t, "after")
		text = head + hidden + tail
		filler := func(label string, most int) string {
			return strings.Repeat(". ~ ", rapid.IntRange(0, most).Draw(t, label)) + "\n"
		}
		body := filler("filler before", 400) + text + filler("filler after", 400)
		header := strings.Repeat(".~ ", rapid.IntRange(0, 110).Draw(t, "header before")) + strings.NewReplacer("\n", "", "\r", "").Replace(text) + " .~"
		ex := exchangeOf("POST / HTTP/1.1\r\nX-A: "+header+"\r\n\r\n"+body, http.Header{"X-A": {header}}, body)
		ex.Secrets = []string{secret}
		keep := rapid.SampledFrom([]string{"", secret[:4], "\n"}).Draw(t, "keep")
		e := New(ex, message.New("note %s", text), keep)
		report := e.Request + "\x00" + e.Response + "\x00" + e.Note.String()
		const shortest = 6
		for i := 0; i+shortest <= len(hidden); i++ {
			part := hidden[i : i+shortest]
			if strings.Trim(part, ".~ *") != "" && !strings.Contains(head+"\x00"+tail, part) && strings.Contains(report, part) {
				t.Fatalf("%q of %q is shown in\n%s", part, text, report)
			}
		}
	})
}

// TestPartsOfSecretsAreHiddenInValues: an extractor may take a part of a secret only.
func TestPartsOfSecretsAreHiddenInValues(t *testing.T) {
	s := GivenSecrets([]string{"PHPSESSID=q8w7e6r5t4; theme=dark", "q8w7e6r5t4", "dark-mode-1"})
	for value, want := range map[string]string{
		"q8w7e6r5t4": redacted, "8w7e6": redacted, "W7E6R": redacted, " 6r5t4 ": redacted, "x q8w7e6r5t4 y": "x *** y",
		"q8w": "q8w", "PHPSESSID": "PHPSESSID", "8w7e7": "8w7e7", "": "",
	} {
		if got := s.HideValue(value); got != want {
			t.Errorf("HideValue(%q) = %q, want %q", value, got, want)
		}
	}
}
