// Package cluster shares the work of one scan among machines, by NATS JetStream. It knows nothing of scans: a task is the
// work on one host group, and what comes back are chunks of bytes.
package cluster

import "context"

// Task is the work on one host group: everything that is on one set of addresses, so that one worker at a time asks it.
type Task struct {
	Group string // name of the group: letters, digits, - and _
	Body  []byte // for the worker; not secret
}

// Chunk is a piece of what a task gave.
type Chunk struct {
	Group  string
	Number int // from 0; which piece of the task it is, the same for whichever worker does it
	Body   []byte
}

// Job is the work that a coordinator gives away.
type Job struct {
	Name   string                                 // of this scan, random
	Hash   string                                 // of the program's version, signatures and data: a worker with another one refuses
	Secret []byte                                 // settings for the workers: reaches them encrypted to the key of each, and no disk
	Bundle []byte                                 // further files for the workers, such as the user's signatures; may be nil
	Tasks  func(func(Task) bool)                  // in the order in which they are to be begun
	Keep   func(Chunk) error                      // keeps a chunk for good (fsync) before it returns; called one at a time, each chunk once
	Lost   func(group string, attempts int) error // a task that three workers did not bring to its end
}

// Lease is the right to send requests to one host group.
type Lease interface {
	// Valid reports whether the worker may send now. It asks no server: it is false from two thirds of the lease's time after
	// the last renewal that was confirmed.
	Valid() bool
	// Context ends when the lease is lost.
	Context() context.Context
}

// Execute does a task. done are the numbers of the chunks that are there already. It gives each chunk to send; an error that
// is not nil gives the task back.
type Execute func(ctx context.Context, t Task, lease Lease, done map[int]bool, send func(Chunk) error) error
