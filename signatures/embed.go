// Package signatures holds the signature files and the data they name: one weakness a file, a folder a product or theme.
package signatures

import "embed"

// FS has every signature at FOLDER/NAME.yaml, and the files that they name beside them.
//
//go:embed */*
var FS embed.FS

// Schema is the JSON Schema of a signature file, for editors. It is made from the types of package signature; the golden
// test there writes it anew with -update.
//
//go:embed schema.json
var Schema []byte
