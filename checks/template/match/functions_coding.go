package match

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"html"
	"io"
	"strconv"
	"strings"

	"sotomi/scanner/message"

	"github.com/twmb/murmur3"
)

func codingFunctions() map[string]function {
	return map[string]function{
		"base64":    ofString(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
		"base64_py": ofString(base64Lines),
		"base64_decode": fixed(1, func(a []any) (any, error) {
			b, err := base64.StdEncoding.DecodeString(toString(a[0]))
			return string(b), err
		}),
		"hex_encode": between(1, 2, hexEncode),
		"hex_decode": fixed(1, func(a []any) (any, error) {
			b, err := hex.DecodeString(toString(a[0]))
			return string(b), err
		}),
		"url_encode":    between(1, 2, urlEncode),
		"url_decode":    ofString(urlDecode),
		"html_escape":   between(1, 2, htmlEscape),
		"html_unescape": ofString(html.UnescapeString),
		"json_minify": fixed(1, func(a []any) (any, error) {
			var doc map[string]any
			if err := json.Unmarshal([]byte(toString(a[0])), &doc); err != nil {
				return nil, err
			}
			b, err := json.Marshal(doc)
			return string(b), err
		}),
		"json_prettify": fixed(1, func(a []any) (any, error) {
			var b bytes.Buffer
			err := json.Indent(&b, []byte(toString(a[0])), "", "    ")
			return b.String(), err
		}),
		"gzip":        packed(func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
		"zlib":        packed(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
		"deflate":     packed(deflater),
		"gzip_decode": unpacked(func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }),
		"zlib_decode": unpacked(func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }),
		"inflate":     unpacked(func(r io.Reader) (io.Reader, error) { return flate.NewReader(r), nil }),
		"zip":         between(2, -1, zipFiles),
	}
}

func deflater(w io.Writer) io.WriteCloser {
	f, err := flate.NewWriter(w, flate.DefaultCompression)
	if err != nil {
		panic(err) // the level is a valid one
	}
	return f
}

func packed(make func(io.Writer) io.WriteCloser) function {
	return fixed(1, func(a []any) (any, error) {
		var b bytes.Buffer
		w := make(&b)
		if _, err := io.WriteString(w, toString(a[0])); err != nil {
			return nil, err
		}
		err := w.Close()
		return b.String(), err
	})
}

func unpacked(make func(io.Reader) (io.Reader, error)) function {
	return between(1, 2, func(a []any) (any, error) {
		r, err := make(strings.NewReader(toString(a[0])))
		if err != nil {
			return nil, err
		}
		limit := maxResult
		if len(a) == 2 {
			if n, err := toInt(a[1]); err == nil {
				limit = min(limit, n)
			}
		}
		b, err := io.ReadAll(io.LimitReader(r, int64(limit)))
		return string(b), err
	})
}

func zipFiles(a []any) (any, error) {
	if len(a)%2 != 0 {
		return nil, errArguments
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(a); i += 2 {
		w, err := z.Create(toString(a[i]))
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, toString(a[i+1])); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return b.Bytes(), err
}

// base64Lines breaks after 76 characters and ends with a line break, as Python's encodebytes does.
func base64Lines(s string) string {
	encoded := base64.StdEncoding.EncodeToString([]byte(s))
	var b strings.Builder
	b.Grow(len(encoded) + len(encoded)/76 + 1)
	for len(encoded) > 76 {
		b.WriteString(encoded[:76])
		b.WriteByte('\n')
		encoded = encoded[76:]
	}
	b.WriteString(encoded)
	b.WriteByte('\n')
	return b.String()
}

// hexEncode takes text only. The format x writes each byte as \x61, any other is none.
func hexEncode(a []any) (any, error) {
	switch a[0].(type) {
	case string, []byte:
	default:
		return "", nil
	}
	s := hex.EncodeToString([]byte(toString(a[0])))
	if len(a) == 1 || !strings.EqualFold(toString(a[1]), "x") {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i += 2 {
		b.WriteString(`\x` + s[i:i+2])
	}
	return b.String(), nil
}

func urlEncode(a []any) (any, error) {
	all := len(a) == 2 && a[1] == true
	var b strings.Builder
	for _, c := range []byte(toString(a[0])) {
		plain := c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || !all && strings.IndexByte("-_.!~*'()", c) >= 0
		if plain {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String(), nil
}

func urlDecode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// namedLetters escapes the ASCII characters that HTML has a name for, as the reference engine does.
var namedLetters = strings.NewReplacer(
	"\t", "&Tab;", "\n", "&NewLine;", "!", "&excl;", `"`, "&quot;", "#", "&num;", "$", "&dollar;", "%", "&percnt;", "&", "&amp;", "'", "&apos;",
	"(", "&lpar;", ")", "&rpar;", "*", "&ast;", "+", "&plus;", ",", "&comma;", ".", "&period;", "/", "&sol;", ":", "&colon;", ";", "&semi;",
	"<", "&lt;", "=", "&equals;", ">", "&gt;", "?", "&quest;", "@", "&commat;", "[", "&lsqb;", `\`, "&bsol;", "]", "&rsqb;", "^", "&Hat;",
	"_", "&lowbar;", "`", "&grave;", "{", "&lcub;", "|", "&vert;", "}", "&rcub;",
)

// htmlEscape escapes what HTML has names for, or every character.
func htmlEscape(a []any) (any, error) {
	s := namedLetters.Replace(toString(a[0]))
	if len(a) < 2 || !toBool(a[1]) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '&' {
			if end := strings.IndexByte(s[i:], ';'); end >= 0 {
				b.WriteString(s[i : i+end+1])
				i += end
				continue
			}
		}
		fmt.Fprintf(&b, "&#%d;", s[i])
	}
	return b.String(), nil
}

func hashFunctions() map[string]function {
	sum := func(make func() hash.Hash) function {
		return ofString(func(s string) string {
			h := make()
			_, _ = io.WriteString(h, s) // a hash takes all
			return hex.EncodeToString(h.Sum(nil))
		})
	}
	return map[string]function{
		"md5": sum(md5.New), "sha1": sum(sha1.New), "sha256": sum(sha256.New), "sha512": sum(sha512.New),
		"mmh3": fixed(1, func(a []any) (any, error) { return murmur(fmt.Sprint(a[0])), nil }),
		"hmac": fixed(3, func(a []any) (any, error) {
			makers := map[string]func() hash.Hash{
				"sha1": sha1.New, "sha-1": sha1.New, "sha256": sha256.New, "sha-256": sha256.New, "sha512": sha512.New, "sha-512": sha512.New,
			}
			make, ok := makers[toString(a[0])]
			if !ok {
				return nil, fmt.Errorf("hash %q: there are sha1, sha256, sha512", toString(a[0]))
			}
			h := hmac.New(make, []byte(toString(a[2])))
			_, _ = io.WriteString(h, toString(a[1])) // a hash takes all
			return hex.EncodeToString(h.Sum(nil)), nil
		}),
	}
}

// murmur is MurmurHash3, 32 bits, as a signed number.
func murmur(s string) string { return strconv.Itoa(int(int32(murmur3.StringSum32(s)))) }

func cryptoFunctions() map[string]function {
	return map[string]function{
		"xor": between(2, -1, func(a []any) (any, error) {
			longest := 0
			for _, v := range a {
				n := len(toString(v))
				if n == 0 {
					return nil, errArguments
				}
				longest = max(longest, n)
			}
			out := make([]byte, longest)
			for _, v := range a {
				s := toString(v)
				for i := range out {
					out[i] ^= s[i%len(s)]
				}
			}
			return out, nil
		}),
		"aes_cbc": fixed(3, func(a []any) (any, error) {
			block, err := aes.NewCipher([]byte(toString(a[1])))
			if err != nil {
				return nil, err
			}
			iv, plain := []byte(toString(a[2])), []byte(toString(a[0]))
			if len(iv) != aes.BlockSize {
				return nil, errArguments
			}
			fill := aes.BlockSize - len(plain)%aes.BlockSize
			plain = append(plain, bytes.Repeat([]byte{byte(fill)}, fill)...)
			cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
			return plain, nil
		}),
		"generate_jwt": between(2, 4, signToken),
	}
}

// signToken makes a JSON Web Token (RFC 7519) with no signature or one of the HMAC kinds.
func signToken(a []any) (any, error) {
	var claims map[string]any
	if err := json.Unmarshal([]byte(toString(a[0])), &claims); err != nil {
		return nil, err
	}
	algorithm := strings.ToUpper(toString(a[1]))
	makers := map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New}
	name := algorithm
	if name == "" {
		name = "NONE"
	}
	if name == "NONE" && toString(a[1]) != "" {
		name = toString(a[1])
	}
	if len(a) == 4 {
		return nil, &UnsupportedError{message.New("generate_jwt with an age")}
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf(`{"alg":%q,"typ":"JWT"}`, name)
	signed := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString(body)
	newHash, ok := makers[algorithm]
	switch {
	case ok:
		key := ""
		if len(a) == 3 {
			key = toString(a[2])
		}
		h := hmac.New(newHash, []byte(key))
		_, _ = io.WriteString(h, signed) // a hash takes all
		return []byte(signed + "." + base64.RawURLEncoding.EncodeToString(h.Sum(nil))), nil
	case strings.EqualFold(name, "none"):
		return []byte(signed + "."), nil
	}
	return nil, &UnsupportedError{message.New("generate_jwt with %s", algorithm)}
}
