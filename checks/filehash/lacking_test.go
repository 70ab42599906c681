package filehash

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner"
)

// without is the database of the product without some of its releases: with the contents and marks that only they have gone.
func without(lacks []string) string {
	var b strings.Builder
	for line := range strings.Lines(databaseText()) {
		fields := strings.Fields(line)
		switch {
		case line[0] != ' ' && len(fields) == 3 && slices.Contains(lacks, fields[1]):
			continue
		case line[0] == ' ':
			at := slices.Index(fields, "=") // the releases stand before it in a page, and behind the content in a file
			names, rest := fields[1:], " "+fields[0]
			if at >= 0 {
				names, rest = fields[:at], " "+strings.Join(fields[at:], " ")
			}
			names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(lacks, name) })
			if len(names) == 0 {
				continue
			}
			if line = rest + " " + strings.Join(names, " ") + "\n"; at >= 0 {
				line = " " + strings.Join(names, " ") + rest + "\n"
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

var ends = regexp.MustCompile(`(first|last|rooted): ([0-9][^,} \n]*)`)

// signatureWithout is the signature with the nearest release in place of one that the database lacks.
func signatureWithout(text string, lacks []string) string {
	return ends.ReplaceAllStringFunc(text, func(end string) string {
		m := ends.FindStringSubmatch(end)
		step, at := 1, position(m[2])
		if m[1] == "last" {
			step = -1
		}
		for slices.Contains(lacks, strings.TrimPrefix(releaseNames[at], "pre ")) {
			if at += step; at < 0 || at == len(releaseNames) {
				return m[1] + `: ""` // no such release is left
			}
		}
		return m[1] + ": " + strings.TrimPrefix(releaseNames[at], "pre ")
	})
}

// sameFiles are releases that give out the same files as another: only package.json or a page tells them apart.
var sameFiles = map[string]bool{"4.0.6-p1": true, "4.0.6-p2": true, "4.2.0": true, "4.2.1": true}

// Each line of releases, and each release alone, is taken out of the data and its shops are looked at: none is told as another
// release without doubt, and of none a script is called modified.
func TestShopsOfReleasesThatTheDataLack(t *testing.T) {
	text := signatureText(t)
	lacks := map[string][]string{}
	for _, name := range releaseNames {
		plain := strings.TrimPrefix(name, "pre ")
		line := strings.Join(strings.SplitN(plain, ".", 3)[:2], ".")
		lacks["line "+line] = append(lacks["line "+line], plain)
		lacks["release "+plain] = []string{plain}
	}
	for what, names := range lacks {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := parseSignature(t, signatureWithout(text, names), without(names))
			c := mustNew(t, s)
			for _, name := range names {
				if slices.Contains(releaseNames, "pre "+name) {
					continue
				}
				site := newShop(name, layout{})
				l := lookWith(t, s, c, site, site.base)
				if len(l.findings) == 0 {
					t.Fatalf("%s: no finding (%s: %s)", name, l.outcome.Status, l.outcome.Reason)
				}
				h := l.findings[0].Hit
				if h.Certainty == scanner.Confirmed && !sameFiles[name] {
					t.Errorf("%s is told as %v without doubt", name, h.Values["candidates"])
				}
				if l.variant("modified") != nil {
					t.Errorf("%s, told as %v, has %v modified", name, h.Values["candidates"], h.Values["modified"])
				}
			}
		})
	}
}
