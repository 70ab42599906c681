package evidence

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"sotomi/scanner/message"
)

var fiveSecrets = []string{
	"Bearer 0a1b2c3d4e5f60718293a4b5c6d7e8f9", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "PHPSESSID=q8w7e6r5t4y3u2i1", "q8w7e6r5t4y3u2i1", "correct horse+battery",
}

// hostileTexts are a mebibyte each, of what costs most to read.
func hostileTexts() map[string]string {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)+1)[:size] }
	return map[string]string{
		"html":             fill(`<a href="/list?page=2&amp;sort=price" class="more">More products of this kind</a>` + "\n"),
		"base64":           fill(base64.StdEncoding.EncodeToString([]byte("the quick brown fox jumps over the lazy dog %41&#x41; "))),
		"base64_in_base64": fill(base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte("the quick brown fox jumps"))))),
		"percent":          fill("%25252525412B"),
		"entities":         fill("&amp;amp;#x2525;"),
		"backslashes":      fill(`\`),
		"one_letter":       fill("a"),
		"half_a_secret":    fill("q8w7e6r5t4y3u2i0"),
	}
}

func BenchmarkHide(b *testing.B) {
	secrets := GivenSecrets(fiveSecrets)
	for name, text := range hostileTexts() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				secrets.Hide(text)
			}
		})
	}
}

func BenchmarkEvidence(b *testing.B) {
	for name, text := range hostileTexts() {
		ex := exchangeOf("GET / HTTP/1.1", http.Header{}, text)
		ex.Secrets = fiveSecrets
		ex.Text()
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				New(ex, message.Message{}, "fox", "a")
			}
		})
	}
}
