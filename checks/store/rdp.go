package store

import (
	"context"
	"encoding/binary"
)

// rdpFailures are answers of servers that do not take TLS without a log-in before it (MS-RDPBCGR 2.2.1.2.2).
var rdpFailures = map[uint32]string{
	2: "the old encryption of RDP only", 3: "the old encryption of RDP only", 5: "a log-in before the session (NLA)", 6: "a log-in before the session (NLA)",
}

// RDP is the probe for remote desktops. It offers TLS alone, and reads whether the server wants a log-in before it shows its
// screen. Nothing is sent after that.
func RDP(ctx context.Context, dial Dialer) (Record, error) {
	r, _, err := converseOnce(ctx, dial, false, func(t *talk) (Record, error) {
		r := Record{Product: "RDP"}
		if err := t.send([]byte("\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x01\x00\x00\x00")); err != nil {
			return r, err
		}
		head, err := t.block(11)
		if err != nil {
			return r, err
		}
		length := int(binary.BigEndian.Uint16(head[2:]))
		if head[0] != 3 || head[1] != 0 || head[5] != 0xd0 || length != int(head[4])+5 || length != 11 && length != 19 {
			return r, ErrOther
		}
		answer, err := t.block(length - len(head))
		if err != nil {
			return r, err
		}
		return r, r.rdpAnswer(t, answer)
	})
	return r, err
}

// rdpAnswer reads what the server has chosen; nothing is that of the oldest.
func (r *Record) rdpAnswer(t *talk, answer []byte) error {
	wants := "the old encryption of RDP only"
	if len(answer) > 0 {
		code := binary.LittleEndian.Uint32(answer[4:])
		known := answer[2] == 8 && answer[3] == 0
		switch {
		case known && answer[0] == 2 && code == 1:
			wants = "TLS"
		case known && answer[0] == 2 && code == 0:
		case known && answer[0] == 3 && rdpFailures[code] != "":
			wants = rdpFailures[code]
		default:
			return ErrOther
		}
	}
	r.Access = Password
	if wants != rdpFailures[5] {
		r.Access = Greeted
		r.Weak = append(r.Weak, "no-nla")
	}
	r.fact("wants", wants)
	t.note("connection request (TLS)", "the server wants "+wants)
	return nil
}
