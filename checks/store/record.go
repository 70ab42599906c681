// Package store finds out about data stores by their own protocols, and harmlessly: who a server lets in, which version it
// is, and how much lies in it, as far as its own counters tell.
//
// Each product has a probe in a file of its own, which asks, and reads the answers of strangers within bounds. A probe sends
// no password and no log-in, not even an empty one, and asks for no value, row, entry or message; tests hold each byte that
// is sent against a list. What the Record means is decided in judge.go alone.
package store

import (
	"context"
	"maps"
	"slices"
	"time"

	"sotomi/checks/internal/datanames"
	"sotomi/checks/internal/endoflife"
)

// Access is whom a server lets in.
type Access string

// Whom servers let in.
const (
	Open     Access = "open"     // everybody: it was shown by an answer that the closed server refuses
	Offered  Access = "offered"  // everybody, by its own words; or facts about it for everybody, what lies in it was not asked for
	Password Access = "password" // whoever has a password, certificate or key
	Refused  Access = "refused"  // other addresses than ours, or nobody from the net
	Unknown  Access = "unknown"  // its greeting does not say
	Greeted  Access = "greeted"  // not asked: what is to be known is how the server greets
	Nothing  Access = "nothing"  // there is nothing to let anybody into
)

// Record is what is known of one server, the same for all products. What a server does not tell is empty.
type Record struct {
	Product string // as its maker writes it
	Version string
	TLS     bool
	Access  Access

	Counts   map[string]int64 // by what is counted: databases, collections, keys, items, nodes, topics, modules, rows, bytes ...
	Names    []string         // of databases, collections, topics, modules: at most mostNames
	Personal []string         // those of Names that are about people
	Kinds    []string         // of personal data, by names of fields
	Ransom   []string         // those of Names that blackmailers leave behind
	Weak     []string         // what is weak in how it greets, by variants of signatures: smb1, unsigned, no-nla, unencrypted

	Facts map[string]string // what else it says of itself, by name
	Lines []Line            // what was said, as evidence
}

// Line is one question and what of its answer may be shown.
type Line struct{ Sent, Received string }

// Bounds of what a Record keeps of a stranger's names.
const (
	mostNames  = 1000
	nameLength = 64
)

// name adds one with the number of things in it, below 0 where that is not known.
func (r *Record) name(name string, things int64) {
	name = clean(name, nameLength)
	if name == "" || len(r.Names) >= mostNames {
		return
	}
	r.Names = append(r.Names, name)
	r.means(name, things)
}

// means keeps what a name says of the things in it.
func (r *Record) means(name string, things int64) {
	switch {
	case datanames.RansomNote(name, things):
		r.Ransom = append(r.Ransom, name)
	case things != 0 && datanames.People(name) && !slices.Contains(r.Personal, name):
		r.Personal = append(r.Personal, name)
	}
}

func (r *Record) count(what string, n int64) {
	if r.Counts == nil {
		r.Counts = map[string]int64{}
	}
	r.Counts[what] += max(0, n)
}

func (r *Record) fact(name, value string) {
	if value = clean(value, nameLength); value == "" {
		return
	}
	if r.Facts == nil {
		r.Facts = map[string]string{}
	}
	r.Facts[name] = value
}

// endOfLifeNames are products by their names in the data of last days.
var endOfLifeNames = map[string]string{
	"Redis": "redis", "Valkey": "valkey", "Memcached": "memcached", "MongoDB": "mongodb", "PostgreSQL": "postgresql",
	"MariaDB": "mariadb", "MySQL": "mysql", "ZooKeeper": "zookeeper", "RabbitMQ": "rabbitmq", "Apache Cassandra": "apache-cassandra",
	"ClickHouse": "clickhouse",
}

// EndOfLife says when support of the version ended, "" when it had not on that day or nobody knows.
func (r *Record) EndOfLife(on time.Time) string {
	return endoflife.End(endOfLifeNames[r.Product], r.Version, on)
}

// probe looks at one server.
type probe func(ctx context.Context, dial Dialer) (Record, error)

// fields keeps the kinds of personal data that names of columns stand for.
func (r *Record) fields(names []string) {
	r.Kinds = slices.Sorted(maps.Keys(datanames.Categories(names)))
}
