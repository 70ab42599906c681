package checks

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/match"
	"sotomi/scanner/web"
)

// add notes what was found: one hit for each named matcher, or one for the block. The same is noted once an address.
func (r *httpRun) add(ex *web.Exchange, t *templateRequest, result match.Result) {
	names := result.Names
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		hit := scanner.Hit{URL: ex.URL.String(), Certainty: r.certainty, Matcher: name, Values: values(result, t)}
		if slices.ContainsFunc(r.hits, func(h scanner.Hit) bool { return h.URL == hit.URL && h.Matcher == hit.Matcher }) {
			continue
		}
		hit.Evidence = []scanner.Evidence{scanner.NewEvidence(ex, "", slices.Concat(result.Seen, result.Extracted)...)}
		r.hits = append(r.hits, hit)
	}
}

// values are what was extracted by name, masked: an extractor may have taken a secret.
func values(result match.Result, t *templateRequest) scanner.Values {
	if len(result.Named) == 0 && len(result.Extracted) == 0 {
		return nil
	}
	v := scanner.Values{}
	for _, name := range slices.Sorted(maps.Keys(result.Named)) {
		list := make([]string, 0, len(result.Named[name]))
		for _, text := range result.Named[name] {
			list = append(list, fmt.Sprint(scanner.MaskValue(name, text)))
		}
		if len(list) == 1 {
			v[name] = list[0]
		} else {
			v[name] = list
		}
	}
	if len(result.Named) == 0 {
		v["extracted"] = scanner.MaskValue("extracted", strings.Join(result.Extracted, ", "))
	}
	return v
}
