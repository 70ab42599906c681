package cluster

import (
	"regexp"
	"strconv"
	"strings"
)

// Limits of what comes from strangers.
const (
	maxHead    = 1 << 10 // bytes of a letter's head
	maxBody    = 7 << 20 // bytes of a chunk, a task or a secret
	maxPayload = 8 << 20 // bytes of a message
	maxChunks  = 1 << 20 // of one group
	maxWorkers = 4096
	maxText    = 80 // characters of what a worker says of itself
)

var groupName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,100}$`)

// names are those of the streams, buckets and subjects of one scan, which may share a cluster with others.
type names struct{ scan string }

func (n names) bucket(kind string) string  { return "sotomi_" + n.scan + "_" + kind } // of keys and values, or of files
func (n names) stream(kind string) string  { return n.bucket(kind) }
func (n names) subject(kind string) string { return "sotomi." + n.scan + "." + kind }

// Kinds of streams and buckets.
const (
	kindTask   = "TASK"   // tasks that wait for a worker
	kindOut    = "OUT"    // chunks that wait to be kept
	kindLease  = "LEASE"  // who works on which group
	kindWorker = "WORKER" // signs of life of workers
	kindCtrl   = "CTRL"   // the order to stop
)

// What workers ask the coordinator.
const (
	askJoin   = "join"   // to be let in, and for the secret
	askFile   = "file"   // for a piece of the bundle
	askBegin  = "begin"  // whether a group is to be begun under a lease, and which chunks it has
	askStatus = "status" // how far the job is

	askRehearse = "rehearse" // whether questions and answers are permitted; the coordinator asks itself
)

// taskConsumer is what the workers share to get tasks from.
const taskConsumer = "work"

func (n names) task(group string) string   { return n.subject("task." + group) }
func (n names) out(group, s string) string { return n.subject("out." + group + "." + s) }
func (n names) chunk(group string, number int) string {
	return n.out(group, strconv.Itoa(number))
}

// stopSubject is where workers hear the order to stop.
func (n names) stopSubject() string { return "$KV." + n.bucket(kindCtrl) + ".stop" }

// end is where a worker says that a group is done; each lease has one of its own, so that none can be in the way of another.
func (n names) end(group, lease string) string { return n.out(group, "end-"+lease) }

// piece reads a subject of chunks and ends: the group, and the number of a chunk or -1 for an end.
func (n names) piece(subject string) (group string, number int, ok bool) {
	rest, ok := strings.CutPrefix(subject, n.subject("out."))
	if !ok {
		return "", 0, false
	}
	group, last, ok := strings.Cut(rest, ".")
	if !ok || !groupName.MatchString(group) {
		return "", 0, false
	}
	if strings.HasPrefix(last, "end-") {
		return group, -1, true
	}
	number, err := strconv.Atoi(last)
	if err != nil || number < 0 || number >= maxChunks || strconv.Itoa(number) != last {
		return "", 0, false
	}
	return group, number, true
}
