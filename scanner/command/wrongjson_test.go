package command

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The rule: a mistake in a file of JSON is told with the file, the line, the field as it is called there and what it is to be, in
// both languages, whoever reads the file; types of the program and names of its libraries say nothing to its user.
func TestMistakesInJSONAreToldInItsWords(t *testing.T) {
	const start = `{"type":"scan","version":"1","time":"2026-01-02T03:04:05Z","targets":["http://127.0.0.1:1/"]}` + "\n"
	const plan = `{"type":"plan"}` + "\n"
	long := `{"type":"scan","version":"` + strings.Repeat("x", 65<<20) + `"}`
	cases := map[string]struct {
		text   string
		args   string // FILE is the file
		en, ja string
	}{
		"convert":        {start + `{"type":"outcome","signature":"a","target":"http://a.test/","requests":"7"}`, "convert FILE", `FILE: line 2: the field "requests" is text and is to be a whole number`, `フィールド "requests" は文字列ですが、整数でなければなりません`},
		"convert_deep":   {start + `{"type":"finding","hit":{},"evidence":[{"request":7}]}`, "convert FILE", `FILE: line 2: the field "evidence.request" is a number and is to be text`, "文字列でなければなりません"},
		"convert_half":   {start + `{"type":"summary","severities":{"high":1.5}}`, "convert FILE", `FILE: line 2: the field "severities`, "整数でなければなりません"},
		"convert_time":   {strings.Replace(start, "2026-01-02T03:04:05Z", "yesterday", 1), "convert FILE", "FILE: line 1: a time is to be text of the form 2026-01-02T15:04:05Z", "時刻は"},
		"convert_number": {strings.Replace(start, `"2026-01-02T03:04:05Z"`, "7", 1), "convert FILE", "FILE: line 1: a time is to be text of the form", "時刻は"},
		"convert_syntax": {start + `{"type":"outcome",}`, "convert FILE", `FILE: line 2: not JSON: unexpected "}" at byte 19 of the line`, "JSON ではありません"},
		"convert_list":   {start + `[]`, "convert FILE", "FILE: line 2: this is a list and is to be an object", "オブジェクト"},
		"convert_long":   {long, "convert FILE", "FILE: line 1: the line is longer than 67108864 bytes", "バイトを超えています"},
		"diff":           {start + `{"type":"target","target":["http://a.test/"]}`, "diff FILE FILE", `FILE: line 2: the field "target" is a list and is to be text`, "文字列でなければなりません"},
		"baseline":       {start + `{"type":"finding","cwe":"79"}`, "baseline create FILE", `FILE: line 2: the field "cwe" is text and is to be a list`, "リストでなければなりません"},
		"retest":         {start + `{"type":"finding","severity":3}`, "retest FILE", `FILE: line 2: the field "severity" is a number and is to be text`, "文字列でなければなりません"},
		"known":          {"{\n \"type\": \"sotomi-baseline\",\n \"version\": \"1\"\n}\n", "scan http://127.0.0.1:1/ --baseline FILE", `FILE: this is not a baseline: line 3: the field "version" is text and is to be a whole number`, "整数でなければなりません"},
		"known_syntax":   {"{\n \"type\": \"sotomi-baseline\",\n \"version\" 1\n}\n", "scan http://127.0.0.1:1/ --baseline FILE", `FILE: this is not a baseline: line 3: not JSON: unexpected "1" at byte 12 of the line`, "JSON ではありません"},
		"vex":            {"{\n \"@context\": \"https://openvex.dev/ns\",\n \"statements\": {}\n}\n", "scan http://127.0.0.1:1/ --vex FILE", `FILE: line 3: the field "statements" is an object and is to be a list`, "リストでなければなりません"},
		"vex_name":       {"{\n \"@context\": \"https://openvex.dev/ns\",\n \"statements\": [{\"vulnerability\": {\"name\": 7}}]\n}\n", "scan http://127.0.0.1:1/ --vex FILE", `the field "statements.vulnerability.name" is a number and is to be text`, "文字列でなければなりません"},
		"journal":        {start + plan + `{"type":"checkpoint","input":"0"}` + "\n", "scan --resume FILE", `FILE: line 3: the field "input" is text and is to be a whole number`, "整数でなければなりません"},
		"journal_plan":   {start + `{"type":"plan","flags":7}` + "\n", "scan --resume FILE", `FILE: line 2: the field`, "でなければなりません"},
		"httpx":          {`{"url":"http://127.0.0.1:1/"}` + "\n" + `{"url":7}` + "\n", "scan @FILE", `FILE:2: the field "url" is a number and is to be text`, "文字列でなければなりません"},
		"naabu":          {`{"host":"a.test","port":80}` + "\n" + `{"host":{},"port":80}` + "\n", "scan @FILE", `FILE:2: the field "host" is an object and is to be text`, "文字列でなければなりません"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			file := "input.json"
			if err := os.WriteFile(filepath.Join(".", file), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			for lang, want := range map[string]string{"en": c.en, "ja": c.ja} {
				var out, errs bytes.Buffer
				args := strings.Fields("sotomi " + strings.ReplaceAll(c.args, "FILE", file) + " --lang " + lang)
				status := run(context.Background(), args, nil, &out, &errs)
				said := errs.String()
				if want = strings.ReplaceAll(want, "FILE", file); status != 2 || !strings.Contains(said, want) || !strings.Contains(said, file) {
					t.Errorf("status %d: %swant %s", status, said, want)
				}
				for _, foreign := range []string{"Go ", " json: ", "struct", "unmarshal", "bufio", "UnmarshalJSON", "looking for", "parsing time"} {
					if strings.Contains(said, foreign) {
						t.Errorf("%q is not the user's business: %s", foreign, said)
					}
				}
			}
		})
	}
}
