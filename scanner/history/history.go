// Package history keeps what the scans of a watch found, in one SQLite file: the reports of the runs, what is known of each
// finding, and the messages that are still to be sent. All that a run changes is written in one transaction.
package history

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver

	"sotomi/scanner/message"
)

// File is a history. It may be used by one watch at a time, and read meanwhile.
type File struct {
	db   *sql.DB
	lock *flock.Flock // nil for one that is only read
}

// migrations make the tables of each version of the file out of those of the version before.
var migrations = []string{`
CREATE TABLE runs (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	began    INTEGER NOT NULL, -- times are seconds since 1970
	ended    INTEGER,          -- NULL until what it found is in this file
	complete INTEGER NOT NULL DEFAULT 0,
	status   INTEGER NOT NULL DEFAULT 0, -- exit status
	targets  INTEGER NOT NULL DEFAULT 0,
	findings INTEGER NOT NULL DEFAULT 0,
	requests INTEGER NOT NULL DEFAULT 0,
	report   BLOB              -- JSON lines, gzip
);
CREATE TABLE findings (
	fingerprint TEXT PRIMARY KEY,
	state       TEXT NOT NULL,    -- open, unchecked, gone
	since       INTEGER NOT NULL, -- when the state began
	first       INTEGER NOT NULL, -- when it was first found
	last        INTEGER NOT NULL, -- when it was last found
	reminded    INTEGER NOT NULL, -- when it was last told
	record      BLOB NOT NULL     -- its line of the report, without evidence
);
CREATE TABLE targets (
	target TEXT PRIMARY KEY,
	state  TEXT NOT NULL, -- checked, unchecked
	since  INTEGER NOT NULL
);
CREATE TABLE told (
	what TEXT PRIMARY KEY -- of things that are told once, such as data that are too old
);
CREATE TABLE messages (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	run      INTEGER NOT NULL,
	receiver TEXT NOT NULL,
	title    TEXT NOT NULL,
	body     TEXT NOT NULL,
	due      INTEGER NOT NULL,
	attempts INTEGER NOT NULL DEFAULT 0,
	error    TEXT NOT NULL DEFAULT '',
	sent     INTEGER,         -- NULL until it was
	given_up INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX messages_waiting ON messages (due) WHERE sent IS NULL AND given_up = 0;
`, `
CREATE TABLE memory (
	signature TEXT NOT NULL,
	target    TEXT NOT NULL,
	name      TEXT NOT NULL,
	value     BLOB NOT NULL,    -- JSON, gzip
	at        INTEGER NOT NULL, -- when it was remembered last
	PRIMARY KEY (signature, target, name)
);
`}

// Open opens a history to write to, and makes it when there is none. A history that another watch has open is an error.
func Open(ctx context.Context, path string) (*File, error) {
	lock := flock.New(path + ".lock")
	locked, err := lock.TryLock()
	if err != nil {
		return nil, message.Errorf("the history %s cannot be written: %w", path, err)
	}
	if !locked {
		return nil, message.Errorf("the history %s is in use by another sotomi", path)
	}
	f, err := open(ctx, path, lock)
	if err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return f, nil
}

// Read opens a history that is there, to be read only.
func Read(ctx context.Context, path string) (*File, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, message.Errorf("there is no history %s; sotomi watch makes one", path)
	}
	return open(ctx, path, nil)
}

func open(ctx context.Context, path string, lock *flock.Flock) (*File, error) {
	options := url.Values{"_pragma": {"busy_timeout(10000)", "foreign_keys(1)"}}
	if lock == nil {
		options.Set("mode", "ro")
	} else {
		options["_pragma"] = append(options["_pragma"], "journal_mode(WAL)", "synchronous(FULL)", "auto_vacuum(INCREMENTAL)")
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: filepath.ToSlash(absolute), RawQuery: options.Encode()}).String())
	if err != nil {
		return nil, message.Errorf("the history %s cannot be opened: %w", path, err)
	}
	db.SetMaxOpenConns(1) // one writer; and settings hold for a connection
	f := &File{db: db, lock: lock}
	if err := f.migrate(ctx); err != nil {
		return nil, errors.Join(message.Errorf("the history %s cannot be opened: %w", path, err), db.Close())
	}
	return f, nil
}

// migrate brings the tables to the newest version.
func (f *File) migrate(ctx context.Context) error {
	var version int
	if err := f.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case version > len(migrations):
		return message.Errorf("it was made by a newer sotomi")
	case f.lock == nil && version < len(migrations):
		return message.Errorf("it was made by an older sotomi; sotomi watch brings it up to date")
	}
	for ; version < len(migrations); version++ {
		err := f.change(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// change is all of do, or nothing.
func (f *File) change(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// Close closes the file, for others to use.
func (f *File) Close() error {
	err := f.db.Close()
	if f.lock != nil {
		err = errors.Join(err, f.lock.Unlock())
	}
	return err
}
