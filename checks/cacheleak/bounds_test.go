package cacheleak

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"sotomi/scanner/web"
)

const mebibyte = 1 << 20

// hugePages are texts of 1 MiB that hold as many different words as possible, from a seed.
var hugePages = map[string]func(seed uint64) string{
	"unique_words": func(seed uint64) string {
		return repeatTo(mebibyte, func(i int) string { return inLetters(uint64(i)*100+seed) + " " })
	},
	"unique_identifiers": func(seed uint64) string {
		return repeatTo(mebibyte, func(i int) string { return fmt.Sprintf("%016x%x%x ", i, seed, i) })
	},
	"random_bytes": func(seed uint64) string {
		b := make([]byte, mebibyte)
		_, _ = rand.NewChaCha8([32]byte{byte(seed)}).Read(b)
		return string(b)
	},
	"one_long_word": func(seed uint64) string { return strings.Repeat(fmt.Sprint(seed), mebibyte) },
	"long_words": func(seed uint64) string {
		b := make([]byte, 100)
		random := rand.NewChaCha8([32]byte{byte(seed)})
		return repeatTo(mebibyte, func(int) string { _, _ = random.Read(b); return hex.EncodeToString(b) + " " })
	},
}

// inLetters is a number in the letters a to p.
func inLetters(n uint64) string {
	b := fmt.Appendf(nil, "%04x", n)
	for i, c := range b {
		b[i] = 'a' + c%16
		if c >= 'a' {
			b[i] = 'k' + c - 'a'
		}
	}
	return string(b)
}

func repeatTo(size int, part func(i int) string) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		b.WriteString(part(i))
	}
	return b.String()
}

// TestTokensAreBounded: however many words a page has, few are kept, the first ones, and with them identifiers wherever
// they stand. A page that was cut says so.
func TestTokensAreBounded(t *testing.T) {
	for name, text := range hugePages {
		t.Run(name, func(t *testing.T) {
			v := answerTo("A", "k", "<p>Alice Aoki</p><p>"+text(7)+"</p><p>alice@example.test</p>")
			size := 0
			for token := range v.tokens {
				size += len(token)
			}
			if len(v.tokens) > 2*maxTokens || size > 2*maxTokenBytes+2*maxToken {
				t.Errorf("%d tokens of %d bytes kept", len(v.tokens), size)
			}
			if v.tokens["Alice"].places&placeSeen == 0 {
				t.Error("a word at the beginning is lost")
			}
			if full := name == "unique_identifiers" || name == "long_words"; v.full != full || !v.has("alice@example.test") && !full {
				t.Errorf("a mail address at the end is lost, full %v", v.full)
			}
			if whole := name == "one_long_word"; v.cut == whole {
				t.Errorf("cut %v, want %v", v.cut, !whole)
			}
			if again := answerTo("A", "k", "<p>Alice Aoki</p><p>"+text(7)+"</p><p>alice@example.test</p>"); len(again.tokens) != len(v.tokens) {
				t.Errorf("%d tokens, then %d", len(v.tokens), len(again.tokens))
			}
		})
	}
	ordinary := answerTo("A", "k", repeatTo(64<<10, func(i int) string { return fmt.Sprintf("<p>word%d</p>", i%3000) }))
	if ordinary.cut {
		t.Error("a page of 64 KiB and 3,000 words was cut")
	}
}

// TestReferencesKeepLittleOfAPage: the answers of a page that are compared with each other hold neither bodies nor texts.
func TestReferencesKeepLittleOfAPage(t *testing.T) {
	const answers = 12
	for name, text := range hugePages {
		t.Run(name, func(t *testing.T) {
			before := heap()
			var visits []*observation
			for i := range answers {
				who := []string{anonymous, "A", "B"}[i%3]
				visits = append(visits, answerTo(who, fmt.Sprint("k", i), "<p>"+text(uint64(i))+"</p>"))
			}
			refs := newReferences(visits)
			held := int64(heap()) - int64(before)
			t.Logf("%d answers hold %d KiB", answers, held>>10)
			limit := int64(mebibyte) // words that nobody has of their own are forgotten
			if name == "unique_identifiers" || name == "long_words" {
				limit = 12 * mebibyte
			}
			if held > limit {
				t.Errorf("%d answers of 1 MiB hold %d KiB", answers, held>>10)
			}
			runtime.KeepAlive(refs)
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestTruncatedAnswersAreCut: what the client did not read was not compared.
func TestTruncatedAnswersAreCut(t *testing.T) {
	for _, truncated := range []bool{true, false} {
		if v := answerWith("A", "k", "x", func(ex *web.Exchange) { ex.Truncated = truncated }); v.cut != truncated {
			t.Errorf("truncated %v, cut %v", truncated, v.cut)
		}
	}
}

// TestOneCutAnswerIsEnough: a page stays cut however many whole answers follow.
func TestOneCutAnswerIsEnough(t *testing.T) {
	g := &gatherer{}
	for _, truncated := range []bool{false, true, false} {
		whole := answerTo("A", "k", "x").ex
		whole.Truncated = truncated
		g.observe(visitor{name: "A"}, "k", whole)
	}
	if !g.cut {
		t.Error("nothing says that an answer was cut")
	}
}
