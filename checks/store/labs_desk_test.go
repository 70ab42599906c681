//go:build unix

package store

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

// TestRealX11 looks at displays of an X server, with and without control of who may connect.
func TestRealX11(t *testing.T) {
	l := newLab(t, "Xtigervnc")
	cookie := "\xff\xff\x00\x00\x00\x00\x00\x12MIT-MAGIC-COOKIE-1\x00\x100123456789abcdef"
	run := func(display string, more ...string) *server {
		return l.start(6000+atoi(display), append([]string{
			"Xtigervnc", ":" + display, "-rfbport", number(l.port()), "-SecurityTypes", "VncAuth", "-localhost", "-geometry", "320x200", "-listen", "tcp",
		}, more...)...)
	}
	open, closed := run(l.display(), "-ac"), run(l.display(), "-auth", l.file("cookie", cookie))
	r := open.look(t, X11)
	if !strings.Contains(r.Facts["maker"], "X.Org") {
		t.Errorf("facts = %v", r.Facts)
	}
	compare(t, r, told{Product: "X11", Access: Open, Counts: map[string]int64{"screens": 1}})
	compare(t, closed.look(t, X11), told{Product: "X11", Access: Password})
	for _, s := range []*server{open, closed} {
		if d := cmp.Diff([]string{"l\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00"}, s.log()); d != "" {
			t.Errorf("sent (-want +got):\n%s", d)
		}
	}
}

// TestRealSamba looks at servers that sign or not, and that speak version 1 or not.
func TestRealSamba(t *testing.T) {
	l := newLab(t, "smbd")
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: smbd runs as root only")
	}
	run := func(name, configuration string) *server {
		port, dir := l.port(), filepath.Join(l.dir, name)
		l.command("", "install", "-d", dir)
		return l.start(port, "smbd", "-F", "--no-process-group", "--debug-stdout", "-p", number(port), "-s", l.file(name+".conf", "[global]\ninterfaces = lo\nbind interfaces only = yes\n"+
			strings.ReplaceAll("private dir = D\nlock directory = D\nstate directory = D\ncache directory = D\npid directory = D\nncalrpc dir = D/n\nlog level = 0\n", "D", dir)+configuration))
	}
	old, plain, sound := run("old", "server min protocol = NT1\n"), run("plain", ""), run("sound", "server signing = mandatory\n")
	for _, c := range []struct {
		s    *server
		weak []string
	}{{old, []string{"unsigned", "smb1"}}, {plain, []string{"unsigned"}}, {sound, nil}} {
		r := c.s.look(t, SMB)
		if d := cmp.Diff(c.weak, r.Weak); d != "" {
			t.Errorf("weak (-want +got):\n%s", d)
		}
		compare(t, r, told{Product: "SMB", Version: "3.0.2", Access: Greeted})
		session := c.s.look(t, SMBSession)
		session.Lines, r.Lines = nil, nil
		if d := cmp.Diff(r, session); d != "" {
			t.Errorf("over a session of NetBIOS (-without +with):\n%s", d)
		}
		if log := c.s.log()[2:]; len(log) != 2 || log[0][0] != 0x81 || log[0][72+4:72+8] != "\xfeSMB" || log[1][0] != 0x81 || log[1][72+4:72+8] != "\xffSMB" {
			t.Errorf("sent something else than two sessions with a NEGOTIATE each: %q", log)
		}
		if log := c.s.log()[:2]; len(log) != 2 || !strings.HasPrefix(log[0][4:], "\xfeSMB\x40\x00") || log[0][4+12] != 0 || !strings.HasPrefix(log[1][4:], "\xffSMB\x72") {
			t.Errorf("sent something else than two NEGOTIATEs: %q", log)
		}
	}
}

// TestRealRDP looks at xrdp, which has no log-in before the session, and at FreeRDP, which wants one.
func TestRealRDP(t *testing.T) {
	l := newLab(t, "xrdp", "freerdp-shadow-cli", "Xtigervnc", "env")
	port := l.port()
	config := l.file("xrdp.ini", "[Globals]\nini_version=1\nport=tcp://127.0.0.1:"+number(port)+"\nsecurity_layer=negotiate\ncertificate=\nkey_file=\nfork=true\n[Logging]\nLogFile="+l.dir+"/log\n")
	s := l.start(port, "xrdp", "--nodaemon", "--config", config)
	r := s.look(t, RDP)
	if d := cmp.Diff([]string{"no-nla"}, r.Weak); d != "" {
		t.Errorf("weak (-want +got):\n%s", d)
	}
	compare(t, r, told{Product: "RDP", Access: Greeted})
	display, twin := l.display(), l.port()
	l.start(6000+atoi(display), "Xtigervnc", ":"+display, "-rfbport", number(l.port()), "-SecurityTypes", "VncAuth", "-localhost", "-geometry", "320x200", "-listen", "tcp", "-ac")
	closed := l.start(twin, "env", "DISPLAY=:"+display, "freerdp-shadow-cli", "/port:"+number(twin), "/bind-address:127.0.0.1", "/sec:nla")
	r = closed.look(t, RDP)
	if len(r.Weak) > 0 {
		t.Errorf("weak: %q", r.Weak)
	}
	compare(t, r, told{Product: "RDP", Access: Password})
	for _, s := range []*server{s, closed} {
		if d := cmp.Diff([]string{"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x01\x00\x00\x00"}, s.log()); d != "" {
			t.Errorf("sent (-want +got):\n%s", d)
		}
	}
}

// TestRealTelnet looks at a server that asks who one is, and at one that gives a shell.
func TestRealTelnet(t *testing.T) {
	l := newLab(t, "telnetd", "sh")
	run := func(program string) *server {
		port := l.port()
		l.inetd(port, "telnetd", "-h", "-E", program)
		return &server{address: "127.0.0.1:" + number(port)}
	}
	open, closed := run(l.script("shell", "exec env PS1='# ' /bin/sh -i")), run(l.script("login", "printf 'host login: '; read name"))
	compare(t, open.look(t, Telnet), told{Product: "Telnet", Access: Offered})
	compare(t, closed.look(t, Telnet), told{Product: "Telnet", Access: Password})
	for _, s := range []*server{open, closed} {
		for _, sent := range s.log() {
			for i := 0; i < len(sent); i += 3 {
				if sent[i] != telnetCommand || sent[i+1] != telnetWont && sent[i+1] != telnetDont {
					t.Fatalf("sent something else than refusals: %q", sent)
				}
			}
		}
	}
}

// TestRealNFS looks at folders that everybody may mount, and at those that nobody here may. The port mapper has one port, so it
// and its servers have a network of their own.
func TestRealNFS(t *testing.T) {
	l := newLab(t, "ganesha.nfsd", "rpcbind", "unshare", "nsenter", "mount", "ip", "bash")
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: a network of its own is for root only")
	}
	run := func(name, exports string) *namespace {
		dir := filepath.Join(l.dir, name)
		l.command("", "install", "-d", dir)
		config := l.file(name+".conf", "NFS_CORE_PARAM { Protocols = 3; NFS_Port = 2049; MNT_Port = 20048; Enable_NLM = false; Enable_RQUOTA = false; }\n"+exports)
		script := l.script(name+".sh", "ip link set lo up; mount -t tmpfs none /run; rpcbind -w; exec ganesha.nfsd -F -f "+config+" -p "+dir+"/pid -L "+dir+"/log")
		return l.namespace(name, script)
	}
	export := func(id, path, clients string) string {
		return "EXPORT { Export_Id = " + id + "; Path = " + path + "; Pseudo = " + path + "; Access_Type = NONE; FSAL { Name = MEM; } CLIENT { Clients = " + clients + "; Access_Type = RO; } }\n"
	}
	open := run("open", export("1", "/users-backup", "*")+export("2", "/orders", "192.0.2.0/24"))
	closed := run("closed", export("1", "/customers", "192.0.2.0/24"))
	for _, c := range []struct {
		at   *namespace
		want told
	}{
		{open, told{Product: "NFS", Access: Open, Counts: map[string]int64{"exports": 1, "open-exports": 1}, Names: []string{"/users-backup"}, Personal: []string{"/users-backup"}}},
		{closed, told{Product: "NFS", Access: Nothing, Counts: map[string]int64{"exports": 0, "open-exports": 0}}}, // this server hides what is not for who asks
	} {
		var r Record
		l.await(nil, func(ctx context.Context) error {
			var err error
			if r, err = nfs(ctx, c.at.port(111), c.at.port); err == nil && r.Counts == nil {
				err = errors.New("the mount service has not registered yet")
			}
			return err
		})
		compare(t, r, c.want)
	}
	if r, err := NFS4(t.Context(), open.port(2049)); err != nil || r.Access != Unknown {
		t.Errorf("version 4 of a server of version 3: %q, %v", r.Access, err)
	}
}

// TestRealNFS4 looks at servers of version 4 alone, which have no port mapper: folders for
// everybody, for whoever says a number of a user, for those with Kerberos, and for others.
func TestRealNFS4(t *testing.T) {
	l := newLab(t, "ganesha.nfsd", "unshare", "nsenter", "mount", "ip", "bash")
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: a network of its own is for root only")
	}
	run := func(name, exports string) *namespace {
		dir := filepath.Join(l.dir, name)
		l.command("", "install", "-d", dir)
		config := l.file(name+".conf", "NFS_CORE_PARAM { Protocols = 4; NFS_Port = 2049; Enable_NLM = false; Enable_RQUOTA = false; }\nNFSV4 { Graceless = true; }\n"+exports)
		return l.namespace(name, l.script(name+".sh", "ip link set lo up; mount -t tmpfs none /run; exec ganesha.nfsd -F -f "+config+" -p "+dir+"/pid -L "+dir+"/log"))
	}
	export := func(id, path, clients string) string {
		return "EXPORT { Export_Id = " + id + "; Path = " + path + "; Pseudo = " + path + "; Access_Type = NONE; FSAL { Name = MEM; } CLIENT { Clients = " + clients + "; Access_Type = RO; } }\n"
	}
	open := run("open", export("1", "/users-backup", "*")+export("2", "/orders", "192.0.2.0/24"))
	closed := run("closed", export("1", "/customers", "192.0.2.0/24"))
	proof := run("proof", "EXPORT_DEFAULTS { SecType = krb5; }\nNFS_KRB5 { Active_krb5 = false; }\n"+export("1", "/customers", "*"))
	named := run("named", "EXPORT_DEFAULTS { SecType = sys; }\n"+export("1", "/backup", "*"))
	for _, c := range []struct {
		at   *namespace
		want told
	}{
		{proof, told{Product: "NFS", Version: "4", Access: Password}},
		{named, told{Product: "NFS", Version: "4", Access: Open, Counts: map[string]int64{"exports": 1}, Names: []string{"/backup"}}},
		{open, told{Product: "NFS", Version: "4", Access: Open, Counts: map[string]int64{"exports": 1}, Names: []string{"/users-backup"}, Personal: []string{"/users-backup"}}},
		{closed, told{Product: "NFS", Version: "4", Access: Nothing, Counts: map[string]int64{"exports": 0}}},
	} {
		var r Record
		l.await(nil, func(ctx context.Context) error {
			var err error
			r, err = NFS4(ctx, c.at.port(2049))
			return err
		})
		compare(t, r, c.want)
	}
}

// namespace is a network in which servers run.
type namespace struct{ process int }

// namespace runs a script in a network of its own until the test ends.
func (l *lab) namespace(name, script string) *namespace {
	l.t.Helper()
	c := l.begin("unshare", "-n", "-m", "bash", script)
	l.t.Logf("%s: process %d", name, c.Process.Pid)
	return &namespace{c.Process.Pid}
}

// port is a dialer for a port in the network.
func (n *namespace) port(number int) Dialer {
	return func(ctx context.Context, _ bool) (net.Conn, error) {
		c := exec.CommandContext(ctx, "nsenter", "-t", strconv.Itoa(n.process), "-n", "bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/"+strconv.Itoa(number)+" && { cat <&3 & exec cat >&3; }")
		ours, theirs := net.Pipe()
		c.Stdin, c.Stdout = theirs, theirs
		c.WaitDelay = time.Second
		if err := c.Start(); err != nil {
			return nil, err
		}
		var work errgroup.Group
		work.Go(func() error {
			_ = c.Wait() // however it ends
			return theirs.Close()
		})
		return ours, nil
	}
}

// display is the number of one for an X server, whose port is free.
func (l *lab) display() string { return number(l.port() - 6000) }

// script writes a program for the shell and gives its path.
func (l *lab) script(name, text string) string {
	l.t.Helper()
	path := l.file(name, "#!/bin/sh\n"+text+"\n")
	if err := os.Chmod(path, 0o755); err != nil { //nolint:gosec // it is to be run
		l.t.Fatal(err)
	}
	return path
}

// inetd starts a program for each connection to a port, as the program of that name does.
func (l *lab) inetd(port int, line ...string) {
	l.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(l.t.Context(), "tcp", "127.0.0.1:"+number(port))
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var work errgroup.Group
	work.Go(func() error {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return nil
			}
			file, err := conn.(*net.TCPConn).File()
			_ = conn.Close() // the program has the other half
			if err != nil {
				continue
			}
			c := exec.CommandContext(ctx, line[0], line[1:]...)
			c.Stdin, c.Stdout, c.Stderr = file, file, file
			c.WaitDelay = time.Second
			if err := c.Start(); err != nil {
				l.t.Error(err)
			}
			_ = file.Close() // as above
			work.Go(func() error {
				_ = c.Wait() // however it ends
				return nil
			})
		}
	})
	l.t.Cleanup(func() {
		_ = listener.Close() // it is over
		cancel()
		_ = work.Wait() // the work returns no error
	})
}

func atoi(text string) int {
	n, _ := strconv.Atoi(text) // it was made of a number
	return n
}
