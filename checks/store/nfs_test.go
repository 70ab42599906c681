package store

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Answers of the port mapper and of the mount service, by RFC 5531, 1833 and 1813 appendix I.
const (
	rpcAccepted = "soto\x00\x00\x00\x01" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	programNFS  = "\x00\x00\x00\x01\x00\x01\x86\xa3\x00\x00\x00\x04\x00\x00\x00\x06\x00\x00\x08\x01"
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
		"everybody_by_no_group":  {programNFS + mountThere + listEnds, backup + listEnds + listEnds, Open, map[string]int64{"exports": 1, "open-exports": 1}},
		"everybody_by_name":      {mountThere + listEnds, backup + oneNetwork + everybody + listEnds + listEnds, Open, map[string]int64{"exports": 1, "open-exports": 1}},
		"one_network":            {mountThere + listEnds, backup + oneNetwork + listEnds + listEnds, Refused, map[string]int64{"exports": 1, "open-exports": 0}},
		"one_of_each":            {mountThere + listEnds, backup + oneNetwork + listEnds + backup + listEnds + listEnds, Open, map[string]int64{"exports": 2, "open-exports": 1}},
		"nothing":                {mountThere + listEnds, listEnds, Nothing, map[string]int64{"exports": 0, "open-exports": 0}},
		"version_4_only":         {programNFS + listEnds, nfs4Root, Open, map[string]int64{"exports": 1}},
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
		if c.exports != "" && port != 20048 && (c.exports != nfs4Root || port != 2049) {
			t.Errorf("%s: the mount service is asked at %d", name, port)
		}
	}
}

// nfs4Root is what NFS-Ganesha 4.3 says of a root in which one folder is exported to everybody.
const nfs4Root = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03" + nfs4Put + nfs4Attributes +
	"\x00\x00\x00\x1a\x00\x00\x00\x00VERIFIER" + nfs4Entry + nfs4Ends

const (
	nfs4Put        = "\x00\x00\x00\x18\x00\x00\x00\x00"
	nfs4OfRoot     = "\x00\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x10" + "\x00\x00\x00\x00\x00\x00\x00\x98\x00\x00\x00\x00\x00\x00\x00\x98"
	nfs4OfExport   = "\x00\x00\x00\x01\x00\x00\x01\x00\x00\x00\x00\x10" + "\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"
	nfs4Attributes = "\x00\x00\x00\x09\x00\x00\x00\x00" + nfs4OfRoot
	nfs4Entry      = "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x06backup\x00\x00" + nfs4OfExport
	nfs4Plain      = "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x0ccustomer.csv" + nfs4OfRoot
	nfs4Withheld   = "\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x06orders\x00\x00\x00\x00\x00\x01\x00\x00\x08\x00\x00\x00\x00\x04\x00\x00\x27\x20"
	nfs4Ends       = "\x00\x00\x00\x00\x00\x00\x00\x01"
)

// Whether a stranger sees anything below the root of version 4 decides; of what is no exported folder no name is kept.
func TestNFS4(t *testing.T) {
	compound := func(status uint32, results string) string {
		return string(binary.BigEndian.AppendUint32(nil, status)) + "\x00\x00\x00\x00\x00\x00\x00\x03" + results
	}
	readdir := "\x00\x00\x00\x1a\x00\x00\x00\x00VERIFIER"
	for name, c := range map[string]struct {
		answer string
		want   Access
		names  string
	}{
		"a_folder":              {nfs4Root, Open, "/backup"},
		"plain_files":           {compound(0, nfs4Put+nfs4Attributes+readdir+nfs4Plain+nfs4Entry+nfs4Ends), Open, "/backup"},
		"nothing":               {compound(0, nfs4Put+nfs4Attributes+readdir+nfs4Ends), Nothing, ""},
		"no_entry_for_us":       {compound(2, "\x00\x00\x00\x18\x00\x00\x00\x02"), Refused, ""},
		"no_access":             {compound(13, "\x00\x00\x00\x18\x00\x00\x00\x0d"), Refused, ""},
		"Kerberos_only":         {compound(10016, "\x00\x00\x00\x18\x00\x00\x27\x20"), Password, ""},
		"folders_by_Kerberos":   {compound(0, nfs4Put+nfs4Attributes+readdir+nfs4Withheld+nfs4Ends), Password, ""},
		"one_by_Kerberos":       {compound(0, nfs4Put+nfs4Attributes+readdir+nfs4Withheld+nfs4Entry+nfs4Ends), Open, "/backup"},
		"a_folder_for_others":   {compound(13, nfs4Put+nfs4Attributes+"\x00\x00\x00\x1a\x00\x00\x00\x0d"), Offered, ""},
		"version_4.1_only":      {"\x00\x00\x27\x25\x00\x00\x00\x00\x00\x00\x00\x00", Unknown, ""},
		"a_list_without_an_end": {compound(0, nfs4Put+nfs4Attributes+readdir+nfs4Entry), "", ""},
		"another_operation":     {compound(0, nfs4Attributes+nfs4Attributes+readdir+nfs4Ends), "", ""},
		"zeros":                 {strings.Repeat("\x00", 64), "", ""},
	} {
		r, err := NFS4(t.Context(), play(rpcAnswer(c.answer)))
		if (err == nil) != (c.want != "") || err == nil && (r.Access != c.want || strings.Join(r.Names, " ") != c.names) {
			t.Errorf("%s: %q, names %q, %v; want %q, %q", name, r.Access, r.Names, err, c.want, c.names)
		}
	}
	denied := "\x80\x00\x00\x14soto\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x05" // AUTH_TOOWEAK
	if r, err := NFS4(t.Context(), play([]byte(denied))); err != nil || r.Access != Password {
		t.Errorf("denied: %q, %v", r.Access, err)
	}
}
