package evidence

import (
	"regexp"
	"strings"
)

// tokenForm is how makers of tokens let them begin, so that whoever comes across one knows it.
type tokenForm struct {
	of       func(byte) bool // what the rest consists of
	atLeast  int             // length of the rest in bytes
	prefixes []string
}

var tokenForms = []tokenForm{
	{alphanumeric, 10, strings.Fields("sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_ pk_live_ pk_test_ pk_prod_ kk_live_ kk_test_ rzp_live_ rzp_test_")},
	{alphanumeric, 12, strings.Fields("LTAI FLWSECK_TEST- FLWPUBK_TEST- FLWSECK- FLWPUBK-")},
	{alphanumeric, 16, strings.Fields("ATBB GR1348941 EAACEdEose0cBA NRJS- aio_ whsec_ odt_ rdme_ sgp_ CLOJARS_")},
	{alphanumeric, 24, strings.Fields("npm_ hf_ gsk_ r8_ ntn_ secret_ rubygems_ bkua_ pnu_ AKCp EAA")},
	{alphanumeric, 30, strings.Fields("cio oy2 key- AGE-SECRET-KEY-1 EZAK EZTK cmVmdGtu")},
	{hexadecimal, 20, strings.Fields("shpat_ shpss_ shpca_ shppa_ shptka_ doo_v1_ dop_v1_ dor_v1_ sqp_ sqa_ squ_ glptt- dapi xkeysib- xsmtpsib- pul- sbp_ R_ SK shippo_live_ shippo_test_")},
	{hexadecimalDashed, 20, strings.Fields("px-api- px-dep- amzn.mws. NRAA- NRRA- NRSP- HRKU-")},
	{dashed, 16, strings.Fields("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glsa_ dckr_pat_ dckr_oat_ figd_ figo_ figu_ figuh_ lin_api_ lin_oauth_ NRAK- NRII- NRIQ- PMAK- PMAT- pscale_tkn_ pscale_pw_ pscale_oauth_ pypi-AgE sq0atp- sq0csp- sq0idp- GOCSPX- ATATT3x ATCTT3x tfp_ nvapi- xai- tvly- pcsk_ nfp_ CFPAT- fio-u- p8e- tk-us- duffel_test_ duffel_live_ sk- sntryu_ AQVN")},
	{dashed, 60, strings.Fields("sl. sl.u.")},
	{base64Text, 20, strings.Fields("glc_ sntrys_ fm2_ fo1_ FlyV1")},
	{dotted, 16, strings.Fields("glpat- gldt- glrt- glrtr- glft- glsoat- glcbt- glimt- glagent- glffct- xapp- xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- SG. ya29. hvs. hvb. hvr. dp.pt. dp.ct. dp.st. dp.sa. dp.scim. dp.audit. sk.eyJ1")},
}

// tokenPatterns are tokens that show by more than their beginning.
var tokenPatterns = []secretPattern{
	{expr: regexp.MustCompile(`(?:A3T[0-9A-Z]|ABIA|ACCA|AGPA|AIDA|AIPA|AKIA|ANPA|ANVA|AROA|ASIA)[0-9A-Z]{16}\b`), has: strings.Fields("a3t abia acca agpa aida aipa akia anpa anva aroa asia"), unless: midWord},
	{expr: regexp.MustCompile(`AIza[0-9A-Za-z_\-]{30,}`), has: []string{"aiza"}},
	{expr: regexp.MustCompile(`eyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{4,}(?:\.[A-Za-z0-9_\-]*)?`), has: []string{"eyj"}},
	{expr: regexp.MustCompile(`[0-9]{7,11}:AA[A-Za-z0-9_\-]{32,}`), has: []string{":aa"}},
	{expr: regexp.MustCompile(`AAAA[A-Za-z0-9_\-]{7}:[A-Za-z0-9_\-]{100,}`), has: []string{"aaaa"}},
	{expr: regexp.MustCompile(`pat[A-Za-z0-9]{14}\.[0-9a-f]{40,}`), has: []string{"pat"}, unless: midWord},
	{expr: regexp.MustCompile(`(?i)[a-z0-9]{14}\.atlasv1\.[a-z0-9\-_=]{40,}`), has: []string{".atlasv1."}},
	{expr: regexp.MustCompile(`[A-Za-z0-9_~.\-]{3}[0-9]Q~[A-Za-z0-9_~.\-]{31,}`), has: []string{"q~"}},
	{expr: regexp.MustCompile(`00[A-Za-z0-9]{13}![A-Za-z0-9._]{60,}`), has: []string{"!"}},
	{expr: regexp.MustCompile(`1//0[A-Za-z0-9_\-]{30,}`), has: []string{"1//0"}, unless: midWord},
	{expr: regexp.MustCompile(`t1\.[A-Za-z0-9_\-]+={0,2}\.[A-Za-z0-9_\-]{60,}={0,2}`), has: []string{"t1."}},
	{expr: regexp.MustCompile(`hawk\.[A-Za-z0-9_\-]{20}\.[A-Za-z0-9_\-]{20}`), has: []string{"hawk."}},
	{expr: regexp.MustCompile(`(?i)[a-z0-9]{6}[a-f0-9]{30}nral\b`), has: []string{"nral"}},
	{expr: regexp.MustCompile(`access-(?:sandbox|development|production)-[0-9a-f\-]{36}`), has: []string{"access-"}, unless: midWord},
	{expr: regexp.MustCompile(`dt0[a-z][0-9]{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}`), has: []string{"dt0"}},
	{expr: regexp.MustCompile(`access_token\$(?:production|sandbox)\$([0-9a-z]{16}\$[0-9a-f]{32})`), has: []string{"access_token$"}, group: 1},
	{expr: regexp.MustCompile(`[?&]sig=([A-Za-z0-9%+/=_\-]{40,})`), has: []string{"sig="}, group: 1},
	{expr: regexp.MustCompile(`hooks\.(?:slack\.com/(?:services|workflows|triggers)|zapier\.com/hooks/catch)/([A-Za-z0-9+/_\-]{12,})`), has: []string{"hooks."}, group: 1},
	{expr: regexp.MustCompile(`discord(?:app)?\.com/api/webhooks/([0-9]+/[A-Za-z0-9_\-]+)`), has: []string{"/api/webhooks/"}, group: 1},
	{expr: regexp.MustCompile(`office\.com/webhook(?:b2)?/([A-Za-z0-9@\-]+/IncomingWebhook/[A-Za-z0-9/\-]+)`), has: []string{"/incomingwebhook/"}, group: 1},
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func hexadecimal(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
func hexadecimalDashed(c byte) bool { return hexadecimal(c) || c == '-' }
func dashed(c byte) bool            { return alphanumeric(c) || c == '-' || c == '_' || c == '=' }
func dotted(c byte) bool            { return dashed(c) || c == '.' }
func base64Text(c byte) bool        { return dashed(c) || c == '+' || c == '/' }

// tokenSpans are the tokens in a text that begin as their makers let them begin.
func tokenSpans(text string) []span {
	var spans []span
	for i := range tokenForms {
		form := &tokenForms[i]
		for _, prefix := range form.prefixes {
			for at := 0; ; {
				next := strings.Index(text[at:], prefix)
				if next < 0 {
					break
				}
				start := at + next
				rest := start + len(prefix)
				for at = rest; at < len(text) && form.of(text[at]); at++ {
				}
				if at-rest >= form.atLeast && startsWord(text[:start]) && !wordy(text[rest:at]) {
					spans = append(spans, span{start, at})
				}
			}
		}
	}
	return spans
}

// startsWord reports whether a word may begin after a text. The n of an escaped line end and the digits of an encoded
// character belong to no word.
func startsWord(before string) bool {
	n := len(before)
	if n == 0 || !alphanumeric(before[n-1]) && before[n-1] != '_' {
		return true
	}
	return n >= 2 && before[n-2] == '\\' || n >= 3 && before[n-3] == '%' && hexadecimal(before[n-2]) && hexadecimal(before[n-1])
}

// midWord spares what is only the end of something longer.
func midWord(text string, m []int) bool { return !startsWord(text[:m[0]]) }

// wordy spares names of classes, functions and files: what a machine draws has digits or capitals.
func wordy(rest string) bool {
	marked := 0
	for i := range len(rest) {
		if c := rest[i]; c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' {
			marked++
		}
	}
	return marked < 2
}
