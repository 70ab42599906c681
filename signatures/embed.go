// Package signatures holds the signature files and the data they name: one weakness a file, a folder a product or theme.
package signatures

import "embed"

// FS has every signature at FOLDER/NAME.yaml.
//
//go:embed all:*
var FS embed.FS
