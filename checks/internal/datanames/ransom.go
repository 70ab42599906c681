package datanames

import (
	"regexp"
	"strings"
)

// noteDocuments is the most documents that a ransom note has: the notes that were seen hold one.
const noteDocuments = 10

// ransomForms are the whole names of indices, databases and collections that blackmailers leave behind, in lower case with "_" between words: notes to
// be read (2017 and later), and what the Meow attacks of 2020 left, a random word before "-meow".
var ransomForms = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`(please_?)?read_?(me|this)(_(now|first|please))?`,
	`please_?read`,
	`read_?me_(to|for|if|and)_[a-z_]+`,
	`warning`,
	`how_to_(recover|restore|decrypt|get)(_(your|my|the)?_?(data|database|db|files|index(es)?|indices)(_back)?)?`,
	`(recover|restore|get)_your_(data|database|db|files|index(es)?|indices)(_back)?`,
	`(all_)?your_(data|database|db|files|index(es)?|indices)_(is|are|was|were|has|have|had)_[a-z_]+`,
	`(you_(are|were|got|have_been)_|database_|db_)?(hacked|pwned)`,
	`hacked_by_[a-z0-9_]+`,
	`ransom(_note)?`,
	`([a-z0-9]{10}_)?meow`,
}, "|") + `)$`)

var separators = regexp.MustCompile(`[-_.\s]+`)

// RansomNote reports whether an index, database or collection is named like a ransom note, and as small as one. A number of
// documents that is not known is below 0.
func RansomNote(name string, documents int64) bool {
	return documents <= noteDocuments && ransomForms.MatchString(separators.ReplaceAllString(strings.ToLower(name), "_"))
}
