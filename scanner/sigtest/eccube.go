package sigtest

import (
	"net/http"
	"strings"
	"time"
)

// eccubeLogs is a shop whose logs of today and yesterday are published, as 3.x and 4.x name and write them.
func eccubeLogs(w http.ResponseWriter, r *http.Request) {
	for _, age := range []int{0, -1} {
		day := time.Now().AddDate(0, 0, age).Format(time.DateOnly)
		switch r.URL.Path {
		case "/app/log/site_" + day + ".log":
			answer{status: http.StatusOK, body: []byte("[" + day + " 03:04:05,123] [INFO] [front] [shop] start\n")}.write(w)
			return
		case "/var/log/prod/site-" + day + ".log":
			answer{status: http.StatusOK, body: []byte("[" + strings.TrimSpace(day) + "T03:04:05+09:00] app.INFO: start [] []\n")}.write(w)
			return
		}
	}
	http.NotFound(w, r)
}
