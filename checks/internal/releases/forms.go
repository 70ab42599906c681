package releases

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"
)

// Ends is how the lines of a text end.
type Ends int

// The ways in which lines end.
const (
	EndsNone  Ends = iota // it has one line
	EndsLF                // every line ends in LF
	EndsCRLF              // every line ends in CR and LF
	EndsMixed             // anything else
)

// Forms are one content as it is compared: bytes, and what is left of them whatever a server or an upload does to text.
type Forms struct {
	Bytes string // Digest of the body as it came
	Text  string // Digest of the body with line ends made LF
	Code  string // Digest of a script or style sheet without comments, white space and byte order mark; Text for other files
	Ends  Ends
	Loose bool // a script or style sheet with so much to take out that nobody has minified it
}

// FormsOf are the forms of a content of the file with a name.
func FormsOf(name string, body []byte) Forms {
	text := Unix(body)
	f := Forms{Bytes: Digest(body), Text: Digest(text), Ends: endsOf(body)}
	f.Code = f.Text
	if language, ok := languages[strings.ToLower(path.Ext(name))]; ok {
		code := language.strip(text)
		f.Code = Digest(code)
		const minified = 0.9 // share of a minified file that is code
		f.Loose = float64(len(code)) < minified*float64(len(body))
	}
	return f
}

// Digest is the form in which the database holds contents: 48 bits of SHA-256 in hex.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}

// Unix is text with its line ends made LF.
func Unix(b []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
}

func endsOf(b []byte) Ends {
	lf, cr, pairs := bytes.Count(b, []byte("\n")), bytes.Count(b, []byte("\r")), bytes.Count(b, []byte("\r\n"))
	switch {
	case lf == 0 && cr == 0:
		return EndsNone
	case cr == 0:
		return EndsLF
	case lf == pairs && cr == pairs:
		return EndsCRLF
	}
	return EndsMixed
}

// language says which comments and literals a kind of file has.
type language struct {
	lineComments bool // from // to the end of the line
	patterns     bool // regular expressions between slashes
}

var languages = map[string]language{".js": {true, true}, ".css": {}}

const byteOrderMark = "\ufeff"

// strip takes out what minifiers and servers take out or put in: the byte order mark, comments, white space and semicolons
// outside of strings; quotes become double. Comments that old browsers run stay.
func (l language) strip(text []byte) []byte {
	s := stripper{language: l, in: text}
	for s.at < len(s.in) {
		s.step()
	}
	return s.out
}

type stripper struct {
	language
	in, out []byte
	at      int
}

func (s *stripper) step() {
	rest := s.in[s.at:]
	switch c := rest[0]; {
	case bytes.HasPrefix(rest, []byte("/*")) && !bytes.HasPrefix(rest, []byte("/*@")):
		s.skip(rest, "*/")
	case s.lineComments && bytes.HasPrefix(rest, []byte("//")) && !bytes.HasPrefix(rest, []byte("//@")):
		s.skip(rest, "\n")
	case bytes.HasPrefix(rest, []byte("<!--")):
		s.htmlComment(rest)
	case bytes.HasPrefix(rest, []byte("-->")):
		s.at += len("-->")
	case bytes.HasPrefix(rest, []byte(byteOrderMark)):
		s.at += len(byteOrderMark)
	case c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\v' || c == ';':
		s.at++
	case c == '"' || c == '\'' || c == '`':
		s.quoted(rest, c)
	case c == '/' && s.patterns && s.startsPattern():
		s.pattern(rest)
	default:
		s.out = append(s.out, c)
		s.at++
	}
}

// skip goes on behind end, or to the end of the text when that is missing.
func (s *stripper) skip(rest []byte, end string) {
	if _, after, ok := bytes.Cut(rest, []byte(end)); ok {
		s.at = len(s.in) - len(after)
	} else {
		s.at = len(s.in)
	}
}

// htmlComment goes on behind a comment of HTML that ends on its line; of any other only the opening goes.
func (s *stripper) htmlComment(rest []byte) {
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	if i := bytes.Index(line, []byte("-->")); i >= 0 {
		s.at += i + len("-->")
	} else {
		s.at += len("<!--")
	}
}

// quoted copies a string. One that ends with its line instead is no string.
func (s *stripper) quoted(rest []byte, quote byte) {
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\':
			i++
		case c == '\n' && quote != '`':
			s.out = append(s.out, quote)
			s.at++
			return
		case c == quote:
			s.out = append(s.out, '"')
			s.out = append(s.out, rest[1:i]...)
			s.out = append(s.out, '"')
			s.at += i + 1
			return
		}
	}
	s.out = append(s.out, quote)
	s.at++
}

// startsPattern reports whether a slash begins a regular expression: after an operator, an opening bracket or return.
func (s *stripper) startsPattern() bool {
	if len(s.out) == 0 || bytes.HasSuffix(s.out, []byte("return")) || bytes.HasSuffix(s.out, []byte("typeof")) {
		return true
	}
	return bytes.IndexByte([]byte("(,=:[!&|?{}+-*%~^<>"), s.out[len(s.out)-1]) >= 0
}

// pattern copies a regular expression. One that ends with its line instead is a division.
func (s *stripper) pattern(rest []byte) {
	class := false
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\':
			i++
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.out = append(s.out, rest[:i+1]...)
			s.at += i + 1
			return
		case c == '\n':
			s.out = append(s.out, rest[0])
			s.at++
			return
		}
	}
	s.out = append(s.out, rest[0])
	s.at++
}
