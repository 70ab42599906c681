package cluster

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/nats-io/nkeys"

	"sotomi/scanner/message"
)

const linePrefix = "sotomi-join:"

// line is what a worker must know to join.
type line struct {
	scan        string            // 16 hexadecimal digits
	certificate [sha256.Size]byte // SHA-256 of the server's certificate; zeros with a cluster that was there
	coordinator string            // public key of the coordinator
	secret      [32]byte          // never sent: see token
	addresses   string            // host:port or URLs, with commas
}

func (l line) String() string {
	scan, _ := hex.DecodeString(l.scan)
	key, _ := nkeys.Decode(nkeys.PrefixByteUser, []byte(l.coordinator))
	b := append(append(append(append([]byte{}, scan...), l.certificate[:]...), key...), l.secret[:]...)
	b = append(b, l.addresses...)
	sum := sha256.Sum256(b)
	return linePrefix + base64.RawURLEncoding.EncodeToString(append(sum[:4], b...))
}

// lineLength is the number of bytes before the addresses: check sum, scan, certificate, key, secret.
const lineLength = 4 + 8 + sha256.Size + 32 + 32

// parseLine never repeats the line in its error: it is a secret.
func parseLine(text string) (line, error) {
	wrong := message.Errorf("this is no join line, or a part of one: copy all of what the coordinator printed, from %q on", linePrefix)
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), linePrefix)
	b, err := base64.RawURLEncoding.DecodeString(rest)
	if !ok || err != nil || len(b) <= lineLength {
		return line{}, wrong
	}
	if sum := sha256.Sum256(b[4:]); subtle.ConstantTimeCompare(sum[:4], b[:4]) != 1 {
		return line{}, wrong
	}
	b = b[4:]
	l := line{scan: hex.EncodeToString(b[:8]), certificate: [32]byte(b[8:40]), secret: [32]byte(b[72:104]), addresses: string(b[104:])}
	key, err := nkeys.Encode(nkeys.PrefixByteUser, b[40:72])
	if err != nil {
		return line{}, wrong
	}
	l.coordinator = string(key)
	return l, nil
}

// token shows that who has this public key has the join line too.
func (l line) token(worker string) string {
	mac := hmac.New(sha256.New, l.secret[:])
	mac.Write([]byte("sotomi join\n" + l.scan + "\n" + worker))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// knows reports whether token is that of worker.
func (l line) knows(worker, token string) bool {
	return subtle.ConstantTimeCompare([]byte(l.token(worker)), []byte(token)) == 1
}

// foreign reports whether the scan is on a cluster that was there.
func (l line) foreign() bool { return l.certificate == [sha256.Size]byte{} }
