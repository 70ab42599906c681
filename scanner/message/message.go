// Package message holds what sotomi says to people, and its translations. A Message is a fmt format with arguments: the
// format is the English text and the key under which words/phrases.ja.json has the Japanese one. Whoever reports it
// chooses the language; nothing is ever looked up by rendered English.
package message

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Message is one sentence. Without arguments the format is literal text.
type Message struct {
	Format string
	Args   []any // string, int, float64, bool, []string or Message
}

// New is a message with arguments, which are kept in a form that survives JSON: errors and Stringers as text.
func New(format string, args ...any) Message {
	if len(args) == 0 {
		return Message{Format: format}
	}
	kept := make([]any, len(args))
	for i, a := range args {
		kept[i] = plain(a)
	}
	return Message{Format: format, Args: kept}
}

func plain(a any) any {
	switch a := a.(type) {
	case string, int, float64, bool, Message, []string:
		return a
	case int64:
		return int(a)
	case int32:
		return int(a)
	case uint16:
		return int(a)
	case error:
		return Of(a)
	}
	return fmt.Sprint(a)
}

// Join is one message out of several, with sep between them. Empty ones are left out.
func Join(sep string, list ...Message) Message {
	var args []any
	for _, m := range list {
		if !m.IsZero() {
			args = append(args, m)
		}
	}
	switch len(args) {
	case 0:
		return Message{}
	case 1:
		return args[0].(Message)
	}
	return Message{Format: strings.Repeat("%s"+sep, len(args)-1) + "%s", Args: args}
}

// IsZero reports whether there is nothing to say.
func (m Message) IsZero() bool { return m.Format == "" }

// Map is the message with every text of it that came from outside replaced: string arguments, and the format when it has
// no arguments and so may be such a text itself.
func (m Message) Map(replace func(string) string) Message {
	if len(m.Args) == 0 {
		return Message{Format: replace(m.Format)}
	}
	args := make([]any, len(m.Args))
	for i, a := range m.Args {
		switch a := a.(type) {
		case string:
			args[i] = replace(a)
		case []string:
			list := make([]string, len(a))
			for j, s := range a {
				list[j] = replace(s)
			}
			args[i] = list
		case Message:
			args[i] = a.Map(replace)
		default:
			args[i] = a
		}
	}
	return Message{Format: m.Format, Args: args}
}

// String is the message in English, with what came from outside as it came.
func (m Message) String() string {
	if len(m.Args) == 0 {
		return m.Format
	}
	args := make([]any, len(m.Args))
	for i, a := range m.Args {
		if inner, ok := a.(Message); ok {
			a = inner.String()
		}
		args[i] = a
	}
	return fmt.Sprintf(m.Format, args...)
}

// Record is the message itself when its English text does not tell all of it, nil when it has no arguments: what JSON
// lines carry beside the English text.
func (m Message) Record() *Message {
	if len(m.Args) == 0 {
		return nil
	}
	return &m
}

// FromRecord is the message of an English text and its Record.
func FromRecord(text string, m *Message) Message {
	if m != nil {
		return *m
	}
	return Message{Format: text}
}

// record is a message in JSON.
type record struct {
	Format string `json:"format"`
	Args   []any  `json:"args,omitempty"`
}

// MarshalJSON writes {"format": ..., "args": [...]}; messages among the arguments are written in the same way.
func (m Message) MarshalJSON() ([]byte, error) { return json.Marshal(record(m)) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Message) UnmarshalJSON(text []byte) error {
	var raw struct {
		Format string            `json:"format"`
		Args   []json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	*m = Message{Format: raw.Format}
	for _, r := range raw.Args {
		a, err := argument(r)
		if err != nil {
			return err
		}
		m.Args = append(m.Args, a)
	}
	return nil
}

func argument(raw json.RawMessage) (any, error) {
	var (
		number int
		list   []string
		nested Message
		other  any
	)
	switch {
	case json.Unmarshal(raw, &number) == nil:
		return number, nil
	case len(raw) > 0 && raw[0] == '{':
		err := json.Unmarshal(raw, &nested)
		return nested, err
	case json.Unmarshal(raw, &list) == nil:
		return list, nil
	}
	err := json.Unmarshal(raw, &other)
	return other, err
}
