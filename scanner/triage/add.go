package triage

import (
	"errors"
	"slices"
	"strings"
	"time"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// AddIgnore is the text of an ignore file with one more entry at the end. Everything that was in it stays as it was.
func AddIgnore(name string, text []byte, e IgnoreEntry, now time.Time) ([]byte, error) {
	before := Rules{}
	if err := before.ReadIgnore(name, text); err != nil {
		return nil, err
	}
	one, wrong := e.rule()
	var mistakes []error
	for _, m := range wrong {
		mistakes = append(mistakes, message.Errorf("%s", m))
	}
	if err := errors.Join(mistakes...); err != nil {
		return nil, err
	}
	if !now.Before(one.until) {
		return nil, message.Errorf("%s is over already", e.Until)
	}
	var f IgnoreFile
	if err := signature.DecodeFile(name, text, &f); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(f.Ignore, func(other IgnoreEntry) bool { return other.ID == e.ID }) {
		return nil, message.Errorf("%s has an entry for %s already; change its last day there", name, e.ID)
	}
	added, indent := openList(text, "ignore", len(f.Ignore))
	item, err := signature.YAMLItem(e, indent)
	if err != nil {
		return nil, err
	}
	added += item
	after := Rules{}
	if err := after.ReadIgnore(name, []byte(added)); err != nil || len(after.list) != len(before.list)+1 {
		return nil, message.Errorf("%s: nothing can be added behind its last line; write the list with one entry below the other, each with - before it", name)
	}
	return []byte(added), nil
}

// openList is the text of a file to which items can be added behind the n that its list under a key has, and what stands
// before each of them.
func openList(text []byte, key string, n int) (open, indent string) {
	open = strings.TrimRight(string(text), " \t\n")
	if open != "" {
		open += "\n"
	}
	if n > 0 {
		return open, itemIndent(text, key)
	}
	if !strings.HasSuffix("\n"+open, "\n"+key+":\n") {
		open += key + ":\n"
	}
	return open, "  "
}

// itemIndent is what stands before the last item of the list under a key.
func itemIndent(text []byte, key string) string {
	lines := signature.ItemLines(text, key)
	line := strings.Split(string(text), "\n")[lines[len(lines)-1]-1]
	return line[:len(line)-len(strings.TrimLeft(line, " "))]
}
