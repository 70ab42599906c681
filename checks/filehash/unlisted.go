package filehash

import (
	"math"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Values of a site whose release may be one that the database lacks. Signatures that need the release read them as facts.
const (
	unlistedValue    = "unlisted"
	unlistedLikely   = "likely"   // rather than one of the candidates
	unlistedPossible = "possible" // less likely than one of the candidates, but not out of the question
	newestValue      = "newest"   // the newest known release of the site's line, when it is newer than that
)

// unlisted are the values of a site whose release may be one that the database lacks. When that is likely, because it is newer, it has no
// candidates: those that would be are only near.
func (c *check) unlisted(v releases.Verdict) scanner.Values {
	values := scanner.Values{unlistedValue: unlistedPossible, "confidence": math.Round(v.Confidence*(1-v.Unlisted)*1000) / 1000}
	files := []string{}
	for _, at := range v.Foreign {
		files = append(files, strings.TrimPrefix(c.db.Files[at].Path, c.params.Folder+"/"))
	}
	values["unlisted-files"] = files
	newest := ""
	if v.Newer {
		newest = c.db.Releases[c.db.NewestOfLine(v.After)].Name
		values[newestValue] = newest
	}
	if !v.Lacking() {
		values["note"] = message.New("some files have a content that no known release has: the release may be one that this program's data does not have, or the files were changed")
		if newest != "" {
			values["note"] = message.New("some files have a content that no known release has: the release may be newer than this program's data (newest known: %s), or the files were changed", newest)
		}
		return values
	}
	values[unlistedValue], values["confidence"], values["candidates"] = unlistedLikely, math.Round(v.Unlisted*1000)/1000, []string{}
	values["range"] = message.New("newer than this program's data (newest known: %s)", newest)
	values["note"] = message.New("the files of the site are of a release that came after this program's data, which has the releases up to %s", c.db.Until)
	return values
}
