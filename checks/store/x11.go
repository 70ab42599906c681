package store

import (
	"context"
	"encoding/binary"
	"strconv"
	"strings"
)

// X11 is the probe for displays. It asks for a connection without a cookie, reads the beginning of the answer and ends it: no
// window is made and nothing is looked at.
func X11(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "X11"}
		if err := t.send([]byte("l\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00")); err != nil {
			return r, err
		}
		head, err := t.block(8)
		if err != nil {
			return r, err
		}
		if binary.LittleEndian.Uint16(head[2:]) != 11 || binary.LittleEndian.Uint16(head[4:]) > 9 {
			return r, ErrOther
		}
		length := 4 * int(binary.LittleEndian.Uint16(head[6:]))
		switch head[0] {
		case 0:
			return r, r.x11Refusal(t, int(head[1]), length)
		case 1:
			return r, r.x11Greeting(t, length)
		case 2: // it wants to know more
			r.Access = Password
			t.note("connection without a cookie", "asks for proof")
			return r, nil
		}
		return r, ErrOther
	})
}

// x11Refusal reads why nobody is let in without a cookie.
func (r *Record) x11Refusal(t *talk, reason, length int) error {
	text, err := t.block(length)
	if err != nil {
		return err
	}
	if reason > length {
		return ErrOther
	}
	said := string(text[:reason])
	if strings.Contains(strings.ToLower(said), "maximum number of clients") {
		return ErrBusy
	}
	r.Access = Password
	t.note("connection without a cookie", said)
	return nil
}

// x11Greeting reads what a display says to whom it has let in, as far as the name of its maker.
func (r *Record) x11Greeting(t *talk, length int) error {
	const fixed = 32 // bytes before the name
	if length < fixed {
		return ErrOther
	}
	about, err := t.block(fixed)
	if err != nil {
		return err
	}
	named := int(binary.LittleEndian.Uint16(about[16:]))
	if named > length-fixed || about[20] == 0 { // a display has a screen
		return ErrOther
	}
	maker, err := t.block(named)
	if err != nil {
		return err
	}
	r.Access = Open
	r.fact("maker", string(maker))
	r.fact("release", strconv.FormatUint(uint64(binary.LittleEndian.Uint32(about)), 10))
	r.count("screens", int64(about[20]))
	t.note("connection without a cookie", "let in: "+string(maker))
	return nil
}
