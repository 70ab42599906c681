package template

import (
	"testing"

	"sotomi/scanner/signature"
)

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
			if got := takesSecrets(s); got != c.want {
				t.Errorf("TakesSecrets of %q with tags %v = %v, want %v", c.id, c.tags, got, c.want)
			}
		})
	}
}
