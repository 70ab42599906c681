package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRedact(t *testing.T) {
	cases := map[string]struct{ in, want string }{
		"nothing":                {"plain words, 200 OK", "plain words, 200 OK"},
		"dates_and_versions":     {"2024-01-02 10:11:12 nginx/1.27.3", "2024-01-02 10:11:12 nginx/1.27.3"},
		"env_line":               {"DB_PASSWORD=p@ss;w&rd #1\nAPP_ENV=prod", "DB_PASSWORD=***\nAPP_ENV=prod"},
		"env_export":             {"export API_TOKEN=abc def", "export API_TOKEN=***"},
		"env_empty":              {"DB_PASSWORD=\nNEXT=1", "DB_PASSWORD=\nNEXT=1"},
		"env_windows_lines":      {"SECRET_KEY=abc\r\nA=b\r\n", "SECRET_KEY=***\r\nA=b\r\n"},
		"laravel_key":            {"APP_KEY=base64:AAAA", "APP_KEY=***"},
		"quoted":                 {`password = "a \" b" user = "u"`, `password = "***" user = "u"`},
		"single_quoted":          {`$dbPassword = 'x y';`, `$dbPassword = '***';`},
		"json":                   {`{"user":"u","api_key":"k1","n":1}`, `{"user":"u","api_key":"***","n":1}`},
		"json_escaped":           {`{\"password\":\"x\",\"a\":\"b\"}`, `{\"password\":\"***\",\"a\":\"b\"}`},
		"json_number":            {`{"otp": 123456, "b": 1}`, `{"otp": ***, "b": 1}`},
		"json_true":              {`{"csrf": true}`, `{"csrf": true}`},
		"yaml":                   {"db:\n  password: correct horse\n  host: h", "db:\n  password: ***\n  host: h"},
		"yaml_block":             {"tls:\n  private_key: |\n    line1\n    line2\n  host: h", "tls:\n  private_key: |\n***  host: h"},
		"env_in_yaml":            {"  - env: DB_PASSWORD=xyz rest", "  - env: DB_PASSWORD=*** rest"},
		"apache_setenv":          {"  SetEnv ECCUBE_AUTH_MAGIC pq r\nsetenv DB_PASSWORD \"x y\"\nSetEnv APP_ENV prod", "  SetEnv ECCUBE_AUTH_MAGIC ***\nsetenv DB_PASSWORD \"***\"\nSetEnv APP_ENV prod"},
		"nginx_param":            {"fastcgi_param DB_PASSWORD xyz;\nfastcgi_param SCRIPT_NAME /index.php;", "fastcgi_param DB_PASSWORD ***\nfastcgi_param SCRIPT_NAME /index.php;"},
		"setenv_in_prose":        {"SetEnv is a directive", "SetEnv is a directive"},
		"php_define":             {`define('DB_PASSWORD', 'x');define("AUTH_MAGIC","y");`, `define('DB_PASSWORD', '***');define("AUTH_MAGIC","***");`},
		"php_array":              {`'password' => 'x', 'host' => 'h'`, `'password' => '***', 'host' => 'h'`},
		"xml_element":            {"<Password>x</Password><host>h</host>", "<Password>***</Password><host>h</host>"},
		"xml_attributes":         {`<add key="ApiKey" value="x" /><add key="a" value="y" />`, `<add key="ApiKey" value="***" /><add key="a" value="y" />`},
		"form_field":             {`<input type="hidden" name="csrf_token" value="abc">`, `<input type="hidden" name="csrf_token" value="***">`},
		"form_field_turned":      {`<input value="abc" type="hidden" name="transactionid">`, `<input value="***" type="hidden" name="transactionid">`},
		"password_field":         {`<input type="password" name="password">`, `<input type="password" name="password">`},
		"query":                  {"GET /a?token=abc&b=1 HTTP/1.1", "GET /a?token=***&b=1 HTTP/1.1"},
		"authorization":          {"Authorization: Bearer abc.def", "Authorization: Bearer ***"},
		"basic":                  {"Authorization: Basic dTpw", "Authorization: Basic ***"},
		"authorization_bare":     {"Proxy-Authorization: abc", "Proxy-Authorization: ***"},
		"authenticate":           {`WWW-Authenticate: Basic realm="site"`, `WWW-Authenticate: Basic realm="site"`},
		"cookie":                 {"Cookie: a=1; b=2", "Cookie: a=***; b=***"},
		"set_cookie":             {"Set-Cookie: sid=abc; Path=/; HttpOnly", "Set-Cookie: sid=***; Path=/; HttpOnly"},
		"set_cookie_empty":       {"Set-Cookie: sid=; Max-Age=0", "Set-Cookie: sid=; Max-Age=0"},
		"url_user":               {"mysql://root:pw@db:3306/x", "mysql://***@db:3306/x"},
		"url_user_slash":         {"amqp://u:p/w#x@mq", "amqp://***@mq"},
		"aws_key":                {"id AKIAIOSFODNN7EXAMPLE.", "id ***."},
		"github_token":           {"x ghp_abcdefghijklmnopqrstuvwxyz0123456789 y", "x *** y"},
		"jwt":                    {"t eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "t *** end"},
		"jwt_in_a_word":          {"x_eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "x_*** end"},
		"pem":                    {"-----BEGIN RSA PRIVATE KEY-----\nMIIB\nab-c\n-----END RSA PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----\n"},
		"bcrypt":                 {"admin:$2y$10$abcdefghijklmnopqrstuv", "admin:***"},
		"htpasswd":               {"admin:$apr1$salt1234$hashhashhash", "admin:***"},
		"shadow":                 {"root:$6$abcdefgh$ijklmnop:19000", "root:***:19000"},
		"md5":                    {"hash 5f4dcc3b5aa765d61d8327deb882cf99 end", "hash *** end"},
		"long_base64":            {"x QWxhZGRpbjpvcGVuIHNlc2FtZTEyMzQ1Njc4OTBBYkNk y", "x *** y"},
		"long_path":              {"/usr/share/nginx/html/assets/javascript/vendor/bundle.js", "/usr/share/nginx/html/assets/javascript/vendor/bundle.js"},
		"long_words":             {"this-is-a-very-long-slug-of-an-article-about-nothing", "this-is-a-very-long-slug-of-an-article-about-nothing"},
		"mail":                   {"write to taro.yamada@example.co.jp now", "write to *** now"},
		"phone_jp":               {"電話 03-1234-5678 まで", "電話 *** まで"},
		"phone_jp_mobile":        {"09012345678", "***"},
		"phone_jp_parens":        {"06(6123)4567 and (06)6123-4567", "*** and ***"},
		"phone_jp_full_width":    {"ＴＥＬ０３−１２３４−５６７８", "ＴＥＬ***"},
		"phone_international":    {"+81-3-1234-5678", "***"},
		"phone_us":               {"(555) 123-4567", "***"},
		"postal_code":            {"〒100-0001 東京都", "〒*** 東京都"},
		"card":                   {"4111 1111 1111 1111 and 4111-1111-1111-1111", "*** and ***"},
		"card_wrong_check_digit": {"4111 1111 1111 1112", "4111 1111 1111 1112"},
		"address":                {"Server at 192.0.2.17 Port 80", "Server at 192.0.2.17 Port 80"},
		"passive_is_no_secret":   {"passive: yes please; compass=north; bypass=on", "passive: yes please; compass=north; bypass=on"},
		"count_of_tokens":        {"max_tokens_count is 5", "max_tokens_count is 5"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Redact(c.in)); diff != "" {
				t.Errorf("Redact(%q) (-want +got):\n%s", c.in, diff)
			}
		})
	}
}

func TestRedactValue(t *testing.T) {
	cases := map[string]struct {
		name     string
		in, want any
	}{
		"plain":          {"version", "7.17.9", "7.17.9"},
		"number":         {"documents", 3, 3},
		"secret_by_name": {"db_password", "x", "***"},
		"secret_empty":   {"db_password", "", ""},
		"secret_by_look": {"extracted", "AKIAIOSFODNN7EXAMPLE", "***"},
		"list":           {"extracted", []string{"a", "b@example.com"}, []string{"a", "***"}},
		"secret_list":    {"tokens", []string{"a"}, []string{"***"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, RedactValue(c.name, c.in)); diff != "" {
				t.Errorf("RedactValue(%q, %v) (-want +got):\n%s", c.name, c.in, diff)
			}
		})
	}
}

// FuzzRedact plants secrets in a stranger's text: none may come through.
func FuzzRedact(f *testing.F) {
	for _, s := range []string{"", "a=b", `{"password":"x"}`, "Cookie: a", "-----BEGIN PRIVATE KEY-----", "\xff\xfe", "x: |\n y"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		const secret = "Zq7hunter2Zq7"
		if strings.Contains(before+after, secret) {
			t.Skip()
		}
		for _, line := range []string{"DB_PASSWORD=" + secret, `"api_key": "` + secret + `"`, "Authorization: Bearer " + secret} {
			// An open quote before the line may end at the one that opens the value, which leaves nothing to tell it by.
			if strings.ContainsAny(before, "\"'`<") {
				Redact(before + line + after)
				continue
			}
			if got := Redact(before + "\n" + line + "\n" + after); strings.Contains(got, secret) {
				t.Errorf("Redact(%q + %q + %q) = %q", before, line, after, got)
			}
		}
	})
}

func TestSecretNames(t *testing.T) {
	for name, want := range map[string][2]bool{ // a credential, any secret
		"password": {true, true}, "apikeys": {true, true}, "accesstoken": {true, true}, "clientsecret": {true, true}, "jwt": {true, true},
		"sid": {false, true}, "csrf": {false, true}, "db_password": {false, true}, "session_id": {false, true}, "api_key": {false, true},
		"connection-string": {false, true}, "AUTH_SALT": {false, true}, "dbPassword": {false, true},
		"key": {}, "keys": {}, "id": {}, "username": {}, "monkey": {}, "keycloak": {}, "tokenizer": {}, "": {},
	} {
		if got := [2]bool{CredentialWord(name), SecretName(name)}; got != want {
			t.Errorf("CredentialWord, SecretName of %q = %v, want %v", name, got, want)
		}
	}
}
