package command

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync/atomic"
	"testing"

	"sotomi/scanner/browser"
)

// needsBrowser skips a test aloud where no browser is installed.
func needsBrowser(t *testing.T) {
	t.Helper()
	_, err := browser.Find(t.Context(), "")
	switch {
	case testing.Short():
		t.Skip("-short: no picture was taken")
	case err != nil && os.Getenv("SOTOMI_LABS") == "require":
		t.Fatal(err)
	case err != nil:
		t.Skip("no picture was taken: ", err)
	}
}

// pottery is a shop with a checkout; somebody may deface its page, or put a script into its checkout.
func pottery(t *testing.T, broken *atomic.Bool) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/" && broken.Load():
			fmt.Fprint(w, `<!DOCTYPE html><html><head><title>Hacked by Q</title></head><body style="background:#000;color:#0f0"><h1>Hacked by Q</h1><p>greetz</p></body></html>`)
		case r.URL.Path == "/":
			fmt.Fprint(w, `<!DOCTYPE html><html><head><title>Camellia Pottery</title></head><body><h1>Bowls</h1><p>Thrown by hand</p><p>Open on Sundays</p><p>Made in Arita</p><p>Wrapped in paper</p></body></html>`)
		case r.URL.Path == "/checkout":
			more := ""
			if broken.Load() {
				more = `<h1 style="background:red">Enter your card once more</h1><script>document.title = "x"</script>`
			}
			fmt.Fprintf(w, `<!DOCTYPE html><html><head><title>Checkout</title></head><body>%s<form method="post" action="/pay"><input name="card_number" autocomplete="cc-number"></form></body></html>`, more)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// ran runs the program in a folder; a finding is no failure.
func ran(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sotomi", args...)
	var errs bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &errs
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		t.Fatalf("%q: %v\n%s", args, err, errs.Bytes())
	}
	return out
}

var shownPicture = regexp.MustCompile(`<img src="(data:image/jpeg;base64,[^"]+)"`)

// picturesIn are the pictures of an HTML report.
func picturesIn(t *testing.T, dir, name string) []string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range shownPicture.FindAllSubmatch(page, -1) {
		list = append(list, string(m[1]))
	}
	return list
}

func settingsIn(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sotomi.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestWatchShowsPictures: from the run that finds a page changed until it is restored, reports show the page as it was and as it is;
// the history keeps them with the run that told it, and the status page shows the newest.
func TestWatchShowsPictures(t *testing.T) {
	needsBrowser(t)
	var broken atomic.Bool
	dir := settingsIn(t, fmt.Sprintf("targets: [%s]\npage: [/]\nonly: [page-changed]\nrate: 0\nlang: en\nwatch: {state: history.db, status-page: status.html}\n", pottery(t, &broken)))
	for range 4 {
		ran(t, dir, "watch", "--once", "--chromium", "none")
	}
	ran(t, dir, "watch", "--once")
	broken.Store(true)
	ran(t, dir, "watch", "--once", "-o", "html=6.html", "-o", "jsonl=6.jsonl")
	ran(t, dir, "convert", "6.jsonl", "-o", "html=converted.html")
	ran(t, dir, "history", "show", "6", "-o", "html=shown.html")
	first := picturesIn(t, dir, "6.html")
	if len(first) != 2 || first[0] == first[1] {
		t.Fatalf("the report shows %d pictures: %.99q", len(first), first)
	}
	for _, name := range []string{"converted.html", "shown.html", "status.html"} {
		if again := picturesIn(t, dir, name); len(again) != 2 || again[0] != first[0] || again[1] != first[1] {
			t.Errorf("%s shows %d other pictures", name, len(again))
		}
	}
	ran(t, dir, "watch", "--once", "-o", "html=7.html")
	if second := picturesIn(t, dir, "7.html"); len(second) != 2 || second[0] != first[0] {
		t.Errorf("the next report shows %d pictures", len(second))
	}
	if len(picturesIn(t, dir, "status.html")) != 2 {
		t.Error("the status page shows no pictures any more")
	}
	if told := ran(t, dir, "history", "show", "7", "-o", "jsonl"); bytes.Contains(told, []byte(`"jpeg"`)) || !bytes.Contains(told, []byte(`"page-changed"`)) {
		t.Error("the history keeps pictures with each run")
	}
	broken.Store(false)
	ran(t, dir, "watch", "--once", "-o", "html=8.html")
	for _, name := range []string{"8.html", "status.html"} {
		if left := picturesIn(t, dir, name); len(left) > 0 {
			t.Errorf("restored, and %s shows %d pictures", name, len(left))
		}
	}
}

// TestPicturesOfACheckout: reports of a payment page show how it looked, and what it was before somebody altered it; with a session
// they show nothing.
func TestPicturesOfACheckout(t *testing.T) {
	needsBrowser(t)
	var broken atomic.Bool
	address := pottery(t, &broken)
	dir := settingsIn(t, fmt.Sprintf("targets: [%s]\npayment-page: [/checkout]\nonly: [payment-page-inventory, payment-page-approved]\nrate: 0\nlang: en\nwatch: {state: history.db}\n", address))
	ran(t, dir, "scan", "-o", "jsonl=0.jsonl", "-o", "payment-evidence=evidence")
	if len(picturesIn(t, dir, "evidence/payment-evidence.html")) != 1 {
		t.Error("the evidence shows no picture")
	}
	ran(t, dir, "payment", "accept", "0.jsonl", "--by", "Sato", "--purpose", "checkout")
	ran(t, dir, "watch", "--once", "-o", "html=1.html")
	broken.Store(true)
	ran(t, dir, "watch", "--once", "-o", "html=2.html", "-o", "payment-evidence=evidence")
	before, after := picturesIn(t, dir, "1.html"), picturesIn(t, dir, "2.html")
	if len(before) != 1 || len(after) != 4 || after[0] != before[0] || after[1] == before[0] { // the inventory's and those of the new script
		t.Errorf("%d pictures before, %d after", len(before), len(after))
	}
	if len(picturesIn(t, dir, "evidence/payment-evidence.html")) != 2 {
		t.Error("the evidence does not show what was before and what is now")
	}
	if err := os.WriteFile(filepath.Join(dir, "staff.txt"), []byte("Cookie: sid=1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ran(t, dir, "scan", "--session", "staff=staff.txt", "-o", "html=3.html", "-o", "payment-evidence=given")
	if len(picturesIn(t, dir, "3.html")) > 0 || len(picturesIn(t, dir, "given/payment-evidence.html")) > 0 {
		t.Error("there are pictures of what a session shows")
	}
	page, err := os.ReadFile(filepath.Join(dir, "given", "payment-evidence.html"))
	if err != nil || !bytes.Contains(page, []byte("No picture is taken of what a log-in, a header or a certificate shows.")) {
		t.Errorf("the evidence does not say why there is none (%v)", err)
	}
}
