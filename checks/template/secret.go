package template

import (
	"slices"
	"strings"

	"sotomi/scanner/evidence"
	"sotomi/scanner/signature"
)

// Words of tags and ids, and tags of signatures that only say what a product is.
var (
	secretTags = strings.Fields(`token tokens apikey apikeys secret secrets secretkey secretkeys accesskey accesskeys privatekey privatekeys
		key keys credential credentials password passwords jwt`)
	secretEnds  = strings.Fields("token tokens secret secrets secretkey accesskey privatekey apikey")
	productTags = strings.Fields("tech panel detect wp-plugin")
)

// takesSecrets reports whether what a signature extracts is likely to be a secret itself: its tags or id mention tokens, keys,
// passwords or credentials, and no tag says that it only recognises a product.
func takesSecrets(s *signature.Signature) bool {
	about := slices.ContainsFunc(evidence.NameWords(s.ID), func(word string) bool {
		return slices.Contains(secretTags, word) || slices.ContainsFunc(secretEnds, func(end string) bool { return strings.HasSuffix(word, end) })
	})
	for _, tag := range s.Info.Tags {
		tag = strings.ToLower(tag)
		if slices.Contains(productTags, tag) {
			return false
		}
		about = about || slices.Contains(secretTags, tag)
	}
	return about
}
