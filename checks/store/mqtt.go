package store

import (
	"context"
	"fmt"
)

// MQTT is the probe for brokers of MQTT 3.1.1, such as that of Eclipse. It connects as a new client without a name, and leaves;
// nothing is subscribed to.
func MQTT(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "MQTT"}
		if err := t.send([]byte("\x10\x0c\x00\x04MQTT\x04\x02\x00\x0a\x00\x00")); err != nil { // a clean session, no user
			return r, err
		}
		answer, err := t.block(4)
		if err != nil {
			return r, err
		}
		if answer[0] != 0x20 || answer[1] != 2 || answer[2] != 0 {
			return r, ErrOther
		}
		t.note("CONNECT without a user", fmt.Sprintf("CONNACK %d", answer[3]))
		switch answer[3] {
		case 0:
			r.Access = Open
			_ = t.send([]byte("\xe0\x00")) // DISCONNECT: out of politeness
		case 4, 5:
			r.Access = Password
		case 1, 2: // another version of the protocol, a name is wanted
			r.Access = Unknown
		case 3:
			return r, ErrBusy
		default:
			return r, ErrOther
		}
		return r, nil
	})
}
