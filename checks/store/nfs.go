package store

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
)

// Programs and procedures of RPC (RFC 1833, RFC 1813 appendix I).
const (
	rpcPortmapper, rpcPortmapperVersion, rpcDump = 100000, 2, 4
	rpcMount, rpcMountVersion, rpcExport         = 100005, 3, 5
	rpcTCP                                       = 6
)

// NFS is the probe for NFS as far as one port tells: where a host has the port mapper and the mount service at one.
func NFS(ctx context.Context, dial Dialer) (Record, error) {
	return nfs(ctx, dial, func(int) Dialer { return dial })
}

// nfs asks the port mapper for the programs of the host, and the mount service for the folders that it exports and to whom. None
// is mounted. at gives the dialer for another port of the host.
func nfs(ctx context.Context, dial Dialer, at func(port int) Dialer) (Record, error) {
	port, nfsPort := 0, 0
	r, _, err := converseOnce(ctx, dial, false, func(t *talk) (Record, error) {
		r := Record{Product: "NFS"}
		list, err := t.rpc(rpcPortmapper, rpcPortmapperVersion, rpcDump)
		if err != nil {
			return r, err
		}
		programs := 0
		for list.more() {
			program, version, protocol, number := list.number(), list.number(), list.number(), list.number()
			if programs++; program == rpcMount && version == rpcMountVersion && protocol == rpcTCP && number < 1<<16 {
				port = int(number)
			}
			if program == nfsProgram && protocol == rpcTCP && number < 1<<16 {
				nfsPort = int(number)
			}
		}
		if list.broken || programs == 0 {
			return r, ErrOther
		}
		t.note("DUMP of the port mapper", "programs of RPC are listed")
		return r, nil
	})
	if err != nil {
		return r, err
	}
	lines := r.Lines
	switch {
	case port != 0:
		r, _, err = converseOnce(ctx, at(port), false, nfsExports)
	case nfsPort != 0: // version 4 has no list of exports
		r, err = NFS4(ctx, at(nfsPort))
	default:
		r.Access = Nothing
		return r, nil
	}
	r.Lines = append(lines, r.Lines...)
	return r, err
}

// nfsExports asks the mount service which folders are exported.
func nfsExports(t *talk) (Record, error) {
	r := Record{Product: "NFS", Access: Nothing}
	list, err := t.rpc(rpcMount, rpcMountVersion, rpcExport)
	if err != nil {
		return r, err
	}
	r.count("exports", 0)
	r.count("open-exports", 0)
	for list.more() {
		folder, everybody, groups := list.text(), false, 0
		for list.more() {
			group := list.text()
			groups++
			everybody = everybody || group == "*" || group == "(everyone)" || group == "0.0.0.0/0" || group == "0.0.0.0/0.0.0.0"
		}
		if list.broken {
			return r, ErrOther
		}
		if r.Access != Open {
			r.Access = Refused
		}
		r.count("exports", 1)
		if everybody || groups == 0 {
			r.Access = Open
			r.count("open-exports", 1)
		}
		r.name(folder, -1)
	}
	if list.broken {
		return r, ErrOther
	}
	t.note("EXPORT of the mount service", strings.Join(r.Names, " "))
	return r, nil
}

// xdr reads values of an answer (RFC 4506). It is broken once something was not there.
type xdr struct {
	rest   []byte
	broken bool
}

func (x *xdr) number() uint32 {
	if len(x.rest) < 4 {
		x.broken = true
		return 0
	}
	n := binary.BigEndian.Uint32(x.rest)
	x.rest = x.rest[4:]
	return n
}

// more reports whether a list goes on.
func (x *xdr) more() bool {
	n := x.number()
	x.broken = x.broken || n > 1
	return n == 1 && !x.broken
}

func (x *xdr) text() string {
	n := int(x.number())
	whole := (n + 3) / 4 * 4
	if n > 1024 || whole > len(x.rest) {
		x.broken = true
		return ""
	}
	text := string(x.rest[:n])
	x.rest = x.rest[whole:]
	return text
}

// rpc calls a procedure without arguments as nobody, and gives what it answers.
func (t *talk) rpc(program, version, procedure uint32) (*xdr, error) {
	x, err := t.rpcAs(nfsNobody(0), program, version, procedure, nil)
	if errors.Is(err, errNFSProof) || errors.Is(err, errNFSVersion) {
		return nil, ErrOther // these services are there in that version, and ask nobody who he is
	}
	return x, err
}

// rpcAs calls a procedure (RFC 5531). who says as whom, with and without proof.
func (t *talk) rpcAs(who []byte, program, version, procedure uint32, arguments []byte) (*xdr, error) {
	const call = 0x736f746f // any number: the answer repeats it
	message := binary.BigEndian.AppendUint32(nil, 1<<31|uint32(24+len(who)+len(arguments)))
	for _, n := range []uint32{call, 0, 2, program, version, procedure} {
		message = binary.BigEndian.AppendUint32(message, n)
	}
	message = append(append(message, who...), arguments...)
	if err := t.send(message); err != nil {
		return nil, err
	}
	var answer []byte
	for last := false; !last; {
		head, err := t.block(4)
		if err != nil {
			return nil, err
		}
		size := binary.BigEndian.Uint32(head)
		last = size>>31 == 1
		fragment, err := t.block(int(size &^ (1 << 31)))
		if err != nil {
			return nil, err
		}
		if answer = append(answer, fragment...); len(answer) > 1<<20 || len(fragment) == 0 && !last {
			return nil, ErrOther
		}
	}
	x := &xdr{rest: answer}
	if x.number() != call || x.number() != 1 { // its call, a reply
		return nil, ErrOther
	}
	if x.number() != 0 { // denied
		if x.number() == 1 && !x.broken { // for who asks
			return nil, errNFSProof
		}
		return nil, ErrOther
	}
	x.number() // kind of proof of who it is
	x.text()
	status := x.number()
	switch {
	case x.broken:
		return nil, ErrOther
	case status == 1 || status == 2:
		return nil, errNFSVersion
	case status != 0:
		return nil, ErrOther
	}
	return x, nil
}
