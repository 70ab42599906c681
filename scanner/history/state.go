package history

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"io"
	"time"
)

// State is how a finding stands after the last run.
type State string

// How a finding, or a target, stands after the last run.
const (
	StateOpen      State = "open"
	StateUnchecked State = "unchecked" // nobody knows whether it is still there
	StateGone      State = "gone"      // its signature ran on its target, and did not find it

	StateChecked State = "checked" // of a target: every signature gave an answer
)

// Finding is what is known of a finding.
type Finding struct {
	Fingerprint string
	State       State
	Since       time.Time // when the state began
	First       time.Time // when it was first found
	Last        time.Time // when it was last found
	Reminded    time.Time // when it was last told
	Record      []byte    // its line of the report, with pictures but without other evidence
}

// Target is how a target stands: StateChecked, or StateUnchecked when something went unanswered.
type Target struct {
	Target string
	State  State
	Since  time.Time
}

// Known is all that is known before a run.
type Known struct {
	Findings map[string]Finding // by fingerprint
	Targets  map[string]Target
	Told     map[string]bool // things that are told once
}

// Known reads what is known.
func (f *File) Known(ctx context.Context) (Known, error) {
	k := Known{Findings: map[string]Finding{}, Targets: map[string]Target{}, Told: map[string]bool{}}
	err := f.each(ctx, "SELECT fingerprint, state, since, first, last, reminded, record FROM findings", func(rows *sql.Rows) error {
		var v Finding
		var times [4]int64
		err := rows.Scan(&v.Fingerprint, &v.State, &times[0], &times[1], &times[2], &times[3], &v.Record)
		v.Since, v.First, v.Last, v.Reminded = time.Unix(times[0], 0), time.Unix(times[1], 0), time.Unix(times[2], 0), time.Unix(times[3], 0)
		k.Findings[v.Fingerprint] = v
		return err
	})
	if err != nil {
		return k, err
	}
	err = f.each(ctx, "SELECT target, state, since FROM targets", func(rows *sql.Rows) error {
		var v Target
		var since int64
		err := rows.Scan(&v.Target, &v.State, &since)
		v.Since = time.Unix(since, 0)
		k.Targets[v.Target] = v
		return err
	})
	if err != nil {
		return k, err
	}
	return k, f.each(ctx, "SELECT what FROM told", func(rows *sql.Rows) error {
		var what string
		err := rows.Scan(&what)
		k.Told[what] = true
		return err
	})
}

// each reads the rows of a query.
func (f *File) each(ctx context.Context, query string, read func(*sql.Rows) error, args ...any) (err error) {
	rows, err := f.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := read(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Update is what a run changes of what is known.
type Update struct {
	Findings []Finding
	Targets  []Target
	Told     []string
	Messages []Message
	Memory   []Memory
}

// End ends a run: its report, in JSON lines, and all that it changes are in the file, or nothing of it.
func (f *File) End(ctx context.Context, run Run, report io.Reader, u Update) error {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := io.Copy(w, report); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return f.change(ctx, func(tx *sql.Tx) error {
		if err := u.write(ctx, tx, run); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE runs SET ended = ?, complete = ?, status = ?, targets = ?, findings = ?, requests = ?, report = ? WHERE id = ?",
			run.Ended.Unix(), run.Complete, run.Status, run.Targets, run.Findings, run.Requests, packed.Bytes(), run.ID)
		return err
	})
}

func (u Update) write(ctx context.Context, tx *sql.Tx, run Run) error {
	for _, v := range u.Findings {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO findings (fingerprint, state, since, first, last, reminded, record) VALUES (?, ?, ?, ?, ?, ?, ?)",
			v.Fingerprint, v.State, v.Since.Unix(), v.First.Unix(), v.Last.Unix(), v.Reminded.Unix(), v.Record); err != nil {
			return err
		}
	}
	for _, v := range u.Targets {
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO targets (target, state, since) VALUES (?, ?, ?)", v.Target, v.State, v.Since.Unix()); err != nil {
			return err
		}
	}
	for _, what := range u.Told {
		if _, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO told (what) VALUES (?)", what); err != nil {
			return err
		}
	}
	if err := writeMemory(ctx, tx, u.Memory, run.Ended); err != nil {
		return err
	}
	for _, m := range u.Messages {
		if _, err := tx.ExecContext(ctx, "INSERT INTO messages (run, receiver, title, body, due) VALUES (?, ?, ?, ?, ?)",
			run.ID, m.Receiver, m.Title, m.Body, m.Due.Unix()); err != nil {
			return err
		}
	}
	return nil
}
