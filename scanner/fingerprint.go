package scanner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// fingerprintVersion stands before a fingerprint and says how it was made. Those without one are of the first way.
const fingerprintVersion = "v1:"

// Fingerprints makes the fingerprints of the findings of one signature on one target, in their order.
type Fingerprints struct{ seen map[string]int }

// Of is the same for the same weakness at the same place in every run: it goes by signature, target, path, names of query
// parameters, variant and matcher. Findings that agree in all of these are told apart by their order.
func (p *Fingerprints) Of(f Finding) string {
	if p.seen == nil {
		p.seen = map[string]int{}
	}
	text := identity(f, place(f.Hit.URL, madeUp))
	p.seen[text]++
	return fingerprintVersion + digest(text, p.seen[text])
}

// Fingerprints are that of the finding and those that other versions of sotomi gave it.
func (f Finding) Fingerprints() []string {
	switch {
	case strings.HasPrefix(f.Fingerprint, fingerprintVersion):
		return []string{f.Fingerprint, digest(identity(f, place(f.Hit.URL, firstMadeUp)), 1)}
	case f.Fingerprint != "" && !strings.Contains(f.Fingerprint, ":"):
		return []string{f.Fingerprint, fingerprintVersion + digest(identity(f, place(f.Hit.URL, madeUp)), 1)}
	case f.Fingerprint != "":
		return []string{f.Fingerprint}
	}
	return nil
}

// Is reports whether a fingerprint, of whatever version, is that of the finding.
func (f Finding) Is(fingerprint string) bool { return slices.Contains(f.Fingerprints(), fingerprint) }

func identity(f Finding, place string) string {
	return strings.Join([]string{f.Signature.ID, f.Target, place, f.Hit.Variant, f.Hit.Matcher}, "\x00")
}

func digest(text string, n int) string {
	if n > 1 {
		text += fmt.Sprintf("\x00%d", n)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// random is a part of a path that looks made up for one run: hexadecimal digits, a UUID, or digits only.
var random = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\b[0-9a-fA-F]{16,}\b|\b[0-9]{8,}\b`)

// day is a date, with or without a time, as in the names of dumps: that of another day is another file.
var day = regexp.MustCompile(`^(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])(?:[0-9]{4}|[0-9]{6})?$`)

// firstMadeUp replaces what looked made up to the first way.
func firstMadeUp(text string) string { return random.ReplaceAllString(text, "*") }

// madeUp replaces what looks made up for one run.
func madeUp(text string) string {
	return random.ReplaceAllStringFunc(text, func(part string) string {
		if day.MatchString(part) {
			return part
		}
		return "*"
	})
}

// place is the path of an address without what differs between runs.
func place(address string, constant func(string) string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	names := make([]string, 0, len(u.Query()))
	for name := range u.Query() {
		names = append(names, constant(name))
	}
	slices.Sort(names)
	return u.Host + constant(u.EscapedPath()) + "?" + strings.Join(names, "&")
}
