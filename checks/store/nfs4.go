package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Operations and answers of NFS version 4 (RFC 7530).
const (
	nfsProgram, nfsVersion4, nfsCompound          = 100003, 4, 1
	nfsGetattr, nfsPutRoot, nfsReaddir            = 9, 24, 26
	nfsAttributeFilesystem, nfsAttributeEntryFail = 1 << 8, 1 << 11
	nfsWrongProof, nfsWrongMinor                  = 10016, 10021
	nfsPermission, nfsNoEntry, nfsAccess          = 1, 2, 13
)

// How a server of RPC answers that does not carry out a call.
var (
	errNFSProof   = errors.New("another kind of proof is wanted") // of who one is
	errNFSVersion = errors.New("the program is not here in this version")
)

// NFS4 is the probe for NFS version 4, which needs no port mapper and has no list of exports. What it lets a stranger see lies
// below its root: the root is read once. The names of those entries that are other file systems, which are the exported folders,
// are kept, all others dropped unread; nothing is opened, and no file's content asked for.
func NFS4(ctx context.Context, dial Dialer) (Record, error) {
	r, _, err := converseOnce(ctx, dial, false, func(t *talk) (Record, error) { return nfs4(t, nfsNobody(0)) })
	switch {
	case errors.Is(err, errNFSVersion): // of an older version the port mapper tells more than this port
		return Record{Product: "NFS", Access: Unknown, Lines: []Line{{"COMPOUND", "version 4 is not spoken"}}}, nil
	case !errors.Is(err, errNFSProof):
		return r, err
	}
	// Linux wants the number of a user, which it believes: that of nobody is said.
	lines := r.Lines
	r, _, err = converseOnce(ctx, dial, false, func(t *talk) (Record, error) { return nfs4(t, nfsNobody(1)) })
	r.Lines = append(lines, r.Lines...)
	if errors.Is(err, errNFSProof) {
		return Record{Product: "NFS", Version: "4", Access: Password, Lines: r.Lines}, nil
	}
	return r, err
}

// nfsNobody is who asks: nobody at all, or by the second kind of proof the user who is called so (RFC 5531 section 8.2, appendix A).
func nfsNobody(kind uint32) []byte {
	if kind == 0 {
		return make([]byte, 16)
	}
	const nobody = 65534
	var body []byte
	for _, n := range []uint32{0, 0, nobody, nobody, 0} { // stamp, name of the machine, user, group, further groups
		body = binary.BigEndian.AppendUint32(body, n)
	}
	who := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, kind), uint32(len(body)))
	return append(append(who, body...), make([]byte, 8)...)
}

// nfs4 asks for the root, for the file system that it is in, and for what lies in it.
func nfs4(t *talk, who []byte) (Record, error) {
	r := Record{Product: "NFS", Version: "4"}
	var ask []byte
	for _, n := range []uint32{
		0, 0, 3, // no tag, version 4.0, three operations
		nfsPutRoot,
		nfsGetattr, 1, nfsAttributeFilesystem,
		nfsReaddir, 0, 0, 0, 0, 4 << 10, 16 << 10, 1, nfsAttributeFilesystem | nfsAttributeEntryFail,
	} {
		ask = binary.BigEndian.AppendUint32(ask, n)
	}
	x, err := t.rpcAs(who, nfsProgram, nfsVersion4, nfsCompound, ask)
	if err != nil {
		return r, err
	}
	status := x.number()
	x.text()   // the tag
	x.number() // how many operations have an answer
	if !x.broken && status == nfsWrongMinor {
		r.Access = Unknown
		return r, nil
	}
	if x.number() != nfsPutRoot || x.broken {
		return r, ErrOther
	}
	switch put := x.number(); {
	case x.broken:
		return r, ErrOther
	case put == nfsWrongProof:
		t.note("PUTROOTFH", "another kind of proof is wanted")
		return r, errNFSProof
	case put == nfsPermission || put == nfsNoEntry || put == nfsAccess:
		t.note("PUTROOTFH", fmt.Sprintf("refused with %d", put))
		r.Access = Refused
		return r, nil
	case put != 0:
		r.Access = Unknown
		return r, nil
	}
	return r, r.nfsRoot(t, x)
}

// nfsRoot reads what lies in the root.
func (r *Record) nfsRoot(t *talk, x *xdr) error {
	if x.number() != nfsGetattr || x.number() != 0 {
		return ErrOther
	}
	root, _ := x.attributes()
	if x.number() != nfsReaddir {
		return ErrOther
	}
	switch status := x.number(); {
	case x.broken:
		return ErrOther
	case status == nfsWrongProof:
		return errNFSProof
	case status != 0:
		t.note("READDIR of the root", fmt.Sprintf("refused with %d", status))
		r.Access = Offered // the root is there for this address, if not for nobody
		return nil
	}
	x.number() // verifier
	x.number()
	r.count("exports", 0)
	entries, withheld := 0, 0
	for x.more() {
		x.number() // cookie
		x.number()
		name := x.text()
		filesystem, mistake := x.attributes()
		switch {
		case mistake == nfsWrongProof:
			withheld++
			continue
		case filesystem != root && filesystem != "" && !x.broken:
			r.count("exports", 1)
			r.name("/"+name, -1)
		}
		entries++
	}
	switch {
	case x.broken:
		return ErrOther
	case entries > 0:
		r.Access = Open
	case withheld > 0:
		t.note("READDIR of the root", fmt.Sprintf("%d entries, for another kind of proof", withheld))
		return errNFSProof
	default:
		r.Access = Nothing
	}
	t.note("READDIR of the root", fmt.Sprintf("%d entries, exported folders: %s", entries, strings.Join(r.Names, " ")))
	return nil
}

// attributes reads the number of the file system, "" where there is none, and of an entry why it has none.
func (x *xdr) attributes() (filesystem string, mistake uint32) {
	words := x.number()
	if words > 8 {
		x.broken = true
		return "", 0
	}
	first := uint32(0)
	for i := range words {
		if n := x.number(); i == 0 {
			first = n
		}
	}
	values := xdr{rest: []byte(x.text())}
	if first&nfsAttributeFilesystem != 0 && len(values.rest) >= 16 {
		filesystem, values.rest = string(values.rest[:16]), values.rest[16:]
	}
	if first&nfsAttributeEntryFail != 0 {
		mistake = values.number()
	}
	return filesystem, mistake
}
