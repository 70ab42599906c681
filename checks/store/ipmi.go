package store

import (
	"bytes"
	"context"
	"strings"
)

// Bits of the answer to Get Channel Authentication Capabilities (IPMI 2.0 section 22.13, table 22-15).
const (
	ipmiExtended  = 1 << 7 // of the kinds of proof: the extended capabilities are there
	ipmiNone      = 1 << 0 // of the kinds of proof: none
	ipmiAnonymous = 1 << 0 // of the status: a user without a name and without a password is enabled
	ipmiNullNames = 1 << 1 // of the status: a user without a name, but with a password
	ipmiVersion2  = 1 << 1 // of the extended capabilities
)

// ipmiKinds are the kinds of proof of who one is, by their bits.
var ipmiKinds = []struct {
	bit  byte
	name string
}{{ipmiNone, "none"}, {1 << 1, "MD2"}, {1 << 2, "MD5"}, {1 << 4, "password"}, {1 << 5, "OEM"}}

// IPMI is the probe for the management controllers of servers, over UDP. It asks what every client has to know before it logs in,
// which is answered to everybody: which kinds of proof there are, and whether nobody has to be somebody. No session is begun.
func IPMI(ctx context.Context, dial Dialer) (Record, error) {
	r, _, err := converseOnce(ctx, dial, false, func(t *talk) (Record, error) { return ipmi(t, 0x8e) })
	if err == nil || ctx.Err() != nil {
		return r, err
	}
	// Those of IPMI 1.5 alone may refuse to be asked for the extended capabilities.
	older, _, olderErr := converseOnce(ctx, dial, false, func(t *talk) (Record, error) { return ipmi(t, 0x0e) })
	if olderErr == nil {
		return older, nil
	}
	return r, err
}

// ipmi asks about the channel that is spoken over, and the rights of an administrator there.
func ipmi(t *talk, channel byte) (Record, error) {
	r := Record{Product: "IPMI"}
	const (
		header  = "\x06\x00\xff\x07" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00" // RMCP; no session
		number  = 0x54                                                        // any: the answer repeats it
		command = 0x38
	)
	body := []byte{0x81, number, command, channel, 4}
	request := append([]byte(header+"\x09\x20\x18\xc8"), body...)
	if err := t.send(append(request, ipmiSum(body))); err != nil {
		return r, err
	}
	head, err := t.block(len(header) + 1)
	if err != nil {
		return r, err
	}
	size := int(head[len(header)])
	if !bytes.Equal(head[:2], []byte(header[:2])) || head[3] != header[3] || head[4] != 0 || size < 16 {
		return r, ErrOther
	}
	said, err := t.block(size)
	if err != nil {
		return r, err
	}
	if !bytes.Equal(said[:6], []byte{0x81, 0x1c, 0x63, 0x20, number, command}) || said[size-1] != ipmiSum(said[3:size-1]) || said[6] != 0 {
		return r, ErrOther
	}
	r.ipmiCapabilities(said[8], said[9], said[10])
	t.note("Get Channel Authentication Capabilities", "version "+r.Version+", authentication "+r.Facts["authentication"])
	return r, nil
}

// ipmiCapabilities reads what the controller says of how one logs in.
func (r *Record) ipmiCapabilities(kinds, status, extended byte) {
	r.Access, r.Version = Greeted, "1.5"
	if kinds&ipmiExtended != 0 && extended&ipmiVersion2 != 0 {
		r.Version = "2.0"
	}
	var names []string
	for _, kind := range ipmiKinds {
		if kinds&kind.bit != 0 {
			names = append(names, kind.name)
		}
	}
	r.fact("authentication", strings.Join(names, " "))
	if status&ipmiNullNames != 0 {
		r.fact("null-user", "enabled")
	}
	if status&ipmiAnonymous != 0 {
		r.Weak = append(r.Weak, "anonymous")
	}
	if kinds&ipmiNone != 0 {
		r.Weak = append(r.Weak, "no-authentication")
	}
}

// ipmiSum is what makes the sum of the bytes 0.
func ipmiSum(text []byte) byte {
	sum := byte(0)
	for _, c := range text {
		sum -= c
	}
	return sum
}
