//go:build unix

package command

import (
	"context"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// storesLab are real stores on one machine, each at a free port that stands for its own.
type storesLab struct {
	*labRun
	stands []string // flags that say which free port stands for which
	own    []string // those that are stood for, as --ports takes them
}

// newStoresLab skips the test where something is missing, unless SOTOMI_LABS is "require".
func newStoresLab(t *testing.T, needs lab) *storesLab {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: labs take minutes")
	}
	if missing := needs.missing(); missing != "" {
		if os.Getenv("SOTOMI_LABS") == "require" {
			t.Fatalf("%s is needed and not here", missing)
		}
		t.Skipf("SKIPPED: %s is not here", missing)
	}
	return &storesLab{labRun: &labRun{t: t, dir: labDir(t), ports: map[string]int{}}}
}

// file writes a template into the folder of the lab and gives its path.
func (l *storesLab) file(name, text string) string {
	l.t.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.WriteFile(path, []byte(l.render(name, text)), 0o644); err != nil { //nolint:gosec // servers run as other users
		l.t.Fatal(err)
	}
	return path
}

// folder makes one that belongs to whom servers run as, and gives its path.
func (l *storesLab) folder(name string) string {
	l.t.Helper()
	path := filepath.Join(l.dir, name)
	l.run("install", "-d", "-o", labUser(), "-m", "755", path)
	return path
}

func (l *storesLab) run(line ...string) { l.command(labStep{Run: line}) }

// serve starts a server, and makes its port, which {{port "NAME"}} is in its command line, stand for its own.
func (l *storesLab) serve(own int, name string, line ...string) {
	l.t.Helper()
	l.start(line)
	l.stand(own, name)
}

// stand waits for a port and makes it stand for another.
func (l *storesLab) stand(own int, name string) {
	l.t.Helper()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(l.port(name)))
	l.await(l.t, name+" does not listen", func(ctx context.Context) error {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = c.Close() // it listens
		}
		return err
	})
	l.standsFor(own, address)
}

// standsFor makes an address stand for a port.
func (l *storesLab) standsFor(own int, address string) {
	l.stands = append(l.stands, "--resolve=127.0.0.1:"+strconv.Itoa(own%scanner.UDP)+":"+address)
	l.own = append(l.own, scanner.PortText(own))
}

// asUser is a command line as whom servers run as that do not run as root.
func asUser(line ...string) []string {
	if os.Getuid() != 0 {
		return line
	}
	return append([]string{"setpriv", "--reuid=" + labUser(), "--regid=" + labUser(), "--clear-groups"}, line...)
}

// postgres starts one with these rules of pg_hba.conf.
func (l *storesLab) postgres(rules string) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	bin := filepath.Dir(found[0])
	data := l.folder("postgres")
	l.run("chmod", "700", data)
	l.run(asUser(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "-N", "-A", "trust")...)
	l.file("postgres/pg_hba.conf", rules+"\n")
	l.render("certificate", "{{certificate}}")
	for _, part := range []string{"key", "crt"} {
		l.run("install", "-o", labUser(), "-m", "600", filepath.Join(l.dir, "certificate.pem."+part), filepath.Join(data, part))
	}
	l.serve(5432, "postgres", asUser(found[0], "-D", data, "-p", `{{port "postgres"}}`, "-h", "127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
		"-c", "ssl=on", "-c", "ssl_cert_file="+data+"/crt", "-c", "ssl_key_file="+data+"/key")...)
}

// slapd starts one that everybody may read.
func (l *storesLab) slapd(scheme string, more string) {
	l.render("certificate", "{{certificate}}")
	config := l.file("slapd.conf", "include /etc/ldap/schema/core.schema\npidfile {{dir}}/slapd.pid\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\n"+more+
		"database mdb\nsuffix \"dc=example,dc=com\"\ndirectory "+l.folder("ldap")+"\naccess to * by * read\n")
	l.command(labStep{Run: []string{"slapadd", "-f", config}, Input: "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n"})
	l.start([]string{"slapd", "-f", config, "-h", scheme + `://127.0.0.1:{{port "slapd"}}`, "-d", "0"})
}

// scan scans the machine, and gives the exit status and "SIGNATURE@PORT" of each finding that counts, in order.
func (l *storesLab) scan(t *testing.T, args ...string) (status int, found []string) {
	t.Helper()
	args = append(append([]string{"scan", "--rate", "0", "--ports", strings.Join(l.own, ","), "-o", "jsonl=" + filepath.Join(l.dir, "scan.jsonl")}, l.stands...), args...)
	status, _, said := sotomi(t, append(args, "127.0.0.1")...)
	text, err := os.ReadFile(filepath.Join(l.dir, "scan.jsonl"))
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	var scan scanner.Collector
	if err := report.Replay(strings.NewReader(string(text)), &scan); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, f := range scan.Findings {
		if u, err := url.Parse(f.Hit.URL); err == nil && f.Suppressed == nil && f.Severity.Rank() >= signature.SeverityMedium.Rank() {
			found = append(found, f.Signature.ID+"@"+u.Port())
		}
	}
	slices.Sort(found)
	t.Logf("exit %d: %s", status, said)
	return status, slices.Compact(found)
}

// Ten stores and more on one machine: one command finds all of them and fails; once the user has said that they may be open, the
// next does not.
func TestManyStoresOnOneMachine(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: some of these servers run as root only")
	}
	postgres, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	l := newStoresLab(t, lab{Needs: append([]string{
		"redis-server", "memcached", "mariadbd", "mariadb-install-db", "mosquitto", "nats-server", "rsync", "slapd", "slapadd", "vsftpd", "etcd", "influxd", "prometheus",
		"Xtigervnc", "setpriv", "java", "openssl",
	}, append(postgres, "postgres")[0]), Files: []string{"/usr/share/java/zookeeper.jar"}})
	l.serve(6379, "redis", "redis-server", "--port", `{{port "redis"}}`, "--bind", "127.0.0.1", "--save", "", "--protected-mode", "no")
	l.serve(11211, "memcached", "memcached", "-l", "127.0.0.1", "-p", `{{port "memcached"}}`, "-U", "0", "-u", labUser())
	l.postgres("host all all 127.0.0.1/32 trust")
	data := l.folder("mariadb")
	l.run("mariadb-install-db", "--no-defaults", "--user="+labUser(), "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
	l.serve(3306, "mariadb", "mariadbd", "--no-defaults", "--user="+labUser(), "--datadir="+data, `--port={{port "mariadb"}}`, "--bind-address=127.0.0.1", "--socket="+data+"/s")
	l.serve(1883, "mosquitto", "mosquitto", "-c", l.file("mosquitto.conf", "listener {{port \"mosquitto\"}} 127.0.0.1\nuser {{user}}\nallow_anonymous true\n"))
	l.serve(4222, "nats", "nats-server", "-a", "127.0.0.1", "-p", `{{port "nats"}}`)
	l.serve(873, "rsync", "rsync", "--daemon", "--no-detach", "--address=127.0.0.1", `--port={{port "rsync"}}`, "--config="+l.file("rsyncd.conf", "use chroot = no\n[backup]\npath = "+l.folder("files")+"\n"))
	l.slapd("ldap", "")
	l.stand(389, "slapd")
	empty := l.folder("empty")
	l.run("chown", "root", empty)
	l.serve(21, "vsftpd", "vsftpd", l.file("vsftpd.conf", "listen=YES\nlisten_address=127.0.0.1\nlisten_port={{port \"vsftpd\"}}\nanonymous_enable=NO\nlocal_enable=YES\nsecure_chroot_dir="+empty+
		"\nbackground=NO\nnopriv_user={{user}}\nseccomp_sandbox=NO\nisolate=NO\nisolate_network=NO\n"))
	l.serve(2379, "etcd", "etcd", "--data-dir", l.folder("etcd"), "--listen-client-urls", `http://127.0.0.1:{{port "etcd"}}`, "--advertise-client-urls", `http://127.0.0.1:{{port "etcd"}}`,
		"--listen-peer-urls", `http://127.0.0.1:{{port "peer"}}`, "--initial-advertise-peer-urls", `http://127.0.0.1:{{port "peer"}}`, "--initial-cluster", `default=http://127.0.0.1:{{port "peer"}}`)
	influx := l.folder("influx")
	l.serve(8086, "influx", "influxd", "-config", l.file("influx.conf", "reporting-disabled=true\nbind-address=\"127.0.0.1:{{port \"influx-rpc\"}}\"\n[http]\nbind-address=\"127.0.0.1:{{port \"influx\"}}\"\n[meta]\ndir=\""+
		influx+"/m\"\n[data]\ndir=\""+influx+"/d\"\nwal-dir=\""+influx+"/w\"\n"))
	l.serve(9090, "prometheus", "prometheus", "--config.file="+l.file("prometheus.yml", "global:\n  scrape_interval: 60s\n"), "--storage.tsdb.path="+l.folder("prometheus"), `--web.listen-address=127.0.0.1:{{port "prometheus"}}`)
	l.serve(5900, "vnc", "Xtigervnc", "-displayfd", "1", "-rfbport", `{{port "vnc"}}`, "-localhost", "-geometry", "320x200", "-nolisten", "tcp", "-SecurityTypes", "None")
	l.serve(2181, "zookeeper", "java", "-Xmx128m", "-cp", "/usr/share/java/zookeeper.jar:/usr/share/java/*", "org.apache.zookeeper.server.quorum.QuorumPeerMain",
		l.file("zoo.cfg", "dataDir="+l.folder("zookeeper")+"\nclientPort={{port \"zookeeper\"}}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n"))
	l.step(labStep{Port: "prometheus", Path: "/-/ready"})
	l.step(labStep{Port: "influx", Path: "/ping", Status: 204})
	l.step(labStep{Port: "etcd", Path: "/health", Says: "true"})

	status, found := l.scan(t)
	want := []string{
		"etcd-open@2379", "influxdb-open@8086", "ldap-open@389", "memcached-open@11211", "mqtt-open@1883", "nats-open@4222", "port-etcd@2379", "port-ftp@21", "port-influxdb@8086",
		"port-mysql@3306", "port-nats@4222", "port-prometheus@9090", "port-zookeeper@2181", "postgresql-open@5432", "prometheus-server@9090", "redis-open@6379", "rsync-open@873",
		"vnc-open@5900", "zookeeper-open@2181",
	}
	if status != scanner.ExitFound || !slices.Equal(found, want) {
		t.Fatalf("exit %d, found\n%q, want\n%q", status, found, want)
	}
	expected := filepath.Join(l.dir, "expected.yaml")
	if status, out, said := sotomi(t, "ports", "accept", filepath.Join(l.dir, "scan.jsonl"), "--expected", expected); status != scanner.ExitClean {
		t.Fatalf("ports accept: exit %d: %s %s", status, out, said)
	}
	status, found = l.scan(t, "--expected", expected)
	if status != scanner.ExitClean || len(found) > 0 {
		t.Errorf("with what was accepted: exit %d, found %q", status, found)
	}
}

// Stores that speak inside TLS are looked at as those that do not.
func TestStoresInsideTLS(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("SKIPPED: some of these servers run as root only")
	}
	l := newStoresLab(t, lab{Needs: []string{"redis-server", "mosquitto", "slapd", "slapadd", "openssl", "setpriv"}, Files: []string{"/usr/lib/postgresql"}})
	l.render("certificate", "{{certificate}}")
	pem := filepath.Join(l.dir, "certificate.pem")
	for _, part := range []string{".key", ".crt"} {
		l.run("chmod", "644", pem+part)
	}
	secure := []string{"--tls-cert-file", pem + ".crt", "--tls-key-file", pem + ".key", "--tls-ca-cert-file", pem + ".crt", "--tls-auth-clients", "no", "--bind", "127.0.0.1", "--save", "", "--protected-mode", "no", "--port", "0"}
	l.serve(6380, "redis", append([]string{"redis-server", "--tls-port", `{{port "redis"}}`}, secure...)...)
	l.serve(6379, "closed", append([]string{"redis-server", "--tls-port", `{{port "closed"}}`, "--requirepass", "s3cret"}, secure...)...)
	l.postgres("hostssl all all 127.0.0.1/32 trust")
	l.serve(8883, "mosquitto", "mosquitto", "-c", l.file("mosquitto.conf", "listener {{port \"mosquitto\"}} 127.0.0.1\nuser {{user}}\nallow_anonymous true\ncertfile "+pem+".crt\nkeyfile "+pem+".key\n"))
	l.slapd("ldaps", "TLSCertificateFile "+pem+".crt\nTLSCertificateKeyFile "+pem+".key\n")
	l.stand(636, "slapd")
	secured := []string{
		`{{server "ferretdb-1.24.2"}}/ferretdb`, "--handler=sqlite", "--listen-addr=", "--listen-tls-cert-file=" + pem + ".crt", "--listen-tls-key-file=" + pem + ".key",
		"--telemetry=disable", "--debug-addr=-", "--log-level=ERROR",
	}
	for own, more := range map[int][]string{27017: nil, 27018: {"--listen-tls-ca-file=" + pem + ".crt"}} { // the second wants a certificate of its clients
		name := "mongodb-" + strconv.Itoa(own)
		data := l.folder(name)
		l.serve(own, name, slices.Concat(secured, []string{`--listen-tls=127.0.0.1:{{port "` + name + `"}}`, "--sqlite-url=file:" + data + "/", "--state-dir=" + data}, more)...)
	}
	status, found := l.scan(t, "--only", "redis-open,postgresql-open,mqtt-open,ldap-open,port-redis,port-postgresql,port-mqtt,port-ldap,mongodb-open,port-mongodb")
	if want := []string{"ldap-open@636", "mongodb-open@27017", "mqtt-open@8883", "port-mongodb@27018", "port-redis@6379", "postgresql-open@5432", "redis-open@6380"}; status != scanner.ExitFound || !slices.Equal(found, want) {
		t.Errorf("exit %d, found %q, want %q", status, found, want)
	}
}
