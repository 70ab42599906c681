package evidence

import (
	"bytes"
	"encoding/json"

	"sotomi/scanner/message"
)

// record is Evidence in JSON lines. note is English; note_message is there when the note has arguments, so that a report
// in another language can be made of the line.
type record struct {
	Request  string           `json:"request"`
	Response string           `json:"response"`
	Note     string           `json:"note,omitempty"`
	Message  *message.Message `json:"note_message,omitempty"`
}

// MarshalJSON writes the record.
func (e Evidence) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // as the encoder of the lines is set, which has no say in here
	err := encoder.Encode(record{e.Request, e.Response, e.Note.String(), e.Note.Record()})
	return b.Bytes(), err
}

// UnmarshalJSON reads a record.
func (e *Evidence) UnmarshalJSON(text []byte) error {
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	*e = Evidence{Request: r.Request, Response: r.Response, Note: message.FromRecord(r.Note, r.Message)}
	return nil
}
