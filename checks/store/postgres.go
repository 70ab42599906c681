package store

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"strings"
)

// PostgreSQL is the probe for PostgreSQL. It sends the start-up message for the user postgres and nothing after it: the
// answer lets in or asks for proof. Where only encrypted connections are taken, it says so in TLS.
func PostgreSQL(ctx context.Context, dial Dialer) (Record, error) {
	r, _, err := converseOnce(ctx, dial, false, postgresStart)
	if err != nil || r.Facts["entry"] != "none without encryption" {
		return r, err
	}
	encrypted, _, err := converseOnce(ctx, dial, false, func(t *talk) (Record, error) {
		if err := t.send([]byte("\x00\x00\x00\x08\x04\xd2\x16\x2f")); err != nil { // "may we speak TLS?"
			return Record{}, err
		}
		answer, err := t.block(1)
		if err != nil || answer[0] != 'S' {
			return Record{}, ErrOther
		}
		inner := tls.Client(t.conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // whom it lets in is asked, not who it is
		if err := inner.HandshakeContext(ctx); err != nil {
			return Record{}, err
		}
		r, _, err := converseOnce(ctx, alreadyOpen(inner), false, postgresStart)
		return r, err
	})
	if err != nil {
		return r, nil //nolint:nilerr // it was heard in plain
	}
	encrypted.TLS = true
	return encrypted, nil
}

// postgresStart sends the start-up message and reads until it is plain who is let in.
func postgresStart(t *talk) (Record, error) {
	r := Record{Product: "PostgreSQL"}
	const parameters = "user\x00postgres\x00database\x00postgres\x00\x00"
	start := binary.BigEndian.AppendUint32(nil, 8+uint32(len(parameters)))
	start = append(append(start, 0, 3, 0, 0), parameters...)
	if err := t.send(start); err != nil {
		return r, err
	}
	for range 200 {
		kind, body, err := t.postgresAnswer()
		if err != nil {
			if r.Access != "" {
				return r, nil //nolint:nilerr // it broke off after the answer that counts
			}
			return r, err
		}
		switch kind {
		case 'R':
			if done, err := r.postgresAsks(t, body); done || err != nil {
				return r, err
			}
		case 'S': // a setting of the server
			name, value, _ := strings.Cut(strings.TrimSuffix(string(body), "\x00"), "\x00")
			r.postgresSetting(name, value)
		case 'E':
			return r, r.postgresError(t, string(body))
		case 'Z': // ready for questions, of which there are none
			if r.Access != Open {
				return r, ErrOther
			}
			t.note("start-up message", "AuthenticationOk, server_version "+r.Version)
			return r, nil
		case 'N', 'K', 'v':
		default:
			return r, ErrOther
		}
	}
	return r, ErrOther
}

func (t *talk) postgresAnswer() (kind byte, body []byte, err error) {
	head, err := t.block(5)
	if err != nil {
		return 0, nil, err
	}
	if !strings.ContainsRune("RSEZNKv", rune(head[0])) {
		return 0, nil, ErrOther
	}
	length := int(binary.BigEndian.Uint32(head[1:]))
	if length < 4 || length > 64<<10 {
		return 0, nil, ErrOther
	}
	body, err = t.block(length - 4)
	return head[0], body, err
}

// postgresMethods are ways to prove who one is.
var postgresMethods = map[uint32]string{2: "kerberos", 3: "password", 5: "md5", 7: "gss", 9: "sspi", 10: "scram"}

// postgresAsks reads what the server asks for; done unless it lets in, after which it says more of itself.
func (r *Record) postgresAsks(t *talk, body []byte) (done bool, err error) {
	if len(body) < 4 {
		return true, ErrOther
	}
	method := binary.BigEndian.Uint32(body)
	if method == 0 {
		r.Access = Open
		return false, nil
	}
	name, known := postgresMethods[method]
	if !known {
		return true, ErrOther
	}
	r.Access = Password
	r.fact("asks-for", name)
	t.note("start-up message", "asks for "+name)
	return true, nil
}

func (r *Record) postgresSetting(name, value string) {
	switch name {
	case "server_version":
		version, _, _ := strings.Cut(value, " ")
		r.Version = clean(version, nameLength)
	case "crdb_version":
		r.Product, r.Version = "CockroachDB", clean(value, nameLength)
	}
}

// postgresError reads a refusal by its code. Trust without the user or database of that name is trust all the same.
func (r *Record) postgresError(t *talk, body string) error {
	fields := map[byte]string{}
	for field := range strings.SplitSeq(body, "\x00") {
		if len(field) > 1 {
			fields[field[0]] = field[1:]
		}
	}
	text := fields['M']
	switch code := fields['C']; {
	case code == "3D000" || code == "28000" && strings.HasPrefix(text, `role "postgres"`):
		r.Access = Open
	case code == "28000" && (strings.Contains(text, "no encryption") || strings.Contains(text, "SSL off")):
		r.Access = Refused
		r.fact("entry", "none without encryption")
	case code == "28000":
		r.Access = Refused
		r.fact("entry", "none for this address")
	case code == "28P01":
		r.Access = Password
	case code == "53300":
		return ErrBusy
	case strings.HasPrefix(code, "57P"): // it starts, stops or mends itself
		return ErrBusy
	case len(code) == 5:
		r.Access = Unknown
	default:
		return ErrOther
	}
	t.note("start-up message", fields['C']+" "+text)
	return nil
}
