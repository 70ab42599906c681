//go:build unix

package store

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// asUser is a command line that runs as a user without rights where the test runs as root.
func asUser(line ...string) []string {
	if user() != "www-data" {
		return line
	}
	return append([]string{"setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups"}, line...)
}

func TestRealPostgreSQL(t *testing.T) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		found = []string{"/usr/lib/postgresql/bin/postgres"}
	}
	l := newLab(t, found[0])
	bin := filepath.Dir(found[0])
	ver := version(l.command("", found[0], "--version"))
	certificate, key := filepath.Join(l.dir, "crt"), filepath.Join(l.dir, "key")
	l.command("", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=lab.test", "-keyout", key, "-out", certificate)
	l.command("", "chown", user(), key)
	const (
		start = "\x00\x00\x00)\x00\x03\x00\x00user\x00postgres\x00database\x00postgres\x00\x00"
		mayWe = "\x00\x00\x00\x08\x04\xd2\x16\x2f" // speak TLS; all after it is encrypted
	)
	for name, c := range map[string]struct {
		rules string // of pg_hba.conf
		want  told
		sent  []string
	}{
		"trust":             {"host all all 127.0.0.1/32 trust", told{Product: "PostgreSQL", Version: ver, Access: Open}, []string{start}},
		"trust_in_TLS_only": {"hostssl all all 127.0.0.1/32 trust", told{Product: "PostgreSQL", Version: ver, Access: Open}, []string{start, mayWe}},
		"trust_elsewhere":   {"host shop all 127.0.0.1/32 trust", told{Product: "PostgreSQL", Access: Refused}, []string{start, mayWe}},
		"scram":             {"host all all 127.0.0.1/32 scram-sha-256", told{Product: "PostgreSQL", Access: Password}, []string{start}},
		"scram_in_TLS_only": {"hostssl all all 127.0.0.1/32 scram-sha-256", told{Product: "PostgreSQL", Access: Password}, []string{start, mayWe}},
		"md5":               {"host all all 127.0.0.1/32 md5", told{Product: "PostgreSQL", Access: Password}, []string{start}},
		"reject":            {"host all all 127.0.0.1/32 reject", told{Product: "PostgreSQL", Access: Refused}, []string{start, mayWe}},
	} {
		t.Run(name, func(t *testing.T) {
			data := filepath.Join(l.dir, name)
			l.command("", "install", "-d", "-o", user(), "-m", "700", data)
			l.command("", asUser(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C", "-N", "-A", "trust")...)
			l.file(name+"/pg_hba.conf", c.rules+"\n")
			port := l.port()
			s := l.start(port, asUser(found[0], "-D", data, "-p", number(port), "-h", "127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off",
				"-c", "ssl=on", "-c", "ssl_cert_file="+certificate, "-c", "ssl_key_file="+key)...)
			l.ready(s, PostgreSQL, func(Record) bool { return true })
			compare(t, s.look(t, PostgreSQL), c.want)
			log := s.log()
			if len(log) > 1 {
				log[1] = log[1][:min(len(mayWe), len(log[1]))]
			}
			if d := cmp.Diff(c.sent, log); d != "" {
				t.Errorf("sent (-want +got):\n%s", d)
			}
		})
	}
}

func TestRealMariaDB(t *testing.T) {
	l := newLab(t, "mariadbd", "mariadb-install-db", "mariadb", "openssl")
	ver := version(strings.TrimPrefix(l.command("", "mariadbd", "--version"), "mariadbd  Ver "))
	run := func(name, statements string, more ...string) *server {
		data := filepath.Join(l.dir, name)
		l.command("", "install", "-d", "-o", user(), "-m", "755", data)
		l.command("", "mariadb-install-db", "--no-defaults", "--user="+user(), "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
		port := l.port()
		socket := filepath.Join(data, "s")
		s := l.start(port, append([]string{"mariadbd", "--no-defaults", "--user=" + user(), "--datadir=" + data, "--port=" + number(port), "--bind-address=127.0.0.1", "--socket=" + socket, "--innodb-flush-log-at-trx-commit=0"}, more...)...)
		l.command(statements, "mariadb", "--no-defaults", "-u", "root", "-S", socket)
		return s
	}
	open := run("open", `CREATE DATABASE shop; USE shop;
CREATE TABLE customers (id INT, email VARCHAR(80), last_name VARCHAR(80)) ENGINE=MyISAM; CREATE TABLE products (id INT, title TEXT) ENGINE=MyISAM;
INSERT INTO customers VALUES (1, 'a@example.com', 'x'), (2, 'b@example.com', 'y'); INSERT INTO products VALUES (1, 'p');
CREATE DATABASE logs; CREATE TABLE logs.lines (id INT) ENGINE=MyISAM; INSERT INTO logs.lines VALUES (1);`)
	compare(t, open.look(t, MySQL), told{Product: "MariaDB", Version: ver, Access: Unknown})
	if d := cmp.Diff([]string{""}, open.log()); d != "" {
		t.Errorf("sent for the greeting (-want +got):\n%s", d)
	}
	open.sent = nil
	r := open.look(t, MySQLLogin)
	slices.Sort(r.Names)
	compare(t, r, told{
		Product: "MariaDB", Version: ver, Access: Open, Counts: map[string]int64{"databases": 2, "tables": 3, "rows": 4},
		Names: []string{"customers", "lines", "logs", "products", "shop"}, Personal: []string{"customers"}, Kinds: []string{"mail", "name"},
	}, "bytes")
	packet := func(seq byte, payload string) string {
		return string([]byte{byte(len(payload)), byte(len(payload) >> 8), 0, seq}) + payload
	}
	if d := cmp.Diff([]string{packet(1, string(mysqlLogin)) + packet(0, "\x03"+mysqlTables) + packet(0, "\x03"+mysqlColumns)}, open.log()); d != "" {
		t.Errorf("sent after the log-in (-want +got):\n%s", d)
	}
	closed := run("closed", "ALTER USER root@localhost IDENTIFIED BY 's3cret';")
	compare(t, closed.look(t, MySQL), told{Product: "MariaDB", Version: ver, Access: Unknown})
	compare(t, closed.look(t, MySQLLogin), told{Product: "MariaDB", Version: ver, Access: Password})
	certificate, key := filepath.Join(l.dir, "crt"), filepath.Join(l.dir, "key")
	l.command("", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=lab.test", "-keyout", key, "-out", certificate)
	l.command("", "chown", user(), key)
	secure := []string{"--ssl-cert=" + certificate, "--ssl-key=" + key, "--require-secure-transport=ON"}
	inTLS := run("tls", "", secure...)
	r = inTLS.look(t, MySQLLogin)
	if !r.TLS {
		t.Error("the log-in was not made in TLS")
	}
	compare(t, r, told{Product: "MariaDB", Version: ver, Access: Open, Counts: map[string]int64{"databases": 0, "tables": 0, "rows": 0}}, "bytes")
	compare(t, run("closed-tls", "ALTER USER root@localhost IDENTIFIED BY 's3cret';", secure...).look(t, MySQLLogin), told{Product: "MariaDB", Version: ver, Access: Password})
	elsewhere := run("elsewhere", "DROP USER root@localhost; DROP USER IF EXISTS mysql@localhost; DROP USER IF EXISTS 'mariadb.sys'@localhost; DROP USER IF EXISTS root@'127.0.0.1'; DROP USER IF EXISTS root@'::1'; DELETE FROM mysql.global_priv; FLUSH PRIVILEGES;", "--skip-name-resolve")
	compare(t, elsewhere.look(t, MySQL), told{Product: "MariaDB", Access: Refused})
}
