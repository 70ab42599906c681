package history

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"time"
)

// Memory is what the check of a signature remembers of a target, under a name.
type Memory struct {
	Signature string
	Target    string
	Name      string
	Value     json.RawMessage // empty or null to forget it
}

// Recall is what the check of a signature remembered of a target last, by name.
func (f *File) Recall(ctx context.Context, signature, target string) (map[string]json.RawMessage, error) {
	values := map[string]json.RawMessage{}
	err := f.each(ctx, "SELECT name, value FROM memory WHERE signature = ? AND target = ?", func(rows *sql.Rows) error {
		var name string
		var packed []byte
		if err := rows.Scan(&name, &packed); err != nil {
			return err
		}
		r, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return err
		}
		values[name], err = io.ReadAll(r)
		return err
	}, signature, target)
	return values, err
}

func writeMemory(ctx context.Context, tx *sql.Tx, list []Memory, at time.Time) error {
	for _, m := range list {
		if len(m.Value) == 0 || string(m.Value) == "null" {
			if _, err := tx.ExecContext(ctx, "DELETE FROM memory WHERE signature = ? AND target = ? AND name = ?", m.Signature, m.Target, m.Name); err != nil {
				return err
			}
			continue
		}
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(m.Value); err != nil {
			return err
		}
		if err := w.Close(); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO memory (signature, target, name, value, at) VALUES (?, ?, ?, ?, ?)",
			m.Signature, m.Target, m.Name, packed.Bytes(), at.Unix()); err != nil {
			return err
		}
	}
	return nil
}
