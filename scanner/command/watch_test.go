//go:build unix

package command

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
)

// TestKilledWatch kills a watch at random requests, at random moments behind the scan, and while it sends a message: in the
// end each message was sent, none says what another has said, and the history holds whole runs only.
func TestKilledWatch(t *testing.T) {
	kills := number(t, "SOTOMI_KILLS", 20)
	const sites, requestsOfAScan = 5, 30
	r, box := newRow(t, sites, -1, nil), newMailbox(t)
	random := rand.New(rand.NewPCG(5, 6))
	for kills > 0 {
		dir := t.TempDir()
		settings := fmt.Sprintf("targets: [%s]\nonly: [git-exposed]\nrate: 0\nconcurrency: 1\nnotify: [{webhook: %s, lang: en}]\n", strings.Join(r.addresses, ", "), box.url)
		if err := os.WriteFile(filepath.Join(dir, "sotomi.yaml"), []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		box.take()
		for {
			p := newProcess()
			kill := func() { p.signal(os.Kill) }
			switch random.IntN(3) {
			case 0:
				r.again(random.IntN(requestsOfAScan), func(req *http.Request) {
					kill()
					<-req.Context().Done()
				})
			case 1: // the report, the history and the message are written
				after := time.Duration(random.IntN(60)) * time.Millisecond
				r.again(requestsOfAScan-1, func(*http.Request) { time.AfterFunc(after, kill) })
			default:
				r.again(-1, nil)
				box.before(kill)
			}
			cmd := exec.Command("sotomi", "watch", "--once")
			cmd.Dir = dir
			status := p.run(t, cmd)
			box.before(nil)
			if status == scanner.ExitFound {
				break
			}
			if status != -1 {
				t.Fatalf("exit status %d", status)
			}
			kills--
		}
		checkMessages(t, box.take(), sites)
		list := exec.Command("sotomi", "history", "list")
		list.Dir = dir
		out, err := list.Output()
		if whole := fmt.Sprintf("targets: %d  findings: %d ", sites, sites); err != nil || len(out) == 0 || strings.Count(string(out), "\n") != strings.Count(string(out), whole) {
			t.Errorf("history list: %v\n%s", err, out)
		}
		r.again(-1, nil)
		last := exec.Command("sotomi", "watch", "--once") // which takes away what is left
		last.Dir = dir
		if status := newProcess().run(t, last); status != scanner.ExitFound {
			t.Errorf("exit status %d", status)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*.run-*")); len(left) > 0 {
			t.Errorf("%v is still there", left)
		}
	}
}

// checkMessages: all that came are copies of one message.
func checkMessages(t *testing.T, messages []string, sites int) {
	t.Helper()
	if len(messages) == 0 {
		t.Error("no message came")
		return
	}
	if !strings.Contains(messages[0], fmt.Sprintf("sotomi: new %d", sites)) || !strings.Contains(messages[0], "message 1") {
		t.Errorf("the message is %s", messages[0])
	}
	for _, m := range messages[1:] {
		if m != messages[0] {
			t.Errorf("another message: %s", m)
		}
	}
}
