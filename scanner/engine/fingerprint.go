package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner"
)

// fingerprint is the same for the same weakness at the same place in every run: signature, target, path, names of query
// parameters, variant and matcher. seen tells apart hits of one signature that agree in all of these, by their order.
func fingerprint(f scanner.Finding, seen map[string]int) string {
	text := strings.Join([]string{f.Signature.ID, f.Target, place(f.Hit.URL), f.Hit.Variant, f.Hit.Matcher}, "\x00")
	seen[text]++
	if n := seen[text]; n > 1 {
		text += fmt.Sprintf("\x00%d", n)
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// madeUp is a part of a path that looks made up for one run: hexadecimal digits, a UUID, or digits only.
var madeUp = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}|\b[0-9a-fA-F]{16,}\b|\b[0-9]{8,}\b`)

// place is the path of an address without what differs between runs.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	names := make([]string, 0, len(u.Query()))
	for name := range u.Query() {
		names = append(names, madeUp.ReplaceAllString(name, "*"))
	}
	slices.Sort(names)
	return u.Host + madeUp.ReplaceAllString(u.EscapedPath(), "*") + "?" + strings.Join(names, "&")
}
