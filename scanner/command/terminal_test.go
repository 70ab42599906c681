package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/urfave/cli/v2"
)

// planted are texts that would change what a terminal shows: colours, titles, bells, erased and turned text, forged lines.
var planted = map[string]string{
	"controls": "x\x1b[31m\x1b]0;t\x07\x08\x7f\u009b2J\u202e\u2066\u200b\u2028\rx",
	"bytes":    "x\x9b2J\xff\x1b[2Kx",
	"lines":    "x\nFORGED\r\nFORGED\rFORGED",
}

// badOnTerminal is what of a text must not reach a terminal, "" for nothing.
func badOnTerminal(text string, lines bool) string {
	for line := range strings.Lines(text) {
		for _, r := range strings.TrimSuffix(line, "\n") {
			if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028') {
				return fmt.Sprintf("%U in %q", r, line)
			}
		}
		if !lines && strings.HasPrefix(line, "FORGED") {
			return fmt.Sprintf("a line of its own, %q", line)
		}
	}
	return ""
}

func TestBadOnTerminal(t *testing.T) {
	for text, bad := range map[string]bool{"a\tb\nc\n": false, "日本語\n": false, "a\x1b[0m": true, "a\r\n": true, "\u009b": true, "\u202e": true, "x\nFORGED": true, "x FORGED": false} {
		if got := badOnTerminal(text, false); (got != "") != bad {
			t.Errorf("badOnTerminal(%q) = %q", text, got)
		}
	}
}

// way is a way for a stranger's text to come into the program.
type way struct {
	args  []string
	stdin string
	files map[string]string
	env   map[string]string
	lines bool // the text may have lines of its own
}

const quietSignature = "id: quiet\ninfo: {name: quiet, author: us, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/x']\n    matchers: [{type: word, words: [unlikely words]}]\n"

// TestNothingMovesTheTerminal plants such texts in every input and looks at all that is printed.
func TestNothingMovesTheTerminal(t *testing.T) {
	for _, kind := range slices.Sorted(maps.Keys(planted)) {
		bad := planted[kind]
		ways := map[string]way{}
		maps.Copy(ways, waysOfArguments(bad))
		maps.Copy(ways, waysOfFiles(bad))
		maps.Copy(ways, waysOfSignatures(bad))
		maps.Copy(ways, waysOfServers(t, bad))
		for _, name := range slices.Sorted(maps.Keys(ways)) {
			t.Run(kind+"/"+name, func(t *testing.T) { ways[name].run(t) })
		}
	}
}

func (w way) run(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range w.files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("quiet.yaml", []byte(quietSignature), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range w.env {
		t.Setenv(name, value)
	}
	for _, lang := range []string{"en", "ja"} {
		var out, said bytes.Buffer
		run(t.Context(), append([]string{"sotomi", "--lang", lang}, w.args...), strings.NewReader(w.stdin), &out, &said)
		for name, text := range map[string]string{"stdout": out.String(), "stderr": said.String()} {
			if found := badOnTerminal(text, w.lines); found != "" {
				t.Errorf("%q: %s has %s", w.args, name, found)
			}
		}
		if out.Len()+said.Len() == 0 {
			t.Errorf("%q prints nothing", w.args)
		}
	}
}

// quickly are the arguments of a scan that takes no time.
func quickly(args ...string) []string {
	return append([]string{"scan", "--no-default-signatures", "-s", "quiet.yaml", "--rate", "0", "--retries", "0", "-v"}, args...)
}

func waysOfArguments(bad string) map[string]way {
	ways := map[string]way{
		"command": {args: []string{bad}}, "command_of_signatures": {args: []string{"signatures", bad}}, "flag": {args: quickly("--" + bad)},
		"target": {args: quickly("--dry-run", bad)}, "target_url": {args: quickly("--dry-run", "https://shop.example/"+bad)},
		"target_list": {args: quickly("@" + bad)}, "help_about": {args: []string{"help", bad}}, "show": {args: []string{"signatures", "show", bad}},
		"test": {args: []string{"signatures", "test", bad}}, "convert": {args: []string{"convert", bad}}, "completion": {args: []string{"completion", bad}},
		"stdin": {args: quickly("-"), stdin: bad}, "stdin_url": {args: quickly("--dry-run", "-"), stdin: "https://shop.example/" + bad + "\n"},
		"no_arguments": {args: []string{"signatures", "schema", bad}}, "two_words": {args: quickly("--session", "a="+bad, "http://127.0.0.1:1")},
		"resolve": {args: quickly("--resolve", "shop.example:443:"+bad, "http://127.0.0.1:1")}, "output_path": {args: quickly("-o", "text="+bad+"/x", "http://127.0.0.1:1")},
		"header_file": {args: quickly("-H", "X: @"+bad, "http://127.0.0.1:1")}, "page_url": {args: quickly("--page", "https://shop.example/"+bad, "http://127.0.0.1:1")},
		"session_names": {args: quickly("--session", bad+"=x", "--session", bad+"=x", "http://127.0.0.1:1")},
	}
	for _, f := range scanFlags() {
		name := f.Names()[0]
		ways["flag_"+name] = way{args: quickly("--"+name+"="+bad, "http://127.0.0.1:1")}
		if variables := f.(cli.DocGenerationFlag).GetEnvVars(); len(variables) > 0 && !strings.Contains(bad, "\x00") {
			ways["variable_"+name] = way{args: quickly("http://127.0.0.1:1"), env: map[string]string{variables[0]: bad}}
		}
	}
	ways["unknown_variable"] = way{args: quickly("http://127.0.0.1:1"), env: map[string]string{"SOTOMI_FAIL_ONN" + strings.ReplaceAll(bad, "=", ""): "1"}}
	return ways
}

func waysOfFiles(bad string) map[string]way {
	quoted, _ := json.Marshal(bad) // a string of JSON is one of YAML
	name := strings.ReplaceAll(bad, "/", "")
	ways := map[string]way{
		"list":             {args: quickly("@list"), files: map[string]string{"list": "127.0.0.1:1\n" + bad + "\n"}},
		"list_name":        {args: quickly("@" + name), files: map[string]string{name: "ftp://x\n"}},
		"file_as_target":   {args: quickly(name), files: map[string]string{name: "x"}},
		"settings_raw":     {args: quickly(), files: map[string]string{"sotomi.yaml": "lang: en\n" + bad + ": 1\n"}},
		"settings_key":     {args: quickly(), files: map[string]string{"sotomi.yaml": string(quoted) + ": 1\n"}},
		"settings_value":   {args: quickly(), files: map[string]string{"sotomi.yaml": "rate: " + string(quoted) + "\n"}},
		"settings_name":    {args: quickly("--config", name), files: map[string]string{name: "fail_on: x\n"}},
		"session":          {args: quickly("--session", "a=a.txt", "http://127.0.0.1:1"), files: map[string]string{"a.txt": bad}},
		"session_name":     {args: quickly("--session", "a="+name, "http://127.0.0.1:1"), files: map[string]string{name: "x"}},
		"session_variable": {args: quickly("--session", "a=a.txt", "http://127.0.0.1:1"), files: map[string]string{"a.txt": "Cookie: @" + name}},
		"ca":               {args: quickly("--ca", name, "http://127.0.0.1:1"), files: map[string]string{name: bad}},
		"client_cert":      {args: quickly("--client-cert", name, "http://127.0.0.1:1"), files: map[string]string{name: "x"}},
		"convert_name":     {args: []string{"convert", name}, files: map[string]string{name: "x"}},
		"convert_raw":      {args: []string{"convert", "s"}, files: map[string]string{"s": `{"type":"scan"}` + "\n" + bad}},
	}
	saved := `{"type":"scan","targets":[Q]}
{"type":"finding","signature":Q,"severity":Q,"certainty":Q,"target":Q,"url":Q,"matcher":Q,"title":{"en":Q,"ja":Q},"description":{"en":Q},"impact":{"en":Q},"values":{Q:Q,"l":[Q]},"evidence":[{"request":Q,"response":Q,"note":Q,"note_message":{"format":"%s","args":[Q]}}],"remediation":{"en":Q},"references":[Q,Q],"cwe":[],"tags":[Q],"fingerprint":Q}
{"type":"outcome","signature":Q,"target":Q,"status":Q,"reason":Q,"requests":1,"reason_message":{"format":"%s %s","args":[Q,{"format":Q}]}}
{"type":"summary","severities":{"high":1,Q:1},"statuses":{Q:1},"redirected":[{"target":Q,"to":Q}],"complete":false}
`
	files := map[string]string{"s": strings.ReplaceAll(saved, "Q", string(quoted))}
	for _, format := range []string{"text", "jsonl"} {
		ways["convert_"+format] = way{args: []string{"convert", "-v", "s", "-o", format}, files: files}
	}
	return ways
}

func waysOfSignatures(bad string) map[string]way {
	quoted, _ := json.Marshal(bad)
	name := strings.ReplaceAll(bad, "/", "")
	signature := strings.ReplaceAll(`id: quiet
info: {name: Q, author: us, severity: info, description: Q, impact: Q, remediation: Q, reference: [Q], tags: [Q], classification: {cve-id: [Q], cwe-id: [Q]}}
http:
  - path: ["{{BaseURL}}/x"]
    headers: {X: Q}
    matchers: [{type: word, name: Q, words: [Q]}]
`, "Q", string(quoted))
	raw := "id: quiet\ninfo: {name: x, author: us, severity: info}\nhttp:\n  - raw:\n      - \"GET /" + strings.Trim(string(quoted), `"`) + " HTTP/1.1\\nHost: {{Hostname}}\\n\\n\"\n    matchers: [{type: word, words: [x]}]\n"
	own := strings.ReplaceAll("id: quiet\ncheck: Q\nneeds: [Q]\ngives: [Q]\nwith: {Q: Q}\nQ: Q\ninfo: {name: Q, severity: info}\ntests: [{name: Q, Q: Q}]\n", "Q", string(quoted))
	ways := map[string]way{}
	for what, text := range map[string]string{
		"words": signature, "raw_request": raw, "own": own, "bytes": "id: quiet\ninfo: {name: " + bad + ", author: x, severity: info}\n",
		"id": "id: " + string(quoted) + "\ninfo: {name: x, author: us, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/x']\n    matchers: [{type: word, words: [x]}]\n",
	} {
		for _, file := range []string{"sub/x.yaml", "sub/" + name + ".yaml"} {
			for command, args := range map[string][]string{
				"list": {"signatures", "list"}, "show": {"signatures", "show", "quiet"}, "lint": {"signatures", "lint"}, "test": {"signatures", "test"},
				"dry_run": {"scan", "--dry-run", "http://127.0.0.1:1"}, "scan": {"scan", "-v", "http://127.0.0.1:1"}, "scan_jsonl": {"scan", "-o", "jsonl", "http://127.0.0.1:1"},
			} {
				args = append(slices.Clone(args), "--no-default-signatures", "-s", "sub")
				if args[0] == "scan" {
					args = append(args, "--retries", "0")
				}
				ways[fmt.Sprintf("signature_%s_%s_%v", what, command, file == "sub/x.yaml")] = way{args: args, files: map[string]string{file: text}, lines: command == "show"} // descriptions have several
			}
		}
	}
	return ways
}

// waysOfServers are scans of a server that sends the text wherever HTTP lets it.
func waysOfServers(t *testing.T, bad string) map[string]way {
	t.Helper()
	header := strings.NewReplacer("\r", "", "\n", "").Replace(bad)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, out, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		body := "<title>" + bad + "</title> unlikely words token=" + bad + " " + r.URL.Path
		fmt.Fprintf(out, "HTTP/1.1 200 %s\r\nServer: %s\r\nX-Word: %s\r\nContent-Type: text/html; charset=%s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", header, header, header, header, len(body), body)
		_ = out.Flush() // the scanner may be gone
	}))
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, out, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintf(out, "HTTP/1.1 302 %s\r\nLocation: http://other.example/%s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", header, header)
		_ = out.Flush() // the scanner may be gone
	}))
	t.Cleanup(server.Close)
	t.Cleanup(away.Close)
	files := map[string]string{"found.yaml": `id: found
info: {name: found, author: us, severity: info}
http:
  - path: ["{{BaseURL}}/x"]
    matchers: [{type: word, words: [unlikely words]}]
    extractors: [{type: regex, name: token, group: 1, regex: ["(?s)token=(.*) "]}, {type: kval, kval: [server, x_word]}]
`}
	ways := map[string]way{}
	for _, format := range []string{"text", "jsonl"} {
		for site, address := range map[string]string{"answers": server.URL, "redirects": away.URL} {
			args := []string{"scan", "--rate", "0", "-v", "--no-default-signatures", "-s", "found.yaml", "-o", format, address}
			ways["server_"+site+"_"+format] = way{args: args, files: files}
		}
	}
	return ways
}
