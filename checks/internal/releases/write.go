package releases

import "strings"

// Spans are ascending positions in a list of releases as a database has them: names, runs of them as FIRST..LAST.
func Spans(at []int, name func(i int) string) string {
	var out []string
	for i := 0; i < len(at); {
		j := i
		for j+1 < len(at) && at[j+1] == at[j]+1 {
			j++
		}
		if i == j {
			out = append(out, name(at[i]))
		} else {
			out = append(out, name(at[i])+".."+name(at[j]))
		}
		i = j + 1
	}
	return strings.Join(out, " ")
}

// Hashes are the digests of one content as a database has them: BYTES, BYTES:TEXT or BYTES:TEXT:CODE, where TEXT and CODE are
// left empty when they are the same as the one before.
func Hashes(raw, text, code string) string {
	out := raw
	if text != raw || code != text {
		out += ":"
	}
	if text != raw {
		out += text
	}
	if code != text {
		out += ":" + code
	}
	return out
}
