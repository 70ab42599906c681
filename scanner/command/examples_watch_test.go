package command

import (
	"bytes"
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/history"
)

// exampleHistory makes the history of twelve runs.
func exampleHistory(t *testing.T) {
	t.Helper()
	f, err := history.Open(t.Context(), defaultState)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 12 {
		run, _, err := f.Begin(t.Context(), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		run.Ended = time.Now()
		if err := f.End(t.Context(), run, strings.NewReader(aScan), history.Update{}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReceiversOfDocuments: the bodies that a document writes for webhooks are what their content types say.
func TestReceiversOfDocuments(t *testing.T) {
	box, all := newMailbox(t), fences(t, "docs/watch.md")
	t.Chdir(t.TempDir())
	t.Setenv("HOOK_TOKEN", "t-0123")
	t.Setenv("MAIL_PASSWORD", "p-0123")
	n := 0
	for _, f := range all {
		if f.language != "yaml" || !strings.Contains(f.text, "name: chatwork") {
			continue
		}
		_, list, _ := strings.Cut(f.text, "notify:\n")
		for _, one := range strings.Split(list, "  - name: ")[1:] {
			if !strings.Contains(one, "webhook: ") {
				continue
			}
			n++
			text := regexp.MustCompile(`webhook: https://[^/]+`).ReplaceAllString(one, "webhook: "+box.url)
			if err := os.WriteFile(defaultConfig, []byte("notify:\n  - name: "+text), 0o600); err != nil {
				t.Fatal(err)
			}
			box.take()
			var out, said bytes.Buffer
			if status := run(t.Context(), []string{"sotomi", "watch", "--notify-test"}, nil, &out, &said); status != scanner.ExitClean {
				t.Errorf("%s: exit status %d\n%s", one, status, said.String())
				continue
			}
			got := box.take()
			if len(got) != 1 {
				t.Errorf("%s: %d messages", one, len(got))
				continue
			}
			values, err := url.ParseQuery(got[0])
			form := err == nil && !json.Valid([]byte(got[0])) && !values.Has("")
			if form != strings.Contains(one, "x-www-form-urlencoded") || form == json.Valid([]byte(got[0])) {
				t.Errorf("%s: sends %s", one, got[0])
			}
		}
	}
	if n < 4 {
		t.Errorf("%d webhooks, want at least 4", n)
	}
}
