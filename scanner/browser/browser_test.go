package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"sotomi/scanner/browser"
)

func TestTry(t *testing.T) {
	path, err := browser.Find(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var reqs []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reqs = append(reqs, r.Method+" "+r.Host+r.URL.String()+" "+r.UserAgent())
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, `<!doctype html><title>x</title><script src=/a.js></script><script>var q=1;eval("var z=2");
			navigator.sendBeacon("/beacon","x"); fetch("/api",{method:"POST",body:"x"}).then(r=>document.title="st"+r.status);new WebSocket("ws://"+location.host+"/ws");window.open("/pop");
			localStorage.k=1;document.cookie="c=1"; new Worker("/w.js"); navigator.serviceWorker.register("/sw.js");
			</script><form action=/pay method=post><input name=card_number autocomplete=cc-number><input type=password name=p></form><iframe src="http://localhost:`+r.Host[len("127.0.0.1:"):]+`/frame"></iframe>`)
		case "/a.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `document.addEventListener("input",function(){});window.addEventListener("keyup",()=>1);var s=document.createElement("script");s.src="/b.js";document.head.append(s);var i=document.createElement("script");i.text="window.inl=1";document.head.append(i)`)
		case "/b.js", "/w.js", "/sw.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, `fetch("/from`+r.URL.Path[1:]+`",{method:"POST"}).catch(()=>0);`)
		case "/frame":
			fmt.Fprint(w, `<script>var inframe=1</script><input name=cvc>`)
		default:
			http.NotFound(w, r)
		}
	}))
	defer s.Close()
	b, err := browser.Open(t.Context(), browser.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	u, _ := url.Parse(s.URL + "/")
	l, err := b.Look(t.Context(), browser.Page{URL: u, Visit: browser.VisitFirst})
	if err != nil {
		t.Fatal(err)
	}
	j, _ := json.MarshalIndent(l, "", " ")
	t.Logf("%s", j)
	t.Log(len(l.Screenshot))
	for _, r := range reqs {
		t.Log(r)
	}
}
