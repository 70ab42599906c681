// Package cluster shares the work of one scan among machines, by NATS JetStream. It knows nothing of scans: a task is the
// work on one host group, and what comes back are chunks of bytes.
//
// The coordinator (Listen or Connect) gives tasks away and keeps what comes back; workers (Join) do them. A worker holds a
// lease on the group that it works on; it sends requests only while the lease is valid, so that no two workers ask one host
// at a time. What the coordinator has kept is the truth: all else can be made anew from it.
package cluster

import (
	"context"
	"time"
)

// Task is the work on one host group: everything that is on one set of addresses, so that one worker at a time asks it.
type Task struct {
	Group string // name of the group: letters, digits, - and _; up to 100 of them
	Body  []byte // for the worker; not secret
}

// Chunk is a piece of what a task gave.
type Chunk struct {
	Group  string
	Number int // from 0 without a gap; which piece of the task it is, the same for whichever worker does it
	Body   []byte
}

// Job is the work that a coordinator gives away.
type Job struct {
	Name   string                                 // of this scan, for people
	Hash   string                                 // of the program's version, signatures and data: a worker with another one refuses
	Secret []byte                                 // settings for the workers: reaches them encrypted to the key of each, and no disk
	Bundle []byte                                 // further files for the workers, such as the user's signatures; may be nil
	Total  int                                    // how many tasks there are, for the status; 0 if that is not known
	Tasks  func(func(Task) bool)                  // those that are not finished, in the order in which they are to be begun; each group once
	Kept   func(group string) []int               // which chunks of an unfinished group an earlier coordinator kept; may be nil
	Keep   func(Chunk) error                      // keeps a chunk for good (fsync) before it returns; called one at a time, each chunk once
	Lost   func(group string, attempts int) error // a task that three workers did not bring to its end; never at the same time as Keep, and no Keep for it follows
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
// is not nil gives the task back. send returns once the chunk is stored, or with an error when the lease is lost.
// Execute is called for several tasks at a time.
type Execute func(ctx context.Context, t Task, lease Lease, done map[int]bool, send func(Chunk) error) error

// Options are for a coordinator.
type Options struct {
	// State is a folder for keys and streams, so that a coordinator that starts again with the same folder has the same join
	// line and its workers go on. Its content is removed when the job is done. Empty: a temporary folder.
	State string
	// Address is what workers dial, as host:port, when that is not where the coordinator listens. It may be a list with commas.
	Address string
	Lease   time.Duration // how long a worker may be silent before another gets its group; 0: 15 s
	Window  int           // tasks that are waiting or under work at a time; 0: 1000
}

// WorkerOptions are for a worker.
type WorkerOptions struct {
	Name     string        // of the machine, for people; empty: its host name
	Version  string        // of the program, for people
	Address  func() string // from which its requests go out now, "" if that is not known; the coordinator adds what it sees; may be nil
	Tasks    int           // at a time; 0: 1
	Creds    string        // file with the credentials of an existing cluster; empty with a coordinator that listens
	Patience time.Duration // how long it goes on without a coordinator; 0: 10 minutes
}

// Status is how far a job is.
type Status struct {
	Name    string         `json:"name"`
	Total   int            `json:"total"` // 0 if not known
	Waiting int            `json:"waiting"`
	Running int            `json:"running"`
	Done    int            `json:"done"` // brought to an end since this coordinator started
	Lost    int            `json:"lost"`
	Chunks  int            `json:"chunks"`  // kept since this coordinator started
	Refused int            `json:"refused"` // messages of workers that were not as they must be
	Workers []WorkerStatus `json:"workers"`
}

// WorkerStatus is one worker. All texts are printable and short: workers are strangers.
type WorkerStatus struct {
	ID        string        `json:"id"`
	Name      string        `json:"name"`
	Version   string        `json:"version"`
	Addresses []string      `json:"addresses"` // what it says and what the coordinator sees
	Seen      time.Duration `json:"seen"`      // ago
	Running   int           `json:"running"`
	Done      int           `json:"done"`
	Left      bool          `json:"left"` // it said goodbye
}
