package history

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"errors"
	"io"
	"time"

	"sotomi/scanner/message"
)

// Run is one scan of a watch.
type Run struct {
	ID       int64
	Began    time.Time
	Ended    time.Time // zero for one that did not end
	Complete bool      // every outcome is an answer
	Status   int       // exit status
	Targets  int
	Findings int // open ones
	Requests int64
}

// Begin is the run that was cut, or a new one when there is none. found reports which.
func (f *File) Begin(ctx context.Context, now time.Time) (run Run, found bool, err error) {
	run, found, err = f.Unfinished(ctx)
	if err != nil || found {
		return run, found, err
	}
	result, err := f.db.ExecContext(ctx, "INSERT INTO runs (began) VALUES (?)", now.Unix())
	if err != nil {
		return Run{}, false, err
	}
	id, err := result.LastInsertId()
	return Run{ID: id, Began: time.Unix(now.Unix(), 0)}, false, err
}

// Unfinished is the run that was cut, if there is one.
func (f *File) Unfinished(ctx context.Context) (Run, bool, error) {
	return one(f.runs(ctx, "WHERE ended IS NULL ORDER BY id LIMIT 1"))
}

// Last is the newest run that ended, if there is one.
func (f *File) Last(ctx context.Context) (Run, bool, error) {
	return one(f.runs(ctx, "WHERE ended IS NOT NULL ORDER BY id DESC LIMIT 1"))
}

func one(list []Run, err error) (Run, bool, error) {
	if len(list) == 0 {
		return Run{}, false, err
	}
	return list[0], true, err
}

// Runs are all that ended, the newest first.
func (f *File) Runs(ctx context.Context) ([]Run, error) {
	return f.runs(ctx, "WHERE ended IS NOT NULL ORDER BY id DESC")
}

func (f *File) runs(ctx context.Context, where string) (list []Run, err error) {
	rows, err := f.db.QueryContext(ctx, "SELECT id, began, ended, complete, status, targets, findings, requests FROM runs "+where)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var r Run
		var began int64
		var ended sql.NullInt64
		if err := rows.Scan(&r.ID, &began, &ended, &r.Complete, &r.Status, &r.Targets, &r.Findings, &r.Requests); err != nil {
			return nil, err
		}
		r.Began = time.Unix(began, 0)
		if ended.Valid {
			r.Ended = time.Unix(ended.Int64, 0)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// Report is a run's report in JSON lines.
func (f *File) Report(ctx context.Context, id int64) (io.Reader, error) {
	var packed []byte
	err := f.db.QueryRowContext(ctx, "SELECT report FROM runs WHERE id = ? AND ended IS NOT NULL", id).Scan(&packed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, message.Errorf("there is no run %d; sotomi history list shows them", id)
	case err != nil:
		return nil, err
	}
	return gzip.NewReader(bytes.NewReader(packed))
}

// Prune removes the reports of runs that ended by a time, findings that were gone by then, and messages that were sent
// or given up, and what checks remember of things that were not looked at since, and makes the file smaller. The newest run stays.
func (f *File) Prune(ctx context.Context, before time.Time) (runs int64, err error) {
	err = f.change(ctx, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, "DELETE FROM runs WHERE ended <= ? AND id < (SELECT max(id) FROM runs WHERE ended IS NOT NULL)", before.Unix())
		if err != nil {
			return err
		}
		if runs, err = result.RowsAffected(); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM findings WHERE state = ? AND since <= ?", StateGone, before.Unix()); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM memory WHERE at <= ?", before.Unix()); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM messages WHERE due <= ? AND (sent IS NOT NULL OR given_up = 1)", before.Unix())
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, statement := range []string{"PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if err := f.pragma(ctx, statement); err != nil {
			return runs, err
		}
	}
	return runs, nil
}

// pragma runs a statement to its end; its rows say nothing that is needed.
func (f *File) pragma(ctx context.Context, statement string) (err error) {
	rows, err := f.db.QueryContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() { //nolint:revive // every row is a step of the work
	}
	return rows.Err()
}
