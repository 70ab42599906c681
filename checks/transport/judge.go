package transport

import (
	"net/http"
	"net/url"
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
// frames) and those that only show.
func plainParts(page *web.Page) (active, passive []string) {
	seen := map[string]bool{}
	add := func(list *[]string, u *url.URL) {
		if u.Scheme == "http" && !seen[u.String()] {
			seen[u.String()] = true
			*list = append(*list, withoutQuery(u))
		}
	}
	for _, u := range page.Scripts {
		add(&active, u)
	}
	for _, u := range page.Assets {
		if web.IsMedia(u.Path) {
			add(&passive, u)
		} else if strings.HasSuffix(strings.ToLower(u.Path), ".css") {
			add(&active, u)
		}
	}
	return active, passive
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
	for _, c := range ex.Cookies() {
		expired := c.MaxAge < 0 || !c.Expires.IsZero() && c.Expires.Year() < 2000
		if c.Value == "" || expired || !web.SessionCookie(c.Name) {
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

func describeCookies(list []weakCookie) message.Message {
	var parts []message.Message
	for _, w := range list {
		parts = append(parts, message.New("%s lacks %s", w.name, strings.Join(w.missing, ", ")))
	}
	return message.Join("; ", parts...)
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
