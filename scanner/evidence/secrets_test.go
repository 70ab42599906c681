package evidence

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"sotomi/scanner/message"

	"github.com/google/go-cmp/cmp"
)

func TestSecrets_Evidence(t *testing.T) {
	long := strings.Repeat("a b ", 1000)
	cases := map[string]struct {
		secrets    []string
		body, want string // of the answer
	}{
		"none":             {nil, "plain word", "plain word"},
		"each_place":       {[]string{"plain word"}, "a plain word, plain word.", "a ***, ***."},
		"within_another":   {[]string{"plain word", "a plain wordy"}, "a plain wordy one", "*** one"},
		"short":            {[]string{"a", "  ", ""}, "a b a", "a b a"},
		"harmless":         {[]string{"undefined", "false"}, "undefined or false", "undefined or false"},
		"escaped_for_html": {[]string{"this & that"}, "x this &amp; that y", "x *** y"},
		"escaped_for_json": {[]string{"this/\"that"}, `x this/\"that y`, "x *** y"},
		"encoded":          {[]string{"this & that"}, "?x=this+%26+that&y=this%20&%20that", "?x=***&y=***"},
		"spaces_around":    {[]string{" plain word\n"}, "plain word.", "***."},
		"over_the_edge":    {[]string{"b " + long + "c"}, "a b " + long + "c", "a *** […]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got := NewSecrets(c.secrets).Evidence(exchangeOf("GET / HTTP/1.1", http.Header{}, c.body), message.Message{}).Response
			if diff := cmp.Diff("HTTP/1.1 200 OK\n\n"+c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestHide: the ways in which servers were seen to write what they are sent, and what is left around it.
func TestHide(t *testing.T) {
	s := GivenSecrets([]string{"Pa+ss/wo&rd 9", "kéy-ünicode-日本"})
	for text, want := range map[string]string{
		"x Pa+ss/wo&rd 9 y":                                  "x *** y",
		"x PA+SS/WO&RD 9 y":                                  "x *** y",
		`{"a":"Pa\u002Bss\/wo\u0026rd 9"}`:                   `{"a":"***"}`,
		`"Pa\u002bss/wo&rd 9",`:                              `"***",`,
		"<p>Pa&#x2B;ss/wo&amp;rd 9</p>":                      "<p>***</p>",
		"<p>Pa&#0043ss&#x2fwo&#X26;rd&#32;9</p>":             "<p>***</p>",
		"/?a=Pa%2Bss%2Fwo%26rd+9&b=1":                        "/?a=***&b=1",
		"/?a=Pa%2bss%2fwo%26rd%209&b=1":                      "/?a=***&b=1",
		"/?a=Pa%252Bss%252Fwo%2526rd%25209&b=1":              "/?a=***&b=1",
		"/?a=Pa%25252Bss%25252Fwo%252526rd%2525209&b=1":      "/?a=***&b=1",
		"href=&quot;?a=Pa%2Bss%2Fwo%26rd%209&quot;":          "href=&quot;?a=***&quot;",
		"Authorization: Basic YWRtaW46UGErc3Mvd28mcmQgOQ==.": "Authorization: Basic YWRt***.",
		"k%c3%a9y-%C3%BCnicode-%E6%97%A5%E6%9C%AC.":          "***.",
		`K\u00c9Y-\u00dcnicode-\u65e5\u672c.`:                "***.",
		"href=&quot;?a=Pa%2Bss%2Fwo%26amp;rd%209&quot;":      "href=&quot;?a=***&quot;",
		"Pa+ss/wo&r": "Pa+ss/wo&r", // the server cut it
		"nothing":    "nothing",
		"":           "",
		"100% & more \\ &#; &#x; %2 \\u00 \\x &unknown; \\": "100% & more \\ &#; &#x; %2 \\u00 \\x &unknown; \\",
	} {
		if got := s.Hide(text); got != want {
			t.Errorf("Hide(%q) = %q, want %q", text, got, want)
		}
	}
	long := strings.Repeat("0123456789abcdef", 40) + "the end"
	if got := GivenSecrets([]string{long}).Hide("x " + strings.ToUpper(long) + " y"); got != "x *** y" {
		t.Errorf("a long secret: %q", got)
	}
	wrapped := base64.StdEncoding.EncodeToString([]byte("admin:" + long))
	wrapped = wrapped[:76] + "\r\n" + wrapped[76:]
	if got := GivenSecrets([]string{long}).Hide(wrapped); got != "YWRtaW46***" {
		t.Errorf("base64 in lines: %q", got)
	}
	if got := (Secrets{}).Hide("Pa+ss/wo&rd 9"); got != "Pa+ss/wo&rd 9" {
		t.Errorf("no secrets: %q", got)
	}
}
