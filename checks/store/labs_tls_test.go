//go:build unix

package store

import (
	"crypto/tls"
	"errors"
	"path/filepath"
	"testing"
)

// certificate makes a key and a certificate, which is its own authority, and gives their paths.
func (l *lab) certificate() (certificate, key string) {
	l.t.Helper()
	certificate, key = filepath.Join(l.dir, "crt"), filepath.Join(l.dir, "key")
	l.command("", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "9", "-subj", "/CN=lab.test", "-keyout", key, "-out", certificate)
	l.command("", "chmod", "644", key)
	return certificate, key
}

// TestRealBrokersInsideTLS looks at RabbitMQ inside TLS, and at one that lets in only clients with a certificate.
func TestRealBrokersInsideTLS(t *testing.T) {
	const program = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	l := newLab(t, "rabbitmq-server", "openssl")
	certificate, key := l.certificate()
	run := func(name, more string) *server {
		port, dist, epmd := l.port(), l.port(), l.port()
		config := l.file(name+".conf", "listeners.tcp = none\nlisteners.ssl.1 = 127.0.0.1:"+number(port)+"\nssl_options.cacertfile = "+certificate+"\nssl_options.certfile = "+certificate+
			"\nssl_options.keyfile = "+key+"\n"+more)
		s := l.start(port, "env", "RABBITMQ_DIST_PORT="+number(dist), "ERL_EPMD_PORT="+number(epmd), "ERL_EPMD_ADDRESS=127.0.0.1", "RABBITMQ_NODENAME="+name+"@localhost",
			"RABBITMQ_MNESIA_BASE="+l.dir+"/"+name, "RABBITMQ_LOG_BASE="+l.dir+"/"+name, "RABBITMQ_ENABLED_PLUGINS_FILE="+l.file("plugins", "[].\n"), "RABBITMQ_CONFIG_FILE="+config, program)
		s.inTLS = true
		return s
	}
	open, closed := run("open", "ssl_options.verify = verify_none\n"), run("closed", "ssl_options.verify = verify_peer\nssl_options.fail_if_no_peer_cert = true\n")
	r := open.look(t, AMQP)
	r.Version = ""
	compare(t, r, told{Product: "RabbitMQ", Access: Password})
	if !r.TLS {
		t.Error("it is not said that it speaks TLS")
	}
	if _, err := AMQP(t.Context(), closed.dial); !errors.Is(err, ErrCertificate) {
		t.Errorf("with certificates only: %v", err)
	}
}

// TestRealMongoDBInsideTLS looks at FerretDB inside TLS, and at one that lets in only clients with a certificate.
func TestRealMongoDBInsideTLS(t *testing.T) {
	l := newLab(t, "openssl")
	program := filepath.Join(fetched(t, "ferretdb-1.24.2"), "ferretdb")
	certificate, key := l.certificate()
	run := func(name string, more ...string) *server {
		port := l.port()
		data := filepath.Dir(l.file(name+"/x", ""))
		s := l.start(port, append([]string{
			program, "--handler=sqlite", "--sqlite-url=file:" + data + "/", "--state-dir=" + data, "--listen-addr=", "--listen-tls=127.0.0.1:" + number(port),
			"--listen-tls-cert-file=" + certificate, "--listen-tls-key-file=" + key, "--telemetry=disable", "--debug-addr=-", "--log-level=ERROR",
		}, more...)...)
		s.inTLS = true
		return s
	}
	open, password := run("open"), run("password", "--test-enable-new-auth", "--setup-username=app", "--setup-password=s3cret", "--setup-database=admin")
	closed := run("closed", "--listen-tls-ca-file="+certificate)
	for _, c := range []struct {
		at   *server
		want Access
	}{{open, Open}, {password, Password}} {
		if r := c.at.look(t, MongoDB); r.Product != "FerretDB" || r.Access != c.want || !r.TLS {
			t.Errorf("%s, %s, in TLS: %t; want %s", r.Product, r.Access, r.TLS, c.want)
		}
	}
	if _, err := MongoDB(t.Context(), closed.dial); !errors.Is(err, ErrCertificate) {
		t.Errorf("with certificates only: %v", err)
	}
}

// clientOf is TLS as the scan's client speaks it.
func clientOf() *tls.Config {
	return &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10} //nolint:gosec // what lies open is looked at, whoever shows it
}
