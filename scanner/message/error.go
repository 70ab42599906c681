package message

import (
	"errors"
	"fmt"
	"strings"
)

// Error is an error that can be told in every language.
type Error struct {
	Message Message
	causes  []error
}

// Errorf is fmt.Errorf for errors that users read: %w works, and causes that are messages are translated with it.
func Errorf(format string, args ...any) error {
	e := &Error{Message: New(strings.ReplaceAll(format, "%w", "%s"), args...)}
	for _, a := range args {
		if cause, ok := a.(error); ok {
			e.causes = append(e.causes, cause)
		}
	}
	return e
}

func (e *Error) Error() string { return e.Message.String() }

// Unwrap gives the errors among the arguments.
func (e *Error) Unwrap() []error { return e.causes }

// Of is an error as a message: its own, or its text. Errors joined by errors.Join stand below one another.
func Of(err error) Message {
	if err == nil {
		return Message{}
	}
	if e, ok := err.(*Error); ok { //nolint:errorlint // an Error inside another error must not hide what stands around it
		return e.Message
	}
	if said, ok := err.(interface{ Said() Message }); ok { //nolint:errorlint // likewise
		return said.Said()
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok && fmt.Sprint(err) == fmt.Sprint(errors.Join(joined.Unwrap()...)) {
		var list []Message
		for _, one := range joined.Unwrap() {
			list = append(list, Of(one))
		}
		return Join("\n", list...)
	}
	return Message{Format: err.Error()}
}
