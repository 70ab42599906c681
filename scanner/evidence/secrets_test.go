package evidence

import (
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
