package target

import (
	"net/url"
	"path"
	"regexp"
	"strings"
)

// maxFolders is how many folders of one address are looked at: the nearest, and the root.
const maxFolders = 8

// Folders are the folder of the target's page and those above it, the nearest first and the root last, without a query. A
// path without an ending such as .html counts as a folder, for that is how people write one.
func Folders(u *url.URL) []*url.URL {
	var list []*url.URL
	dir := u.Path
	if IsFile(dir) {
		dir = path.Dir(dir)
	}
	for dir = path.Clean("/" + dir); dir != "/"; dir = path.Dir(dir) {
		if len(list) < maxFolders-1 {
			list = append(list, &url.URL{Scheme: u.Scheme, Host: u.Host, Path: dir + "/"})
		}
	}
	return append(list, &url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/"})
}

// fileEnding is the ending of a page or file: /v1.0 and /shop.example have none.
var fileEnding = regexp.MustCompile(`^\.[A-Za-z][A-Za-z0-9]{0,5}$`)

// IsFile reports whether a path names a page or a file, not a folder.
func IsFile(p string) bool {
	return !strings.HasSuffix(p, "/") && fileEnding.MatchString(path.Ext(p))
}
