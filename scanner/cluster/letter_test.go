package cluster

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"github.com/nats-io/nkeys"
)

// TestLetter: a letter is good for its own subject only, and no byte of it can be changed.
func TestLetter(t *testing.T) {
	key, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	data, err := seal(key, "subject", head{Op: opTake, Lease: "L", Prev: 3}, []byte("body\nof two lines"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := open("subject", data)
	if err != nil || string(l.body) != "body\nof two lines" || l.Op != opTake || l.Lease != "L" || l.Prev != 3 || l.From != publicKey(t, key) {
		t.Errorf("open = %+v, %v", l, err)
	}
	if _, err := open("subjec", append([]byte{}, data...)); err == nil {
		t.Error("a letter to another subject was read")
	}
	for i := range data {
		changed := bytes.Clone(data)
		changed[i] ^= 1
		if _, err := open("subject", changed); err == nil {
			t.Errorf("byte %d was changed, and the letter read", i)
		}
	}
	for n := range data {
		if _, err := open("subject", data[:n]); err == nil {
			t.Errorf("the first %d bytes were read", n)
		}
	}
}

// TestLine: a join line survives being copied, and a part of one is told from a whole one, without repeating it.
func TestLine(t *testing.T) {
	id, err := newIdentity()
	if err != nil {
		t.Fatal(err)
	}
	_, public, err := id.keys()
	if err != nil {
		t.Fatal(err)
	}
	l := line{scan: id.Scan, certificate: [32]byte{1, 2, 3}, coordinator: public, addresses: "192.0.2.1:4222,[2001:db8::1]:4222"}
	copy(l.secret[:], id.Secret)
	text := l.String()
	if got, err := parseLine("  " + text + "\n"); err != nil || got != l {
		t.Errorf("parseLine = %+v, %v, want %+v", got, err, l)
	}
	if strings.ContainsAny(text, " '\"$&[]*?!\\") {
		t.Errorf("a shell changes %s", text)
	}
	for _, wrong := range []string{"", linePrefix, text[:len(text)-1], text[:len(text)/2], text[1:], text + "A", strings.Replace(text, linePrefix, "", 1), strings.ToLower(text)} {
		_, err := parseLine(wrong)
		if err == nil {
			t.Errorf("%q was read", wrong)
		} else if len(wrong) > 40 && strings.Contains(err.Error(), wrong[20:]) {
			t.Errorf("the error repeats the line: %v", err)
		}
	}
}

// TestPiece: what the subjects of chunks and ends say.
func TestPiece(t *testing.T) {
	n := names{"scan"}
	for subject, want := range map[string]struct {
		group  string
		number int
		ok     bool
	}{
		n.chunk("g-1_A", 0):                    {"g-1_A", 0, true},
		n.chunk("g", 12):                       {"g", 12, true},
		n.end("g", "L"):                        {"g", -1, true},
		n.out("g", "-1"):                       {},
		n.out("g", "01"):                       {},
		n.out("g", "+1"):                       {},
		n.out("g", "1048576"):                  {},
		n.out("g", "x"):                        {},
		n.out("", "1"):                         {},
		n.out("a b", "1"):                      {},
		n.out(strings.Repeat("g", 101), "1"):   {},
		n.out("g", "1.2"):                      {},
		"sotomi.other.out.g.1":                 {},
		n.task("g"):                            {},
		names{"scan2"}.chunk("g", 1):           {},
		n.out("g", "99999999999999999999999"):  {},
		strings.ToUpper(n.chunk("g", 3)) + "x": {},
	} {
		group, number, ok := n.piece(subject)
		if ok != want.ok || ok && (group != want.group || number != want.number) {
			t.Errorf("piece(%q) = %q, %d, %v, want %+v", subject, group, number, ok, want)
		}
	}
}

// TestRanges: a set of numbers survives being sent.
func TestRanges(t *testing.T) {
	for _, numbers := range [][]int{nil, {0}, {0, 1, 2}, {1, 3, 5}, {0, 1, 5, 6, 7, 100}} {
		want := map[int]bool{}
		for _, n := range numbers {
			want[n] = true
		}
		if got := set(ranges(want)); !maps.Equal(got, want) {
			t.Errorf("set(ranges(%v)) = %v", want, got)
		}
	}
	if got := set([]int{-5, 1, 3}); !maps.Equal(got, map[int]bool{0: true, 1: true}) {
		t.Errorf("set = %v", got)
	}
	if got := len(set([]int{0, 1 << 60})); got != maxChunks {
		t.Errorf("%d numbers", got)
	}
}

func FuzzOpen(f *testing.F) {
	key, err := nkeys.CreateUser()
	if err != nil {
		f.Fatal(err)
	}
	data, err := seal(key, "subject", head{Lease: "L"}, []byte("body"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("subject", data)
	f.Add("other", []byte(strings.Repeat("A", 64)+"{}\n"))
	f.Fuzz(func(t *testing.T, subject string, data []byte) {
		if l, err := open(subject, data); err == nil && !nkeys.IsValidPublicUserKey(l.From) {
			t.Errorf("from %q", l.From)
		}
	})
}

func FuzzParseLine(f *testing.F) {
	id, err := newIdentity()
	if err != nil {
		f.Fatal(err)
	}
	_, public, err := id.keys()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line{scan: id.Scan, coordinator: public, addresses: "a:1"}.String())
	f.Add(linePrefix)
	f.Fuzz(func(t *testing.T, text string) {
		if l, err := parseLine(text); err == nil && l.String() != strings.TrimSpace(text) {
			t.Errorf("%q was read as %q", text, l.String())
		}
	})
}

// TestPlain: what a stranger says of itself can be printed.
func TestPlain(t *testing.T) {
	for in, want := range map[string]string{
		"host-1": "host-1", "\x1b]0;x\x07a\u202eb\u200bc\nd": "]0;xabcd", "診断 1号": "診断 1号", "\xff\xfe": "", strings.Repeat("x", 500): strings.Repeat("x", maxText),
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
}
