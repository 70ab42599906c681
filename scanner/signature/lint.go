package signature

import (
	"cmp"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sotomi/scanner/message"
)

// Lint checks a signature with keys of ours against the rules that make it useful: texts in both languages, what to do,
// references, and test cases that find something and nothing. Of a public template it names what the reference engine's
// validator refuses; a scan runs it nevertheless.
func Lint(s *Signature) []error {
	if !s.Strict {
		return joined(mistakesOf(s.File, s.refused))
	}
	var all []error
	require := func(ok bool, format string, a ...any) {
		if !ok {
			all = append(all, message.Errorf("%s:%d: %s", s.File, s.line, message.New(format, a...)))
		}
	}
	name := strings.TrimSuffix(path.Base(filepath.ToSlash(s.File)), path.Ext(s.File))
	require(s.listed || name == cmp.Or(s.fileID, s.ID), "the id %q differs from the name of the file", s.ID)
	require(s.Check == "" || s.declared != "", "safety is missing: nobody can see what a check sends")
	require(s.declared == "" || s.declared.Allows(s.needed), "safety is %s, but the requests need %s", s.declared, s.needed)
	for _, names := range s.Strangers() {
		require(false, "%s", names)
	}
	require(s.Info.Description != "", "info.description is missing")
	require(s.Info.Remediation != "", "info.remediation is missing: say what to do")
	require(s.Info.JA.Name != "", "info.ja.name is missing")
	require(s.Info.JA.Description != "", "info.ja.description is missing")
	require(s.Info.JA.Remediation != "", "info.ja.remediation is missing")
	require(len(s.Info.Reference) > 0, "info.reference is missing")
	require(len(s.Info.Classification.CWEID) > 0, "info.classification.cwe-id is missing")
	require(len(s.Info.Tags) > 0, "info.tags is missing")
	for _, id := range s.Info.Items {
		item, ok := itemOf(id)
		require(ok, "info.items: %q is in no checklist", id)
		require(!ok || item.Outside != "nothing", "info.items: no look from outside can say anything about %q", id)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Variants)) {
		v := s.Variants[name]
		require((v.Name == "") == (v.JA.Name == ""), "variant %q: name is in one language only", name)
		require((v.Description == "") == (v.JA.Description == ""), "variant %q: description is in one language only", name)
		require((v.Remediation == "") == (v.JA.Remediation == ""), "variant %q: remediation is in one language only", name)
	}
	finds, quiet := 0, 0
	for _, c := range s.Tests {
		if len(c.Want) > 0 {
			finds++
		} else {
			quiet++
		}
	}
	require(finds > 0, "tests: no case that finds something")
	require(quiet > 0, "tests: no case that finds nothing")
	if len(s.HTTP) > 0 {
		for _, name := range slices.Sorted(maps.Keys(s.Variants)) {
			require(s.hasMatcher(name), "variant %q: no matcher has this name", name)
		}
	}
	for i := range s.HTTP {
		all = append(all, s.HTTP[i].lint(s.File)...)
	}
	return all
}

// hasMatcher reports whether a matcher has this name.
func (s *Signature) hasMatcher(name string) bool {
	return slices.ContainsFunc(s.HTTP, func(h HTTP) bool {
		return slices.ContainsFunc(h.Matchers, func(m Matcher) bool { return m.Name == name })
	})
}

// lint refuses blocks that any site would match.
func (h *HTTP) lint(file string) []error {
	if len(h.Matchers) == 0 {
		return nil
	}
	for _, m := range h.Matchers {
		if m.Type != "status" && !m.Negative {
			return nil
		}
	}
	return []error{message.Errorf("%s:%d: matchers look at the status only; a site that answers 200 to anything would match", file, h.Line)}
}
