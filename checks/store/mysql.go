package store

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// MySQL is the probe for MySQL and MariaDB: it reads the greeting and sends nothing. The greeting tells the version, not whom
// the server lets in.
func MySQL(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r, _, err := mysqlGreeting(t)
		return r, err
	})
}

// MySQLLogin also logs in as root without a password, which is a log-in: only for scans that the user allows to. Where the server
// offers TLS it does so in TLS, for many take no other log-in. What it asks then are numbers of rows and bytes, and names of
// databases, tables and columns.
func MySQLLogin(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r, greeted, err := mysqlGreeting(t)
		switch {
		case err != nil || r.Access != Unknown:
			return r, err
		case greeted.tls:
			return r.mysqlSecure(ctx, t, greeted.seq)
		}
		return r, r.mysqlLogIn(t, greeted.seq+1, mysqlLogin)
	})
}

// mysqlSecure begins TLS and logs in there.
func (r *Record) mysqlSecure(ctx context.Context, t *talk, seq byte) (Record, error) {
	login := slices.Clone(mysqlLogin)
	login[1] |= mysqlTLS >> 8
	if err := t.mysqlSend(seq+1, login[:mysqlTLSRequest]); err != nil {
		return *r, err
	}
	inner := tls.Client(t.conn, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // whom it lets in is asked, not who it is
	if err := inner.HandshakeContext(ctx); err != nil {
		return *r, err
	}
	encrypted, _, err := converseOnce(ctx, alreadyOpen(inner), false, func(t *talk) (Record, error) {
		in := *r
		err := in.mysqlLogIn(t, seq+2, login)
		return in, err
	})
	encrypted.TLS = true
	return encrypted, err
}

// mysqlLogIn sends a log-in and reads whether it is taken.
func (r *Record) mysqlLogIn(t *talk, seq byte, login []byte) error {
	if err := t.mysqlSend(seq, login); err != nil {
		return err
	}
	for range 4 {
		seq, answer, err := t.mysqlPacket()
		if err != nil {
			return err
		}
		switch {
		case answer[0] == 0: // OK
			r.Access = Open
			t.note("log-in as root without a password", "OK")
			return r.mysqlCounts(t)
		case answer[0] == 0xff:
			r.mysqlRefusal(t, answer)
			return nil
		case answer[0] == 0xfe: // another way to log in; without a password there is nothing to prove
			err = t.mysqlSend(seq+1, nil)
		case answer[0] == 1 && len(answer) > 1 && answer[1] == 4: // wants the password itself
			r.Access = Password
			return nil
		}
		if err != nil {
			return err
		}
	}
	return ErrOther
}

// mysqlLogin is root with an answer of no bytes, 4.1 protocol, without a database.
var mysqlLogin = []byte("\x00\x82\x08\x00" + "\x00\x00\x00\x01" + "\x2d" + strings.Repeat("\x00", 23) + "root\x00" + "\x00" + "mysql_native_password\x00")

const (
	mysqlTLS        = 0x800 // of what servers and clients can
	mysqlTLSRequest = 32    // bytes of a log-in that go before TLS
)

// mysqlGreeted is what of a greeting counts for what follows.
type mysqlGreeted struct {
	seq byte
	tls bool // the server offers it
}

func mysqlGreeting(t *talk) (Record, mysqlGreeted, error) {
	r := Record{Product: "MySQL"}
	seq, greeting, err := t.mysqlPacket()
	if err != nil {
		return r, mysqlGreeted{}, err
	}
	switch greeting[0] {
	case 0xff:
		if !r.mysqlRefusal(t, greeting) {
			return r, mysqlGreeted{}, ErrOther
		}
		return r, mysqlGreeted{seq: seq}, nil
	case 10:
		version, rest, ok := strings.Cut(string(greeting[1:]), "\x00")
		if !ok || len(rest) < 4+8+1+2 || rest[12] != 0 || version == "" || version[0] < '0' || version[0] > '9' {
			return r, mysqlGreeted{}, ErrOther
		}
		r.Access = Unknown
		r.mysqlVersion(version)
		t.note("", "greeting, version "+version)
		return r, mysqlGreeted{seq, binary.LittleEndian.Uint16([]byte(rest[13:15]))&mysqlTLS != 0}, nil
	}
	return r, mysqlGreeted{}, ErrOther
}

// mysqlVersion reads "8.0.36", "10.11.6-MariaDB-log" and "5.5.5-10.11.6-MariaDB", which pleases old clients.
func (r *Record) mysqlVersion(version string) {
	if strings.Contains(version, "MariaDB") {
		r.Product, version = "MariaDB", strings.TrimPrefix(version, "5.5.5-")
	}
	version, _, _ = strings.Cut(version, "-")
	r.Version = clean(version, nameLength)
}

// mysqlRefusal reads an error, and reports whether it is one that a server may greet with.
func (r *Record) mysqlRefusal(t *talk, packet []byte) bool {
	if len(packet) < 3 {
		return false
	}
	code := binary.LittleEndian.Uint16(packet[1:])
	if strings.Contains(string(packet), "MariaDB") {
		r.Product = "MariaDB"
	}
	switch code {
	case 1130, 1129: // this host may not, this host is blocked
		r.Access = Refused
	case 3159: // no log-in without encryption
		r.Access = Unknown
	case 1040, 1203: // too many connections
		r.Access = Unknown
	default:
		r.Access = Password
	}
	t.note("", "error "+strconv.Itoa(int(code)))
	return code >= 1000 && code < 5000 && len(packet) > 3
}

func (t *talk) mysqlSend(seq byte, payload []byte) error {
	head := []byte{byte(len(payload)), byte(len(payload) >> 8), 0, seq}
	return t.send(append(head, payload...))
}

// mysqlPacket is the next one; its payload has at least one byte.
func (t *talk) mysqlPacket() (seq byte, payload []byte, err error) {
	head, err := t.block(4)
	if err != nil {
		return 0, nil, err
	}
	length := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if length == 0 || length > 1<<20 {
		return 0, nil, ErrOther
	}
	payload, err = t.block(length)
	return head[3], payload, err
}

// Questions after a log-in: what the server's own tables say of the others.
const (
	mysqlTables  = "SELECT table_schema, table_name, table_rows, data_length FROM information_schema.tables WHERE table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') LIMIT 1000"
	mysqlColumns = "SELECT DISTINCT column_name FROM information_schema.columns WHERE table_schema NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') LIMIT 5000"
)

func (r *Record) mysqlCounts(t *talk) error {
	tables, err := t.mysqlAsk(mysqlTables)
	if err != nil {
		return err
	}
	databases := map[string]bool{}
	r.count("tables", int64(len(tables)))
	r.count("rows", 0)
	for _, row := range tables {
		if len(row) != 4 {
			return ErrOther
		}
		rows, _ := strconv.ParseInt(row[2], 10, 64) // views have none
		bytes, _ := strconv.ParseInt(row[3], 10, 64)
		r.count("rows", rows)
		r.count("bytes", bytes)
		if !databases[row[0]] {
			databases[row[0]] = true
			r.name(row[0], -1)
		}
		r.name(row[1], rows)
	}
	r.count("databases", int64(len(databases)))
	columns, err := t.mysqlAsk(mysqlColumns)
	if err != nil {
		return err
	}
	var names []string
	for _, row := range columns {
		names = append(names, row...)
	}
	if r.Counts["rows"] > 0 {
		r.fields(names)
	}
	return nil
}

// mysqlAsk gives the rows of an answer of names and numbers.
func (t *talk) mysqlAsk(question string) ([][]string, error) {
	if err := t.mysqlSend(0, append([]byte{3}, question...)); err != nil {
		return nil, err
	}
	var rows [][]string
	ends := 0
	for first := true; ends < 2; first = false {
		_, packet, err := t.mysqlPacket()
		switch {
		case err != nil:
			return nil, err
		case packet[0] == 0xff || first && packet[0] == 0:
			return nil, ErrOther
		case packet[0] == 0xfe && len(packet) < 9:
			ends++
		case ends == 1:
			rows = append(rows, mysqlRow(packet))
		}
		if len(rows) > 6000 {
			return nil, ErrOther
		}
	}
	return rows, nil
}

// mysqlRow are the texts of a row, "" for what is not there.
func mysqlRow(packet []byte) []string {
	var row []string
	for len(packet) > 0 {
		n, size := int(packet[0]), 1
		switch {
		case n == 0xfb:
			n = 0
		case n == 0xfc && len(packet) >= 3:
			n, size = int(binary.LittleEndian.Uint16(packet[1:])), 3
		case n > 0xfb:
			return row
		}
		if size+n > len(packet) {
			return row
		}
		row = append(row, string(packet[size:size+n]))
		packet = packet[size+n:]
	}
	return row
}
