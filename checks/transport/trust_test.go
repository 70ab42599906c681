package transport

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// issued is a certificate with its key.
type issued struct {
	*x509.Certificate
	key crypto.Signer
}

// recipe is how a certificate of a test is made.
type recipe struct {
	name      string
	by        *issued // nil: by itself
	authority bool
	from, to  time.Time
	key       crypto.Signer // nil: a new one of P-256
	algorithm x509.SignatureAlgorithm
	logged    bool // it says that it is in the logs of public certificates
}

var now = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func issue(t *testing.T, r recipe) *issued {
	t.Helper()
	c := &issued{key: r.key}
	if c.key == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		c.key = key
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: r.name}, DNSNames: []string{"shop.test"}, SignatureAlgorithm: r.algorithm,
		NotBefore: now.AddDate(0, -1, 0), NotAfter: now.AddDate(0, 2, 0), BasicConstraintsValid: true, IsCA: r.authority,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if !r.from.IsZero() {
		template.NotBefore, template.NotAfter = r.from, r.to
	}
	if r.authority {
		template.KeyUsage, template.DNSNames, template.ExtKeyUsage = x509.KeyUsageCertSign, nil, nil
	}
	if r.logged {
		template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: []byte{4, 2, 0, 0}}}
	}
	by := r.by
	if by == nil {
		by = &issued{template, c.key}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.Certificate, c.key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	if c.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestDistrust: what is wrong with a chain of certificates, its time and its name left aside.
func TestDistrust(t *testing.T) {
	long := func(r recipe) recipe {
		r.from, r.to = now.AddDate(-5, 0, 0), now.AddDate(5, 0, 0)
		return r
	}
	root := issue(t, long(recipe{name: "Root", authority: true, key: rsaKey(t, 2048)}))
	middle := issue(t, long(recipe{name: "Middle", by: root, authority: true}))
	old := issue(t, recipe{name: "Old middle", by: root, authority: true, from: now.AddDate(-2, 0, 0), to: now.AddDate(-1, 0, 0)})
	plain := issue(t, long(recipe{name: "Not an authority", by: root}))
	stranger := issue(t, long(recipe{name: "Company", authority: true}))
	good := issue(t, recipe{name: "shop.test", by: middle})
	self := issue(t, recipe{name: "shop.test"})
	oldRoot := issue(t, long(recipe{name: "Old root", authority: true, key: rsaKey(t, 2048), algorithm: x509.SHA1WithRSA}))
	weakMiddle := issue(t, long(recipe{name: "Weak middle", by: root, authority: true, key: rsaKey(t, 1024)}))
	shortCurve, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(root.Certificate)
	for name, c := range map[string]struct {
		chain   []*issued
		trusted *issued // beside the root
		want    string
	}{
		"good":                  {chain: []*issued{good, middle}},
		"good_with_root":        {chain: []*issued{good, middle, root}},
		"wrong_order":           {chain: []*issued{good, root, middle}},
		"of_the_root":           {chain: []*issued{issue(t, recipe{name: "shop.test", by: root})}},
		"expired_but_good":      {chain: []*issued{issue(t, recipe{name: "shop.test", by: middle, from: now.AddDate(0, -3, 0), to: now.AddDate(0, -1, 0)}), middle}},
		"not_yet_but_good":      {chain: []*issued{issue(t, recipe{name: "shop.test", by: middle, from: now.AddDate(0, 1, 0), to: now.AddDate(0, 2, 0)}), middle}},
		"self_signed":           {chain: []*issued{self}, want: "self-signed"},
		"self_signed_authority": {chain: []*issued{stranger}, want: "self-signed"},
		"self_signed_expired":   {chain: []*issued{issue(t, recipe{name: "shop.test", from: now.AddDate(-2, 0, 0), to: now.AddDate(-1, 0, 0)})}, want: "self-signed"},
		"self_signed_trusted":   {chain: []*issued{self}, trusted: self},
		"company":               {chain: []*issued{issue(t, recipe{name: "shop.test", by: stranger})}, want: "unknown-issuer"},
		"company_sent":          {chain: []*issued{issue(t, recipe{name: "shop.test", by: stranger}), stranger}, want: "unknown-issuer"},
		"company_trusted":       {chain: []*issued{issue(t, recipe{name: "shop.test", by: stranger})}, trusted: stranger},
		"same_name_as_root":     {chain: []*issued{issue(t, recipe{name: "shop.test", by: issue(t, long(recipe{name: "Root", authority: true, key: rsaKey(t, 2048)}))})}, want: "unknown-issuer"},
		"middle_not_sent":       {chain: []*issued{issue(t, recipe{name: "shop.test", by: middle, logged: true})}, want: "incomplete"},
		"wrong_middle_sent":     {chain: []*issued{issue(t, recipe{name: "shop.test", by: middle, logged: true}), old}, want: "incomplete"},
		"middle_ended":          {chain: []*issued{issue(t, recipe{name: "shop.test", by: old}), old}, want: "other"},
		"by_no_authority":       {chain: []*issued{issue(t, recipe{name: "shop.test", by: plain}), plain}, want: "unknown-issuer"},
		"short_key":             {chain: []*issued{issue(t, recipe{name: "shop.test", by: middle, key: rsaKey(t, 1024)}), middle}, want: "weak"},
		"sha_1":                 {chain: []*issued{issue(t, recipe{name: "shop.test", by: root, algorithm: x509.SHA1WithRSA})}, want: "weak"},
		"sha_1_of_the_root":     {chain: []*issued{issue(t, recipe{name: "shop.test", by: oldRoot})}, trusted: oldRoot},
		"sha_1_with_ecdsa":      {chain: []*issued{issue(t, recipe{name: "shop.test", by: middle, algorithm: x509.ECDSAWithSHA1}), middle}, want: "weak"},
		"short_key_between":     {chain: []*issued{issue(t, recipe{name: "shop.test", by: weakMiddle}), weakMiddle}, want: "weak"},
		"short_curve":           {chain: []*issued{issue(t, recipe{name: "shop.test", by: middle, key: shortCurve}), middle}, want: "weak"},
		"logged_company_sent":   {chain: []*issued{issue(t, recipe{name: "shop.test", by: stranger, logged: true}), stranger}, want: "unknown-issuer"},
		"name_of_its_issuer":    {chain: []*issued{issue(t, recipe{name: "Company", by: stranger})}, want: "unknown-issuer"},
		"key_of_its_issuer":     {chain: []*issued{issue(t, recipe{name: "shop.test", by: stranger, key: stranger.key})}, want: "unknown-issuer"},
		"long_key":              {chain: []*issued{issue(t, recipe{name: "shop.test", by: middle, key: rsaKey(t, 2048)}), middle}},
	} {
		t.Run(name, func(t *testing.T) {
			pool := roots.Clone()
			if c.trusted != nil {
				pool.AddCert(c.trusted.Certificate)
			}
			var chain []*x509.Certificate
			for _, each := range c.chain {
				chain = append(chain, each.Certificate)
			}
			variant, note := distrust(chain, pool, now)
			if variant == "" && !note.IsZero() {
				variant = "other"
			}
			if variant != c.want || note.IsZero() != (c.want == "") {
				t.Errorf("distrust = %q, %q; want %q", variant, note, c.want)
			}
		})
	}
}
