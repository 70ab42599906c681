package store

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
)

// smbDialects are versions of SMB 2 and 3 (MS-SMB2 2.2.4).
var smbDialects = map[uint16]string{0x0202: "2.0.2", 0x0210: "2.1", 0x0300: "3.0", 0x0302: "3.0.2", 0x0311: "3.1.1"}

// SMB is the probe for Windows file sharing. It asks which versions the server speaks and whether it signs, once of version 2
// and 3 and once of version 1, and begins no session.
func SMB(ctx context.Context, dial Dialer) (Record, error) {
	return smb(ctx, dial, func(*talk) error { return nil })
}

// SMBSession is the same over a session of NetBIOS, as it is at port 139 (RFC 1002 section 4.3).
func SMBSession(ctx context.Context, dial Dialer) (Record, error) {
	return smb(ctx, dial, (*talk).netBIOS)
}

// smb asks for the versions, each over a connection of its own that before prepares.
func smb(ctx context.Context, dial Dialer, before func(*talk) error) (Record, error) {
	after := func(ask func(*talk) (Record, error)) func(*talk) (Record, error) {
		return func(t *talk) (Record, error) {
			switch err := before(t); {
			case errors.Is(err, errNoSession):
				return Record{Product: "SMB", Access: Unknown}, nil
			case err != nil:
				return Record{}, err
			}
			return ask(t)
		}
	}
	r, _, err := converseOnce(ctx, dial, false, after(smbModern))
	if err == nil && r.Access == Unknown {
		return r, nil
	}
	if err != nil && !errors.Is(err, ErrOther) {
		return r, err
	}
	old, _, oldErr := converseOnce(ctx, dial, false, after(smbOld))
	switch {
	case err != nil && oldErr != nil:
		return r, err
	case err != nil:
		return old, nil
	case oldErr == nil && old.Access == Greeted:
		r.Weak = append(r.Weak, old.Weak[0])
		r.fact("version-1", "accepted")
		r.Lines = append(r.Lines, old.Lines...)
	case ctx.Err() != nil:
		return r, ctx.Err()
	}
	return r, nil
}

// smbModern asks for SMB 2 or 3.
func smbModern(t *talk) (Record, error) {
	r := Record{Product: "SMB"}
	header := append([]byte("\xfeSMB\x40\x00"), make([]byte, 58)...)
	body := append([]byte("\x24\x00\x04\x00\x01\x00"), make([]byte, 30)...) // size, four dialects, signing possible
	answer, err := t.smb(append(append(header, body...), "\x02\x02\x10\x02\x00\x03\x02\x03"...))
	if err != nil {
		return r, err
	}
	if len(answer) < 64+64 || !strings.HasPrefix(string(answer), "\xfeSMB\x40\x00") || binary.LittleEndian.Uint32(answer[8:]) != 0 || answer[12] != 0 || answer[64] != 65 {
		return r, ErrOther
	}
	dialect := smbDialects[binary.LittleEndian.Uint16(answer[64+4:])]
	if dialect == "" {
		return r, ErrOther
	}
	r.Access, r.Version = Greeted, dialect
	r.smbSigning(answer[64+2]&2 != 0)
	t.note("NEGOTIATE (2.0.2 to 3.0.2)", "version "+dialect+", signing "+r.Facts["signing"])
	return r, nil
}

// smbOld asks for SMB 1 alone.
func smbOld(t *talk) (Record, error) {
	r := Record{Product: "SMB"}
	answer, err := t.smb([]byte("\xffSMB\x72\x00\x00\x00\x00\x18\x01\xc8" + strings.Repeat("\x00", 12) + "\xff\xff\x00\x00\x00\x00\x00\x00" + "\x00\x0c\x00\x02NT LM 0.12\x00"))
	if err != nil {
		return r, err
	}
	const words = 17
	if len(answer) < 33+2*words || !strings.HasPrefix(string(answer), "\xffSMB\x72") || answer[32] != words || binary.LittleEndian.Uint16(answer[33:]) != 0 {
		return r, ErrOther
	}
	r.Access, r.Version = Greeted, "1"
	r.Weak = append(r.Weak, "smb1")
	r.smbSigning(answer[35]&8 != 0)
	t.note("NEGOTIATE (1)", "version 1, signing "+r.Facts["signing"])
	return r, nil
}

func (r *Record) smbSigning(required bool) {
	if required {
		r.fact("signing", "required")
		return
	}
	r.fact("signing", "not required")
	r.Weak = append(r.Weak, "unsigned")
}

// errNoSession is a server that is known by another name than the one that all are called by.
var errNoSession = errors.New("no session under the name that all servers are called by")

// netBIOS begins a session with the server, by the name that all servers have.
func (t *talk) netBIOS() error {
	if err := t.send([]byte("\x81\x00\x00\x44" + netBIOSName("*SMBSERVER") + netBIOSName("SOTOMI"))); err != nil {
		return err
	}
	head, err := t.block(4)
	if err != nil {
		return err
	}
	switch {
	case string(head) == "\x82\x00\x00\x00":
		return nil
	case string(head) == "\x83\x00\x00\x01":
		if why, err := t.block(1); err != nil || why[0] != 0x8f && why[0]>>2 != 0x80>>2 {
			return ErrOther
		}
		t.note("NetBIOS session", "refused")
		return errNoSession
	}
	return ErrOther
}

// netBIOSName is the name of a file service as it is sent (RFC 1001 section 14.1).
func netBIOSName(name string) string {
	var b strings.Builder
	b.WriteByte(32)
	for i := range 16 {
		c := byte(' ')
		if i < len(name) {
			c = name[i]
		}
		b.Write([]byte{'A' + c>>4, 'A' + c&15})
	}
	return b.String() + "\x00"
}

// smb sends a message over TCP, and gives the next one.
func (t *talk) smb(message []byte) ([]byte, error) {
	if err := t.send(append([]byte{0, 0, byte(len(message) >> 8), byte(len(message))}, message...)); err != nil {
		return nil, err
	}
	head, err := t.block(4)
	if err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint32(head))
	if head[0] != 0 || length > 64<<10 {
		return nil, ErrOther
	}
	return t.block(length)
}
