package history

import (
	"context"
	"database/sql"
	"time"
)

// Message is something to tell a receiver. It is kept until it was sent.
type Message struct {
	ID       int64 // grows from message to message
	Receiver string
	Title    string
	Body     string
	Due      time.Time
	Attempts int // that failed
}

// Waiting are the messages that are not sent and due by a time, the oldest first.
func (f *File) Waiting(ctx context.Context, by time.Time) ([]Message, error) {
	return f.messages(ctx, "due <= ?", by.Unix())
}

func (f *File) messages(ctx context.Context, where string, args ...any) (list []Message, err error) {
	err = f.each(ctx, "SELECT id, receiver, title, body, due, attempts FROM messages WHERE sent IS NULL AND given_up = 0 AND "+where+" ORDER BY id", func(rows *sql.Rows) error {
		var m Message
		var due int64
		err := rows.Scan(&m.ID, &m.Receiver, &m.Title, &m.Body, &due, &m.Attempts)
		m.Due = time.Unix(due, 0)
		list = append(list, m)
		return err
	}, args...)
	return list, err
}

// NextMessage is when the first message that waits is due, if one does.
func (f *File) NextMessage(ctx context.Context) (time.Time, bool, error) {
	var due sql.NullInt64
	err := f.db.QueryRowContext(ctx, "SELECT min(due) FROM messages WHERE sent IS NULL AND given_up = 0").Scan(&due)
	return time.Unix(due.Int64, 0), due.Valid, err
}

// Sent notes that a message has arrived.
func (f *File) Sent(ctx context.Context, id int64, now time.Time) error {
	_, err := f.db.ExecContext(ctx, "UPDATE messages SET sent = ?, error = '' WHERE id = ?", now.Unix(), id)
	return err
}

// NotSent notes that a message has not arrived, and why. It is tried again at a time, or never when that is zero.
func (f *File) NotSent(ctx context.Context, id int64, reason string, again time.Time) error {
	set, args := "given_up = 1", []any{reason, id}
	if !again.IsZero() {
		set, args = "due = ?", []any{reason, again.Unix(), id}
	}
	_, err := f.db.ExecContext(ctx, "UPDATE messages SET attempts = attempts + 1, error = ?, "+set+" WHERE id = ?", args...)
	return err
}
