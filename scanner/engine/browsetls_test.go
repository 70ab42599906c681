package engine

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/browser"
	"sotomi/scanner/web"
)

// authority signs certificates that nobody else trusts.
type authority struct {
	key  *ecdsa.PrivateKey
	form *x509.Certificate
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{form: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "staging"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}}
	cert, key := a.sign(t, a.form)
	a.key, a.pem = key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	return a
}

// sign makes a key and its certificate; the first is the authority's own.
func (a *authority) sign(t *testing.T, form *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	by := a.key
	if by == nil {
		by = key
	}
	cert, err := x509.CreateCertificate(rand.Reader, form, a.form, &key.PublicKey, by)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// leaf is a certificate for a use, and its file.
func (a *authority) leaf(t *testing.T, use x509.ExtKeyUsage) (tls.Certificate, string) {
	t.Helper()
	cert, key := a.sign(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "shop"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{use},
	})
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pair.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{cert}, PrivateKey: key}, file
}

// TestLookKeepsToTLSSettings: --ca and --client-cert hold for the pages in a browser, too; without them such a page does not open,
// and what others ask for is not given the certificate.
func TestLookKeepsToTLSSettings(t *testing.T) {
	path, err := browser.Find(t.Context(), "")
	switch {
	case testing.Short():
		t.Skip("-short: no browser has looked at a page")
	case err != nil && os.Getenv("SOTOMI_LABS") == "require":
		t.Fatal(err)
	case err != nil:
		t.Skip("no browser has looked at a page: ", err)
	}
	a := newAuthority(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, a.pem, 0o600); err != nil {
		t.Fatal(err)
	}
	own, _ := a.leaf(t, x509.ExtKeyUsageServerAuth)
	_, certificate := a.leaf(t, x509.ExtKeyUsageClientAuth)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(a.pem)
	var mu sync.Mutex
	shown := map[string]int{} // certificates of clients, by path
	start := func(auth tls.ClientAuthType, page string) *httptest.Server {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			shown[r.URL.Path] += len(r.TLS.PeerCertificates)
			mu.Unlock()
			if r.URL.Path == "/" {
				fmt.Fprint(w, page)
			}
		}))
		s.EnableHTTP2 = true
		s.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: auth, ClientCAs: pool, MinVersion: tls.VersionTLS12}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	foreign := start(tls.RequestClientCert, "")
	page := `<!doctype html><link rel=icon href="data:,"><script src=/a.js></script><script src="` + foreign.URL + `/foreign.js"></script>`
	staging, closed := start(tls.NoClientCert, page), start(tls.RequireAndVerifyClientCert, page)
	for name, c := range map[string]struct {
		site    *httptest.Server
		options web.Options
		opens   bool
	}{
		"an authority of its own":             {staging, web.Options{CAFile: ca}, true},
		"nobody vouches for it":               {staging, web.Options{}, false},
		"another's certificate":               {staging, web.Options{ClientCert: certificate}, false},
		"anything goes":                       {staging, web.Options{Insecure: true}, true},
		"it wants a certificate":              {closed, web.Options{CAFile: ca, ClientCert: certificate}, true},
		"it wants one, and anything goes":     {closed, web.Options{Insecure: true, ClientCert: certificate}, true},
		"it wants a certificate, without":     {closed, web.Options{CAFile: ca}, false},
		"it wants one, nobody vouches for it": {closed, web.Options{ClientCert: certificate}, false},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := web.NewClient(c.options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			mu.Lock()
			clear(shown)
			mu.Unlock()
			var l *browser.Look
			var failed error
			end := looked(t, Options{Client: client, Chromium: path}, c.site.URL, func(ctx context.Context, p *scanner.Probe) error {
				l, failed = p.Look(ctx, p.Target.URL, browser.VisitFirst)
				return nil
			})
			if !c.opens {
				if l != nil || end.Status == scanner.StatusClean {
					t.Errorf("it opened, and is %s", end.Status)
				}
				return
			}
			if failed != nil {
				t.Fatal(failed)
			}
			ran := slices.ContainsFunc(l.Scripts, func(s browser.Script) bool { return s.URL == c.site.URL+"/a.js" })
			mu.Lock()
			defer mu.Unlock()
			if !ran || l.Status != http.StatusOK || (c.site == closed) != (shown["/a.js"] > 0) {
				t.Errorf("status %d, ran %v, certificates %v, %q", l.Status, ran, shown, l.Unseen)
			}
			if shown["/foreign.js"] > 0 {
				t.Error("another origin was shown the certificate")
			}
		})
	}
}
