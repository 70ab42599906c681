package web

import (
	"bytes"
	"errors"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// aliases are names that Japanese sites use and the WHATWG table lacks.
var aliases = map[string]string{
	"cp932": "shift_jis", "ms932": "shift_jis", "windows-932": "shift_jis", "sjis-win": "shift_jis", "x-sjis-win": "shift_jis",
	"ms_kanji": "shift_jis", "sjis": "shift_jis", "shift-jis": "shift_jis", "x-ms-cp932": "shift_jis",
	"eucjp-win": "euc-jp", "eucjp": "euc-jp", "euc_jp": "euc-jp", "eucjpms": "euc-jp", "ujis": "euc-jp", "x-euc": "euc-jp", "cp51932": "euc-jp",
	"jis": "iso-2022-jp", "iso-2022-jp-ms": "iso-2022-jp", "cp50220": "iso-2022-jp", "cp50221": "iso-2022-jp",
	"utf8": "utf-8", "utf-8n": "utf-8",
}

var metaCharset = regexp.MustCompile(`(?i)<meta[^>]{1,200}?charset\s*=\s*["']?\s*([a-z0-9_.:-]+)`)

// Text is the body as UTF-8. The charset is taken from the byte order mark, the header, the page's meta element; without
// a label, or with one nobody knows, from the bytes: UTF-8 if they are valid, else the Japanese encoding that decodes
// them without a mistake, else windows-1252 as browsers do.
func (ex *Exchange) Text() string {
	ex.textOnce.Do(func() { ex.text = text(ex.Body, ex.Header.Get("Content-Type")) })
	return ex.text
}

// Transcoded is the body in UTF-8 when the header names GBK or windows-1251: the two encodings that the public template
// language undoes. It is false for all others.
func (ex *Exchange) Transcoded() (string, bool) {
	kind := strings.ToLower(ex.Header.Get("Content-Type"))
	name := ""
	switch {
	case !strings.Contains(kind, "gb") && !strings.Contains(kind, "1251"):
		return "", false
	case strings.Contains(kind, "gbk"), strings.Contains(kind, "gb2312"), strings.Contains(kind, "gb18030"):
		name = "gbk"
	case strings.Contains(kind, "windows-1251"), strings.Contains(kind, "cp1251"), strings.Contains(kind, "cp-1251"):
		name = "windows-1251"
	default:
		return "", false
	}
	e, _ := charset.Lookup(name)
	return decoded(e, ex.Body), true
}

func text(body []byte, contentType string) string {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return strings.ToValidUTF8(string(body[3:]), "\ufffd")
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		return decoded(unicode.UTF16(unicode.BigEndian, unicode.UseBOM), body)
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		return decoded(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), body)
	}
	if e, ok := labelled(body, contentType); ok {
		return decoded(e, body)
	}
	if utf8.Valid(body) && !bytes.Contains(body, []byte("\x1b$")) {
		return unsafe.String(unsafe.SliceData(body), len(body)) // not a copy: neither an exchange nor a string ever changes
	}
	for _, e := range []encoding.Encoding{japanese.ISO2022JP, japanese.EUCJP, japanese.ShiftJIS} {
		if e == japanese.ISO2022JP && !bytes.Contains(body, []byte("\x1b$")) {
			continue
		}
		if clean(e, body) {
			return decoded(e, body)
		}
	}
	if whole := body[:len(body)-min(len(body), 3)]; utf8.Valid(whole) && utf8.RuneCount(whole) < len(whole) { // cut within a character
		return strings.ToValidUTF8(string(body), "\ufffd")
	}
	e, _ := charset.Lookup("windows-1252")
	return decoded(e, body)
}

// labelled is the encoding that the answer claims. A claim of UTF-8 that the bytes break is no claim.
func labelled(body []byte, contentType string) (encoding.Encoding, bool) {
	var names []string
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		names = append(names, params["charset"])
	}
	if m := metaCharset.FindSubmatch(body[:min(len(body), 4096)]); m != nil {
		names = append(names, string(m[1]))
	}
	for _, name := range names {
		name = strings.ToLower(strings.Trim(name, ` "'`))
		if a, ok := aliases[name]; ok {
			name = a
		}
		if name == "" || name == "utf-8" && !utf8.Valid(body) {
			continue
		}
		if e, canonical := charset.Lookup(name); e != nil && (canonical != "windows-1252" || !looksJapanese(body)) {
			return e, true
		}
	}
	return nil, false
}

// looksJapanese reports bytes whose label says Latin but that are clean EUC-JP, or clean Shift_JIS with kana: the label is
// the server's default then. Western text is clean Shift_JIS now and then, but without kana.
func looksJapanese(body []byte) bool {
	high := 0
	for _, c := range body {
		if c >= 0x80 {
			high++
		}
	}
	if high < 8 || utf8.Valid(body) {
		return false
	}
	if clean(japanese.EUCJP, body) {
		return true
	}
	const few = 4
	if !clean(japanese.ShiftJIS, body) {
		return false
	}
	kana := 0
	for _, r := range decoded(japanese.ShiftJIS, body) {
		if r >= 0x3041 && r <= 0x30fa {
			kana++
		}
	}
	return kana >= few
}

// clean reports whether every byte of body makes sense in e.
func clean(e encoding.Encoding, body []byte) bool {
	d := e.NewDecoder()
	var out [4096]byte
	for {
		written, read, err := d.Transform(out[:], body, true)
		if bytes.ContainsRune(out[:written], utf8.RuneError) {
			return false
		}
		body = body[read:]
		if !errors.Is(err, transform.ErrShortDst) {
			return err == nil
		}
	}
}

func decoded(e encoding.Encoding, body []byte) string {
	var out strings.Builder
	out.Grow(len(body))
	w := transform.NewWriter(&out, e.NewDecoder())
	_, err := w.Write(body)
	if err := errors.Join(err, w.Close()); err != nil {
		return strings.ToValidUTF8(string(body), "\ufffd")
	}
	return out.String()
}
