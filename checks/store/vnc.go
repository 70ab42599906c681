package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"regexp"
	"slices"
	"strings"
)

var rfbVersion = regexp.MustCompile(`^RFB 00[0-9]\.[0-9]{3}\n$`)

// vncTypes are kinds of proof that servers ask for.
var vncTypes = map[uint32]string{
	1: "none", 2: "password", 5: "RSA", 6: "RSA", 13: "RSA", 16: "Tight", 17: "Ultra", 18: "TLS", 19: "VeNCrypt", 20: "SASL", 21: "MD5", 30: "Apple", 35: "Apple",
}

// VNC is the probe for shared screens. It reads which kinds of proof the server takes, and chooses none.
func VNC(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "VNC"}
		greeting, err := t.block(12)
		if err != nil {
			return r, err
		}
		if !rfbVersion.Match(greeting) {
			return r, ErrOther
		}
		old := string(greeting[8:11]) < "007" && string(greeting[4:7]) == "003"
		version := "RFB 003.008\n"
		if old {
			version = "RFB 003.003\n"
		}
		if err := t.send([]byte(version)); err != nil {
			return r, err
		}
		types, err := t.vncTypes(old)
		if err != nil {
			return r, err
		}
		r.fact("protocol", strings.TrimLeft(string(bytes.TrimSpace(greeting[4:])), "0"))
		var names []string
		for _, kind := range types {
			if name := vncTypes[kind]; name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		switch {
		case slices.Contains(types, 1):
			r.Access = Open
		case len(types) == 0:
			r.Access = Refused // too many attempts, or no more clients
		case len(names) == 0:
			return r, ErrOther
		default:
			r.Access = Password
		}
		r.fact("asks-for", strings.Join(names, ", "))
		t.note("version of the protocol", "kinds of proof: "+strings.Join(names, ", "))
		return r, nil
	})
}

// vncTypes are the kinds of proof on offer; before version 3.7 the server has chosen one. None is a refusal.
func (t *talk) vncTypes(old bool) ([]uint32, error) {
	if old {
		chosen, err := t.block(4)
		if err != nil {
			return nil, err
		}
		if n := binary.BigEndian.Uint32(chosen); n != 0 {
			return []uint32{n}, nil
		}
		return nil, nil
	}
	n, err := t.block(1)
	if err != nil {
		return nil, err
	}
	list, err := t.block(int(n[0]))
	if err != nil {
		return nil, err
	}
	var types []uint32
	for _, kind := range list {
		types = append(types, uint32(kind))
	}
	return types, nil
}
