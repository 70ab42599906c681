package filehash

import (
	"net/url"
	"regexp"
	"strings"
)

// fingerprints are the names that servers and builds give to a file whose content is in its name. Group 1 and group 2 together
// are the plain name: style-0a1b2c3d.css, style.0a1b2c3d.css, A.style.css.pagespeed.cf.0123456789.css.
var fingerprints = []*regexp.Regexp{
	regexp.MustCompile(`^(.+)[.-][0-9a-f]{7,64}(\.[a-z0-9]+)$`),
	regexp.MustCompile(`^(?:A\.|x|[0-9]+x[0-9]+x)?(.+?)(\.[a-z0-9]+)\.pagespeed\.[a-z]{2}\.[0-9A-Za-z_-]{10}\.[a-z0-9]+$`),
}

// plainName is a path without the fingerprint in its last part; "" when it has none.
func plainName(path string) string {
	at := strings.LastIndexByte(path, '/') + 1
	for _, re := range fingerprints {
		if m := re.FindStringSubmatch(path[at:]); m != nil {
			return path[:at] + m[1] + m[2]
		}
	}
	return ""
}

// rename notes under which names the addresses of a page have files of the database.
func (c *check) rename(renamed map[int]*url.URL, host string, addresses []*url.URL) {
	for _, u := range addresses {
		plain := plainName(u.Path)
		if plain == "" || u.Host != host {
			continue
		}
		if _, file, _, ok := c.publicOf(plain); ok && file >= 0 && renamed[file] == nil {
			renamed[file] = u
		}
	}
}
