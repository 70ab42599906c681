package signature

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Lint holds a signature with keys of ours against the rules that make it useful: words in both languages, what to do,
// where to read on, and cases that show what it finds and what it does not. A public template is not held to them.
func Lint(s *Signature) []error {
	if !s.Strict {
		return nil
	}
	var all []error
	missing := func(ok bool, what string) {
		if !ok {
			all = append(all, fmt.Errorf("%s:1: %s", s.File, what))
		}
	}
	name := strings.TrimSuffix(path.Base(filepath.ToSlash(s.File)), path.Ext(s.File))
	missing(name == s.ID, fmt.Sprintf("id %q is not the file's name", s.ID))
	missing(s.Info.Description != "", "info.description is missing")
	missing(s.Info.Remediation != "", "info.remediation is missing: say what to do")
	missing(s.Info.JA.Name != "", "info.ja.name is missing")
	missing(s.Info.JA.Description != "", "info.ja.description is missing")
	missing(s.Info.JA.Remediation != "", "info.ja.remediation is missing")
	missing(len(s.Info.Reference) > 0, "info.reference is missing")
	missing(len(s.Info.Classification.CWEID) > 0, "info.classification.cwe-id is missing")
	missing(len(s.Info.Tags) > 0, "info.tags is missing")
	for name, v := range s.Variants {
		missing((v.Name == "") == (v.JA.Name == ""), fmt.Sprintf("variant %q: name is in one language only", name))
		missing((v.Description == "") == (v.JA.Description == ""), fmt.Sprintf("variant %q: description is in one language only", name))
		missing((v.Remediation == "") == (v.JA.Remediation == ""), fmt.Sprintf("variant %q: remediation is in one language only", name))
	}
	finds, quiet := 0, 0
	for _, c := range s.Tests {
		if len(c.Want) > 0 {
			finds++
		} else {
			quiet++
		}
	}
	missing(finds > 0, "tests: no case that finds something")
	missing(quiet > 0, "tests: no case that finds nothing")
	if len(s.HTTP) > 0 {
		for name := range s.Variants {
			missing(s.hasMatcher(name), fmt.Sprintf("variant %q: no matcher has this name", name))
		}
	}
	for i := range s.HTTP {
		all = append(all, s.HTTP[i].lint(s.File)...)
	}
	return all
}

// hasMatcher reports whether a matcher carries a name.
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
	return []error{fmt.Errorf("%s:%d: matchers look at the status only; a site that answers 200 to anything would match", file, h.Line)}
}
