package command

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
)

// journalEnding is what the name of a journal has behind that of the report beside which it stands.
const journalEnding = ".journal"

// sharedJournal is the name of the journal of a shared scan without a report in a file.
const sharedJournal = "sotomi" + journalEnding

// journalSync is how often a journal is written through to the disk.
const journalSync = time.Second

// journal is the file of which a scan that was killed can be finished.
type journal struct {
	scanner.Sink // without secrets
	writer       *report.JournalWriter
	file         *os.File
	buffer       *bufio.Writer
	unsynced     atomic.Bool
	failed       atomic.Pointer[error] // of the disk
	group        errgroup.Group
	done         chan struct{}
}

// openJournal opens the journal of a scan: that of an earlier one to go on with, or a new one beside the first report in a
// file. It is nil when there is neither: what only goes to standard output is not kept.
func (e *environment) openJournal(earlier *earlier, of *job, plan report.JournalPlan, secrets []string) (*journal, error) {
	if earlier != nil {
		if err := earlier.writable(); err != nil {
			return nil, err
		}
		j := newJournal(earlier.file, nil, secrets)
		of.plan.Resumable(j, earlier)
		return j, nil
	}
	path := of.outputs.journal
	if path == "" {
		return nil, nil
	}
	if err := e.setAside(path); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, message.Errorf("the journal %s cannot be written: %w", path, reason(err))
	}
	j := newJournal(file, &plan, secrets)
	of.plan.Resumable(j, nil)
	return j, nil
}

func newJournal(file *os.File, plan *report.JournalPlan, secrets []string) *journal {
	j := &journal{file: file, buffer: bufio.NewWriter(file), done: make(chan struct{})}
	j.writer = report.NewJournal(j.buffer, plan)
	j.Sink = withoutSecrets([]scanner.Sink{j.writer}, secrets)[0]
	j.group.Go(j.syncEachSecond)
	return j
}

// setAside keeps the journal of a scan that did not end from being overwritten by a new scan.
func (e *environment) setAside(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		return message.Errorf("the journal %s cannot be written: there is something else under this name", path)
	}
	old := path + ".old"
	if err == nil {
		err = os.Rename(path, old)
	}
	if err != nil {
		return message.Errorf("the journal %s cannot be written: %w", path, reason(err))
	}
	e.notice(message.New("an earlier scan with this report did not end; to finish it instead: sotomi scan --resume %s", old))
	return nil
}

// Start writes the beginning, at once.
func (j *journal) Start(s scanner.Start) error {
	return errors.Join(j.Sink.Start(s), j.flush())
}

// Checkpoint writes what there is about an input.
func (j *journal) Checkpoint(c scanner.Checkpoint) error {
	return errors.Join(j.writer.Checkpoint(c), j.flush())
}

func (j *journal) flush() error {
	if failed := j.failed.Load(); failed != nil {
		return *failed
	}
	if err := j.buffer.Flush(); err != nil {
		return j.failure(err)
	}
	j.unsynced.Store(true)
	return nil
}

// append writes what there is about an input through to the disk, and says where it stands.
func (j *journal) append(records []byte) (begin, end int64, err error) {
	if begin, err = j.file.Seek(0, io.SeekCurrent); err == nil {
		_, err = j.file.Write(records)
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		return 0, 0, j.failure(err)
	}
	return begin, begin + int64(len(records)), nil
}

func (j *journal) failure(err error) error {
	return message.Errorf("the journal %s is incomplete: %w", j.file.Name(), reason(err))
}

func (j *journal) syncEachSecond() error {
	ticker := time.NewTicker(journalSync)
	defer ticker.Stop()
	for {
		select {
		case <-j.done:
			return nil
		case <-ticker.C:
		}
		if !j.unsynced.Swap(false) {
			continue
		}
		if err := j.file.Sync(); err != nil {
			err = j.failure(err)
			j.failed.Store(&err)
		}
	}
}

// endJournal closes the journal. It stays, and the user is told, when something of the scan is left to do.
func (e *environment) endJournal(j *journal, left bool) error {
	if j == nil {
		return nil
	}
	close(j.done)
	_ = j.group.Wait() // it has no error
	if !left {
		return errors.Join(j.file.Close(), os.Remove(j.file.Name()), os.RemoveAll(stateOf(j.file.Name())))
	}
	if err := errors.Join(j.file.Sync(), j.file.Close()); err != nil {
		return j.failure(err)
	}
	e.notice(message.New("to finish this scan: sotomi scan --resume %s", j.file.Name()))
	return nil
}

// keepBeside says where a report in a file goes: the journal stands beside the first.
func (o *outputs) keepBeside(path string) {
	if o.journal == "" {
		o.journal = path + journalEnding
	}
}
