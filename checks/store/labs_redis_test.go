//go:build unix

package store

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told is what a lab holds a record against: all but evidence and what differs from run to run.
type told struct {
	Product, Version string
	Access           Access
	Counts           map[string]int64
	Names            []string
	Personal, Kinds  []string
	Ransom           []string
}

func tell(r Record, without ...string) told {
	for _, name := range without {
		delete(r.Counts, name)
	}
	return told{r.Product, r.Version, r.Access, r.Counts, r.Names, r.Personal, r.Kinds, r.Ransom}
}

func compare(t *testing.T, got Record, want told, without ...string) {
	t.Helper()
	if d := cmp.Diff(want, tell(got, without...)); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
}

// version is the first number in what a program says of itself.
func version(text string) string { return regexp.MustCompile(`[0-9]+(?:\.[0-9]+)+`).FindString(text) }

func TestRealRedis(t *testing.T) {
	l := newLab(t, "redis-server", "redis-cli")
	run := func(arguments ...string) *server {
		port := l.port()
		return l.start(port, append([]string{"redis-server", "--port", number(port), "--bind", "127.0.0.1", "--save", "", "--dir", l.dir}, arguments...)...)
	}
	ver := version(l.command("", "redis-server", "--version"))
	full := run("--protected-mode", "no")
	_, port, _ := strings.Cut(full.address, ":")
	var fill strings.Builder
	for i := range 123 {
		fmt.Fprintf(&fill, "set key:%d value\n", i)
	}
	fill.WriteString("select 3\nset a b\nset c d\n")
	l.command(fill.String(), "redis-cli", "-p", port)

	r := full.look(t, Redis)
	if r.Counts["bytes"] < 100_000 {
		t.Errorf("%d bytes in use", r.Counts["bytes"])
	}
	compare(t, r, told{Product: "Redis", Version: ver, Access: Open, Counts: map[string]int64{"databases": 2, "keys": 125}}, "bytes")
	compare(t, run("--protected-mode", "no").look(t, Redis), told{Product: "Redis", Version: ver, Access: Open, Counts: map[string]int64{"databases": 0, "keys": 0}}, "bytes")

	ping, info, size := "*1\r\n$4\r\nPING\r\n", "*1\r\n$4\r\nINFO\r\n", "*1\r\n$6\r\nDBSIZE\r\n"
	if d := cmp.Diff([]string{ping + info}, full.log()); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
	for name, c := range map[string]struct {
		arguments []string
		access    Access
		sent      string
		counts    map[string]int64
	}{
		"password":        {[]string{"--requirepass", "s3cret"}, Password, ping, nil},
		"no_user":         {[]string{"--aclfile", l.file("users.acl", "user default off\nuser app on >s3cret ~* +@all\n")}, Password, ping, nil},
		"nothing_allowed": {[]string{"--aclfile", l.file("ping.acl", "user default on nopass ~* -@all +ping\n")}, Password, ping + info + size, nil},
		"no_info":         {[]string{"--rename-command", "INFO", ""}, Open, ping + info + size, map[string]int64{"keys": 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := run(append([]string{"--protected-mode", "no"}, c.arguments...)...)
			compare(t, s.look(t, Redis), told{Product: "Redis", Access: c.access, Counts: c.counts})
			if d := cmp.Diff([]string{c.sent}, s.log()); d != "" {
				t.Errorf("sent (-want +got):\n%s", d)
			}
		})
	}
}

func TestRealMemcached(t *testing.T) {
	l := newLab(t, "memcached")
	run := func(arguments ...string) *server {
		port := l.port()
		return l.start(port, append([]string{"memcached", "-l", "127.0.0.1", "-p", number(port), "-U", "0", "-u", user()}, arguments...)...)
	}
	ver := version(l.command("", "memcached", "--version"))
	full := run()
	conn, err := full.dial(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		fmt.Fprintf(conn, "set key%d 0 0 5\r\nvalue\r\n", i)
		if answer := make([]byte, 8); !reads(conn, answer, "STORED\r\n") {
			t.Fatalf("the lab could not store: %q", answer)
		}
	}
	_ = conn.Close()
	full.sent = nil
	r := full.look(t, Memcached)
	if r.Counts["bytes"] < 7*5 {
		t.Errorf("%d bytes", r.Counts["bytes"])
	}
	compare(t, r, told{Product: "Memcached", Version: ver, Access: Open, Counts: map[string]int64{"items": 7}}, "bytes")
	if d := cmp.Diff([]string{"version\r\nstats\r\n"}, full.log()); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}

	binary := run("-B", "binary")
	compare(t, binary.look(t, Memcached), told{Product: "Memcached", Version: ver, Access: Open, Counts: map[string]int64{"items": 0, "bytes": 0}})
	closed := run("-Y", l.file("users", "user:s3cret\n"))
	compare(t, closed.look(t, Memcached), told{Product: "Memcached", Access: Password})
	empty := strings.Repeat("\x00", 22)
	if d := cmp.Diff([]string{"version\r\n", "\x80\x0b" + empty + "\x80\x10" + empty}, binary.log()); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
}
