package evidence

import (
	"bytes"
	"encoding/base64"
	"html"
	"unicode/utf16"
	"unicode/utf8"
)

// decoded is a text, and for each of its bytes the part of the original that stands for it.
type decoded struct {
	text     []byte
	from, to []int32 // of the original; nil when the text is the original
}

func (d *decoded) add(b byte, from, to int32) {
	d.text, d.from, d.to = append(d.text, b), append(d.from, from), append(d.to, to)
}

// original is the part of the original that bytes i to j stand for.
func (d *decoded) original(i, j int) span {
	if d.from == nil {
		return span{i, j}
	}
	return span{int(d.from[i]), int(d.to[j-1])}
}

// escaped reports whether one of the bytes i to j came out of an escape.
func (d *decoded) escaped(i, j int) bool {
	for ; d.from != nil && i < j; i++ {
		if d.to[i]-d.from[i] > 1 {
			return true
		}
	}
	return false
}

// Depths of decoding. Servers and applications seldom encode more than twice; what is encoded more often is not found.
const (
	escapesUndone = 3 // one inside another
	base64Undone  = 2
)

// readings calls look with a text as it stands and with every reading of it: escapes undone once and more often, and base64.
// All of them together are a small multiple of the text.
func readings(d decoded, base64Left int, look func(*decoded)) {
	for range escapesUndone + 1 {
		look(&d)
		if base64Left > 0 {
			if plain := d.base64(); len(plain.text) > 0 {
				readings(plain, base64Left-1, look)
			}
		}
		next, changed := d.unescaped()
		if !changed {
			return
		}
		d = next
	}
}

// unescaped undoes one layer of the escapes of addresses (%2B), pages (&#43; &#x2B; &amp;) and program text (\u002B \x2B \/).
func (d *decoded) unescaped() (out decoded, changed bool) {
	if !bytes.ContainsAny(d.text, `%&\`) {
		return out, false
	}
	n := len(d.text)
	out = decoded{make([]byte, 0, n), make([]int32, 0, n), make([]int32, 0, n)}
	for i := 0; i < n; {
		length := 0
		var char []byte
		switch d.text[i] {
		case '%':
			char, length = percentEscape(d.text[i:])
		case '&':
			char, length = entity(d.text[i:])
		case '\\':
			char, length = backslashEscape(d.text[i:])
		}
		if length == 0 {
			char, length = d.text[i:i+1], 1
		} else {
			changed = true
		}
		s := d.original(i, i+length)
		for _, b := range char {
			out.add(b, int32(s.start), int32(s.end))
		}
		i += length
	}
	return out, changed
}

// number is the value of digits at the beginning of text, at most so many, and how many there are.
func number(text []byte, base rune, most int) (value rune, digits int) {
	for digits < min(most, len(text)) {
		v := digit(text[digits])
		if v >= base {
			break
		}
		value, digits = min(value*base+v, utf8.MaxRune+1), digits+1
	}
	return value, digits
}

// digit is the value of a digit, 99 for what is none.
func digit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return 99
}

// percentEscape is %2B, or %u002B of old scripts.
func percentEscape(text []byte) ([]byte, int) {
	if v, n := number(text[1:], 16, 2); n == 2 {
		return []byte{byte(v)}, 3
	}
	if len(text) > 1 && (text[1] == 'u' || text[1] == 'U') {
		if v, n := number(text[2:], 16, 4); n == 4 {
			return utf8.AppendRune(nil, v), 6
		}
	}
	return nil, 0
}

func entity(text []byte) ([]byte, int) {
	const longest = 34 // of a name, with & and ;
	if len(text) > 2 && text[1] == '#' {
		base, at := rune(10), 2
		if text[2] == 'x' || text[2] == 'X' {
			base, at = 16, 3
		}
		v, n := number(text[at:], base, 10)
		if n == 0 {
			return nil, 0
		}
		at += n
		if at < len(text) && text[at] == ';' {
			at++
		}
		return utf8.AppendRune(nil, v), at
	}
	end := bytes.IndexByte(text[:min(len(text), longest)], ';')
	if end < 0 {
		return nil, 0
	}
	name := string(text[:end+1])
	char := html.UnescapeString(name)
	if char == name {
		return nil, 0
	}
	return []byte(char), end + 1
}

var controls = map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f', 'v': '\v'}

// backslashEscape is an escape of JSON, JavaScript and the languages that took theirs from C.
func backslashEscape(text []byte) ([]byte, int) {
	if len(text) < 2 {
		return nil, 0
	}
	switch c := text[1]; c {
	case '"', '\'', '\\', '/', '`':
		return text[1:2], 2
	case 'n', 'r', 't', 'b', 'f', 'v':
		return []byte{controls[c]}, 2
	case 'x', 'X':
		if v, n := number(text[2:], 16, 2); n == 2 {
			return []byte{byte(v)}, 4
		}
	case 'u', 'U':
		return unicodeEscape(text)
	default:
		if v, n := number(text[1:], 8, 3); n == 3 && v < 256 {
			return []byte{byte(v)}, 4
		}
	}
	return nil, 0
}

// unicodeEscape is \u002B, two of them for a character beyond 16 bits, or \u{2B}.
func unicodeEscape(text []byte) ([]byte, int) {
	if len(text) > 2 && text[2] == '{' {
		v, n := number(text[3:], 16, 8)
		if end := 3 + n; n > 0 && end < len(text) && text[end] == '}' {
			return utf8.AppendRune(nil, v), end + 1
		}
		return nil, 0
	}
	v, n := number(text[2:], 16, 4)
	if n != 4 {
		return nil, 0
	}
	if utf16.IsSurrogate(v) && len(text) >= 12 && text[6] == '\\' && (text[7] == 'u' || text[7] == 'U') {
		if low, n := number(text[8:], 16, 4); n == 4 {
			return utf8.AppendRune(nil, utf16.DecodeRune(v, low)), 12
		}
	}
	return utf8.AppendRune(nil, v), 6
}

// base64Values are the six bits of each letter of both alphabets, 0xFF for what is in none.
var base64Values = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xFF
	}
	for _, alphabet := range []string{
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
	} {
		for i := range alphabet {
			values[alphabet[i]] = byte(i)
		}
	}
	return values
}()

// base64 is what the runs of base64 letters hold, one after another with a NUL between. Where in a run the encoded text
// begins is not known, so each run is read from its first four letters on. Line ends within a run are passed over.
func (d *decoded) base64() decoded {
	const fewest = 6 // letters: what they hold is as short as the shortest secret
	var out decoded
	var run []int32
	flush := func() {
		if len(run) >= fewest {
			for skip := range 4 {
				d.decodeRun(run[skip:], &out)
			}
		}
		run = run[:0]
	}
	for i, c := range d.text {
		switch {
		case base64Values[c] != 0xFF:
			run = append(run, int32(i))
		case c != '\n' && c != '\r':
			flush()
		}
	}
	flush()
	return out
}

// decodeRun decodes the letters at the places of a run.
func (d *decoded) decodeRun(run []int32, out *decoded) {
	for len(run) >= 2 {
		group := run[:min(4, len(run))]
		s := d.original(int(group[0]), int(group[len(group)-1])+1)
		var letters [4]byte
		for i, at := range group {
			letters[i] = base64Values[d.text[at]]
		}
		bits := [3]byte{letters[0]<<2 | letters[1]>>4, letters[1]<<4 | letters[2]>>2, letters[2]<<6 | letters[3]}
		for _, b := range bits[:len(group)-1] {
			out.add(b, int32(s.start), int32(s.end))
		}
		run = run[len(group):]
	}
	out.add(0, 0, 0)
}

// base64Forms are the letters that stand for a text within longer text in base64, wherever in it the text begins, without
// those at the edges that hold bits of other text.
func base64Forms(text string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			whole := encoding.EncodeToString(append(make([]byte, before), text...))
			start := (before*8 + 5) / 6
			end := (before + len(text)) * 8 / 6
			forms = append(forms, whole[start:end])
		}
	}
	return forms
}
