package cacheleak

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// mask turns personal data into what a report may show: class, length, position and a keyed hash, which is the same for
// the same value within one check on one target. The key is never written down.
type mask struct{ key []byte }

func newMask() *mask {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // crypto/rand never fails
	return &mask{key}
}

func (m *mask) hash(text string) string {
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(text))
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// marker describes a token without its value.
func (m *mask) marker(v *observation, token string) message.Message {
	class, length, hash := classOf(token).message(), len([]rune(token)), m.hash(token)
	switch t := v.tokens[token]; {
	case t.places&placeSetCookie != 0:
		return message.New("%s, %d characters, in Set-Cookie, hash %s", class, length, hash)
	case t.places&placeBody != 0:
		return message.New("%s, %d characters, in the body at byte %d, hash %s", class, length, int(t.at), hash)
	case t.places&(placeSeen|placeData) != 0:
		return message.New("%s, %d characters, in the body, hash %s", class, length, hash)
	}
	return message.New("%s, %d characters, in a header, hash %s", class, length, hash)
}

// shownHeaders say how an answer is cached and nothing about whom it is for.
var shownHeaders = []string{
	"Age", "Akamai-Cache-Status", "Cache-Control", "Cache-Status", "Cdn-Cache-Control", "Cf-Cache-Status", "Content-Type", "Date", "Expires",
	"Last-Modified", "Pragma", "Server", "Surrogate-Control", "Vary", "Via", "X-Cache", "X-Cache-Hits", "X-Cache-Status", "X-Proxy-Cache", "X-Varnish", "X-Vinyl",
}

// evidence is an answer as a report may show it: neither body nor cookies nor anything that names a person.
func (m *mask) evidence(v *observation, note message.Message) evidence.Evidence {
	var req, res strings.Builder
	u := v.ex.Request.URL
	target := v.ex.Request.Target
	if target == "" {
		target = u.RequestURI()
	}
	fmt.Fprintf(&req, "GET %s HTTP/1.1\nHost: %s\n", target, u.Host)
	if v.who != anonymous {
		fmt.Fprintf(&req, "(credentials of visitor %s)\n", v.who)
	}
	res.WriteString(v.ex.StatusLine + "\n")
	for _, name := range shownHeaders {
		for _, value := range v.ex.Header.Values(name) {
			res.WriteString(name + ": " + value + "\n")
		}
	}
	if tag := v.ex.Header.Get("Etag"); tag != "" {
		res.WriteString("Etag: (hash " + m.hash(tag) + ")\n")
	}
	for _, c := range v.ex.Cookies() {
		fmt.Fprintf(&res, "Set-Cookie: %s=(%d characters, hash %s)\n", c.Name, len(c.Value), m.hash(c.Value))
	}
	fmt.Fprintf(&res, "\n(body of %d bytes, hash %s)", v.size, m.hash(string(v.digest[:])))
	return evidence.Evidence{Request: strings.TrimSpace(req.String()), Response: res.String(), Note: note}
}

// crossUser shows the donor's answer, the receiver's, and the control.
func (m *mask) crossUser(c *crossUser) []evidence.Evidence {
	var list []evidence.Evidence
	if c.fill != nil {
		list = append(list, m.evidence(c.fill, message.New("The response to visitor %s.", c.fill.who)))
	}
	const shown = 5
	var marks []message.Message
	tokens := slices.Clone(c.tokens)
	slices.SortStableFunc(tokens, func(a, b string) int { return rank(b) - rank(a) })
	for _, t := range tokens[:min(len(tokens), shown)] {
		marks = append(marks, m.marker(c.got, t))
	}
	note := message.New("The response to visitor %s at the same address contains marks of visitor %s, %d in all (%s). %s",
		c.got.who, c.donor, len(c.tokens), message.Join("; ", marks...), c.proof.message())
	list = append(list, m.evidence(c.got, note))
	if c.control != nil {
		list = append(list, m.evidence(c.control, message.New("Control: at an address that nobody else requested, visitor %s receives none of them.", c.got.who)))
	}
	return list
}

// rank is higher for a mark that says more.
func rank(token string) int { return slices.Index(classes, classOf(token)) }
