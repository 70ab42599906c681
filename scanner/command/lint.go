package command

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// notice says something about a scan that is neither a result nor an error.
func (e *environment) notice(m message.Message) {
	fmt.Fprintf(e.stderr, "sotomi: %s\n", message.Printable(e.words.Text(m)))
}

// skipBroken names the files that have mistakes, and keeps them from running. Some mistakes show only when a check is made of
// the signature.
func (e *environment) skipBroken(set *signature.Set, selected []*signature.Signature) {
	breakBroken(selected)
	for _, sig := range set.Signatures {
		if sig.Broken != nil {
			e.notice(message.New("skipped: %s", message.Of(sig.Broken)))
		}
	}
	for _, err := range set.Unread {
		e.notice(message.New("skipped: %s", message.Of(err)))
	}
}

// breakBroken keeps files of the user's from running that have mistakes.
func breakBroken(selected []*signature.Signature) {
	for _, sig := range selected {
		if sig.Own || sig.Broken != nil {
			continue
		}
		if _, _, err := missing(sig); err != nil {
			sig.Break(err)
		}
	}
}

// lint is what looking at signature files brings up.
type lint struct {
	e         *environment
	mistakes  int
	supported int
	lacking   map[string]int // templates by feature that sotomi lacks, in words
}

// lintSignatures prints the mistakes of signatures, third parties that they name, and how many public templates use each
// feature that sotomi lacks.
func (e *environment) lintSignatures(_ *settings, set *signature.Set, selected []*signature.Signature) error {
	l := &lint{e: e, lacking: map[string]int{}}
	for _, sig := range selected {
		l.look(sig)
	}
	for _, r := range set.Renamed {
		fmt.Fprintln(e.stdout, e.words.Text(r.Message()))
	}
	for _, f := range slices.SortedFunc(maps.Keys(l.lacking), func(a, b string) int { return cmp.Or(l.lacking[b]-l.lacking[a], strings.Compare(a, b)) }) {
		fmt.Fprintf(e.stdout, "%5d  %s\n", l.lacking[f], e.words.Text(message.New("not supported: %s", f)))
	}
	share := fmt.Sprintf("%.1f", 100*float64(l.supported)/float64(max(1, len(selected))))
	fmt.Fprintln(e.stdout, e.words.Count("can-run", len(selected), map[string]any{"Supported": l.supported, "Share": share}))
	if n := len(set.Skipped); n > 0 {
		fmt.Fprintln(e.stdout, e.words.Count("skipped", n, nil))
	}
	if l.mistakes > 0 {
		return &statusError{scanner.ExitUsage, message.Message{Format: e.words.Count("mistakes", l.mistakes, nil)}}
	}
	return nil
}

func (l *lint) look(sig *signature.Signature) {
	if sig.Broken != nil {
		l.mistake(sig.Broken)
		return
	}
	for _, err := range signature.Lint(sig) {
		l.mistake(err)
	}
	if !sig.Strict {
		for _, names := range sig.Strangers() {
			fmt.Fprintf(l.e.stdout, "%s: %s\n", sig.File, l.e.words.Text(names))
		}
	}
	features, notes, err := missing(sig)
	for _, note := range notes {
		fmt.Fprintln(l.e.stdout, l.e.words.Text(message.New("%s (the rest of it can match)", message.Of(note))))
	}
	switch {
	case err != nil:
		l.mistake(err)
	case len(features) == 0:
		l.supported++
	}
	for _, f := range features {
		l.lacking[l.e.words.Text(f)]++
	}
}

// mistake prints each line of an error that may join several.
func (l *lint) mistake(err error) {
	text := l.e.words.Text(message.Of(err))
	l.mistakes += strings.Count(text, "\n") + 1
	fmt.Fprintln(l.e.stdout, text)
}

// missing are the features of a signature that sotomi lacks, and notes on parts of it that can never match; the error is a
// mistake in the signature.
func missing(sig *signature.Signature) (features []message.Message, notes []error, err error) {
	if len(sig.Unsupported) > 0 {
		return sig.Unsupported, nil, nil
	}
	factory, ok := checks.All[cmp.Or(sig.Check, "http")]
	if !ok {
		return nil, nil, message.Errorf("%s:1: there is no check %q", sig.File, sig.Check)
	}
	check, err := factory(sig)
	if noted, ok := check.(interface{ Notes() []error }); ok && err == nil {
		notes = noted.Notes()
	}
	var wrong interface {
		error
		Mistakes() error
	}
	var stop *scanner.StatusError
	switch {
	case errors.As(err, &wrong):
		return nil, nil, wrong.Mistakes()
	case errors.As(err, &stop):
		return []message.Message{stop.Reason}, nil, nil
	}
	return nil, notes, err
}
