package evidence

import (
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

func exchangeOf(sent string, header http.Header, body string) *web.Exchange {
	return &web.Exchange{Sent: web.SentText(sent), StatusLine: "HTTP/1.1 200 OK", Status: 200, Header: header, Body: []byte(body)}
}

func TestNewEvidence(t *testing.T) {
	long := strings.Repeat("a b ", 1000)
	cases := map[string]struct {
		ex   *web.Exchange
		keep []string
		want Evidence
	}{
		"short": {
			exchangeOf("GET / HTTP/1.1\r\nHost: h\r\n\r\n", http.Header{"B": {"2"}, "A": {"1", "3"}}, "hello"), nil,
			Evidence{Request: "GET / HTTP/1.1\nHost: h", Response: "HTTP/1.1 200 OK\nA: 1\nA: 3\nB: 2\n\nhello"},
		},
		"no_body": {
			exchangeOf("HEAD / HTTP/1.1\r\n\r\n", nil, ""), nil,
			Evidence{Request: "HEAD / HTTP/1.1", Response: "HTTP/1.1 200 OK"},
		},
		"secrets_everywhere": {
			exchangeOf("GET /?token=x HTTP/1.1\r\nCookie: a=b\r\n\r\n", http.Header{"Set-Cookie": {"s=1; Path=/"}}, "PASSWORD=x\n"), nil,
			Evidence{
				Request:  "GET /?token=*** HTTP/1.1\nCookie: a=***",
				Response: "HTTP/1.1 200 OK\nSet-Cookie: s=***; Path=/\n\nPASSWORD=***\n",
			},
		},
		"binary": {
			exchangeOf("GET /x HTTP/1.1", nil, "PK\x03\x04\x00\x00rest"), nil,
			Evidence{Request: "GET /x HTTP/1.1", Response: "HTTP/1.1 200 OK\n\n[binary, 10 bytes, beginning with 50 4b 03 04 00 00 72 65 73 74]"},
		},
		"control_characters": {
			exchangeOf("GET /x HTTP/1.1", nil, "plain words before \x1b[31mred\u202etxt\u0085 after"), nil,
			Evidence{Request: "GET /x HTTP/1.1", Response: "HTTP/1.1 200 OK\n\nplain words before \\x1b[31mred\\u202etxt\\x85 after"},
		},
		"around_what_matters": {
			exchangeOf("GET /x HTTP/1.1", nil, long+"NEEDLE"+long),
			[]string{"", "NEEDLE", "not there"},
			Evidence{Request: "GET /x HTTP/1.1", Response: "HTTP/1.1 200 OK\n\n[…] " + strings.Repeat("a b ", 50) + "NEEDLE" + strings.Repeat("a b ", 50) + " […]"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, New(c.ex, message.Message{}, c.keep...)); diff != "" {
				t.Errorf("NewEvidence (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNewEvidenceCutsLongRequestsAndHeaders(t *testing.T) {
	header := http.Header{"Long": {strings.Repeat("x y ", 500)}}
	for i := range 60 {
		header.Add("Many", strings.Repeat("v", i))
	}
	e := New(exchangeOf("POST / HTTP/1.1\r\n\r\n"+strings.Repeat("n n ", 5000), header, strings.Repeat("b b ", 9000)), message.New("note"))
	if len(e.Request) > requestShown+20 || len(e.Response) > 40*headerShown+bodyShown {
		t.Errorf("request has %d bytes, response %d", len(e.Request), len(e.Response))
	}
	if !strings.Contains(e.Response, "[21 more]") || !strings.HasSuffix(e.Response, "[…]") {
		t.Errorf("the cuts are not marked:\n%s", e.Response)
	}
}

// A secret whose name lies before the shown part, or that the cut goes through, stays hidden.
func TestNewEvidenceRedactsAcrossItsCuts(t *testing.T) {
	filler := strings.Repeat("word ", 300)
	text := filler + "db_password = \"" + strings.Repeat("hunter ", 60) + "NEEDLE" + strings.Repeat(" hunter", 60) + "\" " + filler
	got := New(exchangeOf("GET / HTTP/1.1", nil, text), message.Message{}, "NEEDLE").Response
	if strings.Contains(got, "hunter") {
		t.Errorf("a part of the secret is shown:\n%s", got)
	}
}

// TestNewEvidenceRedactsHeadersBeforeItCutsThem: what shows its kind only as a whole is hidden where the cut goes through it,
// and a line that is short once redacted is shown whole.
func TestNewEvidenceRedactsHeadersBeforeItCutsThem(t *testing.T) {
	const random = "QWxhZGRpbjpvcGVuIHNlc2FtZTEyMzQ1Njc4OTBBYkNk"
	filler := strings.Repeat("x y ", 70) // 280 bytes
	for name, c := range map[string]struct{ value, want string }{
		"across_the_cut": {filler + random, "A: " + filler + "***"},
		"before_the_cut": {random + " " + filler, "A: *** " + filler},
		"long_secret":    {strings.Repeat(random, 9) + " end", "A: *** end"},
		"after_the_cut":  {filler + filler + random, "A: " + (filler + filler)[:headerShown-3] + " […]"},
	} {
		t.Run(name, func(t *testing.T) {
			got := New(exchangeOf("GET / HTTP/1.1", http.Header{"A": {c.value}}, ""), message.Message{}).Response
			if diff := cmp.Diff("HTTP/1.1 200 OK\n"+c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestNewEvidenceHidesGivenSecrets: the exchange carries what its visitor gave to log in; every part of the evidence hides it.
func TestNewEvidenceHidesGivenSecrets(t *testing.T) {
	ex := exchangeOf("GET /?back=horse%2bbattery HTTP/1.1", http.Header{"X-Echo": {"horse&#x2B;battery"}}, "\x00\x01Horse+BATTERY\x02")
	ex.StatusLine = "HTTP/1.1 200 horse+battery"
	ex.Secrets = []string{"horse+battery"}
	want := Evidence{
		Request:  "GET /?back=*** HTTP/1.1",
		Response: "HTTP/1.1 200 ***\nX-Echo: ***\n\n[binary, 16 bytes, beginning with 00 01 ** ** ** ** ** ** ** ** ** ** ** ** ** 02]",
		Note:     message.New("asked with %s", "***"),
	}
	if diff := cmp.Diff(want, New(ex, message.New("asked with %s", `horse\u002Bbattery`))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzNewEvidence feeds bodies and parts of strangers: the text is valid, has nothing that steers a terminal, and never
// shows a planted secret, wherever the parts to be shown lie.
func FuzzNewEvidence(f *testing.F) {
	f.Add([]byte("body"), "o", "k", uint16(0))
	f.Add([]byte("\xff\xfe\x00"), "", "v", uint16(3))
	f.Add([]byte(strings.Repeat("日本語 ", 2000)), "語", "\x1b[2J", uint16(5000))
	f.Fuzz(func(t *testing.T, body []byte, keep, header string, at uint16) {
		const secret = "Zq7hunter2Zq7"
		if strings.Contains(string(body)+header+keep, "Zq7") {
			t.Skip()
		}
		i := min(int(at), len(body))
		planted := string(body[:i]) + "\n\nDB_PASSWORD=" + secret + "\n\n" + string(body[i:])
		ex := exchangeOf("GET / HTTP/1.1\r\nAuthorization: Bearer "+secret, http.Header{"X-A": {header}}, planted)
		e := New(ex, message.Message{}, keep, "DB_PASSWORD", "\n")
		all := e.Request + e.Response
		if !utf8.ValidString(all) {
			t.Errorf("not UTF-8: %q", all)
		}
		if i := strings.IndexFunc(all, func(r rune) bool { return r != '\n' && r != '\t' && unicode.IsControl(r) }); i >= 0 {
			t.Errorf("control character at %d of %q", i, all)
		}
		if strings.Contains(e.Request, "Zq7") || strings.Contains(e.Response, secret) && !strings.ContainsAny(string(body[:i]), "\"'`") {
			t.Errorf("secret shown in %q", all)
		}
	})
}
