package store

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// mostEntries are counted below each base.
const mostEntries = 500

// mostBases are looked at.
const mostBases = 5

// LDAP is the probe for directories. It reads the root entry, which is for everybody, and then asks without a log-in how many
// entries each base has: for no attribute of them, and their names are dropped unread.
func LDAP(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "LDAP"}
		var bases []string
		id := byte(1)
		code, _, err := t.ldapSearch(id, "", 0, []string{"namingContexts", "vendorName", "vendorVersion", "objectClass"}, func(entry []byte) {
			bases = append(bases, r.ldapRoot(entry)...)
		})
		if err != nil {
			return r, err
		}
		t.note("root entry", fmt.Sprintf("%d bases", len(bases)))
		r.count("entries", 0)
		r.count("bases", int64(len(bases)))
		r.Access = Password
		if len(bases) == 0 && code == 0 {
			r.Access = Unknown
		}
		for _, base := range bases[:min(len(bases), mostBases)] {
			id++
			entries := int64(0)
			code, closed, err := t.ldapSearch(id, base, 2, []string{"1.1"}, func([]byte) { entries++ })
			if err != nil {
				return r, err
			}
			if entries > 0 {
				r.Access = Open
				if code == 4 { // the limit was reached
					r.count("entries-at-least", entries)
				} else {
					r.count("entries", entries)
				}
			}
			if closed {
				break
			}
		}
		if r.Access == Open {
			t.note("number of entries", fmt.Sprint(r.Counts["entries"]+r.Counts["entries-at-least"]))
		}
		return r, nil
	})
}

// ldapRoot reads what the root entry says of the server, and gives its bases.
func (r *Record) ldapRoot(entry []byte) []string {
	_, _, rest := ber(entry) // its name
	_, attributes, _ := ber(rest)
	var bases []string
	for len(attributes) > 0 {
		var attribute []byte
		_, attribute, attributes = ber(attributes)
		_, name, rest := ber(attribute)
		_, values, _ := ber(rest)
		for len(values) > 0 {
			var value []byte
			_, value, values = ber(values)
			text := clean(string(value), 200)
			switch strings.ToLower(string(name)) {
			case "namingcontexts":
				if string(value) == text && text != "" {
					bases = append(bases, text)
				}
			case "vendorname":
				r.Product = clean(text, nameLength)
			case "vendorversion":
				r.Version = clean(text, nameLength)
			case "objectclass":
				if text == "OpenLDAProotDSE" {
					r.Product = "OpenLDAP"
				}
			}
		}
	}
	return bases
}

// ldapSearch asks for entries, and hands each to see. closed: the server says good-bye.
func (t *talk) ldapSearch(id byte, base string, scope byte, attributes []string, see func(entry []byte)) (code byte, closed bool, err error) {
	if err := t.send(ldapRequest(id, base, scope, attributes)); err != nil {
		return 0, false, err
	}
	for range mostEntries + 100 {
		message, err := t.berBlock()
		if err != nil {
			return 0, false, err
		}
		kind, number, rest := ber(message)
		if kind != 2 || len(number) == 0 {
			return 0, false, ErrOther
		}
		operation, body, _ := ber(rest)
		if number[len(number)-1] == 0 && operation == 0x78 { // a notice of disconnection
			return 0, true, nil
		}
		if number[len(number)-1] != id {
			return 0, false, ErrOther
		}
		switch operation {
		case 0x64:
			see(body)
		case 0x73: // it refers to another server
		case 0x65:
			kind, result, _ := ber(body)
			if kind != 0x0a || len(result) != 1 {
				return 0, false, ErrOther
			}
			return result[0], false, nil
		default:
			return 0, false, ErrOther
		}
	}
	return 0, false, ErrOther
}

func ldapRequest(id byte, base string, scope byte, attributes []string) []byte {
	var list []byte
	for _, a := range attributes {
		list = append(list, berMade(4, []byte(a))...)
	}
	search := bytes.Join([][]byte{
		berMade(4, []byte(base)), berMade(0x0a, []byte{scope}), berMade(0x0a, []byte{0}),
		berMade(2, []byte{mostEntries >> 8, mostEntries & 0xff}), berMade(2, []byte{5}), // entries, seconds
		berMade(1, []byte{0}), berMade(0x87, []byte("objectClass")), berMade(0x30, list),
	}, nil)
	return berMade(0x30, append(berMade(2, []byte{id}), berMade(0x63, search)...))
}

// berMade is a value of at most 64 KiB with its kind and length before it.
func berMade(kind byte, value []byte) []byte {
	if len(value) < 0x80 {
		return append([]byte{kind, byte(len(value))}, value...)
	}
	return append([]byte{kind, 0x82, byte(len(value) >> 8), byte(len(value))}, value...)
}

// ber takes the first value off; of what cannot be read nothing is left.
func ber(text []byte) (kind byte, value, rest []byte) {
	if len(text) < 2 {
		return 0, nil, nil
	}
	head, n := 2, int(text[1])
	if n >= 0x80 {
		size := n & 0x7f
		if size > 4 || len(text) < 2+size {
			return 0, nil, nil
		}
		head, n = 2+size, 0
		for _, b := range text[2 : 2+size] {
			n = n<<8 | int(b)
		}
	}
	if n > len(text)-head {
		return 0, nil, nil
	}
	return text[0], text[head : head+n], text[head+n:]
}

// berBlock is the content of the next message.
func (t *talk) berBlock() ([]byte, error) {
	head, err := t.block(2)
	if err != nil {
		return nil, err
	}
	if head[0] != 0x30 {
		return nil, ErrOther
	}
	n := int(head[1])
	if n >= 0x80 {
		size, err := t.block(n & 0x7f)
		if err != nil {
			return nil, err
		}
		if len(size) == 0 || len(size) > 4 {
			return nil, ErrOther
		}
		n = 0
		for _, b := range size {
			n = n<<8 | int(b)
		}
	}
	return t.block(n)
}
