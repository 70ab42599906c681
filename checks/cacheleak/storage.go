package cacheleak

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// storage is what the head of a personal answer lets a shared cache do with it.
type storage string

const (
	storageNone      storage = ""          // it may not be handed to others
	storageFresh     storage = "fresh"     // stored, and handed to others for its lifetime (RFC 9111 section 4.2)
	storageHeuristic storage = "heuristic" // no lifetime is stated: caches choose one (section 4.2.2)
	storageMerged    storage = "merged"    // expired at once: handed only to those who ask while it is on its way
	storageValidator storage = "validator" // reused after a revalidation that the origin answers alike for all (section 4.3)
)

// verdict is a storage with the reasoning.
type verdict struct {
	Storage  storage
	Lifetime time.Duration     // of storageFresh
	Steps    []message.Message // a sentence each
}

func (v *verdict) step(format string, a ...any) { v.Steps = append(v.Steps, message.New(format, a...)) }

// heuristicStatuses may be stored without a stated lifetime (RFC 9110 section 15.1).
var heuristicStatuses = []int{200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501}

// answerHead is what the judgement is made of.
type answerHead struct {
	*web.Exchange
	Authorization   bool // the request carried it
	SharedValidator bool // two visitors with different pages got the same ETag or Last-Modified
}

// judgeStorage reasons as a shared cache does about an answer that holds one visitor's data when another visitor asks. It
// follows RFC 9111. Where products are known to depart from it to the visitor's harm, the step says so.
func judgeStorage(a answerHead) verdict {
	var v verdict
	cc := web.ParseCacheControl(a.Header)
	if cc.Raw == "" {
		v.step("There is no Cache-Control.")
	} else {
		v.step("Cache-Control: %s.", cc.Raw)
	}
	if forbidden(&v, a, cc) {
		return v
	}
	if byVary(&v, a.Header) {
		return v
	}
	return byLifetime(v, a, cc)
}

// forbidden: the directives that keep an answer out of shared caches altogether (section 3).
func forbidden(v *verdict, a answerHead, cc web.CacheControl) bool {
	switch {
	case slices.Contains(cc.Values("private"), ""):
		v.step("private: a shared cache must not store it (RFC 9111 section 5.2.2.7).")
	case cc.Has("no-store"):
		v.step("no-store: no cache may store it (section 5.2.2.5). Add private for caches that merge waiting requests nevertheless.")
	case a.Authorization && !cc.Has("public") && !cc.Has("s-maxage") && !cc.Has("must-revalidate"):
		v.step("The request carried Authorization, and none of public, s-maxage and must-revalidate allows storing (section 3.5).")
	default:
		v.step("Neither private nor no-store forbids a shared cache to store it (section 3).")
		if len(a.Cookies()) > 0 {
			v.step("Set-Cookie does not forbid it either (section 7.3), nor does a Cookie in the request.")
		}
		return false
	}
	return true
}

// byVary: what keeps visitors apart in the cache's key (section 4.1).
func byVary(v *verdict, h http.Header) bool {
	for _, field := range strings.Split(strings.Join(h.Values("Vary"), ","), ",") {
		switch field = strings.ToLower(strings.TrimSpace(field)); field {
		case "*":
			v.step("Vary: * matches no other request (section 4.1).")
			return true
		case "cookie", "authorization":
			v.step("Vary: %s keeps visitors apart in a cache that heeds it (section 4.1). private would be certain.", field)
			return true
		}
	}
	if vary := h.Values("Vary"); len(vary) > 0 {
		v.step("Vary: %s does not tell visitors apart.", strings.Join(vary, ", "))
	} else {
		v.step("There is no Vary: the address alone is the key.")
	}
	return false
}

// byLifetime: how long it may be reused (section 4.2), and what that means to somebody who asks at the same moment.
func byLifetime(v verdict, a answerHead, cc web.CacheControl) verdict {
	if slices.Contains(cc.Values("no-cache"), "") {
		v.step("no-cache: it may be stored, and is reused after asking the origin (section 5.2.2.4).")
		return expired(v, a)
	}
	lifetime, source, stated := statedLifetime(a, cc)
	switch {
	case stated && lifetime > 0:
		v.step("%s: it is fresh for %s, for whoever asks (section 4.2).", source, lifetime)
		v.Storage, v.Lifetime = storageFresh, lifetime
		return v
	case stated:
		v.step("%s: it is stale from the start (section 4.2.1), but may be stored.", source)
		return expired(v, a)
	case slices.Contains(heuristicStatuses, a.Status) || cc.Has("public"):
		v.step("No lifetime is stated, and status %d lets a cache choose one (section 4.2.2).", a.Status)
		v.Storage = storageHeuristic
		return v
	}
	v.step("No lifetime is stated, and status %d may not be stored without one (section 3).", a.Status)
	return v
}

// expired answers are reused after a revalidation, or by those who ask while they are on their way.
func expired(v verdict, a answerHead) verdict {
	if a.SharedValidator {
		v.step("Two visitors with different pages got the same validator (ETag or Last-Modified), so the origin confirms one visitor's stored page to the other with 304 (section 4.3).")
		v.Storage = storageValidator
		return v
	}
	v.step("A cache may answer several waiting requests with one response (section 4). Varnish from 8.0, Squid from 7, Traffic Server and CloudFront do so even with expired ones.")
	v.Storage = storageMerged
	return v
}

// statedLifetime is what remains of s-maxage, else of max-age, else Expires minus Date (section 4.2.1). What cannot be
// read is zero.
func statedLifetime(a answerHead, cc web.CacheControl) (lifetime time.Duration, source message.Message, stated bool) {
	h := a.Header
	for _, name := range []string{"s-maxage", "max-age"} {
		if !cc.Has(name) {
			continue
		}
		seconds, ok := cc.Seconds(name)
		if !ok {
			return 0, message.New("%s has no valid value and counts as 0", name), true
		}
		age, err := strconv.ParseInt(h.Get("Age"), 10, 32)
		if err != nil || age < 0 {
			age = 0
		}
		return time.Duration(seconds-age) * time.Second, message.New("%s=%d", name, seconds), true
	}
	if len(h.Values("Expires")) == 0 {
		return 0, message.Message{}, false
	}
	text := h.Get("Expires")
	expires, err := http.ParseTime(text)
	if err != nil {
		return 0, message.New("Expires: %s is not a date and means the past (section 5.3; Varnish ignores it and keeps the page for its default time)", text), true
	}
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		date = a.Started.Add(a.FirstByte)
	}
	return expires.Sub(date), message.New("Expires: %s", text), true
}
