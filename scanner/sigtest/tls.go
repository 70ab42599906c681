package sigtest

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sotomi/scanner/message"
)

// tlsKind is a certificate and a choice of versions that a case can ask for. It is signed by an authority that the scan
// trusts unless it says otherwise.
type tlsKind struct {
	from, to   time.Duration // from now; zero is a month ago and in three months
	names      []string      // none: the address of the server
	minVersion uint16        // zero is TLS 1.2
	by         string        // who signed it: "" the trusted authority, "itself", "stranger", "middle" one of the trusted authority's
	logged     bool          // it says that it is in the logs of public certificates
	weak       bool          // its key is short
}

const day = 24 * time.Hour

func tlsKinds() map[string]tlsKind {
	return map[string]tlsKind{
		"valid":          {},
		"expired":        {from: -100 * day, to: -day},
		"soon":           {from: -360 * day, to: 5 * day},
		"not-yet":        {from: day, to: 90 * day},
		"short-lived":    {from: -day, to: 5 * day},
		"wrong-name":     {names: []string{"other.test"}},
		"old":            {minVersion: tls.VersionTLS10},
		"self-signed":    {by: "itself"},
		"unknown-issuer": {by: "stranger"},
		"incomplete":     {by: "middle", logged: true},
		"weak-key":       {weak: true},
	}
}

// signer is a certificate with its key.
type signer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// sign makes a certificate; by itself where by is nil.
func sign(template *x509.Certificate, key crypto.Signer, by *signer) (*signer, error) {
	if by == nil {
		by = &signer{template, key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.cert, key.Public(), by.key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return &signer{cert, key}, err
}

// newAuthority is one that signs certificates; by itself where by is nil.
func newAuthority(name string, by *signer) (*signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return sign(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-400 * day), NotAfter: time.Now().Add(400 * day),
		KeyUsage: x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true,
	}, key, by)
}

// tlsConfig makes the certificate of a kind, and the file of the authority that is trusted in folder.
func tlsConfig(kind, folder string) (config *tls.Config, authorityFile string, err error) {
	k, ok := tlsKinds()[kind]
	if !ok {
		return nil, "", message.Errorf("tls: %q: there are %s", kind, strings.Join(slices.Sorted(maps.Keys(tlsKinds())), ", "))
	}
	trusted, err := newAuthority("Authority of tests", nil)
	if err != nil {
		return nil, "", err
	}
	authorityFile = filepath.Join(folder, "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted.cert.Raw})
	if err := os.WriteFile(authorityFile, text, 0o600); err != nil {
		return nil, "", err
	}
	by := trusted
	switch k.by {
	case "itself":
		by = nil
	case "stranger":
		by, err = newAuthority("Authority of strangers", nil)
	case "middle":
		by, err = newAuthority("Middle of tests", trusted)
	}
	if err != nil {
		return nil, "", err
	}
	leaf, err := k.leaf(by)
	if err != nil {
		return nil, "", err
	}
	pair := tls.Certificate{Certificate: [][]byte{leaf.cert.Raw}, PrivateKey: leaf.key, Leaf: leaf.cert}
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: cmp.Or(k.minVersion, tls.VersionTLS12)}, authorityFile, nil
}

// leaf is the server's own certificate.
func (k tlsKind) leaf(by *signer) (*signer, error) {
	const shortKey = 1024
	var key crypto.Signer
	var err error
	if k.weak {
		key, err = rsa.GenerateKey(rand.Reader, shortKey) //nolint:gosec // that it is short is the case
	} else {
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, err
	}
	if k.from == 0 {
		k.from, k.to = -30*day, 90*day
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "site.test"}, NotBefore: now.Add(k.from), NotAfter: now.Add(k.to),
		DNSNames: k.names, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if len(k.names) == 0 {
		template.DNSNames, template.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	if k.logged {
		template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: []byte{4, 2, 0, 0}}}
	}
	return sign(template, key, by)
}
