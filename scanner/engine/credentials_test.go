package engine

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"sotomi/scanner/web"
)

// What the user gave to log in is not taken to another name of the site.
func TestMovesThatKeepCredentials(t *testing.T) {
	s := httptest.NewTLSServer(nil)
	s.Close()
	pair := s.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "c.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tls.LoadX509KeyPair(file, file); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		client   web.Options
		visitors []Visitor
		keeps    bool
	}{
		"nothing": {}, "header": {client: web.Options{Header: http.Header{"X": {"1"}}}, keeps: true},
		"session": {visitors: []Visitor{{Name: "alice"}}, keeps: true}, "certificate": {client: web.Options{ClientCert: file}, keeps: true},
	} {
		client, err := web.NewClient(c.client)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(client.Close)
		p := &Plan{options: Options{Client: client, Visitors: c.visitors}}
		from, www, upgrade := &url.URL{Scheme: "http", Host: "h.test"}, &url.URL{Scheme: "https", Host: "www.h.test"}, &url.URL{Scheme: "https", Host: "h.test"}
		if got := p.keepsCredentials(from, www); got != c.keeps {
			t.Errorf("%s: to another name: kept %v, want %v", name, got, c.keeps)
		}
		if p.keepsCredentials(from, upgrade) {
			t.Errorf("%s: https of the same host is not followed", name)
		}
	}
}
