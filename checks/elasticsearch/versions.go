package elasticsearch

import (
	"slices"
	"strings"

	"github.com/hashicorp/go-version"
)

// parse reads a version without what follows its numbers, such as -SNAPSHOT or .RC2; nil when there are none.
func parse(text string) *version.Version {
	end := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end >= 0 {
		text = strings.TrimRight(text[:end], ".")
	}
	v, err := version.NewVersion(text)
	if err != nil {
		return nil
	}
	return v
}

// endOfLife is since when a version gets no fixes, "" when it does (endoflife.date for Elasticsearch; the OpenSearch
// project's release schedule). Only what is known with a date has one.
func endOfLife(distribution, number string) string {
	v := parse(number)
	if v == nil {
		return ""
	}
	major := v.Segments()[0]
	switch {
	case distribution == "opensearch" && major == 1:
		return "2025-04-29"
	case distribution == "opensearch" || major >= 9:
		return ""
	case major == 8 && v.LessThan(parse("8.19.0")):
		return "only 8.19 of version 8 gets fixes"
	case major == 8:
		return ""
	case major == 7:
		return "2026-01-15"
	case major == 6:
		return "2022-02-10"
	}
	return "before 2022"
}

// weaknesses are published weaknesses that need no login, by the versions that have them: from (included) to (fixed).
// They are told by version only and never tried.
var weaknesses = []struct{ id, from, to string }{
	{"CVE-2014-3120", "0", "1.2.0"},
	{"CVE-2015-1427", "0", "1.3.8"},
	{"CVE-2015-1427", "1.4.0", "1.4.3"},
	{"CVE-2015-3337", "0", "1.4.5"},
	{"CVE-2015-3337", "1.5.0", "1.5.2"},
	{"CVE-2015-5377", "0", "1.6.1"},
}

func knownWeaknesses(distribution, number string) []string {
	v := parse(number)
	if v == nil || distribution != "elasticsearch" {
		return nil
	}
	var list []string
	for _, w := range weaknesses {
		if v.GreaterThanOrEqual(parse(w.from)) && v.LessThan(parse(w.to)) && !slices.Contains(list, w.id) {
			list = append(list, w.id)
		}
	}
	return list
}
