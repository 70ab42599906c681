package engine

import (
	"time"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// noteAddress keeps who answered for the target's own host and port.
func (s *site) noteAddress(ex *web.Exchange) {
	if ex.Remote == nil || ex.URL.Host != s.target.URL.Host {
		return
	}
	address := ex.Remote.String()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.address = address
}

// remote is the address that answered last.
func (s *site) remote() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// date says of findings when and where they were seen: as the first exchange that shows each does. What is concluded from
// other findings is of now, and of the address of the site.
func (s *site) date(findings []scanner.Finding) {
	for i := range findings {
		f := &findings[i]
		f.Time, f.Address = time.Now().UTC(), s.remote()
		for _, e := range f.Hit.Evidence {
			if !e.Time.IsZero() {
				f.Time, f.Address = e.Time, e.Address
				break
			}
		}
		f.Time = f.Time.Truncate(time.Second)
	}
}
