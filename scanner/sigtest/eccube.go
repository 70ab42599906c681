package sigtest

import (
	"net/http"
	"time"
)

// eccubeLogs is a shop whose logs of today and yesterday are published, as 3.x and 4.x name and write them.
func eccubeLogs(w http.ResponseWriter, r *http.Request) {
	for _, age := range []int{0, -1} {
		day := time.Now().AddDate(0, 0, age).Format(time.DateOnly)
		switch r.URL.Path {
		case "/app/log/site_" + day + ".log":
			answer{status: http.StatusOK, body: []byte("[" + day + ` 03:04:05,123456] front.INFO [5f3a] [b1c2] [] [Eccube\EventListener\LogListener:onKernelRequestEarly:47] - INIT [] [] [GET, /, 192.0.2.1, , curl]` + "\n")}.write(w)
			return
		case "/var/log/prod/site-" + day + ".log":
			answer{status: http.StatusOK, body: []byte("[" + day + `T03:04:05.123456+09:00] app.INFO [5f3a] [b1c2] [N/A] [Eccube\EventListener\LogListener:onKernelRequestEarly:73] - INIT [] [GET, /, 192.0.2.1, , curl]` + "\n")}.write(w)
			return
		}
	}
	http.NotFound(w, r)
}
