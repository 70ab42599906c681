package store

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
)

// Cassandra is the probe for Apache Cassandra and ScyllaDB. It asks for what the server can do, and starts a conversation
// as every client does; the server is ready then or asks who is there. No question follows.
func Cassandra(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "Apache Cassandra"}
		kind, body, err := t.cassandra(cassandraOptions, nil)
		if err != nil {
			return r, err
		}
		if kind == cassandraError { // before 2.0 version 3 is not spoken
			r.Access = Unknown
			return r, nil
		}
		if kind != cassandraSupported {
			return r, ErrOther
		}
		options, ok := cassandraSupports(body)
		if !ok {
			return r, ErrOther
		}
		for name := range options {
			if strings.HasPrefix(name, "SCYLLA_") {
				r.Product = "ScyllaDB"
			}
		}
		cql := options["CQL_VERSION"][0]
		t.note("OPTIONS", "CQL_VERSION "+cql)
		start := append([]byte{0, 1, 0, 11}, "CQL_VERSION"...)
		start = append(append(start, 0, byte(len(cql))), cql...)
		kind, body, err = t.cassandra(cassandraStart, start)
		if err != nil {
			return r, err
		}
		switch kind {
		case cassandraReady:
			r.Access = Open
			t.note("STARTUP", "READY")
		case cassandraAuthenticate:
			r.Access = Password
			f := fields{rest: body}
			t.note("STARTUP", "AUTHENTICATE "+f.text())
		default:
			r.Access = Unknown
		}
		return r, nil
	})
}

// Kinds of frames.
const (
	cassandraError        = 0
	cassandraStart        = 1
	cassandraReady        = 2
	cassandraAuthenticate = 3
	cassandraOptions      = 5
	cassandraSupported    = 6
)

func (t *talk) cassandra(kind byte, body []byte) (byte, []byte, error) {
	frame := binary.BigEndian.AppendUint32([]byte{3, 0, 0, 1, kind}, uint32(len(body)))
	if err := t.send(append(frame, body...)); err != nil {
		return 0, nil, err
	}
	head, err := t.block(9)
	if err != nil {
		return 0, nil, err
	}
	length := int(binary.BigEndian.Uint32(head[5:]))
	if head[0]&0x80 == 0 || head[0]&0x7f > 5 || head[2] != 0 || head[3] != 1 && head[4] != cassandraError || length > 256<<10 {
		return 0, nil, ErrOther
	}
	answer, err := t.block(length)
	return head[4], answer, err
}

// cassandraSupports are the options of a server, each with its values.
func cassandraSupports(body []byte) (map[string][]string, bool) {
	f := fields{rest: body}
	options := map[string][]string{}
	for range f.int16() {
		name := f.text()
		var values []string
		for range f.int16() {
			values = append(values, f.text())
			if f.short {
				return nil, false
			}
		}
		options[name] = values
		if f.short {
			return nil, false
		}
	}
	cql := options["CQL_VERSION"]
	return options, len(cql) > 0 && len(cql[0]) < 32 && slices.IndexFunc([]byte(cql[0]), func(c byte) bool { return c != '.' && (c < '0' || c > '9') }) < 0
}
