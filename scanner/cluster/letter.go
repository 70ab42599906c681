package cluster

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/nats-io/nkeys"
)

// head is what a letter says beside its body. Which fields are used depends on the subject.
type head struct {
	From  string `json:"from"`            // public key of who signed it
	Pass  []byte `json:"pass,omitempty"`  // by which the coordinator let the worker in
	Op    string `json:"op,omitempty"`    // of a lease record
	Lease string `json:"lease,omitempty"` // random name of the lease under which this is sent
	Prev  uint64 `json:"prev,omitempty"`  // lease record: the revision that it follows; so no record can be used again
	Rev   uint64 `json:"rev,omitempty"`   // chunk, end, begin: a revision of the lease, which the coordinator is to have seen first
	Count int    `json:"count,omitempty"` // end: of chunks
}

// letter is one signed message. The signature covers the subject, the head and the body, so that a letter is good for one
// purpose only.
type letter struct {
	head
	body []byte
}

const signature = 64 // bytes of an Ed25519 signature

var errLetter = errors.New("not a letter of this scan")

// seal gives the bytes of a letter signed by key: signature, head, line feed, body.
func seal(key nkeys.KeyPair, subject string, h head, body []byte) ([]byte, error) {
	from, err := key.PublicKey()
	if err != nil {
		return nil, err
	}
	h.From = from
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	data := make([]byte, signature, signature+len(text)+1+len(body))
	data = append(append(append(data, text...), '\n'), body...)
	sum, err := key.Sign(signed(subject, data[signature:]))
	if err != nil {
		return nil, err
	}
	copy(data, sum)
	return data, nil
}

// open reads a letter and checks its signature by the key that it names. Whether that key may say this is for the caller.
func open(subject string, data []byte) (letter, error) {
	if len(data) < signature {
		return letter{}, errLetter
	}
	rest := data[signature:]
	n := bytes.IndexByte(rest[:min(len(rest), maxHead)], '\n')
	if n < 0 {
		return letter{}, errLetter
	}
	var l letter
	if err := json.Unmarshal(rest[:n], &l.head); err != nil || !nkeys.IsValidPublicUserKey(l.From) {
		return letter{}, errLetter
	}
	key, err := nkeys.FromPublicKey(l.From)
	if err != nil {
		return letter{}, errLetter
	}
	if err := key.Verify(signed(subject, rest), data[:signature]); err != nil {
		return letter{}, errLetter
	}
	l.body = rest[n+1:]
	return l, nil
}

func signed(subject string, rest []byte) []byte {
	return append([]byte(subject+"\n"), rest...)
}

// passText is what the coordinator signs to let a worker in.
func passText(scan, hash, worker string) []byte {
	return []byte("sotomi pass\n" + scan + "\n" + hash + "\n" + worker)
}
