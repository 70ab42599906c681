package match

import "strings"

// A page that a thousand templates search is read once for its trigrams. Most words that they search for are then known not
// to be in it without reading it again.

// minIndexed is the length from which a text is indexed, in bytes.
const minIndexed = 1 << 10

// trigrams are the sequences of three bytes in a text, by hash: a bit that is not set says that there is none.
type trigrams [1 << 14 / 64]uint64

func trigramsOf(s string) *trigrams {
	t := &trigrams{}
	for i := 2; i < len(s); i++ {
		h := trigram(s[i-2], s[i-1], s[i])
		t[h/64] |= 1 << (h % 64)
	}
	return t
}

func trigram(a, b, c byte) uint32 {
	return (uint32(a)<<16 | uint32(b)<<8 | uint32(c)) * 2654435761 >> 18
}

// may reports whether the text can contain the word.
func (t *trigrams) may(word string) bool {
	for i := 2; i < len(word); i++ {
		if h := trigram(word[i-2], word[i-1], word[i]); t[h/64]&(1<<(h%64)) == 0 {
			return false
		}
	}
	return true
}

// holds reports whether the text contains the word.
func (t *text) holds(word string) bool {
	if !t.popular || len(t.s) < minIndexed || len(word) < 3 {
		return strings.Contains(t.s, word)
	}
	t.indexOnce.Do(func() { t.index = trigramsOf(t.s) })
	return t.index.may(word) && strings.Contains(t.s, word)
}
