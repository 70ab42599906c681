//go:build unix

package command

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"text/template"
	"time"

	"sotomi/scanner/sigtest"
)

// labDir is readable by servers that change their user.
func labDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "sotomi-lab-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

type labRun struct {
	t     *testing.T
	dir   string
	ports map[string]int
	ended atomic.Bool // a server did by itself
}

func (r *labRun) render(name, text string) string {
	t, err := template.New(name).Funcs(template.FuncMap{
		"port": r.port, "dir": func() string { return r.dir }, "labs": labsPath, "module": module, "user": labUser,
		"java": javaHome, "server": fetched, "certificate": r.certificate, "wordpress": debianWordPress,
	}).Parse(text)
	if err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	var b strings.Builder
	if err := t.Execute(&b, nil); err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	return b.String()
}

// port is a free one, the same for the same name.
func (r *labRun) port(name string) int {
	if p, ok := r.ports[name]; ok {
		return p
	}
	p, err := sigtest.FreePort(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	r.ports[name] = p
	return p
}

// certificate is a file with a key and a certificate that nobody vouches for.
func (r *labRun) certificate() (string, error) {
	file := filepath.Join(r.dir, "certificate.pem")
	if fileExists(file) {
		return file, nil
	}
	out, err := exec.Command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=lab.test",
		"-keyout", file+".key", "-out", file+".crt").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("openssl: %w\n%s", err, out)
	}
	var both []byte
	for _, part := range []string{file + ".key", file + ".crt"} {
		text, err := os.ReadFile(part)
		if err != nil {
			return "", err
		}
		both = append(both, text...)
	}
	return file, os.WriteFile(file, both, 0o600)
}

// labUser is whom servers started by root run as.
func labUser() string {
	if os.Getuid() == 0 {
		return "www-data"
	}
	return os.Getenv("USER")
}

// module is the path of a server's module.
func module(name string) (string, error) {
	for _, dir := range []string{"/usr/lib/apache2/modules", "/usr/lib/nginx/modules", "/usr/lib/lighttpd", "/usr/libexec/apache2", "/usr/lib64/httpd/modules"} {
		if p := filepath.Join(dir, name); fileExists(p) {
			return p, nil
		}
	}
	return "", fmt.Errorf("module %s is not installed", name)
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// copy renders all files of the lab into its folder.
func (r *labRun) copy(from string) {
	err := filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(r.dir, strings.ReplaceAll(strings.TrimPrefix(name, from), "dot-", "."))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := os.ReadFile(name)
		if err != nil || d.Name() == "lab.yaml" {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(to, []byte(r.render(name, string(text))), info.Mode().Perm())
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// start runs one server until the test ends.
func (r *labRun) start(line []string) {
	args := make([]string, len(line))
	for i, a := range line {
		args[i] = r.render("start", a)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	log := &bytes.Buffer{}
	c.Stdout, c.Stderr, c.Dir = log, log, r.dir
	if err := c.Start(); err != nil {
		cancel()
		r.t.Fatalf("%s: %v", args[0], err)
	}
	over := make(chan struct{})
	go func() {
		_ = c.Wait() // how it ended is in the log
		close(over)
		if ctx.Err() == nil {
			r.ended.Store(true)
		}
	}()
	r.t.Cleanup(func() {
		cancel()
		<-over
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		if r.t.Failed() {
			r.t.Logf("%s said:\n%s", args[0], log.String())
		}
	})
}

// address waits until the site's port answers.
func (r *labRun) address(t *testing.T, site labSite) string {
	t.Helper()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port(site.Port)))
	r.await(t, site.Name+" does not listen on "+address, func(ctx context.Context) error {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return err
	})
	return address
}

// step repeats a request until it is answered as it should be.
func (r *labRun) step(s labStep) {
	if len(s.Run) > 0 {
		r.command(s)
		return
	}
	body := []byte(s.Body)
	if s.File != "" {
		var err error
		if body, err = os.ReadFile(filepath.Join(labsFolder, s.File)); err != nil {
			r.t.Fatal(err)
		}
	}
	scheme := "http"
	if s.TLS {
		scheme = "https"
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	url := fmt.Sprintf("%s://127.0.0.1:%d%s", scheme, r.port(s.Port), s.Path)
	r.await(r.t, s.Method+" "+url, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, cmp.Or(s.Method, http.MethodGet), url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/x-ndjson")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != cmp.Or(s.Status, http.StatusOK) || !bytes.Contains(text, []byte(s.Says)) {
			return fmt.Errorf("%s\n%s", resp.Status, text)
		}
		return nil
	})
}

// command runs one until it succeeds.
func (r *labRun) command(s labStep) {
	args := make([]string, len(s.Run))
	for i, a := range s.Run {
		args[i] = r.render("run", a)
	}
	r.await(r.t, strings.Join(args, " "), func(ctx context.Context) error {
		c := exec.CommandContext(ctx, args[0], args[1:]...)
		c.Dir, c.Stdin = r.dir, strings.NewReader(s.Input)
		out, err := c.CombinedOutput()
		if err == nil && !bytes.Contains(out, []byte(s.Says)) {
			err = errors.New("it says something else")
		}
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
}

// labPatience is how long a server may take to start.
const labPatience = 3 * time.Minute

// await repeats try until it succeeds, a server of the lab has ended or patience has.
func (r *labRun) await(t *testing.T, what string, try func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), labPatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try(ctx)
		switch {
		case err == nil:
			return
		case r.ended.Load():
			t.Fatalf("%s: a server of the lab ended by itself: %v", what, err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		}
	}
}

// labsPath is where all labs are.
func labsPath() (string, error) { return filepath.Abs(labsFolder) }

// fetched is the folder of a server that fetch.sh has put aside.
func fetched(name string) string {
	return filepath.Join(cmp.Or(os.Getenv("SOTOMI_LAB_SERVERS"), "/var/cache/sotomi-labs"), name)
}

var javaVersion = regexp.MustCompile(`(?m)^JAVA_VERSION="(\d+)`)

// javaHome is that of the oldest Java of at least a version.
func javaHome(least int) (string, error) {
	files, err := filepath.Glob("/usr/lib/jvm/*/release")
	if err != nil {
		return "", err
	}
	best, home := 0, ""
	for _, file := range files {
		text, err := os.ReadFile(file)
		m := javaVersion.FindSubmatch(text)
		if err != nil || m == nil {
			continue
		}
		if v, err := strconv.Atoi(string(m[1])); err == nil && v >= least && (best == 0 || v < best) {
			best, home = v, filepath.Dir(file)
		}
	}
	if home == "" {
		return "", fmt.Errorf("no Java %d or later in /usr/lib/jvm", least)
	}
	return home, nil
}

var wordPressVersion = regexp.MustCompile(`(?m)^\$wp_version = '([^']+)';`)

// debianWordPress is the release of Debian's package.
func debianWordPress() (string, error) {
	text, err := os.ReadFile("/usr/share/wordpress/wp-includes/version.php")
	if err != nil {
		return "", err
	}
	m := wordPressVersion.FindSubmatch(text)
	if m == nil {
		return "", errors.New("version.php names no release")
	}
	return string(m[1]), nil
}

// missing is what the lab needs and this machine does not have, "" when all is there.
func (l lab) missing() string {
	for _, program := range l.Needs {
		if _, err := exec.LookPath(program); err != nil {
			return program
		}
	}
	for _, name := range l.Files {
		if !fileExists(name) {
			return name
		}
	}
	for _, name := range l.Servers {
		if !fileExists(fetched(name)) {
			return name + " (" + labsFolder + "/fetch.sh)"
		}
	}
	if l.Java > 0 {
		if _, err := javaHome(l.Java); err != nil {
			return err.Error()
		}
	}
	return ""
}
