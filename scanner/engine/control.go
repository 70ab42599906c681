package engine

import (
	"crypto/sha256"
	"math/rand/v2"
	"net/url"
	"path"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// controlRequest is r with a name that cannot exist in place of its last path segment. Requests with the same folder,
// extension and options share one, whatever signature they come from.
func controlRequest(t target.Target, r *web.Request) *web.Request {
	c := *r
	u := *r.URL
	dir, ext := folder(u.Path)
	name := cannotExist(t, dir, ext)
	u.Path, u.RawPath = dir+name, ""
	if ext == "/" {
		u.Path += "/"
	}
	c.URL = &u
	if c.Target != "" {
		raw, query, found := strings.Cut(c.Target, "?")
		dir, ext := folder(raw)
		c.Target = dir + url.PathEscape(cannotExist(t, dir, ext))
		if ext == "/" {
			c.Target += "/"
		}
		if found {
			c.Target += "?" + query
		}
	}
	return &c
}

// folder splits a path before its last segment. ext is "/" for a folder.
func folder(p string) (dir, ext string) {
	if p == "" {
		p = "/"
	}
	if trimmed := strings.TrimRight(p, "/"); trimmed != p {
		return trimmed[:strings.LastIndexByte(trimmed, '/')+1] + emptyRoot(trimmed), folderExt(trimmed)
	}
	dir = p[:strings.LastIndexByte(p, '/')+1]
	return dir, path.Ext(p)
}

// emptyRoot is the root itself for a path that has no segment.
func emptyRoot(trimmed string) string {
	if trimmed == "" {
		return "/"
	}
	return ""
}

// folderExt is that of a plain name below the root, and of a folder elsewhere.
func folderExt(trimmed string) string {
	if trimmed == "" {
		return ""
	}
	return "/"
}

func cannotExist(t target.Target, dir, ext string) string {
	sum := sha256.Sum256([]byte("control\x00" + t.String() + "\x00" + dir + "\x00" + ext))
	name := scanner.Token(rand.New(rand.NewChaCha8(sum)), 12)
	if ext == "/" {
		return name
	}
	return name + ext
}
