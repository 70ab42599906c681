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

// makeStreams makes what is missing. What chunks and leases there are stays, so that workers go on when a coordinator starts
// again; tasks are given out anew.
func makeStreams(ctx context.Context, js jetstream.JetStream, n names, lease time.Duration) (streams, error) {
	var s streams
	var err error
	s.task, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: n.stream(kindTask), Subjects: []string{n.task("*")}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.MemoryStorage,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgSize: maxPayload, MaxBytes: 256 << 20,
	})
	if err != nil {
		return s, err
	}
	_, err = s.task.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: taskConsumer, AckPolicy: jetstream.AckExplicitPolicy, AckWait: max(lease, time.Second), MaxAckPending: maxWorkers * 16, MaxDeliver: -1,
	})
	if err != nil {
		return s, err
	}
	s.out, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: n.stream(kindOut), Subjects: []string{n.out("*", "*")}, Retention: jetstream.WorkQueuePolicy, Storage: jetstream.FileStorage,
		MaxMsgsPerSubject: 1, Discard: jetstream.DiscardNew, DiscardNewPerSubject: true, MaxMsgSize: maxPayload, MaxBytes: 512 << 20,
		PersistMode: jetstream.AsyncPersistMode,
	})
	if err != nil {
		return s, err
	}
	// A consumer from before would give what was under way only after its time to confirm.
	if err := s.out.DeleteConsumer(ctx, "keep"); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return s, err
	}
	s.keep, err = s.out.CreateConsumer(ctx, jetstream.ConsumerConfig{
		Durable: "keep", AckPolicy: jetstream.AckExplicitPolicy, AckWait: 10 * time.Minute, MaxAckPending: 256,
	})
	if err != nil {
		return s, err
	}
	// All records of a lease are there to see who held it when; a group that is done has none.
	s.lease, err = js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: n.bucket(kindLease), History: 64, MaxValueSize: 4 << 10, MaxBytes: 256 << 20})
	if err != nil {
		return s, err
	}
	s.worker, err = js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: n.bucket(kindWorker), History: 1, MaxValueSize: 4 << 10, MaxBytes: 32 << 20, Storage: jetstream.MemoryStorage,
	})
	if err != nil {
		return s, err
	}
	s.ctrl, err = js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: n.bucket(kindCtrl), History: 1, MaxValueSize: 4 << 10, MaxBytes: 1 << 20, Storage: jetstream.MemoryStorage,
	})
	return s, err
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
