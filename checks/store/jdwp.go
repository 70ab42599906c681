package store

import (
	"context"
	"encoding/binary"
	"net"
	"time"
)

// JDWP is the probe for the debugger's port of a Java virtual machine. After the handshake, which an echo would pass as well,
// it asks for the version.
func JDWP(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, withSecondChance(dial), func(t *talk) (Record, error) {
		r := Record{Product: "JDWP"}
		const handshake = "JDWP-Handshake"
		if err := t.send([]byte(handshake)); err != nil {
			return r, err
		}
		answer, err := t.block(len(handshake))
		if err != nil {
			return r, err
		}
		if string(answer) != handshake {
			return r, ErrOther
		}
		const id = 0x736f
		request := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 11}, id)
		if err := t.send(append(request, 0, 1, 1)); err != nil { // VirtualMachine.Version
			return r, err
		}
		for range 20 {
			reply, body, err := t.jdwpPacket(id)
			if err != nil {
				return r, err
			}
			if reply {
				return r, r.jdwpVersion(t, body)
			}
		}
		return r, ErrOther
	})
}

// withSecondChance is a dialer for ports that take one connection after the other, and refuse others meanwhile.
func withSecondChance(dial Dialer) Dialer {
	return func(ctx context.Context, useTLS bool) (net.Conn, error) {
		conn, err := dial(ctx, useTLS)
		if err == nil || useTLS {
			return conn, err
		}
		wait := time.NewTimer(300 * time.Millisecond)
		defer wait.Stop()
		select {
		case <-wait.C:
			return dial(ctx, useTLS)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// jdwpPacket is the next one, and whether it is the reply: a machine may tell of events first.
func (t *talk) jdwpPacket(id uint32) (reply bool, body []byte, err error) {
	head, err := t.block(11)
	if err != nil {
		return false, nil, err
	}
	length := int(binary.BigEndian.Uint32(head))
	if length < 11 || length > 64<<10 {
		return false, nil, ErrOther
	}
	body, err = t.block(length - 11)
	if err != nil {
		return false, nil, err
	}
	if binary.BigEndian.Uint32(head[4:]) != id {
		return false, nil, nil
	}
	if head[8] != 0x80 || head[9] != 0 || head[10] != 0 {
		return false, nil, ErrOther // the request come back, or an error
	}
	return true, body, nil
}

func (r *Record) jdwpVersion(t *talk, body []byte) error {
	f := fields{rest: body}
	f.take(int(f.int32())) // a description
	f.take(8)              // version of the protocol
	version := string(f.take(int(f.int32())))
	name := string(f.take(int(f.int32())))
	if f.short || version == "" {
		return ErrOther
	}
	r.Access, r.Version = Open, clean(version, nameLength)
	r.fact("machine", name)
	t.note("VirtualMachine.Version", name+" "+version)
	return nil
}
