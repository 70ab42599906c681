package elasticsearch

import (
	"strconv"
	"strings"
)

// esVersion is major, minor, patch; -1 for what cannot be read.
func version(text string) [3]int {
	v := [3]int{-1, 0, 0}
	text, _, _ = strings.Cut(text, "-")
	for i, part := range strings.SplitN(text, ".", 3) {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		v[i] = n
	}
	return v
}

func older(a, b [3]int) bool {
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i]
		}
	}
	return false
}

// endOfLife is since when a version gets no fixes, "" when it does (endoflife.date for Elasticsearch; the OpenSearch
// project's release schedule). Only what is known with a date has one.
func endOfLife(distribution, number string) string {
	v := version(number)
	if distribution == "opensearch" {
		if v[0] == 1 {
			return "2025-04-29"
		}
		return ""
	}
	switch {
	case v[0] < 0 || v[0] >= 9:
		return ""
	case v[0] == 8:
		if older(v, [3]int{8, 19, 0}) {
			return "only 8.19 of version 8 gets fixes"
		}
		return ""
	case v[0] == 7:
		return "2026-01-15"
	case v[0] == 6:
		return "2022-02-10"
	}
	return "before 2022"
}

// esWeaknesses are published weaknesses that need no login, by the versions that have them: from (included) to (fixed).
// They are told by version only and never tried.
var weaknesses = []struct {
	id       string
	from, to [3]int
}{
	{"CVE-2014-3120", [3]int{0, 0, 0}, [3]int{1, 2, 0}},
	{"CVE-2015-1427", [3]int{0, 0, 0}, [3]int{1, 3, 8}},
	{"CVE-2015-1427", [3]int{1, 4, 0}, [3]int{1, 4, 3}},
	{"CVE-2015-3337", [3]int{0, 0, 0}, [3]int{1, 4, 5}},
	{"CVE-2015-3337", [3]int{1, 5, 0}, [3]int{1, 5, 2}},
	{"CVE-2015-5377", [3]int{0, 0, 0}, [3]int{1, 6, 1}},
}

func knownWeaknesses(distribution, number string) []string {
	if distribution != "elasticsearch" {
		return nil
	}
	v := version(number)
	var list []string
	for _, w := range weaknesses {
		if v[0] >= 0 && !older(v, w.from) && older(v, w.to) && (len(list) == 0 || list[len(list)-1] != w.id) {
			list = append(list, w.id)
		}
	}
	return list
}
