package scriptlibrary

import (
	"cmp"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
)

// hitOf is a hit about a library, which its content shows and its name only hints at.
func hitOf(f *found) scanner.Hit {
	hit := scanner.Hit{
		URL: f.url, Certainty: scanner.Confirmed, Matcher: f.library.Name, Evidence: []evidence.Evidence{f.evidence},
		Values: scanner.Values{"library": displayName(f.library.Name), "version": f.version},
	}
	if f.by == byAddress {
		hit.Certainty = scanner.Possible
	}
	return hit
}

// inventory is a hit for each library.
func inventory(s *seen) []scanner.Hit {
	var hits []scanner.Hit
	for i := range s.found {
		if f := &s.found[i]; partOf[f.library.Name] == "" {
			hits = append(hits, hitOf(f))
		}
	}
	return hits
}

// ended is a hit for each library of a line that gets no fixes any more.
func ended(s *seen) []scanner.Hit {
	var hits []scanner.Hit
	for i := range s.found {
		if f := &s.found[i]; f.library.ended(f.version) {
			hits = append(hits, hitOf(f))
		}
	}
	return hits
}

// ranks are the severities of the data, which are variants of the signature, the worst first.
var ranks = []string{"critical", "high", "medium", "low"}

// vulnerable is a hit for each library with known vulnerabilities.
func vulnerable(s *seen) []scanner.Hit {
	var hits []scanner.Hit
	for i := range s.found {
		f := &s.found[i]
		if partOf[f.library.Name] != "" && s.has(partOf[f.library.Name], f.version) {
			continue // told with the whole
		}
		list := s.against(f)
		if len(list) == 0 {
			continue
		}
		slices.SortStableFunc(list, func(a, b vulnerability) int {
			return cmp.Or(slices.Index(ranks, a.Severity)-slices.Index(ranks, b.Severity), cmp.Compare(a.IDs[0], b.IDs[0]))
		})
		hit := hitOf(f)
		hit.Variant = list[0].Severity
		hit.Values["known-weaknesses"] = idsOf(list, func(vulnerability) bool { return true })
		if exploited := idsOf(list, func(v vulnerability) bool { return v.Exploited }); len(exploited) > 0 {
			hit.Values["exploited"] = exploited
		}
		if update := f.update(list); update != "" {
			hit.Values["fixed"] = update
		}
		hits = append(hits, hit)
	}
	return hits
}

func (s *seen) has(library, version string) bool {
	return slices.ContainsFunc(s.found, func(f found) bool { return f.library.Name == library && f.version == version })
}

// against is what is known against a library and its parts in the same version.
func (s *seen) against(f *found) []vulnerability {
	list := f.against()
	for i := range s.found {
		if part := &s.found[i]; partOf[part.library.Name] == f.library.Name && part.version == f.version {
			list = append(list, part.against()...)
		}
	}
	return list
}

func idsOf(list []vulnerability, which func(vulnerability) bool) []string {
	var ids []string
	for _, v := range list {
		if !which(v) {
			continue
		}
		for _, id := range v.IDs {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
