package releases

import (
	"path"
	"strings"
)

// Class is a kind of file: files of one class fare alike in a shop.
type Class int

// The classes.
const (
	ClassScript    Class = iota // scripts, style sheets and other text
	ClassImage                  // images, fonts
	ClassInstaller              // mostly deleted after installation
	ClassManifest               // outside the public folder, mostly out of reach
	classes
)

// ClassOf is the class of a path in the package.
func ClassOf(name string) Class {
	switch {
	case !strings.Contains(name, "/"):
		return ClassManifest
	case strings.Contains(name, "/install/"):
		return ClassInstaller
	case isImage(name):
		return ClassImage
	}
	return ClassScript
}

func isImage(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".gif", ".png", ".jpg", ".jpeg", ".ico", ".svg", ".woff", ".woff2", ".ttf", ".eot", ".pdf", ".swf", ".webp":
		return true
	}
	return false
}
