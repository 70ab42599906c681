package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// streams are those of one scan.
type streams struct {
	task, out           jetstream.Stream
	lease, worker, ctrl jetstream.KeyValue
	keep                jetstream.Consumer // of OUT
}

// What the streams of a scan take at most, in bytes of each copy. A cluster sets it aside when they are made.
const (
	taskBytes   = 64 << 20 // in memory
	workerBytes = 16 << 20 // in memory
	ctrlBytes   = 1 << 20  // in memory
	outBytes    = 256 << 20
	leaseBytes  = 128 << 20
)

// makeStreams makes what is missing, with so many copies. What chunks and leases there are stays, so that workers go on when a
// coordinator starts again; tasks are given out anew.
func (c *Coordinator) makeStreams(ctx context.Context, replicas int) (streams, error) {
	var s streams
	var err error
	s.task, err = c.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: c.stream(kindTask), Subjects: []string{c.task("*")}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.MemoryStorage, Replicas: replicas,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgSize: maxPayload, MaxBytes: taskBytes,
	})
	if err != nil {
		return s, err
	}
	_, err = s.task.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: taskConsumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: max(c.o.Lease, time.Second), MaxAckPending: maxWorkers * 16, MaxDeliver: -1,
	})
	if err != nil {
		return s, err
	}
	out := jetstream.StreamConfig{
		Name: c.stream(kindOut), Subjects: []string{c.out("*", "*")}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage, Replicas: replicas,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgSize: maxPayload, MaxBytes: outBytes,
	}
	if c.server != nil {
		// A chunk that is lost with this machine before it is kept is done again; waiting for the disk twice would halve the speed.
		out.PersistMode = jetstream.AsyncPersistMode
	}
	if s.out, err = c.js.CreateOrUpdateStream(ctx, out); err != nil {
		return s, err
	}
	// A consumer from before would give what was under way only after its time to confirm.
	if err := s.out.DeleteConsumer(ctx, "keep"); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return s, err
	}
	return s, c.makeBuckets(ctx, &s, replicas)
}

// makeBuckets makes those of keys and values.
func (c *Coordinator) makeBuckets(ctx context.Context, s *streams, replicas int) error {
	// All records of a lease are there to see who held it when; a group that is done has none.
	for _, one := range []struct {
		bucket *jetstream.KeyValue
		config jetstream.KeyValueConfig
	}{
		{&s.lease, jetstream.KeyValueConfig{Bucket: c.bucket(kindLease), History: 64, MaxBytes: leaseBytes}},
		{&s.worker, jetstream.KeyValueConfig{Bucket: c.bucket(kindWorker), History: 1, MaxBytes: workerBytes, Storage: jetstream.MemoryStorage}},
		{&s.ctrl, jetstream.KeyValueConfig{Bucket: c.bucket(kindCtrl), History: 1, MaxBytes: ctrlBytes, Storage: jetstream.MemoryStorage}},
	} {
		one.config.MaxValueSize, one.config.Replicas = 4<<10, replicas
		var err error
		if *one.bucket, err = c.js.CreateOrUpdateKeyValue(ctx, one.config); err != nil {
			return err
		}
	}
	return s.ctrl.Purge(ctx, "stop") // of an earlier start
}

// makeKeep makes the consumer by which the coordinator reads the chunks. One that was not confirmed comes again after some time.
func (s *streams) makeKeep(ctx context.Context, again time.Duration) error {
	var err error
	s.keep, err = s.out.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "keep", AckPolicy: jetstream.AckExplicitPolicy, AckWait: again, MaxAckPending: 256,
	})
	return err
}

// dropStreams removes all of a scan from a cluster.
func dropStreams(ctx context.Context, js jetstream.JetStream, n names) error {
	var all error
	for _, name := range []string{n.stream(kindTask), n.stream(kindOut), "KV_" + n.bucket(kindLease), "KV_" + n.bucket(kindWorker), "KV_" + n.bucket(kindCtrl)} {
		if err := js.DeleteStream(ctx, name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			all = errors.Join(all, err)
		}
	}
	return all
}
