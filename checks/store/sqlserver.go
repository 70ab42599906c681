package store

import (
	"context"
	"encoding/binary"
	"fmt"
)

// sqlServerHello is PRELOGIN (MS-TDS 2.2.6.5): its own version, encryption of the log-in alone, no instance, no thread, no MARS.
const sqlServerHello = "\x12\x01\x00\x2f\x00\x00\x01\x00" +
	"\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01\x02\x00\x21\x00\x01\x03\x00\x22\x00\x04\x04\x00\x26\x00\x01\xff" +
	"\x11\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// sqlServerEncryption is what the server says of encryption.
var sqlServerEncryption = map[byte]string{0: "of the log-in", 1: "of everything", 2: "none", 3: "of everything"}

// SQLServer is the probe for Microsoft SQL Server. It sends the message before a log-in and no log-in.
func SQLServer(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "Microsoft SQL Server"}
		if err := t.send([]byte(sqlServerHello)); err != nil {
			return r, err
		}
		head, err := t.block(8)
		if err != nil {
			return r, err
		}
		length := int(binary.BigEndian.Uint16(head[2:]))
		if head[0] != 4 || head[1] != 1 || length < 8+6 || length > 4096 {
			return r, ErrOther
		}
		answer, err := t.block(length - len(head))
		if err != nil {
			return r, err
		}
		version, encryption := tdsOption(answer, 0), tdsOption(answer, 1)
		if len(version) != 6 || len(encryption) != 1 || sqlServerEncryption[encryption[0]] == "" || answer[0] != 0 {
			return r, ErrOther
		}
		r.Access, r.Version = Greeted, fmt.Sprintf("%d.%d.%d", version[0], version[1], binary.BigEndian.Uint16(version[2:]))
		r.fact("encryption", sqlServerEncryption[encryption[0]])
		if encryption[0] == 2 {
			r.Weak = append(r.Weak, "unencrypted")
		}
		t.note("PRELOGIN", "version "+r.Version+", encryption: "+sqlServerEncryption[encryption[0]])
		return r, nil
	})
}

// tdsOption is the data of an option of PRELOGIN, nil when it has none.
func tdsOption(answer []byte, token byte) []byte {
	for at := 0; at+5 <= len(answer) && answer[at] != 0xff; at += 5 {
		from, n := int(binary.BigEndian.Uint16(answer[at+1:])), int(binary.BigEndian.Uint16(answer[at+3:]))
		if answer[at] == token && from+n <= len(answer) {
			return answer[from : from+n]
		}
	}
	return nil
}
