package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Kafka is the probe for Kafka: which requests it takes, and its topics. Brokers that ask for a log-in answer the first and
// break off at the second.
func Kafka(ctx context.Context, dial Dialer) (Record, error) {
	return converse(ctx, dial, func(t *talk) (Record, error) {
		r := Record{Product: "Kafka"}
		versions, err := t.kafka(kafkaVersions, 0, nil)
		if err != nil {
			return r, err
		}
		newest, ok := kafkaNewest(versions)
		if !ok {
			return r, ErrOther
		}
		t.note("ApiVersions", fmt.Sprintf("%d kinds of requests", len(newest)))
		metadata, err := t.kafkaMetadata(newest[kafkaTopics])
		switch {
		case errors.Is(err, ErrOther):
			return r, err
		case err != nil && brokeOff(err):
			r.Access = Password
			t.note("Metadata", "the broker breaks off")
			return r, nil
		case err != nil:
			return r, err
		}
		if err := r.kafkaTopics(metadata, newest[kafkaTopics]); err != nil {
			return r, err
		}
		t.note("Metadata", fmt.Sprintf("%d brokers, %d topics", r.Counts["brokers"], r.Counts["topics"]))
		return r, nil
	})
}

// Kinds of requests.
const (
	kafkaTopics   = 3
	kafkaVersions = 18
)

// kafkaMetadata asks for all topics, and for none to be made.
func (t *talk) kafkaMetadata(newest int16) ([]byte, error) {
	if newest >= 4 {
		return t.kafka(kafkaTopics, 4, []byte{0xff, 0xff, 0xff, 0xff, 0})
	}
	return t.kafka(kafkaTopics, 1, []byte{0xff, 0xff, 0xff, 0xff})
}

// brokeOff reports whether a connection ended in the middle, unlike one that is merely silent.
func brokeOff(err error) bool {
	var timeout interface{ Timeout() bool }
	return !errors.As(err, &timeout) || !timeout.Timeout() || errors.Is(err, io.EOF)
}

// kafka sends a request and gives the answer behind its number.
func (t *talk) kafka(kind, version int16, body []byte) ([]byte, error) {
	const id, client = 7, "sotomi"
	head := binary.BigEndian.AppendUint16(nil, uint16(kind))
	head = binary.BigEndian.AppendUint16(head, uint16(version))
	head = binary.BigEndian.AppendUint32(head, id)
	head = append(binary.BigEndian.AppendUint16(head, uint16(len(client))), client...)
	request := binary.BigEndian.AppendUint32(nil, uint32(len(head)+len(body)))
	if err := t.send(append(append(request, head...), body...)); err != nil {
		return nil, err
	}
	size, err := t.block(4)
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(size))
	if n < 6 || n > mostBytes {
		return nil, ErrOther
	}
	answer, err := t.block(n)
	if err != nil {
		return nil, err
	}
	if binary.BigEndian.Uint32(answer) != id {
		return nil, ErrOther
	}
	return answer[4:], nil
}

// kafkaNewest is the newest version of each kind of request.
func kafkaNewest(answer []byte) (map[int16]int16, bool) {
	f := fields{rest: answer}
	if f.int16() != 0 {
		return nil, false
	}
	newest := map[int16]int16{}
	for range f.count(6) {
		kind, _, last := f.int16(), f.int16(), f.int16()
		newest[kind] = last
	}
	_, topics := newest[kafkaTopics]
	_, versions := newest[kafkaVersions]
	return newest, !f.short && topics && versions
}

func (r *Record) kafkaTopics(answer []byte, newest int16) error {
	f := fields{rest: answer}
	if newest >= 4 {
		f.int32() // throttle
	}
	r.count("brokers", 0)
	for range f.count(12) {
		f.int32()
		f.text()
		f.int32()
		f.text() // rack
		r.count("brokers", 1)
	}
	if newest >= 4 {
		r.fact("cluster", f.text())
	}
	f.int32() // controller
	r.count("topics", 0)
	for range f.count(9) {
		f.int16()
		name := f.text()
		internal := f.take(1)
		partitions := int64(0)
		for range f.count(18) {
			f.take(10)
			f.take(4 * f.count(4))
			f.take(4 * f.count(4))
			partitions++
		}
		if f.short {
			return ErrOther
		}
		if internal[0] == 0 && !strings.HasPrefix(name, "__") {
			r.count("topics", 1)
			r.count("partitions", partitions)
			r.name(name, -1)
		}
	}
	if f.short {
		return ErrOther
	}
	r.Access = Open
	return nil
}

// fields reads numbers in network order and texts one after the other; short once there is too little.
type fields struct {
	rest  []byte
	short bool
}

func (f *fields) take(n int) []byte {
	if n < 0 || n > len(f.rest) {
		f.short, f.rest = true, nil
		return make([]byte, 10)[:max(0, min(n, 10))]
	}
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fields) byte() byte {
	if b := f.take(1); !f.short {
		return b[0]
	}
	return 0
}

func (f *fields) int16() int16 { return int16(binary.BigEndian.Uint16(f.take(2))) }
func (f *fields) int32() int32 { return int32(binary.BigEndian.Uint32(f.take(4))) }

// count is how many things of at least so many bytes follow; none where there is no room for them.
func (f *fields) count(size int) int {
	n := int(f.int32())
	if n < 0 {
		return 0
	}
	if n > len(f.rest)/size {
		f.short = true
		return 0
	}
	return n
}

// text has its length before it in two bytes; one that is not there has -1.
func (f *fields) text() string {
	n := int(f.int16())
	if n < 0 {
		return ""
	}
	return string(f.take(n))
}
