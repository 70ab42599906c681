//go:build unix

package command

import (
	"bytes"
	"context"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/cluster/natstest"
)

// TestSharedScanOnAnAccount: a scan on an account of somebody's NATS cluster, with the permissions that the manual names, gives the
// reports of one machine, and leaves nothing on the account.
func TestSharedScanOnAnAccount(t *testing.T) {
	cloud := natstest.Start(t, natstest.Unlimited)
	coordinator, worker := cloud.Creds(natstest.PermissionsOf(t, "coordinator")), cloud.Creds(natstest.PermissionsOf(t, "worker"))
	list := shops(t, t.TempDir(), 10)
	flags := func(out string) []string {
		args := []string{"--only", "git-exposed,directory-listing", "--rate", "0", "@" + list}
		for _, format := range textFormats {
			args = append(args, "-o", format+"="+filepath.Join(out, "scan."+format))
		}
		return args
	}
	plain, out := t.TempDir(), t.TempDir()
	var stderr bytes.Buffer
	want := run(t.Context(), append([]string{"sotomi", "scan"}, flags(plain)...), strings.NewReader(""), &bytes.Buffer{}, &stderr)
	wanted := reports(t, plain)
	said := &spoken{line: make(chan string, 1)}
	var group errgroup.Group
	group.Go(func() error {
		args := append([]string{"sotomi", "scan", "--nats", cloud.URL(), "--creds", coordinator, "--workers-only"}, flags(out)...)
		if status := run(t.Context(), args, strings.NewReader(""), &bytes.Buffer{}, said); status != want {
			t.Errorf("exit status %d, want %d: %s", status, want, said)
		}
		return nil
	})
	line := <-said.line
	for range 2 {
		group.Go(func() error {
			var out bytes.Buffer
			if status := run(t.Context(), []string{"sotomi", "work", "--creds", worker, line}, strings.NewReader(""), &out, &out); status != scanner.ExitClean {
				t.Errorf("worker: exit status %d: %s", status, &out)
			}
			return nil
		})
	}
	_ = group.Wait() // it has no error
	for format, got := range reports(t, out) {
		if got = asked.ReplaceAllString(got, "$1"); got != wanted[format] {
			t.Errorf("the %s report differs:\n%s", format, firstDifference(wanted[format], got))
		}
	}
	if left := cloud.Left(); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	var late bytes.Buffer
	if status := run(t.Context(), []string{"sotomi", "work", "--creds", worker, line}, strings.NewReader(""), &late, &late); status != scanner.ExitUsage ||
		!strings.Contains(late.String(), "the scan of this line is over") {
		t.Errorf("a worker that comes late: exit status %d: %s", status, &late)
	}
}

// TestAccountThatDoesNot: what is wrong with an account is said in both languages before any host is asked, and no journal is left.
func TestAccountThatDoesNot(t *testing.T) {
	few := natstest.PermissionsOf(t, "coordinator")
	few.Pub.Allow = slices.DeleteFunc(few.Pub.Allow, func(s string) bool { return s == "$JS.ACK.>" })
	for name, one := range map[string]struct {
		limits func(*jwt.AccountClaims)
		users  jwt.Permissions
		want   map[string]string
	}{
		"few_streams": {func(a *jwt.AccountClaims) { a.Limits.Streams = 3 }, jwt.Permissions{}, map[string]string{
			"en": "JetStream refuses the streams of the scan (maximum number of streams reached); they are 5 with 4 consumers",
			"ja": "JetStream がスキャン用のストリームを拒否しました(maximum number of streams reached)",
		}},
		"few_permissions": {natstest.Unlimited, few, map[string]string{
			"en": "the user of these credentials may not publish to $JS.ACK.", "ja": "この認証情報の利用者には $JS.ACK.",
		}},
	} {
		for _, language := range slices.Sorted(maps.Keys(one.want)) {
			t.Run(name+"_"+language, func(t *testing.T) {
				site := loopbackSite(t, 320, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the host is asked") }))
				cloud := natstest.Start(t, one.limits)
				out := t.TempDir()
				var stderr bytes.Buffer
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				status := run(ctx, []string{
					"sotomi", "scan", "--lang", language, "--only", "git-exposed", "--nats", cloud.URL(), "--creds", cloud.Creds(one.users),
					"-o", "jsonl=" + filepath.Join(out, "scan.jsonl"), site,
				}, strings.NewReader(""), &bytes.Buffer{}, &stderr)
				if status != scanner.ExitUsage || !strings.Contains(stderr.String(), one.want[language]) {
					t.Errorf("exit status %d: %s", status, &stderr)
				}
				if left, _ := filepath.Glob(filepath.Join(out, "*")); len(left) > 0 {
					t.Errorf("%v is there", left)
				}
			})
		}
	}
}
