package report_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"
)

// dojoKeys are those that DefectDojo's importer takes. from: dojo/tools/generic/json_parser.py
var dojoKeys = []string{
	"title", "severity", "description", "date", "cwe", "cvssv3", "mitigation", "impact", "steps_to_reproduce", "references", "active", "verified",
	"static_finding", "dynamic_finding", "unique_id_from_tool", "vuln_id_from_tool", "tags", "endpoints", "vulnerability_ids",
}

// TestDefectDojoTakesIt: a file with a key that the importer does not know, or without one that it needs, is refused whole.
func TestDefectDojoTakesIt(t *testing.T) {
	for name, put := range all {
		var f struct{ Findings []map[string]any }
		if err := json.Unmarshal(in(t, "defectdojo", "en", put), &f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if f.Findings == nil || name == "scanned" && len(f.Findings) != 6 {
			t.Errorf("%s: %d findings", name, len(f.Findings))
		}
		for _, one := range f.Findings {
			for key := range one {
				if !slices.Contains(dojoKeys, key) {
					t.Errorf("%s: key %s", name, key)
				}
			}
			if one["title"] == "" || one["description"] == "" || !slices.Contains([]any{"Critical", "High", "Medium", "Low", "Info"}, one["severity"]) {
				t.Errorf("%s: %v", name, one)
			}
		}
	}
}

var (
	gitlabDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$`)
	uuid       = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
)

// TestGitLabTakesIt holds what the schema of DAST reports asks for, and that a scan with gaps is none that succeeded.
// from: lib/gitlab/ci/parsers/security/validators/schemas/15.2.1/dast-report-format.json
func TestGitLabTakesIt(t *testing.T) {
	for name, put := range all {
		var f struct {
			Version string
			Scan    struct {
				Start            string `json:"start_time"`
				End              string `json:"end_time"`
				Status, Type     string
				Analyzer         struct{ ID, Name, Version string }
				ScannedResources []struct{ Method, URL, Type string } `json:"scanned_resources"`
				Messages         []struct{ Level, Value string }
			}
			Vulnerabilities []struct {
				ID, Name, Severity string
				Identifiers        []struct{ Type, Name, Value string }
				Location           map[string]string
				Links              []struct{ URL string }
			}
		}
		text := in(t, "gitlab", "en", put)
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := "failure"
		if name == "recorded" || name == "nothing" {
			want = "success"
		}
		s := f.Scan
		if s.Status != want || s.Type != "dast" || !gitlabDate.MatchString(s.Start) || !gitlabDate.MatchString(s.End) || s.ScannedResources == nil || s.Messages == nil || s.Analyzer.Version == "" {
			t.Errorf("%s: scan %+v", name, s)
		}
		for _, m := range s.Messages {
			if m.Value == "" || !slices.Contains([]string{"info", "warn", "fatal"}, m.Level) {
				t.Errorf("%s: message %+v", name, m)
			}
		}
		if f.Vulnerabilities == nil {
			t.Errorf("%s: no list of findings", name)
		}
		ids := map[string]bool{}
		for _, v := range f.Vulnerabilities {
			if !uuid.MatchString(v.ID) || ids[v.ID] || v.Name == "" || len([]rune(v.Name)) > 255 || len(v.Identifiers) == 0 || v.Location["hostname"] == "" || v.Location["path"] == "" ||
				!slices.Contains([]string{"Info", "Unknown", "Low", "Medium", "High", "Critical"}, v.Severity) {
				t.Errorf("%s: %+v", name, v)
			}
			ids[v.ID] = true
			for _, l := range v.Links {
				if !regexp.MustCompile(`^https?://.+`).MatchString(l.URL) {
					t.Errorf("%s: link %q", name, l.URL)
				}
			}
		}
	}
}
