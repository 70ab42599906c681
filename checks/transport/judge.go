package transport

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// insecureLogin is the first form of a page that has a password field and is filled in, or sent, over plain HTTP. The
// variant says that only its destination is plain.
func insecureLogin(page *web.Page) (form *web.Form, variant string) {
	for i := range page.Forms {
		f := &page.Forms[i]
		password := false
		for _, field := range f.Fields {
			password = password || field.Type == "password"
		}
		switch {
		case !password:
		case page.Exchange.URL.Scheme == "http":
			return f, ""
		case f.Action != nil && f.Action.Scheme == "http":
			return f, "action"
		}
	}
	return nil, ""
}

// plainParts are the addresses of plain HTTP that a page loads: those that can change the page (scripts, style sheets,
// frames and objects) and those that only show. There are none in a page whose parts the browser asks for over HTTPS.
func plainParts(page *web.Page) (active, passive []string) {
	if upgraded(page) {
		return nil, nil
	}
	return plain(page.Scripts, page.Styles, page.Frames), plain(page.Media)
}

func plain(kinds ...[]*url.URL) []string {
	var list []string
	for _, u := range slices.Concat(kinds...) {
		if shown := withoutQuery(u); u.Scheme == "http" && !slices.Contains(list, shown) {
			list = append(list, shown)
		}
	}
	return list
}

// upgraded reports whether a page tells browsers to load all its parts over HTTPS, whatever the addresses say. A policy
// that is only reported does not.
func upgraded(page *web.Page) bool {
	policies := append(slices.Clone(page.Policies), page.Exchange.Header.Values("Content-Security-Policy")...)
	for _, directive := range strings.FieldsFunc(strings.Join(policies, ","), func(r rune) bool { return r == ',' || r == ';' }) {
		if words := strings.Fields(directive); len(words) > 0 && strings.EqualFold(words[0], "upgrade-insecure-requests") {
			return true
		}
	}
	return false
}

// weakCookie is a session cookie and the attributes that it lacks.
type weakCookie struct {
	name    string
	missing []string // of Secure, HttpOnly, SameSite
}

// weakCookies are the session cookies of an answer (RFC 6265bis) that lack an attribute. Secure can be asked for over HTTPS
// only.
func weakCookies(ex *web.Exchange, overTLS bool) []weakCookie {
	var list []weakCookie
	cookies := ex.Cookies()
	for i, c := range cookies {
		replaced := slices.ContainsFunc(cookies[i+1:], func(o *http.Cookie) bool { return o.Name == c.Name && o.Domain == c.Domain && o.Path == c.Path })
		if replaced || noSession(c.Value) || web.TakenAway(c, ex.Started) || !web.SessionCookie(c.Name) {
			continue
		}
		w := weakCookie{name: c.Name}
		if overTLS && !c.Secure {
			w.missing = append(w.missing, "Secure")
		}
		if !c.HttpOnly {
			w.missing = append(w.missing, "HttpOnly")
		}
		if c.SameSite == 0 || c.SameSite == http.SameSiteDefaultMode {
			w.missing = append(w.missing, "SameSite")
		}
		if len(w.missing) > 0 {
			list = append(list, w)
		}
	}
	return list
}

// noSession reports whether a value is too plain to be a session: a switch, or what PHP sets when it takes a cookie away.
func noSession(value string) bool {
	return slices.Contains([]string{"", "0", "1", "no", "yes", "false", "true", "none", "null", "deleted"}, strings.ToLower(value))
}

func describeCookies(list []weakCookie) message.Message {
	var parts []message.Message
	for _, w := range list {
		parts = append(parts, message.New("%s lacks %s", w.name, strings.Join(w.missing, ", ")))
	}
	return message.Join("; ", parts...)
}

// hstsLearned is what a browser that asked for host by HTTPS knows when it has followed the redirects that led to an answer:
// the newest valid header counts.
func hstsLearned(ex *web.Exchange, host string) (age time.Duration, stated bool) {
	for hop := ex; hop != nil; hop = hop.Previous {
		if hop.URL.Scheme != "https" || !strings.EqualFold(hop.URL.Hostname(), host) {
			continue
		}
		if age, stated := hstsAge(hop.Header.Values("Strict-Transport-Security")); stated {
			return age, true
		}
	}
	return 0, false
}

// hstsAge is the max-age of the first field (RFC 6797 section 8.1: further fields are ignored), and whether there is a
// valid one.
func hstsAge(fields []string) (time.Duration, bool) {
	if len(fields) == 0 {
		return 0, false
	}
	for _, part := range strings.Split(fields[0], ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if !strings.EqualFold(strings.TrimSpace(name), "max-age") {
			continue
		}
		seconds, ok := web.DeltaSeconds(strings.Trim(strings.TrimSpace(value), `"`))
		return time.Duration(seconds) * time.Second, ok
	}
	return 0, false
}

// expiry says what is wrong with a certificate's time. Certificates that live only days are soon at their end when a third
// of their life is left.
func expiry(from, to, now time.Time, soon time.Duration) (variant string, weak bool) {
	if third := to.Sub(from) / 3; third < soon {
		soon = third
	}
	switch {
	case now.After(to):
		return "expired", true
	case now.Before(from):
		return "not-yet", true
	case to.Sub(now) < soon:
		return "", true
	}
	return "", false
}
