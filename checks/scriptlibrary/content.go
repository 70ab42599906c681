package scriptlibrary

import (
	"context"
	"crypto/sha1" // the data names contents by it
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// pattern is a regular expression over the content of a script. Group 1 is the version, unless Version makes it of several.
type pattern struct {
	Has     []string `json:"has"`   // texts of which every match contains one: looked for first, because that is fast
	Re      string   `json:"re"`    // with versionMark
	Reach   int      `json:"reach"` // characters that a match has at most; 0 for no limit
	Version string   `json:"version"`

	once sync.Once
	re   *regexp.Regexp // nil when Re is no expression
}

func (p *pattern) compiled() *regexp.Regexp {
	p.once.Do(func() { p.re, _ = compile(p.Re) })
	return p.re
}

// told is a library that a script is, or contains.
type told struct {
	library *library
	version string
	by      basis
	shown   string // what tells it: a part of the content or of the address
	partial bool   // the address names a line, such as "1": which version of it is served is not known

	patched []string
}

// basis is what tells a version.
type basis string

const (
	byContent basis = "content"
	byHash    basis = "hash"
	byAddress basis = "address"
)

// inContent are the libraries in the content of a script.
func inContent(ctx context.Context, libraries []*library, text string) []told {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	var list []told
	for _, l := range libraries {
		if ctx.Err() != nil {
			return nil
		}
		found := l.match(l.Content, text)
		if len(found) == 0 {
			found = l.match(l.Replacement, text)
		}
		list = append(list, found...)
	}
	if len(list) > 0 {
		return list
	}
	sum := sha1.Sum([]byte(text))
	for _, l := range libraries {
		if version, ok := l.Hashes[hex.EncodeToString(sum[:])]; ok {
			return []told{{library: l, version: version, by: byHash}}
		}
	}
	return nil
}

// match are the versions of the library that patterns tell, each once.
func (l *library) match(patterns []*pattern, text string) []told {
	var list []told
	for _, p := range patterns {
		for _, window := range p.windows(text) {
			re := p.compiled()
			if re == nil {
				continue
			}
			for _, m := range re.FindAllStringSubmatchIndex(window, versionsMax) {
				version := p.version(re, window, m)
				if version == "" || slices.ContainsFunc(list, func(t told) bool { return t.version == version }) {
					continue
				}
				list = append(list, told{library: l, version: version, by: byContent, shown: head(window[m[0]:m[1]]), patched: l.patchedIn(text)})
			}
		}
	}
	return list
}

// How much of a script is looked at for one pattern. The time that a pattern takes grows with what it may reach over.
const (
	versionsMax = 20
	windowsMax  = 200
	workMax     = 64 << 20 // bytes of all windows, times the reach
	shownMax    = 160      // bytes
)

func (p *pattern) version(re *regexp.Regexp, text string, match []int) string {
	if p.Version == "" {
		return contentVersion(text[match[2]:match[3]])
	}
	return contentVersion(string(re.ExpandString(nil, p.Version, text, match)))
}

// windows are the parts of a script that a match can lie in.
func (p *pattern) windows(text string) []string {
	var spans [][2]int
	left := max(workMax/max(p.Reach, 1), 2*p.Reach+1) // bytes
	for _, has := range p.Has {
		for at := 0; left > 0 && len(spans) < windowsMax; at += len(has) {
			i := strings.Index(text[at:], has)
			if i < 0 {
				break
			}
			at += i
			if p.Reach == 0 {
				return []string{text}
			}
			start, end := max(0, at-p.Reach), min(len(text), at+len(has)+p.Reach)
			if n := len(spans); n > 0 && start <= spans[n-1][1] && start >= spans[n-1][0] {
				left -= max(end-spans[n-1][1], 0)
				spans[n-1][1] = max(end, spans[n-1][1])
			} else {
				left -= end - start
				spans = append(spans, [2]int{start, end})
			}
		}
	}
	list := make([]string, len(spans))
	for i, s := range spans {
		list[i] = text[s[0]:s[1]]
	}
	return list
}

func head(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), shownMax)], "")
}

// backported are corrections that others put into older versions, with the text that shows them. WordPress 4.5 to 5.5 has
// jQuery 1.12.4 with one, as "1.12.4-wp" since 5.2.
var backported = map[string]struct {
	id    string
	sign  *regexp.Regexp
	label string // at the end of a version
}{
	"jquery": {"CVE-2019-11358", regexp.MustCompile(`"__proto__"!==[a-z]&&[a-z]!==[a-z]&&\(`), "-wp"},
}

// patchedIn are the vulnerabilities that a script is free of, whatever its version says.
func (l *library) patchedIn(text string) []string {
	if b, ok := backported[l.Name]; ok && b.sign.MatchString(text) {
		return []string{b.id}
	}
	return nil
}
