package message

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
)

// JSON is an error of reading a JSON text in the words of JSON: which field is to be what, without the types of the program.
// It names the line of the text when that has several; of one line, whoever reads lines knows which it is.
func JSON(text []byte, err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var form *time.ParseError
	switch {
	case errors.As(err, &kind):
		return atLine(text, kind.Offset, wrongKind(kind))
	case errors.As(err, &syntax):
		return atLine(text, syntax.Offset, notJSON(text, syntax))
	case errors.As(err, &form), err != nil && strings.Contains(err.Error(), "Time.UnmarshalJSON"):
		return Errorf("a time is to be text of the form %s", "2026-01-02T15:04:05Z")
	case err != nil && err.Error() == "EOF":
		return errEmpty
	}
	return err
}

var errEmpty = Errorf("not JSON: there is nothing in it")

// broken is a text that is no JSON. Who needs to know more finds the error that there was.
type broken struct {
	message Message
	cause   error
}

func (e *broken) Error() string    { return e.message.String() }
func (e *broken) Message() Message { return e.message }
func (e *broken) Unwrap() error    { return e.cause }

func notJSON(text []byte, err *json.SyntaxError) error {
	at := err.Offset
	switch {
	case err.Error() == "unexpected end of JSON input":
		return &broken{New("not JSON: it ends too early"), err}
	case at < 1 || at > int64(len(text)):
		return &broken{New("not JSON"), err}
	}
	column := at - 1 - int64(bytes.LastIndexByte(text[:at-1], '\n'))
	return &broken{New("not JSON: unexpected %q at byte %d of the line", string(text[at-1:at]), int(column)), err}
}

// wrongKind is a value that is of another kind than its field.
func wrongKind(e *json.UnmarshalTypeError) error {
	got, number, _ := strings.Cut(e.Value, " ") // "number 1.5"
	want, field := e.Type.Kind().String(), fieldOf(e.Field)
	switch {
	case field == "":
		return Errorf("this is %s and is to be %s", kindOf(got), kindOf(want))
	case number != "" && kindOf(want).Format != "text":
		return Errorf("the field %q is to be %s, not %s", field, kindOf(want), number)
	}
	return Errorf("the field %q is %s and is to be %s", field, kindOf(got), kindOf(want))
}

// fieldOf is a path of fields without the parts of a record that have names in the program only: those of ours begin with a
// capital letter.
func fieldOf(path string) string {
	names := strings.Split(path, ".")
	return strings.Join(slices.DeleteFunc(names, func(s string) bool { return s != "" && s[0] >= 'A' && s[0] <= 'Z' }), ".")
}

// kindOf is a kind of JSON or of Go in words.
func kindOf(kind string) Message {
	switch {
	case kind == "string":
		return New("text")
	case kind == "bool":
		return New("true or false")
	case kind == "array", kind == "slice":
		return New("a list")
	case kind == "number", strings.HasPrefix(kind, "float"):
		return New("a number")
	case kind == "interface":
		return New("another value")
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return New("a whole number")
	}
	return New("an object")
}

// atLine adds the line of a place in a text, in bytes from 1; 0 is for one that is not known.
func atLine(text []byte, offset int64, err error) error {
	if offset <= 0 || offset > int64(len(text)) || !bytes.Contains(bytes.TrimSpace(text), []byte("\n")) {
		return err
	}
	return Errorf("line %d: %w", 1+bytes.Count(text[:offset-1], []byte("\n")), err)
}
