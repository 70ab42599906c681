package ssi

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
)

var (
	setsFormat = regexp.MustCompile(`<!--#config timefmt=("[^"]*"|'[^']*'|[^"'\s]+) -->`)
	printsDate = regexp.MustCompile(`<!--#echo var=("[^"]*"|'[^']*'|[^"'\s]+) -->`)
)

// evaluated is what mod_include of Apache makes of a text. nginx does the same, but refuses values without quotes.
func evaluated(text string, bare bool) string {
	date := func(format string) string {
		now := time.Now().UTC()
		return strings.NewReplacer("%j", fmt.Sprintf("%03d", now.YearDay()), "%Y", fmt.Sprint(now.Year())).Replace(format)
	}
	format := time.Now().UTC().Format("Monday, 02-Jan-2006 15:04:05 GMT")
	for {
		at := printsDate.FindStringSubmatchIndex(text)
		if at == nil {
			return text
		}
		if m := setsFormat.FindStringSubmatchIndex(text); m != nil && m[0] < at[0] {
			value := text[m[2]:m[3]]
			if strings.ContainsAny(value[:1], `"'`) || bare {
				format = strings.Trim(value, `"'`)
			}
			text = text[:m[0]] + text[m[1]:]
			continue
		}
		value := text[at[2]:at[3]]
		said := "[an error occurred while processing this directive]"
		if strings.ContainsAny(value[:1], `"'`) || bare {
			said = date(format)
		}
		text = text[:at[0]] + said + text[at[1]:]
	}
}

// shop shows what show makes of a request.
func shop(show func(w http.ResponseWriter, r *http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<html><body><form action="/"><input name="q"></form><a href="/app/">app</a><p>%s</p></body></html>`, show(w, r))
	})
}

func cut(text string, n int) string { return text[:min(len(text), n)] }

// TestInjectionIsReached: how an application handles what visitors send does not hide that the server evaluates it.
func TestInjectionIsReached(t *testing.T) {
	backslashes := strings.NewReplacer(`"`, `\"`, `'`, `\'`)
	for name, c := range map[string]struct {
		show  func(w http.ResponseWriter, r *http.Request) string
		point string
	}{
		"whole": {func(_ http.ResponseWriter, r *http.Request) string { return evaluated(r.FormValue("q"), true) }, "/?q=…"},
		"cut_at_60_characters": {func(_ http.ResponseWriter, r *http.Request) string {
			return evaluated(cut(r.FormValue("q"), 60), true)
		}, "/?q=…"},
		"cut_at_40_characters": {func(_ http.ResponseWriter, r *http.Request) string {
			return evaluated(cut(r.FormValue("q"), 40), false)
		}, "/?q=…"},
		"backslashes_before_quotes": {func(_ http.ResponseWriter, r *http.Request) string {
			return evaluated(backslashes.Replace(r.FormValue("q")), true)
		}, "/?q=…"},
		"double_quotes_encoded": {func(_ http.ResponseWriter, r *http.Request) string {
			return evaluated(strings.ReplaceAll(r.FormValue("q"), `"`, "&quot;"), false)
		}, "/?q=…"},
		"double_quotes_taken_out": {func(_ http.ResponseWriter, r *http.Request) string {
			return evaluated(strings.ReplaceAll(r.FormValue("q"), `"`, ""), false)
		}, "/?q=…"},
		"single_quotes_encoded": {func(_ http.ResponseWriter, r *http.Request) string {
			return evaluated(strings.ReplaceAll(r.FormValue("q"), `'`, "&#039;"), false)
		}, "/?q=…"},
		"quotes_encoded_and_cut": {func(_ http.ResponseWriter, r *http.Request) string {
			return evaluated(cut(strings.ReplaceAll(r.FormValue("q"), `"`, "&quot;"), 60), false)
		}, "/?q=…"},
		"path_below_a_folder": {func(w http.ResponseWriter, r *http.Request) string {
			if !strings.HasPrefix(r.URL.Path, "/app/") {
				return "x"
			}
			return "No page " + evaluated(r.URL.Path, true)
		}, "/app/…"},
		"nothing_compressed_is_evaluated": {func(_ http.ResponseWriter, r *http.Request) string {
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				return r.FormValue("q")
			}
			return evaluated(r.FormValue("q"), true)
		}, "/?q=…"},
		"forwarded_for": {func(_ http.ResponseWriter, r *http.Request) string {
			return "You come from " + evaluated(r.Header.Get("X-Forwarded-For"), true)
		}, "X-Forwarded-For: …"},
		"cookie_of_the_page": {func(w http.ResponseWriter, r *http.Request) string {
			_, name, ok := strings.Cut(r.Header.Get("Cookie"), "nick=")
			if !ok {
				name = "guest"
				http.SetCookie(w, &http.Cookie{Name: "nick", Value: "guest"})
				http.SetCookie(w, &http.Cookie{Name: "PHPSESSID", Value: "5f2d8c1e"})
			}
			return "Hello " + evaluated(name, true)
		}, "Cookie nick=…"},
		"behind_a_redirect": {func(w http.ResponseWriter, r *http.Request) string {
			if q := r.URL.Query().Get("q"); q != "" {
				w.Header().Set("Location", "/result?"+url.Values{"text": {q}}.Encode())
				w.WriteHeader(http.StatusFound)
			}
			return evaluated(r.URL.Query().Get("text"), true)
		}, "/?q=…"},
	} {
		t.Run(name, func(t *testing.T) {
			outcome, findings := injected(t, shop(c.show))
			if outcome.Status != scanner.StatusFound || len(findings) == 0 {
				t.Fatalf("outcome %s (%s), want found", outcome.Status, outcome.Reason)
			}
			if got := findings[0].Hit.Values["point"]; got != c.point {
				t.Errorf("found at %v, want %s", got, c.point)
			}
		})
	}
}

// TestTheTargetsOwnQuery: an address that the user gave with its query is probed there, though no page links to it.
func TestTheTargetsOwnQuery(t *testing.T) {
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path != "/cgi-bin/view.cgi" || r.URL.Query().Get("mode") != "print" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, "<html><p>%s</p></html>", evaluated(r.URL.Query().Get("title"), true))
	})
	_, findings := injectedAt(t, site, "/cgi-bin/view.cgi?mode=print&title=News")
	if len(findings) == 0 || findings[0].Hit.Values["point"] != "/cgi-bin/view.cgi?title=…" {
		t.Errorf("findings %v, want one at the parameter of the target", findings)
	}
}

// TestInjectionIsNotReached: the same applications on a server that evaluates nothing, and those whose own text looks like
// the short proof.
func TestInjectionIsNotReached(t *testing.T) {
	for name, show := range map[string]func(w http.ResponseWriter, r *http.Request) string{
		"cut": func(_ http.ResponseWriter, r *http.Request) string { return cut(r.FormValue("q"), 60) },
		"cut_beside_a_date": func(_ http.ResponseWriter, r *http.Request) string {
			return cut(r.FormValue("q"), 60) + time.Now().UTC().Format("Monday, 02-Jan-2006 15:04:05 GMT")
		},
		"comments_become_dates": func(_ http.ResponseWriter, r *http.Request) string {
			return regexp.MustCompile(`<!--.*?-->`).ReplaceAllString(cut(r.FormValue("q"), 60), time.Now().UTC().Format("Monday, 02-Jan-2006 15:04:05 GMT"))
		},
		"forwarded_for": func(_ http.ResponseWriter, r *http.Request) string { return r.Header.Get("X-Forwarded-For") },
	} {
		t.Run(name, func(t *testing.T) {
			if outcome, findings := injected(t, shop(show)); outcome.Status != scanner.StatusClean || len(findings) > 0 {
				t.Errorf("outcome %s (%s), want clean", outcome.Status, outcome.Reason)
			}
		})
	}
}

// TestFormsThatPostAreNamed: they are not tried, which a clean outcome says.
func TestFormsThatPostAreNamed(t *testing.T) {
	outcome, _ := injected(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<html><form method="post" action="/inquiry"><input name="text"></form><form action="/search"><input name="q"></form></html>`)
	}))
	if reason := outcome.Reason.String(); outcome.Status != scanner.StatusClean || !strings.Contains(reason, "/inquiry") || strings.Contains(reason, "/search") {
		t.Errorf("outcome %s (%s), want the form that posts to be named as not tried", outcome.Status, reason)
	}
}
