package store

import (
	"bytes"
	"encoding/binary"
	"math"
)

// A BSON document as far as commands of MongoDB need it. Texts, numbers, truths and documents are read; what else there is
// is stepped over.

type bsonElement struct {
	name  string
	kind  byte
	value []byte
}

// Kinds of BSON elements that are read.
const (
	bsonDouble   = 0x01
	bsonText     = 0x02
	bsonDocument = 0x03
	bsonArray    = 0x04
	bsonTruth    = 0x08
	bsonInt32    = 0x10
	bsonInt64    = 0x12
)

// bsonSizes are the bytes of elements of fixed size.
var bsonSizes = map[byte]int{
	bsonDouble: 8, 0x06: 0, 0x07: 12, bsonTruth: 1, 0x09: 8, 0x0a: 0, bsonInt32: 4, 0x11: 8, bsonInt64: 8, 0x13: 16, 0x7f: 0, 0xff: 0,
}

// bson gives the elements of a document, as far as they can be read.
func bson(document []byte) []bsonElement {
	if len(document) < 5 {
		return nil
	}
	n := int(binary.LittleEndian.Uint32(document))
	if n < 5 || n > len(document) {
		return nil
	}
	var list []bsonElement
	for rest := document[4 : n-1]; len(rest) > 1; {
		kind := rest[0]
		end := bytes.IndexByte(rest[1:], 0)
		if end < 0 {
			break
		}
		name := string(rest[1 : 1+end])
		rest = rest[2+end:]
		size := bsonSize(kind, rest)
		if size < 0 || size > len(rest) {
			break
		}
		list = append(list, bsonElement{name, kind, rest[:size]})
		rest = rest[size:]
	}
	return list
}

// bsonSize is the number of bytes of an element's value, below 0 where it cannot be read.
func bsonSize(kind byte, rest []byte) int {
	if size, ok := bsonSizes[kind]; ok {
		return size
	}
	if kind == 0x0b { // an expression and its options
		first := bytes.IndexByte(rest, 0)
		second := bytes.IndexByte(rest[first+1:], 0)
		if first < 0 || second < 0 {
			return -1
		}
		return first + second + 2
	}
	if len(rest) < 4 {
		return -1
	}
	n := int(int32(binary.LittleEndian.Uint32(rest)))
	if n < 0 {
		return -1
	}
	switch kind {
	case bsonText, 0x0d, 0x0e:
		return 4 + n
	case bsonDocument, bsonArray, 0x0f:
		return n
	case 0x05:
		return 5 + n
	case 0x0c:
		return 16 + n
	}
	return -1
}

func bsonFind(document []byte, name string) (bsonElement, bool) {
	for _, e := range bson(document) {
		if e.name == name {
			return e, true
		}
	}
	return bsonElement{}, false
}

func (e bsonElement) text() string {
	if e.kind != bsonText || len(e.value) < 5 {
		return ""
	}
	return string(e.value[4 : len(e.value)-1])
}

// number is the whole part of a number, 0 of what is none.
func (e bsonElement) number() int64 {
	switch e.kind {
	case bsonInt32:
		return int64(int32(binary.LittleEndian.Uint32(e.value)))
	case bsonInt64:
		return int64(binary.LittleEndian.Uint64(e.value))
	case bsonTruth:
		return int64(e.value[0])
	case bsonDouble:
		if f := math.Float64frombits(binary.LittleEndian.Uint64(e.value)); f > -1<<62 && f < 1<<62 {
			return int64(f)
		}
	}
	return 0
}

// bsonPair is a member of a document to be sent: a whole number, a text or a truth.
type bsonPair struct {
	name  string
	value any
}

func bsonMade(pairs ...bsonPair) []byte {
	doc := []byte{0, 0, 0, 0}
	for _, p := range pairs {
		var kind byte
		var value []byte
		switch v := p.value.(type) {
		case int32:
			kind, value = bsonInt32, binary.LittleEndian.AppendUint32(nil, uint32(v))
		case string:
			kind, value = bsonText, append(append(binary.LittleEndian.AppendUint32(nil, uint32(len(v)+1)), v...), 0)
		case bool:
			kind, value = bsonTruth, []byte{0}
			if v {
				value[0] = 1
			}
		}
		doc = append(append(append(append(doc, kind), p.name...), 0), value...)
	}
	doc = append(doc, 0)
	binary.LittleEndian.PutUint32(doc, uint32(len(doc)))
	return doc
}
