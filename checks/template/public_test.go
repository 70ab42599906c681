package template_test

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"sotomi/checks/template"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// TestHTTP_takes_public_templates holds that nearly all templates of the folder that TEMPLATES names can run, and lists
// the others by what they use. Payload files are looked for in the folder that TEMPLATE_ROOT names, or one above.
func TestHTTP_takes_public_templates(t *testing.T) {
	folder := os.Getenv("TEMPLATES")
	if folder == "" {
		t.Skip("TEMPLATES names no folder of public templates")
	}
	root := os.Getenv("TEMPLATE_ROOT")
	if root == "" {
		root = filepath.Dir(filepath.Clean(folder))
	}
	set, err := signature.Load(signature.Sources{Folders: []string{folder}, TemplateRoots: []string{root}})
	if err != nil {
		t.Fatal(err)
	}
	at, _ := url.Parse("http://127.0.0.1:8080")
	run, requests := 0, 0
	lacking := map[string][]string{}
	levels := map[signature.Safety]int{}
	for _, s := range set.Signatures {
		check, err := template.New(s)
		var stop *scanner.StatusError
		switch {
		case errors.As(err, &stop):
			lacking[stop.Reason.String()] = append(lacking[stop.Reason.String()], s.ID)
			continue
		case err != nil:
			lacking["mistake"] = append(lacking["mistake"], err.Error())
			continue
		}
		run++
		levels[s.Safety]++
		requests += len(check.(scanner.Planner).Plan(target.Target{URL: at}))
	}
	t.Logf("%d of %d run (%.2f %%), %d requests are known beforehand, %v; skipped %d", run, len(set.Signatures),
		100*float64(run)/float64(len(set.Signatures)), requests, levels, len(set.Skipped))
	var lines []string
	for feature, names := range lacking {
		lines = append(lines, fmt.Sprintf("%4d %s: %.300s", len(names), feature, fmt.Sprint(names)))
	}
	slices.Sort(lines)
	for _, line := range slices.Backward(lines) {
		t.Log(line)
	}
	if 100*run < 97*len(set.Signatures) {
		t.Errorf("%d of %d run, want 97 %%", run, len(set.Signatures))
	}
}
