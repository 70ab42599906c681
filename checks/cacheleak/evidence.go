package cacheleak

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// mask turns what belongs to a person into what a report may show: class, length, position and a keyed hash, the same for
// the same value within one check on one target and unrelated to it otherwise. The key is never written down.
type mask struct{ key []byte }

func newMask() *mask {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // crypto/rand never fails
	return &mask{key}
}

func (m *mask) hash(text string) string {
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(text)) // a hash takes all
	return hex.EncodeToString(h.Sum(nil)[:4])
}

// marker describes a token without its value.
func (m *mask) marker(v *observation, token string) message.Message {
	where := message.New("a header")
	switch place := v.tokens[token]; {
	case place&placeSetCookie != 0:
		where = message.New("Set-Cookie")
	case place&placeBody != 0:
		where = message.New("the body")
		if i := strings.Index(v.ex.Text(), token); i >= 0 {
			where = message.New("the body at %d", i)
		}
	}
	return message.New("%s, %d characters, in %s, hash %s", classMessage(markerClass(token)), len([]rune(token)), where, m.hash(token))
}

// classMessage is a class of tokens in words.
func classMessage(class string) message.Message {
	switch class {
	case "mail address":
		return message.New("mail address")
	case "time":
		return message.New("time")
	case "identifier":
		return message.New("identifier")
	case "number":
		return message.New("number")
	}
	return message.New("word")
}

// shownHeaders say how an answer is cached and nothing about whom it is for.
var shownHeaders = []string{
	"Age", "Akamai-Cache-Status", "Cache-Control", "Cache-Status", "Cdn-Cache-Control", "Cf-Cache-Status", "Content-Type", "Date", "Expires",
	"Last-Modified", "Pragma", "Server", "Surrogate-Control", "Vary", "Via", "X-Cache", "X-Cache-Hits", "X-Cache-Status", "X-Proxy-Cache", "X-Varnish", "X-Vinyl",
}

// evidence is a visit as a report may show it: neither body nor cookies nor anything that names a person.
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
	for _, c := range (&http.Response{Header: v.ex.Header}).Cookies() {
		fmt.Fprintf(&res, "Set-Cookie: %s=(%d characters, hash %s)\n", c.Name, len(c.Value), m.hash(c.Value))
	}
	fmt.Fprintf(&res, "\n(body of %d bytes, hash %s)", len(v.ex.Body), m.hash(string(v.ex.Body)))
	return evidence.Evidence{Request: strings.TrimSpace(req.String()), Response: res.String(), Note: note}
}

// crossing shows the donor's answer, the receiver's, and the control.
func (m *mask) crossing(c *crossUser) []evidence.Evidence {
	var list []evidence.Evidence
	if c.fill != nil {
		list = append(list, m.evidence(c.fill, message.New("the answer to visitor %s", c.fill.who)))
	}
	const shown = 5
	var marks []message.Message
	tokens := slices.Clone(c.tokens)
	slices.SortStableFunc(tokens, func(a, b string) int { return rank(b) - rank(a) })
	for _, t := range tokens[:min(len(tokens), shown)] {
		marks = append(marks, m.marker(c.got, t))
	}
	note := message.New("the answer to visitor %s under the same address holds %d marks of visitor %s (%s); %s",
		c.got.who, len(c.tokens), c.donor, message.Join("; ", marks...), c.proof.message())
	list = append(list, m.evidence(c.got, note))
	if c.control != nil {
		list = append(list, m.evidence(c.control, message.New("control: under an address that nobody else asked for, visitor %s gets none of them", c.got.who)))
	}
	return list
}

// rank puts the marks first that say most.
func rank(token string) int {
	return slices.Index([]string{"time", "word", "number", "identifier", "mail address"}, markerClass(token))
}
