package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const weaknessesHeader = `# Published weaknesses of WordPress, its plug-ins and themes. Made by checks/internal/wordpressdb; do not edit.
# Facts (names, ranges of releases, CVE numbers, CVSS scores, numbers of records) from Wordfence Intelligence. Copyright
# 2012-2026 Defiant Inc.; the licence is in checks/wordpress/NOTICE-weaknesses.md. Each record is at
# https://www.wordfence.com/threat-intel/vulnerabilities/id/RECORD. Its ranges are as published there and were not tried.
# "!" marks those in the catalogue of known exploited vulnerabilities of CISA.
# Kept of plug-ins and themes: what needs neither an account nor a visitor's help and has CVSS 7 or more, what is known to be
# exploited, and all of components from Japan; of WordPress itself all that has a score.
# source: Wordfence Intelligence by https://github.com/topscoder/nuclei-wordfence-cve commit %s
# date: %s
# source: https://github.com/cisagov/kev-data (CC0): which are exploited
# date: %s
# KIND NAME, then a line for each record: its CVE or -, score, RECORD, ranges: LAST, <FIRST-NOT, FROM..LAST, FROM..<NOT, * for all
`

// kinds of what a record is about, by the tag of its template.
var kinds = map[string]string{"wp-plugin": "plugin", "wp-theme": "theme", "wp-core": "core"}

// japanese are plug-ins and themes made in Japan, of which every record is kept.
var japanese = regexp.MustCompile(`^(usc-e-shop|.*-for-welcart|mw-wp-form|snow-monkey.*|vk-.*|lightning|arkhe.*|contact-form-7|flamingo|siteguard|xo-.*|` +
	`throws-spam-away|booking-package|trust-form|table-of-contents-plus|newpost-catch|pochipp|woocommerce-for-japan|online-lesson-booking-system|` +
	`related-posts-line-up-exactry-by-milliard)$`)

// record is one published weakness of one component.
type record struct {
	kind, name string
	id         string // of the record
	cve        string // "" for none
	score      float64
	open       bool // needs neither an account nor a visitor's help
	ranges     []string
}

// writeWeaknesses writes the table.
func writeWeaknesses(w io.Writer, records, exploited string) error {
	known, err := exploitedCVEs(exploited)
	if err != nil {
		return err
	}
	list, err := readRecords(records)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(r record) bool { return !r.keep(known) })
	var heads [2][]string // commit and date
	for i, dir := range []string{records, exploited} {
		text, err := clones.Output(dir, "log", "-1", "--format=%H %cs")
		if err != nil {
			return err
		}
		heads[i] = strings.Fields(text)
	}
	fmt.Fprintf(w, weaknessesHeader, heads[0][0], heads[0][1], heads[1][1])
	component := ""
	for _, r := range list {
		if c := r.kind + " " + r.name; c != component {
			component = c
			fmt.Fprintln(w, component)
		}
		mark := ""
		if known[r.cve] {
			mark = "!"
		}
		fmt.Fprintf(w, " %s%s %s %s %s\n", cmp.Or(r.cve, "-"), mark, strconv.FormatFloat(r.score, 'f', 1, 64), r.id, strings.Join(r.ranges, " "))
	}
	log.Printf("%d records", len(list))
	return nil
}

// keep reports whether the table has a record.
func (r record) keep(exploited map[string]bool) bool {
	switch {
	case len(r.ranges) == 0:
		return false
	case exploited[r.cve], r.kind == "core" && r.score > 0, japanese.MatchString(r.name) && r.score > 0:
		return true
	}
	return r.kind != "core" && r.open && r.score >= 7
}

// exploitedCVEs are those that somebody is known to have used.
func exploitedCVEs(dir string) (map[string]bool, error) {
	text, err := clones.Output(dir, "show", "HEAD:known_exploited_vulnerabilities.json")
	if err != nil {
		return nil, err
	}
	var catalogue struct {
		Vulnerabilities []struct{ CVEID string }
	}
	if err := json.Unmarshal([]byte(text), &catalogue); err != nil {
		return nil, fmt.Errorf("known exploited: %w", err)
	}
	known := map[string]bool{}
	for _, v := range catalogue.Vulnerabilities {
		known[v.CVEID] = true
	}
	return known, nil
}

// readRecords reads all templates; files of one record and component are one record with several ranges.
func readRecords(dir string) ([]record, error) {
	files, err := clones.Tree(dir, "HEAD")
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for name, id := range files {
		if path.Ext(name) == ".yaml" && strings.HasPrefix(name, "nuclei-templates/") {
			ids[id] = true
		}
	}
	merged := map[[3]string]*record{}
	err = clones.Contents(dir, slices.Sorted(maps.Keys(ids)), func(_ int, body []byte) {
		r, ok := parseTemplate(string(body))
		if !ok {
			return
		}
		key := [3]string{r.kind, r.name, r.id}
		known := merged[key]
		if known == nil {
			merged[key] = &r
			return
		}
		known.cve, known.score, known.open = cmp.Or(known.cve, r.cve), max(known.score, r.score), known.open || r.open
		known.ranges = append(known.ranges, r.ranges...)
	})
	if err != nil {
		return nil, err
	}
	var list []record
	for _, r := range merged {
		slices.Sort(r.ranges)
		r.ranges = slices.Compact(r.ranges)
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b record) int {
		return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.name, b.name), cmp.Compare(b.score, a.score), strings.Compare(a.cve, b.cve), strings.Compare(a.id, b.id))
	})
	return list, nil
}

var (
	idForm     = regexp.MustCompile(`vulnerabilities/id/([0-9a-f]{8}-[0-9a-f-]{27})`)
	cveForm    = regexp.MustCompile(`(?m)^    cve-id: (CVE-\d+-\d+)`)
	scoreForm  = regexp.MustCompile(`(?m)^    cvss-score: ([0-9.]+)`)
	vectorForm = regexp.MustCompile(`(?m)^    cvss-metrics: .*/PR:N/UI:N/`)
	tagsForm   = regexp.MustCompile(`(?m)^  tags: .*\b(wp-plugin|wp-theme|wp-core)(?:,([^,\s]+))?`)
	rangeForm  = regexp.MustCompile(`compare_versions\(version[a-z_]*, (.*)\)`)
	// versionForm is what can be compared.
	versionForm = regexp.MustCompile(`^[0-9][0-9A-Za-z]*(?:[._+-][0-9A-Za-z]+)*$`)
	boundForm   = regexp.MustCompile(`'(<=|>=|<|>|)\s*([^']*?)\s*'`)
)

// parseTemplate reads the facts of one template; ok is false for what is none or says no range.
func parseTemplate(text string) (r record, ok bool) {
	group := func(re *regexp.Regexp, n int) string {
		if m := re.FindStringSubmatch(text); m != nil {
			return m[n]
		}
		return ""
	}
	r.id, r.kind, r.name, r.cve = group(idForm, 1), kinds[group(tagsForm, 1)], strings.ToLower(group(tagsForm, 2)), group(cveForm, 1)
	r.score, _ = strconv.ParseFloat(group(scoreForm, 1), 64)
	r.open = vectorForm.MatchString(text)
	if r.kind == "core" {
		r.name = "wordpress"
		if !strings.Contains(text, "\n    WordPress ") && !strings.Contains(text, "id: CVE-") && !strings.Contains(text, "id: wordpress-") {
			return r, false // of the multi-site product that was one of its own until 2010
		}
	}
	for _, m := range rangeForm.FindAllStringSubmatch(text, -1) {
		if span := rangeOf(m[1]); span != "" && !slices.Contains(r.ranges, span) {
			r.ranges = append(r.ranges, span)
		}
	}
	return r, r.id != "" && r.kind != "" && r.name != ""
}

// rangeOf writes the bounds of a comparison as the table has them; "" when it cannot.
func rangeOf(bounds string) string {
	from, to := "", ""
	for _, m := range boundForm.FindAllStringSubmatch(bounds, -1) {
		version := strings.TrimPrefix(strings.TrimSuffix(m[2], "."), "v")
		if version != "*" && !versionForm.MatchString(version) {
			return ""
		}
		switch m[1] {
		case "<=":
			to = version
		case "<":
			to = "<" + version
		case ">=":
			from = version
		case "":
			from, to = version, version
		default:
			return ""
		}
	}
	switch {
	case to == "":
		return ""
	case from != "":
		return from + ".." + to
	}
	return to
}
