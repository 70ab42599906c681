package template

import (
	"slices"
	"strings"

	"sotomi/scanner/evidence"
	"sotomi/scanner/signature"
)

// productTags are tags of signatures that only say what a product is.
var productTags = strings.Fields("tech panel detect wp-plugin")

// takesSecrets reports whether what a signature extracts is likely to be a secret itself: its tags or id mention tokens, keys,
// passwords or credentials, and no tag says that it only recognises a product.
func takesSecrets(s *signature.Signature) bool {
	about := slices.ContainsFunc(evidence.NameWords(s.ID), namesSecret)
	for _, tag := range s.Info.Tags {
		tag = strings.ToLower(tag)
		if slices.Contains(productTags, tag) {
			return false
		}
		about = about || namesSecret(tag)
	}
	return about
}

func namesSecret(word string) bool {
	return word == "key" || word == "keys" || evidence.CredentialWord(word)
}
