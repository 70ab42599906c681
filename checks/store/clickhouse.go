package store

import (
	"context"
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
)

// clickHouseHello is Hello of a client: name, version 1.1, revision 54058, no database, the user default without a password.
const clickHouseHello = "\x00" + "\x06sotomi" + "\x01\x01" + "\xaa\xa6\x03" + "\x00" + "\x07default" + "\x00"

// clickHouseRefusals are codes of exceptions that say that a user or password is wrong (src/Common/ErrorCodes.cpp).
var clickHouseRefusals = []int32{192, 193, 194, 516}

// ClickHouseLogin is the probe for the native port of ClickHouse. It logs in as default without a password, which is a log-in: only
// for scans that the user allows to. Nothing is asked after that.
func ClickHouseLogin(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "ClickHouse"}
		if err := t.send([]byte(clickHouseHello)); err != nil {
			return r, err
		}
		kind, err := t.block(1)
		if err != nil {
			return r, err
		}
		switch kind[0] {
		case 0:
			return r, r.clickHouseGreeting(t)
		case 2:
			return r, r.clickHouseRefusal(t)
		}
		return r, ErrOther
	})
}

// clickHouseGreeting reads Hello of the server: its name, version and revision.
func (r *Record) clickHouseGreeting(t *talk) error {
	name, err := t.clickHouseText()
	if err != nil {
		return err
	}
	var numbers [3]uint64
	for i := range numbers {
		if numbers[i], err = binary.ReadUvarint(t.in); err != nil || numbers[i] > 1<<20 {
			return ErrOther
		}
	}
	if !strings.HasPrefix(name, "ClickHouse") || numbers[2] < 50000 { // no revision is below
		return ErrOther
	}
	r.Access, r.Version = Open, strconv.FormatUint(numbers[0], 10)+"."+strconv.FormatUint(numbers[1], 10)
	t.note("log-in as default without a password", "let in: "+name+" "+r.Version)
	return nil
}

// clickHouseRefusal reads an exception.
func (r *Record) clickHouseRefusal(t *talk) error {
	number, err := t.block(4)
	if err != nil {
		return err
	}
	name, err := t.clickHouseText()
	if err != nil {
		return err
	}
	if name != "DB::Exception" && name != "DB::NetException" {
		return ErrOther
	}
	r.Access = Unknown
	code := int32(binary.LittleEndian.Uint32(number)) //nolint:gosec // it is a signed number
	if slices.Contains(clickHouseRefusals, code) {
		r.Access = Password
	}
	t.note("log-in as default without a password", "exception "+strconv.Itoa(int(code)))
	return nil
}

// clickHouseText is a text behind its length.
func (t *talk) clickHouseText() (string, error) {
	n, err := binary.ReadUvarint(t.in)
	if err != nil {
		return "", err
	}
	if n > 4096 {
		return "", ErrOther
	}
	text, err := t.block(int(n)) //nolint:gosec // it is small
	return string(text), err
}
