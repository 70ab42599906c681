package engine

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// An answer that is not the site's own word says nothing of what stands at its address.
func TestWithheld(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		want   scanner.Status // "" for an answer of the site's
	}{
		"page":             {200, "<html><body><h1>Teas</h1>Green and black.</body></html>", ""},
		"absent":           {404, "<html><body>Not Found</body></html>", ""},
		"absent_for_ever":  {410, "", ""},
		"redirect":         {302, "", ""},
		"password":         {401, "<h1>401 Authorization Required</h1>", ""},
		"nginx":            {403, "<html><head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center><hr><center>nginx</center></body></html>", ""},
		"apache":           {403, "<html><head><title>403 Forbidden</title></head><body><h1>Forbidden</h1><p>You don't have permission to access this resource.</p></body></html>", ""},
		"apache_2_2":       {403, "<h1>Forbidden</h1><p>You don't have permission to access /.git/ on this server.</p>", ""},
		"iis":              {403, "<title>403 - Forbidden: Access is denied.</title><h3>You do not have permission to view this directory or page using the credentials that you supplied.</h3>", ""},
		"incident":         {403, "<h1>Access Denied</h1>Incident ID: 12345", scanner.StatusBlocked},
		"japanese_filter":  {403, "<h1>403 Forbidden</h1>不正なアクセスを検知したため、遮断しました。", scanner.StatusBlocked},
		"not_acceptable":   {406, "Not Acceptable", scanner.StatusFailed},
		"challenge_202":    {202, "", scanner.StatusFailed},
		"too_many":         {429, "", scanner.StatusThrottled},
		"unavailable":      {503, "", scanner.StatusThrottled},
		"broken":           {500, "oops", scanner.StatusFailed},
		"closed_for_works": {200, "The site is currently under maintenance.", scanner.StatusFailed},
		"parked":           {200, "This domain is for sale.", scanner.StatusFailed},
		"refuses_with_200": {200, "Your request has been blocked.", scanner.StatusBlocked},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(c.status)
			if c.body != "" {
				_, _ = w.Write([]byte(c.body))
			}
		}))
		u := mustURL(t, s.URL+"/x")
		client, err := web.NewClient(web.Options{Rate: -1, Retries: -1})
		if err != nil {
			t.Fatal(err)
		}
		ex, err := client.Session(u).Do(t.Context(), &web.Request{URL: u, Wants429: true})
		if ex == nil {
			var e *web.Error
			if errors.As(err, &e) {
				ex = e.Answer
			}
		}
		got := scanner.Status("")
		if end := Withheld(ex); end != nil {
			got = end.Status
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		client.Close()
		s.Close()
	}
}
