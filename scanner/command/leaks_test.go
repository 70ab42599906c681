package command

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
)

// givenSecrets are secrets as the user gives them, by where.
var givenSecrets = map[string]string{
	"header": "hdr7Kq2Wm9Xt4Zb1", "cookie": "ck5Rv8Ns3Jd6Lp0Y", "other cookie": "oc2Gh7Tf4Bw9Ue1M", "address": "pw6Xa1Cz8Vk3Qn5S", "proxy": "px9Ej4Lr7Yo2Di6G",
}

// echoEverywhere is a site that repeats all it is sent: in headers, in the page, in scripts, in JSON, encoded and not, and in
// what looks like published files. As a proxy it does the same.
func echoEverywhere(w http.ResponseWriter, r *http.Request) {
	var said []string
	for name, values := range r.Header {
		for _, value := range values {
			said = append(said, name+": "+value)
			if decoded, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(value, "Basic ")); err == nil {
				said = append(said, string(decoded))
			}
		}
	}
	slices.Sort(said)
	all := strings.Join(said, "\n")
	w.Header().Set("X-Echo", strings.ReplaceAll(all, "\n", " | "))
	w.Header().Set("Set-Cookie", "echo="+hex.EncodeToString([]byte(all)))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if strings.Contains(r.URL.Path, ".git/HEAD") {
		fmt.Fprintf(w, "ref: refs/heads/%s\n", strings.Join(strings.Fields(all), "-"))
		return
	}
	if strings.Contains(r.URL.Path, ".env") {
		fmt.Fprintf(w, "APP_NAME=%s\nAPP_ENV=production\nDB_HOST=%s\nDB_PASSWORD=%s\n", said[0], strings.Join(said, ","), strings.Join(said, ","))
		return
	}
	fmt.Fprintf(w, "<html><head><title>%s</title><script>var s=%q; var b='%s'</script></head><body><h1>Index of /%s</h1><pre>%s</pre><a href='/x?%s'>x</a></body></html>",
		all, all, base64.StdEncoding.EncodeToString([]byte(all)), all, all, strings.ReplaceAll(all, "\n", "&"))
}

// TestNoOutputShowsSecrets: what the user gave to log in is in no report of any format, in no journal, and in nothing that is
// printed, whatever a site repeats.
func TestNoOutputShowsSecrets(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(echoEverywhere))
	t.Cleanup(site.Close)
	t.Chdir(t.TempDir())
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a.txt", "Cookie: sid="+givenSecrets["cookie"])
	write("b.txt", "Cookie: sid="+givenSecrets["other cookie"])
	host := strings.TrimPrefix(site.URL, "http://")
	ways := map[string][]string{
		"log_in":  {"--session", "alice=a.txt", "--session", "bob=b.txt", "-H", "X-Key: " + givenSecrets["header"], "--page", "/mypage", site.URL},
		"proxy":   {"--proxy", "http://user:" + givenSecrets["proxy"] + "@" + host, "http://shop.test/"},
		"address": {"http://user:" + givenSecrets["address"] + "@" + host + "/"},
		"mistake": {"http:/user:" + givenSecrets["address"] + "@" + host + "/"},
		"slash":   {"http://user:" + givenSecrets["address"] + "/x@" + host + "/"},
		"dry_run": {"--dry-run", "-H", "X-Key: " + givenSecrets["header"], "--session", "alice=a.txt", site.URL},
	}
	for way, args := range ways {
		t.Run(way, func(t *testing.T) {
			dir := t.TempDir()
			command := []string{"sotomi", "scan", "--rate", "0", "-v", "--only", "git-exposed,env-file,cache-leak,ssi-injection,directory-listing,transport,javascript"}
			formats := report.Formats()
			delete(formats, "pdf") // a browser prints the page that is looked at as html
			for _, format := range slices.Sorted(maps.Keys(formats)) {
				command = append(command, "-o", format+"="+filepath.Join(dir, "scan."+format))
			}
			command = append(command, "-o", "text")
			var stdout, stderr bytes.Buffer
			status := run(t.Context(), append(command, args...), nil, &stdout, &stderr)
			texts := map[string]string{"standard output": stdout.String(), "standard error": stderr.String()}
			files, _ := filepath.Glob(filepath.Join(dir, "*"))
			for _, file := range files {
				texts[filepath.Base(file)] = contentOf(t, file)
			}
			if sent := way == "log_in" || way == "proxy"; sent && (status == scanner.ExitUsage || len(files) < len(formats)) {
				t.Fatalf("exit status %d, %d reports\n%s", status, len(files), &stderr)
			}
			if way == "log_in" && !strings.Contains(texts["scan.jsonl"], `"type":"finding"`) {
				t.Errorf("nothing was found, so nothing is shown:\n%s", &stdout)
			}
			for name, text := range texts {
				for where, secret := range givenSecrets {
					for _, written := range []string{secret, strings.ToUpper(secret), hex.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte(secret))[:16], secret[:10], secret[6:]} {
						if i := strings.Index(text, written); i >= 0 {
							t.Errorf("%s shows the secret of the %s as %q: …%s…", name, where, written, text[max(0, i-60):min(len(text), i+60)])
						}
					}
				}
			}
		})
	}
}

// contentOf is a file as text; of a workbook, all its parts.
func contentOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return string(text)
	}
	var all strings.Builder
	for _, part := range archive.File {
		in, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, in); err != nil { //nolint:gosec // our own workbook
			t.Fatal(err)
		}
		_ = in.Close()
	}
	return all.String()
}
