package elasticsearch

import (
	"strings"
	"testing"
)

// TestVersions: the edges of every range, snapshots, and what is no version.
func TestVersions(t *testing.T) {
	for _, c := range []struct{ distribution, number, endOfLife, weaknesses string }{
		{"elasticsearch", "0.90.13", "before 2022", "CVE-2014-3120 CVE-2015-1427 CVE-2015-3337 CVE-2015-5377"},
		{"elasticsearch", "1.1.9", "before 2022", "CVE-2014-3120 CVE-2015-1427 CVE-2015-3337 CVE-2015-5377"},
		{"elasticsearch", "1.2.0", "before 2022", "CVE-2015-1427 CVE-2015-3337 CVE-2015-5377"},
		{"elasticsearch", "1.3.7", "before 2022", "CVE-2015-1427 CVE-2015-3337 CVE-2015-5377"},
		{"elasticsearch", "1.3.8", "before 2022", "CVE-2015-3337 CVE-2015-5377"},
		{"elasticsearch", "1.4.0", "before 2022", "CVE-2015-1427 CVE-2015-3337 CVE-2015-5377"},
		{"elasticsearch", "1.4.3", "before 2022", "CVE-2015-3337 CVE-2015-5377"},
		{"elasticsearch", "1.4.5", "before 2022", "CVE-2015-5377"},
		{"elasticsearch", "1.5.0", "before 2022", "CVE-2015-3337 CVE-2015-5377"},
		{"elasticsearch", "1.5.2", "before 2022", "CVE-2015-5377"},
		{"elasticsearch", "1.6.0", "before 2022", "CVE-2015-5377"},
		{"elasticsearch", "1.6.1", "before 2022", ""},
		{"elasticsearch", "1.10.0", "before 2022", ""},
		{"elasticsearch", "5.6.16", "before 2022", ""},
		{"elasticsearch", "6.8.23", "2022-02-10", ""},
		{"elasticsearch", "7.10.2", "2026-01-15", ""},
		{"elasticsearch", "8.9.0", "only 8.19 of version 8 gets fixes", ""},
		{"elasticsearch", "8.18.9", "only 8.19 of version 8 gets fixes", ""},
		{"elasticsearch", "8.19.0-SNAPSHOT", "", ""},
		{"elasticsearch", "8.19.0", "", ""},
		{"elasticsearch", "9.0.0", "", ""},
		{"elasticsearch", "10.1", "", ""},
		{"elasticsearch", "1.0.0.RC2", "before 2022", "CVE-2014-3120 CVE-2015-1427 CVE-2015-3337 CVE-2015-5377"},
		{"elasticsearch", "unknown", "", ""},
		{"elasticsearch", "", "", ""},
		{"opensearch", "1.3.20", "2025-04-29", ""},
		{"opensearch", "2.19.0", "", ""},
		{"opensearch", "unknown", "", ""},
	} {
		if got := endOfLife(c.distribution, c.number); got != c.endOfLife {
			t.Errorf("endOfLife(%q, %q) = %q, want %q", c.distribution, c.number, got, c.endOfLife)
		}
		if got := strings.Join(knownWeaknesses(c.distribution, c.number), " "); got != c.weaknesses {
			t.Errorf("knownWeaknesses(%q, %q) = %q, want %q", c.distribution, c.number, got, c.weaknesses)
		}
	}
}
