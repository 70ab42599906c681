package engine

import (
	"bytes"
	"crypto/sha256"
	"sync"

	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// placeholders stand for the host in a request's key.
const (
	hostMark = "\x01h"
	nameMark = "\x01n"
)

// requestDigest is the same for the requests that one signature makes to two targets, unless they differ in more than the
// host, and different for different requests to one target.
func requestDigest(t target.Target, r *web.Request) digest {
	k := keys.Get().(*keyBuffers)
	defer keys.Put(k)
	if r.URL.Host == t.URL.Host {
		k.key = r.AppendKey(k.key[:0], hostMark)
		if bytes.Count(k.key, []byte(hostMark[:1])) == 1 && !bytes.Contains(k.key, []byte(t.URL.Hostname())) {
			return digestOf(k.key) // as nearly always, the host is nowhere else
		}
	}
	k.key = r.AppendKey(k.key[:0], r.URL.Host)
	if bytes.IndexByte(k.key, hostMark[0]) >= 0 {
		return digestOf(append(k.key, 2))
	}
	k.marked = appendReplaced(k.marked[:0], k.key, t.URL.Host, hostMark)
	if name := t.URL.Hostname(); name != t.URL.Host {
		k.key = appendReplaced(k.key[:0], k.marked, name, nameMark)
		return digestOf(k.key)
	}
	return digestOf(k.marked)
}

// keyBuffers are what a request's key is written to.
type keyBuffers struct{ key, marked []byte }

var keys = sync.Pool{New: func() any { return new(keyBuffers) }}

// appendReplaced appends text to b with every old in it replaced.
func appendReplaced(b, text []byte, old, replacement string) []byte {
	for old != "" {
		i := bytes.Index(text, []byte(old))
		if i < 0 {
			break
		}
		b = append(append(b, text[:i]...), replacement...)
		text = text[i+len(old):]
	}
	return append(b, text...)
}

// digest stands for a request or a body: the keys of thousands of requests to many sites are in memory at once.
type digest [16]byte

func digestOf(b []byte) digest {
	sum := sha256.Sum256(b)
	return digest(sum[:16])
}
