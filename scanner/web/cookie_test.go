package web

import (
	"net/http"
	"testing"
	"time"
)

// TestTakenAway: servers write dates in many forms, and browsers read them all (RFC 6265 section 5.1.1).
func TestTakenAway(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for attributes, want := range map[string]bool{
		"Max-Age=0":  true,
		"Max-Age=-1": true,
		"max-age=60": false,
		"Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT": false, // Max-Age counts
		"Max-Age=0; Expires=Thu, 01 Jan 2037 00:00:00 GMT":  true,
		"Expires=Thu, 01 Jan 1970 00:00:00 GMT":             true,
		"expires=Thu, 01-Jan-1970 00:00:01 GMT":             true, // PHP
		"Expires=Wed, 25 Nov 2026 12:00:00 GMT":             true, // yesterday
		"Expires=Fri, 27 Nov 2026 12:00:00 GMT":             false,
		"Expires=Thu, 01-Jan-70 00:00:00 GMT":               true, // Tomcat, two digits
		"Expires=Thursday, 01-Jan-70 00:00:00 GMT":          true, // RFC 850
		"Expires=Sunday, 06-Nov-94 08:49:37 GMT":            true,
		"Expires=Thu Jan  1 00:00:00 1970":                  true, // asctime
		"Expires=Thu, 1 Jan 1970 0:0:0 GMT":                 true,
		"Expires=Thu Jan 01 1970 00:00:00 GMT+0000 (UTC)":   true, // JavaScript's Date
		"Expires=Fri, 01-Jan-38 00:00:00 GMT":               false,
		"Expires=Fri, 01-Jan-2038 00:00:00 UTC":             false,
		"Expires=Thu, 32 Jan 1970 00:00:00 GMT":             false, // no date at all: a browser ignores it
		"Expires=0":                                         false,
		"Expires=-1":                                        false,
		"Expires=Session":                                   false,
		"Path=/":                                            false,
	} {
		cookie := (&Exchange{Header: http.Header{"Set-Cookie": {"sid=x; " + attributes}}}).Cookies()[0]
		if got := TakenAway(cookie, now); got != want {
			t.Errorf("TakenAway(%s) = %v, want %v", attributes, got, want)
		}
	}
}
