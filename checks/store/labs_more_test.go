//go:build unix

package store

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRealMongoDB(t *testing.T) {
	l := newLab(t)
	program := filepath.Join(fetched(t, "ferretdb-1.24.2"), "ferretdb")
	run := func(name string, more ...string) *server {
		port := l.port()
		data := filepath.Dir(l.file(name+"/x", ""))
		return l.start(port, append([]string{
			program, "--handler=sqlite", "--sqlite-url=file:" + data + "/", "--state-dir=" + data, "--listen-addr=127.0.0.1:" + number(port),
			"--telemetry=disable", "--debug-addr=-", "--log-level=ERROR",
		}, more...)...)
	}
	open := run("open")
	insert(t, open, "shop", "customers", 3)
	insert(t, open, "shop", "products", 2)
	insert(t, open, "READ__ME_TO_RECOVER_YOUR_DATA", "README", 1)
	open.sent = nil
	r := open.look(t, MongoDB)
	if r.Counts["bytes"] < 100 || r.Version == "" {
		t.Errorf("%d bytes, version %q", r.Counts["bytes"], r.Version)
	}
	r.Version = ""
	compare(t, r, told{
		Product: "FerretDB", Access: Open, Counts: map[string]int64{"databases": 2, "collections": 3, "documents": 6},
		Names:    []string{"READ__ME_TO_RECOVER_YOUR_DATA", "README", "shop", "customers", "products"},
		Personal: []string{"customers"}, Ransom: []string{"READ__ME_TO_RECOVER_YOUR_DATA", "README"},
	}, "bytes")
	var commands []string
	for _, c := range mongoCommands(t, open.log()) {
		commands = append(commands, c.database+"."+c.name)
	}
	want := []string{
		"admin.hello", "admin.buildInfo", "admin.listDatabases nameOnly", "READ__ME_TO_RECOVER_YOUR_DATA.dbStats",
		"READ__ME_TO_RECOVER_YOUR_DATA.listCollections nameOnly", "shop.dbStats", "shop.listCollections nameOnly",
	}
	if d := cmp.Diff(want, commands); d != "" {
		t.Errorf("commands (-want +got):\n%s", d)
	}

	closed := run("closed", "--test-enable-new-auth", "--setup-username=app", "--setup-password=s3cret", "--setup-database=admin")
	r = closed.look(t, MongoDB)
	if r.Access != Password || r.Counts != nil {
		t.Errorf("closed: %+v", r)
	}
}

type mongoCommand struct{ database, name string }

// mongoCommands takes apart what was sent.
func mongoCommands(t *testing.T, log []string) []mongoCommand {
	t.Helper()
	var list []mongoCommand
	for _, text := range log {
		for sent := []byte(text); len(sent) > 0; {
			n := int(binary.LittleEndian.Uint32(sent))
			if binary.LittleEndian.Uint32(sent[12:]) != 2013 {
				t.Fatalf("sent something else than a message: %q", sent[:n])
			}
			elements := bson(sent[21:n])
			c := mongoCommand{name: elements[0].name}
			for _, e := range elements[1:] {
				switch e.name {
				case "$db":
					c.database = e.text()
				default:
					c.name += " " + e.name
				}
			}
			list = append(list, c)
			sent = sent[n:]
		}
	}
	return list
}

// insert fills the lab; the probe has no such command.
func insert(t *testing.T, s *server, database, collection string, documents int) {
	t.Helper()
	talk, err := open(t.Context(), s.dial, false)
	if err != nil {
		t.Fatal(err)
	}
	defer talk.close()
	form := mongoMessage
	form.ask = func(id uint32, database string, _ []bsonPair) []byte {
		command := bsonMade(bsonPair{"insert", collection}, bsonPair{"$db", database})
		message := append([]byte{0, 0, 0, 0, 0}, command...)
		var sequence []byte // of documents
		for i := range documents {
			sequence = append(sequence, bsonMade(bsonPair{"_id", int32(i)}, bsonPair{"email", "sample@example.com"})...)
		}
		message = binary.LittleEndian.AppendUint32(append(message, 1), uint32(4+len("documents")+1+len(sequence)))
		message = append(append(message, "documents\x00"...), sequence...)
		return append(mongoHead(16+len(message), id, 2013), message...)
	}
	answer, err := talk.mongo(form, database, nil)
	if n, _ := bsonFind(answer, "n"); err != nil || n.number() != int64(documents) {
		t.Fatalf("insert: %q, %v", answer, err)
	}
}

func TestRealRabbitMQ(t *testing.T) {
	const program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	l := newLab(t, "rabbitmq-server")
	port, dist, epmd := l.port(), l.port(), l.port()
	s := l.start(port, "env", "RABBITMQ_NODE_PORT="+number(port), "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1", "RABBITMQ_DIST_PORT="+number(dist), "ERL_EPMD_PORT="+number(epmd),
		"ERL_EPMD_ADDRESS=127.0.0.1", "RABBITMQ_NODENAME=lab@localhost", "RABBITMQ_MNESIA_BASE="+l.dir+"/mnesia", "RABBITMQ_LOG_BASE="+l.dir+"/log",
		"RABBITMQ_ENABLED_PLUGINS_FILE="+l.file("plugins", "[].\n"), "RABBITMQ_CONFIG_FILE="+l.dir+"/none", program)
	r := s.look(t, AMQP)
	if !strings.HasPrefix(r.Version, "3.") {
		t.Errorf("version %q", r.Version)
	}
	r.Version = ""
	compare(t, r, told{Product: "RabbitMQ", Access: Password})
	if d := cmp.Diff([]string{"AMQP\x00\x00\x09\x01"}, s.log()); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
}

func TestRealNATS(t *testing.T) {
	l := newLab(t, "nats-server")
	ver := version(l.command("", "nats-server", "--version"))
	run := func(more ...string) *server {
		port := l.port()
		return l.start(port, append([]string{"nats-server", "-a", "127.0.0.1", "-p", number(port)}, more...)...)
	}
	open, closed := run(), run("--user", "app", "--pass", "s3cret")
	compare(t, open.look(t, NATS), told{Product: "NATS", Version: ver, Access: Offered})
	compare(t, closed.look(t, NATS), told{Product: "NATS", Version: ver, Access: Password})
	for _, s := range []*server{open, closed} {
		if d := cmp.Diff([]string{""}, s.log()); d != "" {
			t.Errorf("sent (-want +got):\n%s", d)
		}
	}
}

func TestRealMosquitto(t *testing.T) {
	l := newLab(t, "mosquitto")
	run := func(name, configuration string) *server {
		port := l.port()
		return l.start(port, "mosquitto", "-c", l.file(name, "listener "+number(port)+" 127.0.0.1\nuser "+user()+"\n"+configuration))
	}
	open, closed := run("open", "allow_anonymous true\n"), run("closed", "allow_anonymous false\n")
	compare(t, open.look(t, MQTT), told{Product: "MQTT", Access: Open})
	compare(t, closed.look(t, MQTT), told{Product: "MQTT", Access: Password})
	const connect = "\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
	if d := cmp.Diff([][]string{{connect + "\xe0\x00"}, {connect}}, [][]string{open.log(), closed.log()}); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
}

func TestRealRsync(t *testing.T) {
	l := newLab(t, "rsync")
	l.file("files/a", "b")
	run := func(name, modules string) *server {
		port := l.port()
		return l.start(port, "rsync", "--daemon", "--no-detach", "--address=127.0.0.1", "--port="+number(port),
			"--config="+l.file(name, "use chroot = no\n"+strings.NewReplacer("DIR", l.dir+"/files", "SECRETS", l.file("secrets", "app:s3cret\n")).Replace(modules)))
	}
	open := run("open", "[users-backup]\npath = DIR\ncomment = all\n[customers]\npath = DIR\nauth users = app\nsecrets file = SECRETS\n[hidden]\npath = DIR\nlist = no\n")
	compare(t, open.look(t, Rsync), told{
		Product: "rsync", Access: Open, Counts: map[string]int64{"modules": 2, "open-modules": 1}, Names: []string{"users-backup", "customers"}, Personal: []string{"users-backup"},
	})
	closed := run("closed", "[customers]\npath = DIR\nauth users = app\nsecrets file = SECRETS\n")
	compare(t, closed.look(t, Rsync), told{
		Product: "rsync", Access: Password, Counts: map[string]int64{"modules": 1, "open-modules": 0}, Names: []string{"customers"},
	})
	compare(t, run("elsewhere", "[x]\npath = DIR\nhosts allow = 192.0.2.1\n").look(t, Rsync), told{
		Product: "rsync", Access: Refused, Counts: map[string]int64{"modules": 1, "open-modules": 0}, Names: []string{"x"},
	})
	for _, s := range []*server{open, closed} {
		for _, sent := range s.log() {
			lines := strings.Split(sent, "\n")
			if len(lines) != 3 || !strings.HasPrefix(lines[0], "@RSYNCD: ") || lines[2] != "" || lines[1] != "" && lines[1] != "users-backup" && lines[1] != "customers" {
				t.Errorf("sent %q", sent)
			}
		}
	}
}

func TestRealOpenLDAP(t *testing.T) {
	l := newLab(t, "slapd", "slapadd")
	run := func(name, access string) *server {
		port := l.port()
		l.command("", "install", "-d", filepath.Join(l.dir, name))
		config := l.file(name+".conf", strings.NewReplacer("DIR", filepath.Join(l.dir, name), "ACCESS", access).Replace(`include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
pidfile DIR/pid
modulepath /usr/lib/ldap
moduleload back_mdb
database mdb
suffix "dc=example,dc=com"
directory DIR
ACCESS
`))
		entries := "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n\n"
		for i := range 11 {
			entries += "dn: uid=u" + number(i) + ",dc=example,dc=com\nobjectClass: inetOrgPerson\nuid: u" + number(i) + "\ncn: x\nsn: y\n\n"
		}
		l.command(entries, "slapadd", "-f", config)
		return l.start(port, "slapd", "-f", config, "-h", "ldap://127.0.0.1:"+number(port), "-d", "0")
	}
	open := run("open", "access to * by * read")
	compare(t, open.look(t, LDAP), told{Product: "OpenLDAP", Access: Open, Counts: map[string]int64{"bases": 1, "entries": 12}})
	closed := run("closed", "access to dn.base=\"\" by * read\naccess to * by users read by * none")
	compare(t, closed.look(t, LDAP), told{Product: "OpenLDAP", Access: Password, Counts: map[string]int64{"bases": 1, "entries": 0}})
	barred := run("barred", "require authc")
	compare(t, barred.look(t, LDAP), told{Product: "OpenLDAP", Access: Password, Counts: map[string]int64{"bases": 1, "entries": 0}})
	want := string(ldapRequest(1, "", 0, []string{"namingContexts", "vendorName", "vendorVersion", "objectClass"})) + string(ldapRequest(2, "dc=example,dc=com", 2, []string{"1.1"}))
	for _, s := range []*server{open, closed} {
		if d := cmp.Diff([]string{want}, s.log()); d != "" {
			t.Errorf("sent (-want +got):\n%s", d)
		}
	}
}

func TestRealVNC(t *testing.T) {
	l := newLab(t, "Xtigervnc")
	run := func(more ...string) *server {
		port := l.port()
		return l.start(port, append([]string{"Xtigervnc", "-displayfd", "1", "-rfbport", number(port), "-localhost", "-geometry", "320x200", "-nolisten", "tcp"}, more...)...)
	}
	password := l.file("password", "\x17\x52\x6b\x06\x23\x4e\x58\x07")
	open, closed := run("-SecurityTypes", "None"), run("-SecurityTypes", "VncAuth", "-PasswordFile", password)
	compare(t, open.look(t, VNC), told{Product: "VNC", Access: Open})
	compare(t, closed.look(t, VNC), told{Product: "VNC", Access: Password})
	for _, s := range []*server{open, closed} {
		if d := cmp.Diff([]string{"RFB 003.008\n"}, s.log()); d != "" {
			t.Errorf("sent (-want +got):\n%s", d)
		}
	}
}

func TestRealVsftpd(t *testing.T) {
	l := newLab(t, "vsftpd")
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: vsftpd runs as root only")
	}
	l.command("", "install", "-d", "-m", "755", filepath.Join(l.dir, "empty"))
	run := func(name, anonymous string) *server {
		port := l.port()
		return l.start(port, "vsftpd", l.file(name, "listen=YES\nlisten_address=127.0.0.1\nlisten_port="+number(port)+"\nanonymous_enable="+anonymous+
			"\nlocal_enable=YES\nsecure_chroot_dir="+l.dir+"/empty\nanon_root="+l.dir+"/empty\nbackground=NO\nftp_username="+user()+"\nnopriv_user="+user()+"\nseccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\n"))
	}
	open, closed := run("open", "YES"), run("closed", "NO")
	compare(t, open.look(t, FTP), told{Product: "vsFTPd", Version: "3.0.3", Access: Unknown})
	if d := cmp.Diff([]string{""}, open.log()); d != "" {
		t.Errorf("sent for the greeting (-want +got):\n%s", d)
	}
	open.sent = nil
	compare(t, open.look(t, FTPLogin), told{Product: "vsFTPd", Version: "3.0.3", Access: Open})
	compare(t, closed.look(t, FTPLogin), told{Product: "vsFTPd", Version: "3.0.3", Access: Password})
	if d := cmp.Diff([]string{"USER anonymous\r\nPASS anonymous@\r\nQUIT\r\n"}, open.log()); d != "" {
		t.Errorf("sent (-want +got):\n%s", d)
	}
}
