//go:build unix

package cacheleak

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sotomi/scanner/sigtest"
)

// realCache is a cache product with one configuration, started in a folder of its own on loopback.
type realCache struct {
	program string
	// files are written to the folder; DIR, PORT and ORIGIN (host:port), ORIGINPORT in them and in args are filled in.
	files map[string]string
	args  []string
	env   []string
	// newer caches live below the folder that SOTOMI_NEWER_CACHES names (see testdata/newer-caches.sh); the rest is installed.
	newer bool
}

// find gives the program and the root folder to run it in, "" for the system's own. Without it the test is skipped, aloud;
// with SOTOMI_LABS=require an installed program must be there.
func (c realCache) find(t testing.TB) (program, root string) {
	t.Helper()
	if c.newer {
		if root = os.Getenv("SOTOMI_NEWER_CACHES"); root == "" {
			t.Skipf("%s is newer than what is installed and SOTOMI_NEWER_CACHES is not set: this lab does not run", c.program)
		}
		return c.program, filepath.Join(root, "root")
	}
	if path, err := exec.LookPath(c.program); err == nil {
		return path, ""
	}
	program = filepath.Join("/usr/sbin", c.program)
	if _, err := os.Stat(program); err == nil {
		return program, ""
	}
	if os.Getenv("SOTOMI_LABS") == "require" {
		t.Fatalf("%s is not installed, and SOTOMI_LABS=require", c.program)
	}
	t.Skipf("%s is not installed: this lab does not run", c.program)
	return "", ""
}

// start runs the cache before the origin and gives its address.
func (c realCache) start(t testing.TB, origin string) string {
	t.Helper()
	program, root := c.find(t)
	dir, err := os.MkdirTemp(filepath.Join(root, os.TempDir()), "cachelab")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { // some of them drop to a user of their own
		t.Fatal(err)
	}
	u, err := url.Parse(origin)
	if err != nil {
		t.Fatal(err)
	}
	port, err := sigtest.FreePort(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("DIR", strings.TrimPrefix(dir, root), "ORIGINPORT", u.Port(), "ORIGIN", u.Host, "PORT", fmt.Sprint(port))
	for name, text := range c.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(fill.Replace(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var args []string
	for _, a := range c.args {
		args = append(args, fill.Replace(a))
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	var output lockedBuffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &output, &output, strings.TrimPrefix(dir, root)
	cmd.Env = os.Environ()
	for _, e := range c.env {
		cmd.Env = append(cmd.Env, fill.Replace(e))
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Chroot: root}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-ended
		}
		_ = os.RemoveAll(dir)
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	awaitListening(t, address, ended, &output)
	return "http://" + address
}

// awaitListening asks until the cache accepts connections.
func awaitListening(t testing.TB, address string, ended chan error, output *lockedBuffer) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		if c, err := net.DialTimeout("tcp", address, time.Second); err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-tick.C:
		case err := <-ended:
			ended <- err
			t.Fatalf("ended before it listened: %v\n%s", err, output)
		case <-deadline:
			t.Fatalf("does not listen on %s\n%s", address, output)
		}
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
