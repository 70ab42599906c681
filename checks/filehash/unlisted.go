package filehash

import (
	"math"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/scanner"
	"sotomi/scanner/message"
)

// The value "unlisted" of a site whose release may be one that the database lacks; "newest" is then the newest known release
// of its line. Signatures that need the release read them as facts.
const (
	unlistedLikely   = "likely"   // rather than one of the candidates
	unlistedPossible = "possible" // less likely than one of the candidates, but not out of the question
)

// unlisted are the values of a site whose release may be one that the database lacks. When that is likely, because it is newer,
// it has no candidates: those that would be are only near.
func (c *check) unlisted(v releases.Verdict) scanner.Values {
	values := scanner.Values{"unlisted": unlistedPossible, "confidence": math.Round(v.Confidence*(1-v.Unlisted)*1000) / 1000}
	files := []string{}
	for _, at := range v.Foreign {
		files = append(files, strings.TrimPrefix(c.db.Files[at].Path, c.params.Folder+"/"))
	}
	values["unlisted-files"] = files
	newest := ""
	if v.Newer {
		newest = c.db.Releases[c.db.NewestOfLine(v.After)].Name
		values["newest"] = newest
	}
	if !v.Lacking() {
		values["note"] = message.New("some files have a content that no known release has: the release may be one that this program's data does not have, or the files were changed")
		if newest != "" {
			values["note"] = message.New("some files have a content that no known release has: the release may be newer than this program's data (newest known: %s), or the files were changed", newest)
		}
		return values
	}
	values["unlisted"], values["confidence"], values["candidates"] = unlistedLikely, math.Round(v.Unlisted*1000)/1000, []string{}
	values["range"] = message.New("newer than this program's data (newest known: %s)", newest)
	values["note"] = message.New("the files of the site are of a release that came after this program's data, which has the releases up to %s", c.db.Until)
	return values
}
