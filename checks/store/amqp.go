package store

import (
	"context"
	"encoding/binary"
	"strings"
)

// AMQP is the probe for RabbitMQ and other brokers of AMQP 0-9-1. It says which protocol it speaks and reads how the broker
// introduces itself.
func AMQP(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "AMQP"}
		const hello = "AMQP\x00\x00\x09\x01"
		if err := t.send([]byte(hello)); err != nil {
			return r, err
		}
		head, err := t.block(7)
		if err != nil {
			return r, err
		}
		if string(head[:4]) == "AMQP" { // another version of the protocol is spoken here
			last, err := t.block(1)
			if err != nil || string(head)+string(last) == hello { // an echo
				return r, ErrOther
			}
			r.Access = Unknown
			return r, nil
		}
		size := int(binary.BigEndian.Uint32(head[3:]))
		if head[0] != 1 || head[1] != 0 || head[2] != 0 || size < 12 || size > 64<<10 {
			return r, ErrOther
		}
		body, err := t.block(size + 1)
		if err != nil {
			return r, err
		}
		f := fields{rest: body}
		class, method := f.int16(), f.int16()
		if class != 10 || method != 10 || body[size] != 0xce { // Connection.Start
			return r, ErrOther
		}
		f.take(2) // version of the protocol
		properties := f.take(int(f.int32()))
		mechanisms := strings.Fields(string(f.take(int(f.int32()))))
		if f.short || len(mechanisms) == 0 {
			return r, ErrOther
		}
		r.amqpStart(properties, mechanisms)
		t.note("AMQP 0-9-1", r.Product+" "+r.Version+", mechanisms "+strings.Join(mechanisms, " "))
		return r, nil
	})
}

// amqpStart reads how a broker introduces itself. RabbitMQ from 4.0 on offers ANONYMOUS, which is its user guest, who may
// come from the same machine only; so that says nothing of others.
func (r *Record) amqpStart(properties []byte, mechanisms []string) {
	f := fields{rest: properties}
	for len(f.rest) > 0 && !f.short {
		name := string(f.take(int(f.byte())))
		kind := f.byte()
		switch kind {
		case 'S':
			value := string(f.take(int(f.int32())))
			switch name {
			case "product":
				r.Product = clean(value, nameLength)
			case "version":
				r.Version = clean(value, nameLength)
			case "cluster_name":
				r.fact("cluster", value)
			}
		case 'F':
			f.take(int(f.int32()))
		case 't':
			f.take(1)
		default:
			f.short = true
		}
	}
	r.fact("mechanisms", strings.Join(mechanisms, " "))
	r.Access = Password
	for _, m := range mechanisms {
		if m == "ANONYMOUS" && r.Product != "RabbitMQ" {
			r.Access = Offered
		}
	}
}
