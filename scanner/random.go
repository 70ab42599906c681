package scanner

import (
	"crypto/sha256"
	"math/rand/v2"

	"sotomi/scanner/target"
)

// RandFor gives the same numbers for the same signature and target, so that two runs send the same bytes. Checks that plan
// use it before they have a Probe.
func RandFor(signature string, t target.Target) *rand.Rand {
	sum := sha256.Sum256([]byte(signature + "\x00" + t.String()))
	return rand.New(rand.NewChaCha8(sum))
}

// Token is n random lower-case letters from r, for names that cannot exist.
func Token(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}
