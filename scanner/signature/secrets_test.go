package signature

import "testing"

func TestTakesSecrets(t *testing.T) {
	cases := map[string]struct {
		id   string
		tags StringList
		want bool
	}{
		"tag_token":         {"grafana-cloud", StringList{"grafana", "exposure", "token"}, true},
		"tag_in_capitals":   {"x", StringList{"Tokens"}, true},
		"tag_key":           {"mail-env", StringList{"key", "exposure"}, true},
		"id_secret":         {"app-secret-key", StringList{"exposure", "files"}, true},
		"id_in_one_word":    {"cloud-accesstoken", StringList{"exposure"}, true},
		"id_credentials":    {"aws-credentials", StringList{"config"}, true},
		"version":           {"nginx-version", StringList{"tech", "nginx"}, false},
		"panel_of_a_safe":   {"password-manager-panel", StringList{"panel"}, false},
		"plugin":            {"password-protected", StringList{"tech", "wp-plugin"}, false},
		"product_of_tokens": {"tokens-detect", StringList{"tokens", "detect"}, false},
		"word_with_key":     {"monkey-turnkey-keycloak", StringList{"keycloak", "misconfig"}, false},
		"file":              {"git-config", StringList{"config", "exposure"}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s := &Signature{ID: c.id, Info: Info{Tags: c.tags}}
			if got := s.TakesSecrets(); got != c.want {
				t.Errorf("TakesSecrets of %q with tags %v = %v, want %v", c.id, c.tags, got, c.want)
			}
		})
	}
}
