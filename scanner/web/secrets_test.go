package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSecrets(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		want   []string
	}{
		"bearer":  {http.Header{"Authorization": {"Bearer abcdefgh"}}, []string{"Bearer abcdefgh", "abcdefgh"}},
		"basic":   {http.Header{"Authorization": {"Basic dXNlcjpodW50ZXIy"}}, []string{"Basic dXNlcjpodW50ZXIy", "dXNlcjpodW50ZXIy", "user:hunter2", "hunter2"}},
		"cookies": {http.Header{"Cookie": {"sid=12345678; theme=dark"}}, []string{"sid=12345678; theme=dark", "12345678"}},
		"key":     {http.Header{"X-Key": {"abcdefgh"}}, []string{"abcdefgh"}},
		"public":  {http.Header{"Host": {"shop.example"}, "Accept-Language": {"ja-JP, en"}, "X-Forwarded-For": {"192.0.2.1"}, "X-Short": {"1"}}, []string{}},
	} {
		if diff := cmp.Diff(c.want, Secrets(c.header)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	c, err := ReadCredentials(strings.NewReader("X-Key: abcdefgh\nshop.example\tTRUE\t/\tFALSE\t0\tsid\t12345678\n"), "A")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"sid=12345678", "12345678", "abcdefgh"}, c.Secrets()); diff != "" {
		t.Errorf("a session (-want +got):\n%s", diff)
	}
}
