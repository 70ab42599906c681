package cluster

import (
	"context"
	"encoding/json"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"
)

// joinRequest is what a worker says of itself when it joins.
type joinRequest struct {
	Token string `json:"token"` // shows that it has the join line
	Curve string `json:"curve"` // public key that the secret is to be sealed to
	Hash  string `json:"hash"`
}

// joinReply lets a worker in, or says why not.
type joinReply struct {
	Refused string        `json:"refused,omitempty"` // one of the codes below
	Pass    []byte        `json:"pass,omitempty"`
	Hash    string        `json:"hash,omitempty"`
	Curve   string        `json:"curve,omitempty"` // public key that the secret was sealed with
	Secret  []byte        `json:"secret,omitempty"`
	Bundle  string        `json:"bundle,omitempty"` // SHA-256
	Size    int           `json:"size,omitempty"`   // of the bundle, in bytes
	Lease   time.Duration `json:"lease,omitempty"`
}

// Codes of joinReply.Refused.
const (
	refusedHash  = "hash"
	refusedToken = "token"
)

// fileRequest asks for a piece of the bundle.
type fileRequest struct {
	Curve string `json:"curve"` // public key that it is to be sealed to
	At    int    `json:"at"`    // byte that it begins with
}

// fileReply is that piece. The coordinator may have started again since the worker joined, with another key.
type fileReply struct {
	Curve  string `json:"curve"` // public key that it was sealed with
	Sealed []byte `json:"sealed"`
}

// beginReply says whether a group is to be begun.
type beginReply struct {
	Say  string `json:"say"`
	Done []int  `json:"done,omitempty"` // chunks that are kept: first, last, first, last ...
}

// What beginReply says.
const (
	sayGo    = "go"
	sayGone  = "gone"     // the group is done, or is not of this job
	sayWait  = "wait"     // another holds it
	sayLeave = "stranger" // the worker must join anew
)

// filePiece is the number of bytes of the bundle that one answer has.
const filePiece = 512 << 10

// answer answers what workers ask.
func (r *round) answer(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	r.serve(ctx, g, askJoin, r.join)
	r.serve(ctx, g, askFile, r.file)
	r.serve(ctx, g, askStatus, r.askedStatus)
	g.Go(func() error {
		select {
		case <-r.first: // else a group is "gone" that is not read yet
			r.serve(ctx, g, askBegin, r.begin)
		case <-ctx.Done():
		}
		return nil
	})
	return g.Wait()
}

// serve answers one kind of question, several at a time. A question that is no letter of a scan gets no answer.
func (r *round) serve(ctx context.Context, g *errgroup.Group, kind string, answer func(context.Context, letter) (about string, reply any)) {
	questions := make(chan *nats.Msg, 1024)
	subject := r.subject(kind)
	sub, err := r.nc.ChanSubscribe(subject, questions)
	if err != nil {
		g.Go(func() error { return err })
		return
	}
	for range 8 {
		g.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					_ = sub.Unsubscribe()
					return nil
				case m := <-questions:
					l, err := open(subject, m.Data)
					if err != nil {
						r.refuse()
						continue
					}
					about, reply := answer(ctx, l)
					if text, err := json.Marshal(reply); err == nil && about != "" {
						if data, err := seal(r.key, about, head{}, text); err == nil {
							_ = m.Respond(data) // the worker asks again
						}
					}
				}
			}
		})
	}
}

// join lets a worker in that has the join line and is of the job's version, and gives it the secret.
func (r *round) join(_ context.Context, l letter) (string, any) {
	about := "joined." + l.From
	var q joinRequest
	if json.Unmarshal(l.body, &q) != nil || !r.line.knows(l.From, q.Token) || r.door.isRefused(l.From) {
		r.refuse()
		return about, joinReply{Refused: refusedToken}
	}
	if q.Hash != r.job.Hash {
		r.refuse()
		return about, joinReply{Refused: refusedHash, Hash: r.job.Hash}
	}
	pass, err := r.key.Sign(passText(r.scan, r.job.Hash, l.From))
	if err != nil {
		return "", nil
	}
	secret, err := r.curve.Seal(r.job.Secret, q.Curve)
	if err != nil {
		r.refuse()
		return "", nil
	}
	curve, err := r.curve.PublicKey()
	if err != nil {
		return "", nil
	}
	return about, joinReply{
		Pass: pass, Hash: r.job.Hash, Curve: curve, Secret: secret, Bundle: r.bundle, Size: len(r.job.Bundle), Lease: r.o.Lease,
	}
}

// file gives a piece of the bundle, sealed to the worker's key.
func (r *round) file(_ context.Context, l letter) (string, any) {
	var q fileRequest
	if !r.admitted(l) || json.Unmarshal(l.body, &q) != nil || q.At < 0 || q.At >= len(r.job.Bundle) {
		r.refuse()
		return "", nil
	}
	piece := r.job.Bundle[q.At:min(q.At+filePiece, len(r.job.Bundle))]
	sealed, err := r.curve.Seal(piece, q.Curve)
	if err != nil {
		r.refuse()
		return "", nil
	}
	curve, err := r.curve.PublicKey()
	if err != nil {
		return "", nil
	}
	return "file." + l.From, fileReply{Curve: curve, Sealed: sealed}
}

// begin tells a worker that took a lease whether it has it, and what is there already. All that was put into the streams before
// the question is read first.
func (r *round) begin(ctx context.Context, l letter) (string, any) {
	name := string(l.body)
	if !groupName.MatchString(name) {
		r.refuse()
		return "", nil
	}
	about := "begin." + name + "." + l.Lease
	if !r.admitted(l) {
		return about, beginReply{Say: sayLeave}
	}
	within, cancel := context.WithTimeout(ctx, 5*time.Second) // for so long the worker waits
	defer cancel()
	if !r.see(within, l.Rev) {
		return about, beginReply{Say: sayWait}
	}
	info, err := r.streams.out.Info(ctx)
	if err != nil || r.kept.wait(ctx, info.State.LastSeq) != nil {
		return "", nil // it asks again
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	g, s := r.groups[name], r.ledger[name]
	switch {
	case g == nil:
		return about, beginReply{Say: sayGone}
	case s == nil || s.holder == nil || s.holder.worker != l.From || s.holder.lease != l.Lease:
		return about, beginReply{Say: sayWait}
	}
	s.holder.begun = true
	return about, beginReply{Say: sayGo, Done: ranges(g.kept)}
}

// askedStatus answers with the status, to who has the join line.
func (r *round) askedStatus(_ context.Context, l letter) (string, any) {
	var q joinRequest
	if json.Unmarshal(l.body, &q) != nil || !r.line.knows(l.From, q.Token) {
		r.refuse()
		return "", nil
	}
	return "status." + l.From, r.status()
}
