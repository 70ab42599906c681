package scanner

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/signature"
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
			got := NewSecrets(c.secrets).Evidence(exchangeOf("GET / HTTP/1.1", http.Header{}, c.body), "").Response
			if diff := cmp.Diff("HTTP/1.1 200 OK\n\n"+c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestTakesSecrets(t *testing.T) {
	cases := map[string]struct {
		id   string
		tags signature.StringList
		want bool
	}{
		"tag_token":         {"grafana-cloud", signature.StringList{"grafana", "exposure", "token"}, true},
		"tag_in_capitals":   {"x", signature.StringList{"Tokens"}, true},
		"tag_key":           {"mail-env", signature.StringList{"key", "exposure"}, true},
		"id_secret":         {"app-secret-key", signature.StringList{"exposure", "files"}, true},
		"id_in_one_word":    {"cloud-accesstoken", signature.StringList{"exposure"}, true},
		"id_credentials":    {"aws-credentials", signature.StringList{"config"}, true},
		"version":           {"nginx-version", signature.StringList{"tech", "nginx"}, false},
		"panel_of_a_safe":   {"password-manager-panel", signature.StringList{"panel"}, false},
		"plugin":            {"password-protected", signature.StringList{"tech", "wp-plugin"}, false},
		"product_of_tokens": {"tokens-detect", signature.StringList{"tokens", "detect"}, false},
		"word_with_key":     {"monkey-turnkey-keycloak", signature.StringList{"keycloak", "misconfig"}, false},
		"file":              {"git-config", signature.StringList{"config", "exposure"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := &signature.Signature{ID: c.id, Info: signature.Info{Tags: c.tags}}
			if got := TakesSecrets(s); got != c.want {
				t.Errorf("TakesSecrets of %q with tags %v = %v, want %v", c.id, c.tags, got, c.want)
			}
		})
	}
}
