package message

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// Error is an error that can be told in every language.
type Error struct {
	message Message
	causes  []error
}

// Errorf is fmt.Errorf for errors that users read: %w works, and causes that are messages are translated with it.
func Errorf(format string, args ...any) error {
	e := &Error{message: New(strings.ReplaceAll(format, "%w", "%s"), args...)}
	for _, a := range args {
		if cause, ok := a.(error); ok {
			e.causes = append(e.causes, cause)
		}
	}
	return e
}

func (e *Error) Error() string { return e.message.String() }

// Message is the error as a message.
func (e *Error) Message() Message { return e.message }

// Unwrap gives the errors among the arguments.
func (e *Error) Unwrap() []error { return e.causes }

// Of is an error as a message: its own if it has a method Message, else its text with the messages of its causes in their
// places. Errors joined by errors.Join stand below one another; those of files and system calls lose the name of the call.
func Of(err error) Message {
	switch e := err.(type) { //nolint:errorlint // what stands around a cause is part of the message
	case nil:
		return Message{}
	case interface{ Message() Message }:
		return e.Message()
	case *fs.PathError:
		return New("%s: %s", e.Path, Of(e.Err))
	case *os.SyscallError:
		return Of(e.Err)
	case interface{ Unwrap() []error }:
		if causes := e.Unwrap(); err.Error() != errors.Join(causes...).Error() {
			return around(err.Error(), causes...)
		}
		var list []Message
		for _, cause := range e.Unwrap() {
			list = append(list, Of(cause))
		}
		return Join("\n", list...)
	case interface{ Unwrap() error }:
		return around(err.Error(), e.Unwrap())
	}
	return Message{Format: err.Error()}
}

// around is a text with the causes that it holds as messages of their own, as far as they can be translated.
func around(text string, causes ...error) Message {
	m := Message{}
	rest := text
	for _, cause := range causes {
		if cause == nil || cause.Error() == "" {
			continue
		}
		inner := Of(cause)
		before, after, found := strings.Cut(rest, cause.Error())
		if !found || len(inner.Args) == 0 && !translatable(inner.Format) {
			continue
		}
		m.Format += "%s%s"
		m.Args = append(m.Args, before, inner)
		rest = after
	}
	if m.IsZero() {
		return Message{Format: text}
	}
	return Message{Format: m.Format + "%s", Args: append(m.Args, rest)}
}
