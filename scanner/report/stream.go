package report

import (
	"encoding/json"
	"io"

	"sotomi/scanner/message"
)

// jsonStream writes one JSON document piece by piece, so that a list of any length needs no memory. The first error stays.
type jsonStream struct {
	w     io.Writer
	items int // written in the list that is open
	err   error
}

func newJSONStream(w io.Writer) *jsonStream { return &jsonStream{w: printableJSON{w}} }

// raw writes text that is JSON in part.
func (s *jsonStream) raw(text string) {
	if s.err == nil {
		_, s.err = io.WriteString(s.w, text)
	}
}

// item writes the next value of the list that is open, on a line of its own.
func (s *jsonStream) item(v any) error {
	if s.items++; s.items > 1 {
		s.raw(",")
	}
	s.raw("\n")
	s.value(v)
	return s.err
}

// value writes a value.
func (s *jsonStream) value(v any) {
	text, err := json.Marshal(v)
	if err != nil && s.err == nil {
		s.err = err
	}
	s.raw(string(message.PrintableJSON(text)))
}
