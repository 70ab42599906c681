package match

import (
	"testing"
)

// Pages in two encodings are read as what they say they are in, by expressions and hashes too; all others as sent.
func TestRun_encodings(t *testing.T) {
	for name, tc := range map[string]struct {
		kind, body, matchers string
		want                 bool
	}{
		"gbk":           {"text/html; charset=GBK", "<p>\xc4\xe3\xba\xc3</p>", `matchers: [{type: dsl, dsl: ["contains(body, '你好')"]}]`, true},
		"gb2312":        {"text/html; charset=gb2312", "\xc4\xe3\xba\xc3", `matchers: [{type: size, size: [6]}]`, true},
		"windows_1251":  {"text/html; charset=windows-1251", "\xcf\xf0", `matchers: [{type: dsl, dsl: ["body == 'Пр'"]}]`, true},
		"raw_bytes_gbk": {"text/html; charset=gbk", "\xd0\xcf\x11\xe0\xa1\xb1", `matchers: [{type: binary, binary: [d0cf11e0a1b1]}]`, false},
		"raw_bytes":     {"text/html", "\xd0\xcf\x11\xe0\xa1\xb1", `matchers: [{type: binary, binary: [d0cf11e0a1b1]}]`, true},
		"shift_jis":     {"text/html; charset=Shift_JIS", "\x83e\x83X\x83g", `matchers: [{type: size, size: [6]}]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			page := answer(200, tc.body)
			page.Header.Set("Content-Type", tc.kind)
			if got := judged(t, program(t, tc.matchers), &Data{Exchange: page}).Matched; got != tc.want {
				t.Errorf("matched = %v, want %v", got, tc.want)
			}
		})
	}
}
