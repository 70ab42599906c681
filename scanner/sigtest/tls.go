package sigtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"maps"
	"math/big"
	"net"
	"slices"
	"strings"
	"time"

	"sotomi/scanner/message"
)

// tlsKind is a certificate and a choice of versions that a case can ask for.
type tlsKind struct {
	from, to   time.Duration // from now
	names      []string      // none: the address of the server
	minVersion uint16
}

const day = 24 * time.Hour

func tlsKinds() map[string]tlsKind {
	return map[string]tlsKind{
		"valid":       {from: -30 * day, to: 90 * day, minVersion: tls.VersionTLS12},
		"expired":     {from: -100 * day, to: -day, minVersion: tls.VersionTLS12},
		"soon":        {from: -360 * day, to: 5 * day, minVersion: tls.VersionTLS12},
		"not-yet":     {from: day, to: 90 * day, minVersion: tls.VersionTLS12},
		"short-lived": {from: -day, to: 5 * day, minVersion: tls.VersionTLS12},
		"wrong-name":  {from: -30 * day, to: 90 * day, names: []string{"other.test"}, minVersion: tls.VersionTLS12},
		"old":         {from: -30 * day, to: 90 * day, minVersion: tls.VersionTLS10},
	}
}

// tlsConfig makes the certificate of a kind; it is its own authority.
func tlsConfig(kind string) (*tls.Config, error) {
	k, ok := tlsKinds()[kind]
	if !ok {
		return nil, message.Errorf("tls: %q: there are %s", kind, strings.Join(slices.Sorted(maps.Keys(tlsKinds())), ", "))
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "site.test"}, NotBefore: now.Add(k.from), NotAfter: now.Add(k.to),
		DNSNames: k.names, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if len(k.names) == 0 {
		template.DNSNames, template.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}}, MinVersion: k.minVersion}, nil
}
