package evidence

import (
	"strings"
	"testing"
)

// sample is a made-up rest of a token: so regular that nobody takes it for a live one.
func sample(n int) string { return strings.Repeat("a0B1", n/4+1)[:n] }

// hexSample is the same in hexadecimal digits.
func hexSample(n int) string { return strings.Repeat("a0", n/2+1)[:n] }

func TestRedactTokens(t *testing.T) {
	tokens := map[string]string{
		"grafana_cloud":     "glc" + "_" + sample(60),
		"grafana_service":   "glsa" + "_" + sample(32) + "_" + hexSample(8),
		"vault_service":     "hvs" + "." + sample(95),
		"vault_batch":       "hvb" + "." + sample(150),
		"docker":            "dckr" + "_pat_" + sample(27),
		"databricks":        "dapi" + hexSample(32),
		"dropbox":           "sl" + "." + sample(135),
		"shopify":           "shpat" + "_" + hexSample(32),
		"shopify_shared":    "shpss" + "_" + hexSample(32),
		"shopify_custom":    "shpca" + "_" + hexSample(32),
		"shopify_private":   "shppa" + "_" + hexSample(32),
		"slack_app":         "xapp" + "-1-A0B1A0B1-1234-" + hexSample(40),
		"slack_bot":         "xoxb" + "-1234567890-" + sample(24),
		"slack_config":      "xoxe" + ".xoxp-1-" + sample(160),
		"linear":            "lin" + "_api_" + sample(40),
		"figma":             "figd" + "_" + sample(40),
		"new_relic_user":    "NRAK" + "-" + strings.ToUpper(sample(27)),
		"new_relic_browser": "NRJS" + "-" + hexSample(19),
		"new_relic_admin":   "NRAA" + "-" + hexSample(27),
		"new_relic_insight": "NRIQ" + "-" + sample(32),
		"new_relic_licence": "a0b1c2" + hexSample(30) + "NRAL",
		"postman":           "PMAK" + "-" + hexSample(24) + "-" + hexSample(34),
		"doppler":           "dp" + ".pt." + sample(43),
		"doppler_service":   "dp" + ".st.prd." + sample(43),
		"planetscale":       "pscale" + "_tkn_" + sample(43),
		"rubygems":          "rubygems" + "_" + hexSample(48),
		"atlassian":         "ATATT" + "3x" + sample(180),
		"age":               "AGE-SECRET" + "-KEY-1" + strings.ToUpper(sample(58)),
		"sentry":            "sntrys" + "_" + sample(90) + "=_" + sample(43),
		"digitalocean":      "doo" + "_v1_" + hexSample(64),
		"digitalocean_new":  "dor" + "_v1_" + hexSample(64),
		"gitlab":            "glpat" + "-" + sample(20),
		"gitlab_deploy":     "gldt" + "-" + sample(20),
		"gitlab_runner":     "glrt" + "-" + sample(20),
		"gitlab_trigger":    "glptt" + "-" + hexSample(40),
		"gitlab_runner_old": "GR1348" + "941" + sample(20),
		"github":            "ghp" + "_" + sample(36),
		"github_fine":       "github" + "_pat_" + sample(22) + "_" + sample(59),
		"notion":            "ntn" + "_" + sample(46),
		"notion_old":        "secret" + "_" + sample(43),
		"telegram":          "123456789" + ":AA" + sample(33),
		"stripe":            "sk" + "_live_" + sample(24),
		"stripe_short":      "rk" + "_test_" + sample(10),
		"stripe_webhook":    "whsec" + "_" + sample(32),
		"square":            "sq0" + "atp-" + sample(22),
		"square_secret":     "sq0" + "csp-" + sample(43),
		"easypost":          "EZ" + "AK" + sample(54),
		"easypost_test":     "EZ" + "TK" + sample(54),
		"alibaba":           "LT" + "AI" + sample(20),
		"facebook":          "EAA" + "B" + sample(60),
		"twilio":            "S" + "K" + hexSample(32),
		"mailgun":           "key" + "-" + hexSample(32),
		"adafruit":          "aio" + "_" + sample(28),
		"airtable":          "pat" + sample(14) + "." + hexSample(64),
		"openai":            "sk" + "-proj-" + sample(48),
		"anthropic":         "sk" + "-ant-api03-" + sample(90),
		"huggingface":       "hf" + "_" + sample(34),
		"sendgrid":          "SG" + "." + sample(22) + "." + sample(43),
		"sendgrid_short":    "SG" + "." + sample(16),
		"npm":               "npm" + "_" + sample(36),
		"pypi":              "pypi" + "-AgEIcHlwaS5vcmc" + sample(60),
		"sonarqube":         "squ" + "_" + hexSample(40),
		"dynatrace":         "dt0" + "c01." + strings.ToUpper(sample(24)) + "." + strings.ToUpper(sample(64)),
		"terraform":         strings.ToLower(sample(14)) + ".atlas" + "v1." + sample(60),
		"azure_application": "abc8" + "Q~" + sample(34),
		"google_oauth":      "GOC" + "SPX-" + sample(28),
		"google_refresh":    "1//0" + sample(40),
		"firebase":          "AAAA" + sample(7) + ":" + sample(140),
		"salesforce":        "00" + sample(13) + "!" + sample(96),
		"aws":               "AGPA" + strings.ToUpper(sample(16)),
		"mailjet_brevo":     "xkeysib" + "-" + hexSample(64),
		"flutterwave":       "FLWSECK" + "_TEST-" + hexSample(32),
		"razorpay":          "rzp" + "_live_" + sample(14),
		"nuget":             "oy2" + strings.ToLower(sample(43)),
		"crates":            "cio" + sample(32),
		"amazon_mws":        "amzn" + ".mws." + hexSample(8) + "-" + hexSample(4) + "-" + hexSample(4) + "-" + hexSample(4) + "-" + hexSample(12),
		"mapbox":            "sk" + ".eyJ1" + sample(40) + "." + sample(22),
		"plaid":             "access" + "-sandbox-" + hexSample(8) + "-" + hexSample(4) + "-" + hexSample(4) + "-" + hexSample(4) + "-" + hexSample(12),
	}
	for name, token := range tokens {
		t.Run(name, func(t *testing.T) {
			for before, after := range map[string]string{"x ": " y", `a="`: `"`, "line\\n": "\\n", "to%3D": "&b=1", "": ""} {
				got := Redact(before + token + after)
				for i := 0; i+12 <= len(token); i++ {
					if strings.Contains(got, token[i:i+12]) {
						t.Fatalf("Redact(%q) = %q", before+token+after, got)
					}
				}
			}
		})
	}
	addresses := map[string]string{
		"access_token$production$" + strings.ToLower(sample(16)) + "$" + hexSample(32): "access_token$production$***",
		"https://hooks.slack.com/services/T0000/B0000/" + sample(8):                    "https://hooks.slack.com/services/***",
		"https://discord.com/api/webhooks/1234/" + sample(12):                          "https://discord.com/api/webhooks/***",
		"https://hooks.zapier.com/hooks/catch/123456/" + sample(7):                     "https://hooks.zapier.com/hooks/catch/***",
		"https://x.blob.example/a?se=2030&sig=" + sample(44) + "&sp=r":                 "https://x.blob.example/a?se=2030&sig=***&sp=r",
	}
	for in, want := range addresses {
		if got := Redact(in); got != want {
			t.Errorf("Redact(%q) = %q, want %q", in, got, want)
		}
	}
}

// What only begins like a token stays readable.
func TestRedactLeavesWhatIsNoToken(t *testing.T) {
	for _, text := range []string{
		`<div class="sk-fading-circle-container sk-cube-grid sl.carousel">`, "sk-learn-documentation-and-more", "ask_live_questions_here",
		"the secret_santa_of_the_whole_department meets", "secret_key_base_of_the_application_server", "shpat_", "glc_main_wrapper_of_the_page",
		"dapi/deadbeef", "task-proj-planning-of-the-year", "npm_config_registry_of_the_company", "npm_debug_2024-01-02_10-11-12.log",
		"hf_navigation_bar_main_column", "aio_seo_title_of_the_page_here", "SG.ToolTip.show()", "key-value-store-of-the-shop", "key-0123.css",
		"pypi-release-2024-01-02", "PMAK-1", "pattern.abcdef0123", "patientRecordNr.html", "LTAI", "EAA conference 2024", "SKU0123456789", "SK-1234567890",
		"figd_layout_of_the_first_section", "ntn_main.min.js", "dp.stage.current.element", "dp.pt.js", "hvs.length", "ya29.", "whsec_header",
		"EZTKit.framework", "xapp-menu-of-the-application-bar", "R_0123", "cio.example.com/news/2024/01/02", "12:AA", "10:30:AAA",
		"access-production-servers-by-name", "https://hooks.slack.com/docs", "/api/webhooks/list", "design=1&sig=abc", "AIDA", "r8_2024", "atlasv1.html",
	} {
		if got := Redact(text); got != text {
			t.Errorf("Redact(%q) = %q, want it unchanged", text, got)
		}
	}
}
