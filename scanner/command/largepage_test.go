package command

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// TestAPageWithManyLinks: a shop's front page with a thousand goods is judged by every signature, and what it names last is
// seen as well as what it names first.
func TestAPageWithManyLinks(t *testing.T) {
	var page strings.Builder
	page.WriteString(`<html><head><title>Shop</title></head><body>`)
	for i := range 1200 {
		fmt.Fprintf(&page, `<a href="/goods/%d" style="color:red"><img src="/pictures/%d.jpg" srcset="/pictures/%d.jpg 2x"></a>`, i, i, i)
	}
	page.WriteString(`<img src="https://shop-uploads.s3.ap-northeast-1.amazonaws.com/a.jpg"></body></html>`)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, page.String())
	}))
	t.Cleanup(s.Close)
	outcomes := scanAll(t.Context(), t, web.Options{}, s.URL).at(s.URL)
	for id, o := range outcomes {
		if !o.Status.Complete() {
			t.Errorf("%s is %s (%s)", id, o.Status, o.Reason)
		}
	}
	if o := outcomes["bucket-named"]; o.Status != scanner.StatusFound {
		t.Errorf("bucket-named is %s (%s), want found", o.Status, o.Reason)
	}
}
