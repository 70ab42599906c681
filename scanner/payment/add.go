package payment

import (
	"regexp"
	"strings"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// Added counts the entries that were added.
type Added struct {
	Scripts, Others int
	Unjustified     int // scripts without a purpose or an approval
}

// Add is the text of a payment.yaml with an entry more for everything on the pages that it does not approve. What was in it
// stays as it was.
func Add(name string, text []byte, pages []*Page, a Acceptance) ([]byte, Added, error) {
	var count Added
	before, err := Read(name, text)
	if err != nil {
		return nil, count, err
	}
	one := Approval{Until: a.Until}
	if wrong := one.mistakes(); len(wrong) > 0 {
		return nil, count, message.Errorf("%s", wrong[0])
	}
	if one.ended(a.Now) {
		return nil, count, message.Errorf("%s is over already", a.Until)
	}
	more := before.missing(pages, a)
	with := strings.TrimRight(string(text), " \t\n")
	if with != "" {
		with += "\n"
	}
	if with, err = addItems(with, "scripts", len(before.Scripts), more.Scripts); err != nil {
		return nil, count, err
	}
	if with, err = addItems(with, "styles", len(before.Styles), more.Styles); err != nil {
		return nil, count, err
	}
	for _, list := range []struct {
		key          string
		before, more []Allowed
	}{
		{"forms", before.Forms, more.Forms},
		{"frames", before.Frames, more.Frames},
		{"hosts", before.Hosts, more.Hosts},
		{"workers", before.Workers, more.Workers},
	} {
		if with, err = addItems(with, list.key, len(list.before), list.more); err != nil {
			return nil, count, err
		}
		count.Others += len(list.more)
	}
	if with, err = addItems(with, "headers", len(before.Headers), more.Headers); err != nil {
		return nil, count, err
	}
	count.Scripts = len(more.Scripts)
	count.Others += len(more.Headers) + len(more.Styles)
	for i := range more.Scripts {
		if !more.Scripts[i].Justified() {
			count.Unjustified++
		}
	}
	after, err := Read(name, []byte(with))
	if err != nil || after.entries() != before.entries()+count.Scripts+count.Others {
		return nil, count, message.Errorf("%s: nothing can be added to its lists; write each with one entry below the other, each with - before it", name)
	}
	return []byte(with), count, nil
}

func (f *File) entries() int {
	return len(f.Scripts) + len(f.Styles) + len(f.Forms) + len(f.Frames) + len(f.Hosts) + len(f.Workers) + len(f.Headers)
}

// addItems is a text with items behind the n that its list under a key has.
func addItems[T any](text, key string, n int, items []T) (string, error) {
	if len(items) == 0 {
		return text, nil
	}
	lines := strings.SplitAfter(text, "\n")
	indent, begins := "  ", -1
	for i, line := range lines {
		if strings.TrimRight(line, " \n") == key+":" {
			begins = i
		}
	}
	if begins < 0 {
		lines = append(lines, key+":\n")
		begins = len(lines) - 1
	}
	at := endOf(lines, begins)
	if n > 0 {
		list := signature.ItemLines([]byte(text), key)
		line := lines[list[n-1]-1]
		indent = line[:len(line)-len(strings.TrimLeft(line, " "))]
	}
	var added strings.Builder
	for _, item := range items {
		one, err := signature.YAMLItem(item, indent)
		if err != nil {
			return "", err
		}
		added.WriteString(one)
	}
	return strings.Join(lines[:at], "") + added.String() + strings.Join(lines[at:], ""), nil
}

// topKey is a line on which a key of the file begins, not of an entry in it.
var topKey = regexp.MustCompile(`^[a-z]`)

// endOf is the line behind a list that begins below a line. Comments before the next key are that key's.
func endOf(lines []string, begins int) int {
	end := begins + 1
	for i := begins + 1; i < len(lines) && !topKey.MatchString(lines[i]); i++ {
		if text := strings.TrimSpace(lines[i]); text != "" && !strings.HasPrefix(lines[i], "#") {
			end = i + 1
		}
	}
	return end
}
