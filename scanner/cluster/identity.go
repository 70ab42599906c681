package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nkeys"
)

// identity is what a coordinator must keep to go on after it started again: its keys, and those of the join line.
type identity struct {
	Scan        string `json:"scan"`
	Seed        []byte `json:"seed"`   // of the key that signs for the coordinator
	Secret      []byte `json:"secret"` // of the join line
	Certificate []byte `json:"certificate"`
	Key         []byte `json:"key"` // of the certificate
	Address     string `json:"address,omitempty"`
}

// identityFile is in the state folder, readable by its owner only.
const identityFile = "keys.json"

// loadIdentity reads the identity in a folder, and makes one if there is none.
func loadIdentity(folder string) (*identity, error) {
	text, err := os.ReadFile(filepath.Join(folder, identityFile))
	if errors.Is(err, fs.ErrNotExist) {
		id, err := newIdentity()
		if err != nil {
			return nil, err
		}
		return id, id.save(folder)
	}
	if err != nil {
		return nil, err
	}
	var id identity
	if err := json.Unmarshal(text, &id); err != nil {
		return nil, err
	}
	return &id, nil
}

func (id *identity) save(folder string) error {
	text, err := json.Marshal(id)
	if err != nil {
		return err
	}
	name := filepath.Join(folder, identityFile)
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

func newIdentity() (*identity, error) {
	user, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	seed, err := user.Seed()
	if err != nil {
		return nil, err
	}
	random := make([]byte, 8+32)
	_, _ = rand.Read(random) // never fails
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// Workers compare the certificate's hash and nothing else, so its names and days say nothing.
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "scan"}, DNSNames: []string{"scan"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return &identity{Scan: hex.EncodeToString(random[:8]), Seed: seed, Secret: random[8:], Certificate: certificate, Key: private}, nil
}

// keys gives the coordinator's signing key and its public half.
func (id *identity) keys() (nkeys.KeyPair, string, error) {
	pair, err := nkeys.FromSeed(id.Seed)
	if err != nil {
		return nil, "", err
	}
	public, err := pair.PublicKey()
	return pair, public, err
}

// serverTLS is for the server of the coordinator.
func (id *identity) serverTLS() (*tls.Config, error) {
	key, err := x509.ParsePKCS8PrivateKey(id.Key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{{Certificate: [][]byte{id.Certificate}, PrivateKey: key}},
	}, nil
}

// clientTLS accepts the one certificate of the join line.
func (l line) clientTLS() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true, // the hash below is stricter than any authority
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 || sha256.Sum256(s.PeerCertificates[0].Raw) != l.certificate {
				return errOtherServer
			}
			return nil
		},
	}
}

var errOtherServer = errors.New("the server's certificate is not the one of the join line")
