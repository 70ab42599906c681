package store

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
)

// Memcached is the probe for Memcached: version and stats over TCP. One that takes no text is asked the same in binary.
func Memcached(ctx context.Context, dial Dialer) (Record, error) {
	broke := false
	r, err := converse(ctx, dial, func(t *talk) (Record, error) {
		r, err := memcachedText(t)
		broke = broke || err != nil && !errors.Is(err, ErrOther)
		return r, err
	})
	if err == nil || !broke || ctx.Err() != nil {
		return r, err
	}
	binaryRecord, binaryErr := converse(ctx, dial, memcachedBinary)
	if binaryErr == nil {
		return binaryRecord, nil
	}
	return r, err
}

func memcachedText(t *talk) (Record, error) {
	r := Record{Product: "Memcached"}
	if err := t.send([]byte("version\r\n")); err != nil {
		return r, err
	}
	answer, err := t.line()
	if err != nil {
		return r, err
	}
	t.note("version", answer)
	version, ok := strings.CutPrefix(answer, "VERSION ")
	switch {
	case answer == "CLIENT_ERROR unauthenticated":
		r.Access = Password
		return r, nil
	case !ok:
		return r, ErrOther
	}
	r.Version = clean(version, nameLength)
	if err := t.send([]byte("stats\r\n")); err != nil {
		return r, err
	}
	stats := map[string]string{}
	for range 1000 {
		line, err := t.line()
		if err != nil {
			return r, err
		}
		if line == "END" {
			return r, r.memcachedStats(t, stats)
		}
		if line == "CLIENT_ERROR unauthenticated" {
			r.Access = Password
			return r, nil
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "STAT "), " ")
		if !ok || !strings.HasPrefix(line, "STAT ") {
			return r, ErrOther
		}
		stats[name] = value
	}
	return r, ErrOther
}

func (r *Record) memcachedStats(t *talk, stats map[string]string) error {
	items, err := strconv.ParseInt(stats["curr_items"], 10, 64)
	if err != nil || stats["version"] == "" {
		return ErrOther
	}
	bytes, err := strconv.ParseInt(stats["bytes"], 10, 64)
	if err != nil {
		return ErrOther
	}
	r.Access, r.Version = Open, clean(stats["version"], nameLength)
	r.count("items", items)
	r.count("bytes", bytes)
	t.note("stats", "version "+stats["version"]+" curr_items "+stats["curr_items"]+" bytes "+stats["bytes"])
	return nil
}

// Commands and answers of the binary protocol.
const (
	memcachedVersion = 0x0b
	memcachedStat    = 0x10
	memcachedDenied  = 0x20
)

func memcachedBinary(t *talk) (Record, error) {
	r := Record{Product: "Memcached"}
	status, _, version, err := t.memcachedAsk(memcachedVersion)
	switch {
	case err != nil:
		return r, err
	case status == memcachedDenied:
		r.Access = Password
		return r, nil
	case status != 0:
		return r, ErrOther
	}
	r.Version = clean(version, nameLength)
	t.note("version", "VERSION "+version)
	stats := map[string]string{}
	status, name, value, err := t.memcachedAsk(memcachedStat)
	for range 1000 {
		switch {
		case err != nil:
			return r, err
		case status == memcachedDenied:
			t.note("stats", "authentication error")
			r.Access = Password
			return r, nil
		case status != 0:
			return r, ErrOther
		case name == "":
			return r, r.memcachedStats(t, stats)
		}
		stats[name] = value
		status, name, value, err = t.memcachedAnswer(memcachedStat)
	}
	return r, ErrOther
}

func (t *talk) memcachedAsk(command byte) (status uint16, key, value string, err error) {
	request := make([]byte, 24)
	request[0], request[1] = 0x80, command
	if err := t.send(request); err != nil {
		return 0, "", "", err
	}
	return t.memcachedAnswer(command)
}

func (t *talk) memcachedAnswer(command byte) (status uint16, key, value string, err error) {
	head, err := t.block(24)
	if err != nil {
		return 0, "", "", err
	}
	if head[0] != 0x81 || head[1] != command {
		return 0, "", "", ErrOther
	}
	keyLength, extras := int(binary.BigEndian.Uint16(head[2:])), int(head[4])
	length := int(binary.BigEndian.Uint32(head[8:]))
	if extras+keyLength > length {
		return 0, "", "", ErrOther
	}
	body, err := t.block(length)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, "", "", err
	}
	if len(body) < length {
		return 0, "", "", io.ErrUnexpectedEOF
	}
	return binary.BigEndian.Uint16(head[6:]), string(body[extras : extras+keyLength]), string(body[extras+keyLength:]), nil
}
