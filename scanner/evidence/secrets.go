package evidence

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sotomi/scanner/web"
)

// Secrets are texts that a report shows nowhere, whatever they look like and however they are encoded: in another letter
// case, in escapes of addresses, pages and program text, in base64, and in two of these at once. The zero value hides none.
type Secrets struct{ indexes []*index }

// Sizes of secrets in bytes.
const (
	shortestSecret = 4   // below it a text stands in too many places to be hidden in all of them
	longestPiece   = 256 // longer ones are looked for piece by piece
)

// NewSecrets are the given texts. Short and harmless ones are left out.
func NewSecrets(texts []string) Secrets {
	return GivenSecrets(slices.DeleteFunc(slices.Clone(texts), harmless))
}

// GivenSecrets are the given texts, also those that would be harmless if they were not given. Short ones are left out.
func GivenSecrets(texts []string) Secrets {
	if len(texts) == 0 {
		return Secrets{}
	}
	x := &index{pieces: map[uint32][]piece{}}
	for _, text := range texts {
		x.addSecret(strings.TrimSpace(text), texts)
	}
	if len(x.pieces) == 0 {
		return Secrets{}
	}
	return Secrets{[]*index{x}}
}

// and are both.
func (s Secrets) and(others Secrets) Secrets {
	return Secrets{slices.Concat(s.indexes, others.indexes)}
}

// Hide is a text with the secrets in it redacted, and nothing else.
func (s Secrets) Hide(text string) string {
	return cover(text, inOrder(s.within(text, span{0, len(text)})))
}

// HideValue is Hide for a value that was taken out of an answer: one that is itself a part of a secret is hidden too.
func (s Secrets) HideValue(value string) string {
	part := string(fold([]byte(strings.TrimSpace(value))))
	if len(part) >= shortestSecret {
		for _, x := range s.indexes {
			if slices.ContainsFunc(x.wholes, func(whole string) bool { return strings.Contains(whole, part) }) {
				return redacted
			}
		}
	}
	return s.Hide(value)
}

// within are the places of the secrets that lie at least in part within w.
func (s Secrets) within(text string, w span) []span {
	if len(s.indexes) == 0 {
		return nil
	}
	const widest = 40 // bytes that an encoded byte takes at most
	around := 0
	for _, x := range s.indexes {
		around = max(around, widest*x.longest)
	}
	start, end := runeStart(text, w.start-around), runeStart(text, w.end+around)
	var spans []span
	readings(decoded{text: []byte(text[start:end])}, base64Undone, func(d *decoded) {
		folded := fold(d.text)
		for _, x := range s.indexes {
			x.find(folded, d, func(found span) {
				spans = append(spans, span{found.start + start, found.end + start})
			})
		}
	})
	return spans
}

// index finds many secrets in one pass over a text.
type index struct {
	first  [256]bool          // what the middles of pieces begin with
	pieces map[uint32][]piece // by the first four bytes of their middle
	wholes []string           // folded secrets of which a part is secret too

	longest int // bytes of the longest piece
}

// piece is a secret or a part of a long one, folded. Its ends are apart, for what stands beside a secret may seem to begin
// an escape that goes on into it, and is undone with it: of "%" + "abc" comes a byte and a "c".
type piece struct {
	left, middle, right string
	base64              bool // letters of base64: those beside them may hold bits of the secret
}

const longestEnd = 4 // bytes

// addSecret adds a secret as it is, and as it is read when escapes in it are undone: decoding a text that quotes it does
// that as well.
func (x *index) addSecret(text string, all []string) {
	if len(text) < shortestSecret {
		return
	}
	// A header as a whole is secret for the sake of what stands in it: its other words, such as names of cookies, are not.
	parts := !slices.ContainsFunc(all, func(other string) bool {
		other = strings.TrimSpace(other)
		return len(other) >= shortestSecret && other != text && strings.Contains(text, other)
	})
	readings(decoded{text: []byte(text)}, 0, func(d *decoded) {
		x.add(d.text, false)
		if parts {
			x.wholes = append(x.wholes, string(fold(d.text)))
		}
	})
	const fewest = 8 // letters: fewer stand in common words, whose letter case does not count here
	for _, form := range base64Forms(text) {
		if len(form) >= fewest {
			x.add([]byte(form), true)
		}
	}
}

func (x *index) add(text []byte, base64 bool) {
	folded := string(fold(text))
	for len(folded) >= shortestSecret {
		part := folded[:min(longestPiece, len(folded))]
		spare := len(part) - shortestSecret
		x.addPiece(part, min(longestEnd, spare), min(longestEnd, max(0, spare-longestEnd)), base64)
		x.addPiece(part, min(longestEnd, max(0, spare-longestEnd)), min(longestEnd, spare), base64)
		if len(folded) <= longestPiece {
			return
		}
		folded = folded[min(longestPiece, len(folded)-longestPiece):]
	}
}

// addPiece adds a piece with ends of these lengths.
func (x *index) addPiece(part string, left, right int, base64 bool) {
	x.longest = max(x.longest, len(part))
	p := piece{part[:left], part[left : len(part)-right], part[len(part)-right:], base64}
	key := binary.LittleEndian.Uint32([]byte(p.middle))
	if !slices.Contains(x.pieces[key], p) {
		x.first[p.middle[0]] = true
		x.pieces[key] = append(x.pieces[key], p)
	}
}

// find calls found with every place of a secret in a text that was folded.
func (x *index) find(folded []byte, d *decoded, found func(span)) {
	for i := 0; i+shortestSecret <= len(folded); i++ {
		if !x.first[folded[i]] {
			continue
		}
		for _, p := range x.pieces[binary.LittleEndian.Uint32(folded[i:])] {
			j := i + len(p.middle)
			if j > len(folded) || string(folded[i:j]) != p.middle {
				continue
			}
			from, to := max(i-len(p.left), 0), min(j+len(p.right), len(folded))
			if string(folded[from:i]) != p.left && !d.escaped(from, i) || string(folded[j:to]) != p.right && !d.escaped(j, to) {
				continue
			}
			if p.base64 {
				from, to = inBase64(folded, from, to)
			}
			found(d.original(from, to))
		}
	}
}

// inBase64 is the part from i to j of a text with up to four letters of base64 to either side: they may hold bits of it.
func inBase64(text []byte, i, j int) (from, to int) {
	const around = 4
	for from = i; from > 0 && i-from < around && base64Values[text[from-1]] != 0xFF; {
		from--
	}
	for to = j; to < len(text) && to-j < around && (base64Values[text[to]] != 0xFF || text[to] == '='); {
		to++
	}
	return from, to
}

// fold is a text, byte for byte as long, in which letters of both cases are the same, and a space is the + that stands for
// it in addresses.
func fold(text []byte) []byte {
	folded := make([]byte, len(text))
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ':
			c = '+'
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(text[i:])
			if low := unicode.ToLower(r); n > 1 && utf8.RuneLen(low) == n {
				utf8.EncodeRune(folded[i:], low)
			} else {
				copy(folded[i:], text[i:i+n])
			}
			i += n
			continue
		}
		folded[i] = c
		i++
	}
	return folded
}

// placesLooked is at how many places of a body a value is looked at.
const placesLooked = 3

// IsRedacted reports whether text is redacted where it stands in an answer, such as under the name of a secret, which the
// text alone does not show. A part of something longer that is redacted for its look does not count.
func IsRedacted(ex *web.Exchange, text string) bool {
	if len(text) < shortestSecret {
		return false
	}
	secrets := GivenSecrets(ex.Secrets)
	for name, values := range ex.Header {
		for _, value := range values {
			if secrets.redactedIn(name+": "+value, text) {
				return true
			}
		}
	}
	return secrets.redactedIn(ex.Text(), text)
}

func (s Secrets) redactedIn(whole, text string) bool {
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
		if !mail && s.redactWindow(whole, span{before, at}) == whole[before:start]+redacted {
			return true
		}
	}
	return false
}
