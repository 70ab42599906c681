package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// mostDatabases are looked into; the others are counted.
const mostDatabases = 20

// MongoDB is the probe for MongoDB and what speaks its protocol, such as FerretDB. It sends hello, buildInfo, listDatabases
// and listCollections with names only, and dbStats, which counts.
func MongoDB(ctx context.Context, dial Dialer) (Record, error) {
	r, err := converse(ctx, dial, func(t *talk) (Record, error) { return mongo(t, mongoMessage) })
	if err == nil || errors.Is(err, ErrBusy) || ctx.Err() != nil || !errors.Is(err, ErrSilent) {
		return r, err
	}
	// Before 3.6 there was another form of commands.
	older, olderErr := converse(ctx, dial, func(t *talk) (Record, error) { return mongo(t, mongoQuery) })
	if olderErr == nil {
		return older, nil
	}
	return r, err
}

// mongoForm makes the bytes of a command, and finds the document in an answer.
type mongoForm struct {
	ask    func(id uint32, database string, command []bsonPair) []byte
	answer uint32 // code of answers
	skip   int    // bytes between the head and the document
}

var (
	mongoMessage = mongoForm{mongoMessageOf, 2013, 5}
	mongoQuery   = mongoForm{mongoQueryOf, 1, 20}
)

func mongo(t *talk, form mongoForm) (Record, error) {
	r := Record{Product: "MongoDB"}
	ask := func(database, command string, more ...bsonPair) ([]byte, error) {
		return t.mongo(form, database, append([]bsonPair{{command, int32(1)}}, more...))
	}
	hello, err := ask("admin", "hello")
	if err == nil && mongoCode(hello) == 59 {
		hello, err = ask("admin", "isMaster") // before 4.4.2
	}
	if err != nil {
		return r, err
	}
	if _, ok := bsonFind(hello, "ok"); !ok {
		return r, ErrOther
	}
	if set, ok := bsonFind(hello, "setName"); ok {
		r.fact("replica-set", set.text())
	}
	if said, ok := bsonFind(hello, "msg"); ok && said.text() == "isdbgrid" {
		r.fact("role", "mongos")
	}
	build, err := ask("admin", "buildInfo")
	if err != nil {
		return r, err
	}
	r.mongoBuild(t, build)
	list, err := ask("admin", "listDatabases", bsonPair{"nameOnly", true})
	if err != nil {
		return r, err
	}
	names, ok := mongoDatabases(list)
	switch {
	case ok:
		r.Access = Open
	case mongoRefuses(list):
		t.note("listDatabases", fmt.Sprintf("code %d", mongoCode(list)))
		r.Access = Password
		return r, nil
	default:
		return r, ErrOther
	}
	t.note("listDatabases nameOnly", fmt.Sprintf("%d databases", len(names)))
	return r, r.mongoCounts(names, ask)
}

// mongoBuild reads what buildInfo says; it may be refused.
func (r *Record) mongoBuild(t *talk, build []byte) {
	version, _ := bsonFind(build, "version")
	r.Version = clean(version.text(), nameLength)
	for _, e := range bson(build) {
		if strings.HasPrefix(strings.ToLower(e.name), "ferretdb") {
			r.Product = "FerretDB" // its version is that of MongoDB as which it passes
		}
	}
	if r.Version != "" {
		t.note("buildInfo", "version "+r.Version)
	}
}

// mongoCounts counts what lies in the databases that are not the server's own.
func (r *Record) mongoCounts(names []string, ask func(string, string, ...bsonPair) ([]byte, error)) error {
	own := []string{"admin", "config", "local"}
	names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(own, name) || name == "" })
	r.count("databases", int64(len(names)))
	for i, name := range names {
		if i == mostDatabases {
			r.count("databases-looked-into", mostDatabases)
			break
		}
		stats, err := ask(name, "dbStats")
		if err != nil {
			return err
		}
		objects := int64(-1)
		if e, ok := bsonFind(stats, "objects"); ok {
			objects = e.number()
			r.count("documents", objects)
		}
		for from, to := range map[string]string{"collections": "collections", "dataSize": "bytes"} {
			if e, ok := bsonFind(stats, from); ok {
				r.count(to, e.number())
			}
		}
		r.name(name, objects)
		list, err := ask(name, "listCollections", bsonPair{"nameOnly", true})
		if err != nil {
			return err
		}
		for _, collection := range mongoBatch(list) {
			if named, _ := bsonFind(collection, "name"); !strings.HasPrefix(named.text(), "system.") {
				r.name(named.text(), objects)
			}
		}
	}
	return nil
}

func mongoMessageOf(id uint32, database string, command []bsonPair) []byte {
	doc := bsonMade(append(command, bsonPair{"$db", database})...)
	m := mongoHead(16+5+len(doc), id, 2013)
	return append(append(m, 0, 0, 0, 0, 0), doc...)
}

func mongoQueryOf(id uint32, database string, command []bsonPair) []byte {
	doc := bsonMade(command...)
	name := database + ".$cmd\x00"
	m := append(append(mongoHead(16+4+len(name)+8+len(doc), id, 2004), 0, 0, 0, 0), name...)
	return append(append(m, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff), doc...)
}

func mongoHead(length int, id, code uint32) []byte {
	var head []byte
	for _, n := range []uint32{uint32(length), id, 0, code} {
		head = binary.LittleEndian.AppendUint32(head, n)
	}
	return head
}

// mongo sends a command and gives the document of the answer.
func (t *talk) mongo(form mongoForm, database string, command []bsonPair) ([]byte, error) {
	const id = 1
	if err := t.send(form.ask(id, database, command)); err != nil {
		return nil, err
	}
	head, err := t.block(16)
	if err != nil {
		return nil, err
	}
	length := int(binary.LittleEndian.Uint32(head))
	if length < 16+form.skip+5 || binary.LittleEndian.Uint32(head[8:]) != id || binary.LittleEndian.Uint32(head[12:]) != form.answer {
		return nil, ErrOther
	}
	body, err := t.block(length - 16)
	if err != nil {
		return nil, err
	}
	if form.answer == 2013 && body[4] != 0 {
		return nil, ErrOther
	}
	if len(bson(body[form.skip:])) == 0 {
		return nil, ErrOther
	}
	return body[form.skip:], nil
}

// mongoCode is the number of an error, 0 where a command was carried out.
func mongoCode(answer []byte) int64 {
	if ok, _ := bsonFind(answer, "ok"); ok.number() == 1 {
		return 0
	}
	if code, found := bsonFind(answer, "code"); found {
		return code.number()
	}
	return -1
}

// mongoRefuses reports whether a log-in is asked for: Unauthorized, AuthenticationFailed, and what Atlas and old servers say.
func mongoRefuses(answer []byte) bool {
	if slices.Contains([]int64{13, 18, 391, 8000}, mongoCode(answer)) {
		return true
	}
	said, _ := bsonFind(answer, "errmsg")
	text := strings.ToLower(said.text())
	return mongoCode(answer) != 0 && (strings.Contains(text, "unauthorized") || strings.Contains(text, "not authorized") || strings.Contains(text, "authentication") || strings.Contains(text, "need to login"))
}

func mongoDatabases(list []byte) ([]string, bool) {
	databases, ok := bsonFind(list, "databases")
	if !ok || databases.kind != bsonArray || mongoCode(list) != 0 {
		return nil, false
	}
	var names []string
	for _, e := range bson(databases.value) {
		name, _ := bsonFind(e.value, "name")
		names = append(names, name.text())
	}
	return names, true
}

// mongoBatch are the documents of the first batch of a cursor.
func mongoBatch(answer []byte) [][]byte {
	cursor, _ := bsonFind(answer, "cursor")
	batch, _ := bsonFind(cursor.value, "firstBatch")
	var list [][]byte
	if batch.kind == bsonArray {
		for _, e := range bson(batch.value) {
			list = append(list, e.value)
		}
	}
	return list
}
