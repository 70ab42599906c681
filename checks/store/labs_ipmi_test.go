//go:build unix

package store

import (
	"bytes"
	"context"
	"net"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ipmiSim starts a controller with those kinds of proof and users, and waits until it answers.
func (l *lab) ipmiSim(name, kinds, more string) *server {
	l.t.Helper()
	port := l.port()
	l.command("", "install", "-d", l.dir+"/"+name)
	config := l.file(name+".conf", "name \""+name+"\"\nset_working_mc 0x20\nstartlan 1\n addr 127.0.0.1 "+number(port)+"\n priv_limit admin\n allowed_auths_admin "+kinds+
		"\n"+more)
	controller := l.file(name+".emu", "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n")
	c := l.begin("ipmi_sim", "-n", "-c", config, "-f", controller, "-s", l.dir+"/"+name)
	s := &server{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), udp: true}
	l.await(c.over, func(ctx context.Context) error {
		_, err := IPMI(ctx, (&server{address: s.address, udp: true}).dial)
		return err
	})
	return s
}

// TestRealIPMI looks at controllers: one with a user who has neither a name nor a password, and one where everybody needs both.
func TestRealIPMI(t *testing.T) {
	l := newLab(t, "ipmi_sim", "install")
	const version2 = " guid a123456789abcdefa123456789abcdef\n"
	open := l.ipmiSim("open", "none md5", version2+"endlan\nuser 1 true \"\" \"\" admin 10 none md5\nuser 2 true \"op\" \"s3cret\" admin 10 md5\n")
	closed := l.ipmiSim("closed", "md5", version2+"endlan\nuser 2 true \"op\" \"s3cret\" admin 10 md5\n")
	old := l.ipmiSim("old", "md5", "endlan\nuser 2 true \"op\" \"s3cret\" admin 10 md5\n")
	for _, c := range []struct {
		at      *server
		weak    []string
		kinds   string
		version string
	}{{open, []string{"anonymous", "no-authentication"}, "none MD5", "2.0"}, {closed, nil, "MD5", "2.0"}, {old, nil, "MD5", "1.5"}} {
		r := c.at.look(t, IPMI)
		compare(t, r, told{Product: "IPMI", Version: c.version, Access: Greeted})
		if d := cmp.Diff(c.weak, r.Weak); d != "" {
			t.Errorf("weak (-want +got):\n%s", d)
		}
		if r.Facts["authentication"] != c.kinds {
			t.Errorf("authentication is %q, want %q", r.Facts["authentication"], c.kinds)
		}
		// one message outside of a session, and nothing of a log-in
		if log := c.at.log(); len(log) != 1 || !bytes.HasSuffix([]byte(log[0]), []byte("\x81\x54\x38\x8e\x04\x61")) || len(log[0]) != 23 {
			t.Errorf("sent %q", log)
		}
	}
}
