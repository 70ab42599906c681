//go:build unix

package command

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
)

// controller starts a management controller of a server, and makes its port of UDP stand for that of IPMI.
func (l *storesLab) controller(kinds, users string) {
	l.t.Helper()
	l.start([]string{
		"ipmi_sim", "-n", "-s", l.folder("ipmi"), "-f", l.file("ipmi.emu", "mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02\nmc_enable 0x20\n"),
		"-c", l.file("ipmi.conf", "name \"lab\"\nset_working_mc 0x20\nstartlan 1\n addr 127.0.0.1 {{port \"ipmi\"}}\n priv_limit admin\n guid a123456789abcdefa123456789abcdef\n allowed_auths_admin "+
			kinds+"\nendlan\n"+users),
	})
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port("ipmi")))
	l.await(l.t, "the controller does not answer", func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "udp", address)
		if err != nil {
			return err
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(time.Second))                                                 // it is open
		if _, err := conn.Write([]byte("\x06\x00\xff\x06\x00\x00\x11\xbe\x80\x00\x00\x00")); err != nil { // a ping of RMCP
			return err
		}
		_, err = conn.Read(make([]byte, 64))
		return err
	})
	l.standsFor(623+scanner.UDP, address)
}

// files starts what shares files: for Windows at two ports, and NFS of version 4 alone.
func (l *storesLab) files(samba, clients string) {
	l.t.Helper()
	dir := l.folder("samba")
	l.run("chown", "root", dir)
	config := l.file("smb.conf", "[global]\ninterfaces = lo\nbind interfaces only = yes\n"+
		strings.ReplaceAll("private dir = D\nlock directory = D\nstate directory = D\ncache directory = D\npid directory = D\nncalrpc dir = D/n\nlog level = 0\n", "D", dir)+samba)
	l.serve(445, "smb", "smbd", "-F", "--no-process-group", "--debug-stdout", "-p", `{{port "smb"}} {{port "netbios"}}`, "-s", config)
	l.stand(139, "netbios")
	l.serve(2049, "nfs", "ganesha.nfsd", "-F", "-p", filepath.Join(dir, "nfs.pid"), "-L", filepath.Join(dir, "nfs.log"), "-f", l.file("nfs.conf",
		"NFS_CORE_PARAM { Protocols = 4; NFS_Port = {{port \"nfs\"}}; Bind_addr = 127.0.0.1; Enable_NLM = false; Enable_RQUOTA = false; }\nNFSV4 { Graceless = true; }\n"+
			"EXPORT { Export_Id = 1; Path = /customers; Pseudo = /customers; Access_Type = NONE; FSAL { Name = MEM; } CLIENT { Clients = "+clients+"; Access_Type = RO; } }\n"))
}

// A machine whose controller, files and folders are open to everybody, and its twin where they are not: each port is told once, for
// what lies open there or, in the twin, only for being open; once the user has said that they may be, nothing is.
func TestManagementAndFilesOfOneMachine(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: some of these servers run as root only")
	}
	for name, c := range map[string]struct {
		kinds, users, samba, clients string
		want                         []string
	}{
		"open": {
			"none md5", "user 1 true \"\" \"\" admin 10 none md5\nuser 2 true \"op\" \"s3cret\" admin 10 md5\n", "", "*",
			[]string{"ipmi-open@623", "nfs-open@2049", "smb-weak@139", "smb-weak@445"},
		},
		"closed": {
			"md5", "user 2 true \"op\" \"s3cret\" admin 10 md5\n", "server signing = mandatory\n", "192.0.2.0/24",
			[]string{"port-ipmi@623", "port-nfs@2049", "port-smb@139", "port-smb@445"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newStoresLab(t, lab{Needs: []string{"ipmi_sim", "smbd", "ganesha.nfsd"}})
			l.controller(c.kinds, c.users)
			l.files(c.samba, c.clients)
			status, found := l.scan(t)
			if status != scanner.ExitFound || !slices.Equal(found, c.want) {
				t.Fatalf("exit %d, found\n%q, want\n%q", status, found, c.want)
			}
			expected := filepath.Join(l.dir, "expected.yaml")
			if status, out, said := sotomi(t, "ports", "accept", filepath.Join(l.dir, "scan.jsonl"), "--expected", expected); status != scanner.ExitClean {
				t.Fatalf("ports accept: exit %d: %s %s", status, out, said)
			}
			if text, err := os.ReadFile(expected); err != nil || !strings.Contains(string(text), "623/udp") {
				t.Errorf("%v: the port of UDP is not in\n%s", err, text)
			}
			if status, found = l.scan(t, "--expected", expected); status != scanner.ExitClean || len(found) > 0 {
				t.Errorf("with what was accepted: exit %d, found %q", status, found)
			}
		})
	}
}
