package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Answers of the port mapper and of the mount service, by RFC 5531, 1833 and 1813 appendix I.
const (
	rpcAccepted = "soto\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	nfsProgram  = "\x00\x00\x00\x01\x00\x01\x86\xa3\x00\x00\x00\x04\x00\x00\x00\x06\x00\x00\x08\x01"
	mountThere  = "\x00\x00\x00\x01\x00\x01\x86\xa5\x00\x00\x00\x03\x00\x00\x00\x06\x00\x00NP"
	listEnds    = "\x00\x00\x00\x00"
	backup      = "\x00\x00\x00\x01\x00\x00\x00\x07/backup\x00"
	oneNetwork  = "\x00\x00\x00\x01\x00\x00\x00\x0c192.0.2.0/24"
	everybody   = "\x00\x00\x00\x01\x00\x00\x00\x01*\x00\x00\x00"
)

// rpcAnswer is an answer as one fragment.
func rpcAnswer(body string) []byte {
	text := rpcAccepted + body
	return append([]byte{0x80, 0, byte(len(text) >> 8), byte(len(text))}, text...)
}

// A folder without groups, or with all addresses, is for everybody; none of it is known without the mount service.
func TestNFS(t *testing.T) {
	for name, c := range map[string]struct {
		programs, exports string
		want              Access
		counts            map[string]int64
	}{
		"everybody_by_no_group":  {nfsProgram + mountThere + listEnds, backup + listEnds + listEnds, Open, map[string]int64{"exports": 1, "open-exports": 1}},
		"everybody_by_name":      {mountThere + listEnds, backup + oneNetwork + everybody + listEnds + listEnds, Open, map[string]int64{"exports": 1, "open-exports": 1}},
		"one_network":            {mountThere + listEnds, backup + oneNetwork + listEnds + listEnds, Refused, map[string]int64{"exports": 1, "open-exports": 0}},
		"one_of_each":            {mountThere + listEnds, backup + oneNetwork + listEnds + backup + listEnds + listEnds, Open, map[string]int64{"exports": 2, "open-exports": 1}},
		"nothing":                {mountThere + listEnds, listEnds, Nothing, map[string]int64{"exports": 0, "open-exports": 0}},
		"version_4_only":         {nfsProgram + listEnds, "", Unknown, nil},
		"no_NFS":                 {"\x00\x00\x00\x01\x00\x01\x86\xa0\x00\x00\x00\x02\x00\x00\x00\x06\x00\x00\x00o" + listEnds, "", Nothing, nil},
		"cut":                    {mountThere + listEnds, backup, "", nil},
		"a_list_without_its_end": {mountThere, "", "", nil},
	} {
		port := 0
		r, err := nfs(t.Context(), play(rpcAnswer(c.programs)), func(number int) Dialer {
			port = number
			return play(rpcAnswer(c.exports))
		})
		if (err == nil) != (c.want != "") || err == nil && r.Access != c.want {
			t.Errorf("%s: %q, %v; want %q", name, r.Access, err, c.want)
			continue
		}
		if d := cmp.Diff(c.counts, r.Counts); c.want != "" && d != "" {
			t.Errorf("%s: counts (-want +got):\n%s", name, d)
		}
		if c.exports != "" && port != 20048 {
			t.Errorf("%s: the mount service is asked at %d", name, port)
		}
	}
}
