package target

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// endless is text that repeats for ever.
type endless struct {
	begin, again string
	read         int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if e.begin == "" {
			e.begin = e.again
		}
		k := copy(p[n:], e.begin)
		e.begin = e.begin[k:]
		n += k
	}
	if e.read += int64(n); e.read > 1<<26 {
		return 0, io.ErrNoProgress
	}
	return n, nil
}

// A list that does not end where a list would is refused when it has shown that, with the file and, where there is one, the line.
func TestListsWithoutEnd(t *testing.T) {
	for name, c := range map[string]struct {
		list endless
		want string
	}{
		"a.txt":      {endless{"", "x", 0}, "a.txt:1: the line is longer than 65536 bytes"},
		"zeros.txt":  {endless{"", "\x00", 0}, "zeros.txt:1: the line is longer than 65536 bytes"},
		"a.yaml":     {endless{"", "- a.example\n", 0}, "a.yaml: yaml: input error: larger than 8 MiB; lists with one target per line and CSV may be larger"},
		"deep.yaml":  {endless{"", "[", 0}, "deep.yaml: yaml: exceeded max depth of 10000"},
		"a.csv":      {endless{"target,owner\na.example,\"", "x", 0}, "a.csv: a record is longer than 1048576 bytes"},
		"lines.csv":  {endless{"target,owner\na.example,\"", "x\n", 0}, "lines.csv: a record is longer than 1048576 bytes"},
		"head.csv":   {endless{"", "target,", 0}, "head.csv: a record is longer than 1048576 bytes"},
		"host.xml":   {endless{"<nmaprun><host x=\"", "a", 0}, "host.xml:1: more than 16 MiB about one host"},
		"ports.xml":  {endless{"<nmaprun><host><ports>", "<port/>", 0}, "ports.xml:1: more than 16 MiB about one host"},
		"deep.xml":   {endless{"<nmaprun>", "<a>", 0}, "deep.xml:1: of XML lists only those of nmap (-oX) can be read"},
		"nested.xml": {endless{"<nmaprun>", "<host>", 0}, ""},
		"a.jsonl":    {endless{`{"url":"`, "x", 0}, "a.jsonl:1: the line is longer than 16777216 bytes"},
		"wrong.txt":  {endless{"", "http://%zz\n", 0}, `wrong.txt:1: "http://%zz"`},
		"wrong.csv":  {endless{"target\n", "http://%zz\n", 0}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse([]string{"@" + name}, nil, func(string) (io.ReadCloser, error) { return io.NopCloser(&c.list), nil })
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Fatalf("%.300v, want %s", err, c.want)
			}
			if n := strings.Count(err.Error(), "\n"); n > maxMistakes+1 {
				t.Errorf("%d lines of mistakes", n)
			}
		})
	}
}

// Of many mistakes the first are told, and that there may be more.
func TestManyMistakes(t *testing.T) {
	list := strings.Repeat("@x\n", 100_000)
	_, err := Parse([]string{"-"}, strings.NewReader(list), nil)
	lines := strings.Split(fmt.Sprint(err), "\n")
	if len(lines) != maxMistakes+1 || lines[maxMistakes] != "there may be more mistakes: no more than 100 are looked for" {
		t.Errorf("%d lines, the last is %s", len(lines), lines[len(lines)-1])
	}
}

// Whatever overlaps, every address is there once, in the order in which it was first named.
func TestBlocksThatOverlap(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		var args, want []string
		seen := map[netip.Addr]bool{}
		for range 1 + random.IntN(30) {
			bits := 32 - random.IntN(6)
			a := netip.AddrFrom4([4]byte{192, 0, 2, byte(random.IntN(64))})
			text := a.String()
			if random.IntN(4) > 0 {
				text = netip.PrefixFrom(a, bits).String()
			} else {
				bits = 32
			}
			args = append(args, text)
			block := netip.PrefixFrom(a, bits).Masked()
			for a := block.Addr(); block.Contains(a); a = a.Next() {
				if !seen[a] {
					seen[a] = true
					want = append(want, a.String())
				}
			}
		}
		list, err := Parse(args, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for in := range list.All() {
			got = append(got, in.Host)
		}
		if list.Len() != len(want) || !slices.Equal(got, want) {
			t.Fatalf("%v: %d\n%v, want\n%v", args, list.Len(), got, want)
		}
	}
}

// A list of hundreds of thousands of blocks, with single addresses in them, is read: no block is held against all others.
func TestManyBlocks(t *testing.T) {
	var list strings.Builder
	const n = 60_000
	for i := range n {
		fmt.Fprintf(&list, "10.%d.%d.%d\n10.%d.%d.%d/30\n", i>>14, i>>6&255, i&63*4+1, i>>14, i>>6&255, i&63*4)
	}
	for i := range n >> 6 {
		fmt.Fprintf(&list, "10.%d.%d.0/24\n", i>>8, i&255)
	}
	read, err := Parse([]string{"-"}, strings.NewReader(list.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := (n>>6)*256 + n&63*4; read.Len() != want {
		t.Errorf("%d addresses, want %d", read.Len(), want)
	}
}
