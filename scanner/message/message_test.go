package message

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reversed is a language for tests: it turns the order of known formats around, so that a text shows what was translated.
var reversed = Language{phrases: map[string]string{
	"no %s here":                   "%s: none",
	"%s needs %s":                  "%[2]s <- %[1]s",
	"no such file or directory":    "(file)",
	"connection refused":           "(refused)",
	"line %d: %s":                  "%[2]s at %[1]d",
	"the file has no summary line": "(no summary)",
	"it is not a number":           "(not a number)",
}}

// TestErrorsKeepTheirCausesAndTheirLanguage: whatever stands around an error that has a translation, the translation
// comes out, and errors.Is finds the cause.
func TestErrorsKeepTheirCausesAndTheirLanguage(t *testing.T) {
	cause := Errorf("no %s here", "x")
	missing := &fs.PathError{Op: "open", Path: "a.txt", Err: syscall.ENOENT}
	for _, c := range []struct {
		name       string
		err        error
		is         error
		en, inside string
	}{
		{"plain", errors.New("plain"), nil, "plain", "plain"},
		{"own", cause, cause, "no x here", "x: none"},
		{"wrapped_by_own", Errorf("%s needs %w", "y", cause), cause, "y needs no x here", "x: none <- y"},
		{"wrapped_by_fmt", fmt.Errorf("file.yaml: %w", cause), cause, "file.yaml: no x here", "file.yaml: x: none"},
		{"wrapped_twice", fmt.Errorf("a: %w", fmt.Errorf("b: %w", cause)), cause, "a: b: no x here", "a: b: x: none"},
		{"wrapped_in_the_middle", fmt.Errorf("a (%w) b", cause), cause, "a (no x here) b", "a (x: none) b"},
		{"joined", errors.Join(cause, errors.New("plain")), cause, "no x here\nplain", "x: none\nplain"},
		{"joined_inside", Errorf("line %d: %w", 3, errors.Join(cause, cause)), cause, "line 3: no x here\nno x here", "x: none\nx: none at 3"},
		{"file", missing, fs.ErrNotExist, "a.txt: no such file or directory", "a.txt: (file)"},
		{"file_wrapped", Errorf("line %d: %w", 1, missing), fs.ErrNotExist, "line 1: a.txt: no such file or directory", "a.txt: (file) at 1"},
		{"system_call", os.NewSyscallError("connect", syscall.ECONNREFUSED), syscall.ECONNREFUSED, "connection refused", "(refused)"},
		{"without_arguments", Errorf("it is not a number"), nil, "it is not a number", "(not a number)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := Of(c.err)
			if got := m.String(); got != c.en {
				t.Errorf("in English %q, want %q", got, c.en)
			}
			if got := reversed.Text(m); got != c.inside {
				t.Errorf("translated %q, want %q", got, c.inside)
			}
			if c.is != nil && !errors.Is(c.err, c.is) {
				t.Errorf("errors.Is does not find %v", c.is)
			}
		})
	}
}

// TestMessagesSurviveJSON: what is read back reads the same in every language.
func TestMessagesSurviveJSON(t *testing.T) {
	for _, m := range []Message{
		New("literal 100%"),
		New("no %s here", "x"),
		New("%s needs %s", New("no %s here", 3), []string{"a", "b"}),
		New("%d of %d (%.1f %%), %v", 3, int64(4), 75.5, true),
		New("it has %q", 'x'),
		Join("; ", New("no %s here", "a"), Message{}, New("no %s here", "b")),
	} {
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var back Message
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(m.String(), back.String()); d != "" {
			t.Errorf("%s:\n%s", text, d)
		}
		if d := cmp.Diff(reversed.Text(m), reversed.Text(back)); d != "" {
			t.Errorf("%s:\n%s", text, d)
		}
	}
}
