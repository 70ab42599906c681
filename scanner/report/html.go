package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // of the page's parts
	"encoding/base64"
	"html/template"
	"io"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

var (
	//go:embed page/head.html
	headTemplate string // of every page
	//go:embed page/report.html
	pageTemplate string
	//go:embed page/report.css
	pageStyle string
	//go:embed page/report.js
	pageScript string
)

// NewHTML writes one page that needs nothing else: no network, no other file. It is in both languages and begins with that of
// the options. Findings are kept until the scan ends, for they are grouped by what mends them.
func NewHTML(w io.Writer, o Options) scanner.Sink {
	p := &page{w: w, watched: o.Watched, language: "en", english: message.In("en"), japanese: message.In("ja")}
	if o.Language == "ja" {
		p.language = "ja"
	}
	p.mends = newMends()
	p.gaps = [2]*gaps{newGaps(maxPageGaps), newGaps(maxPageGaps)}
	return p
}

// maxTold is how many findings of one kind say what it is; the others refer to them, for a page of 10,000 has to stay usable.
const maxTold = 20

// maxPageGaps is how many reasons are listed.
const maxPageGaps = 200

type page struct {
	scanner.Discard
	w                 io.Writer
	watched           *Watched // nil for the report of one scan
	language          string
	english, japanese message.Language
	start             scanner.Start
	mends             *mends
	findings          []onPage
	gaps              [2]*gaps
	ignored           [2]suppressedList
	hosts             hosts
	ports             portList
	checklist         *checklist // nil for a scan without a profile
}

// onPage is a finding and what mends it on its site.
type onPage struct {
	scanner.Finding
	mend *mend
}

func (p *page) Start(s scanner.Start) error {
	p.start = s
	p.checklist = newChecklist(s)
	return nil
}

func (p *page) Finding(f scanner.Finding) error {
	p.checklist.finding(f)
	if p.ignored[0].add(f, "en") && p.ignored[1].add(f, "ja") {
		return nil
	}
	p.findings = append(p.findings, onPage{f, p.mends.add(f)})
	return nil
}

func (p *page) Target(t scanner.TargetInfo) error {
	p.ports.add(t)
	return nil
}

func (p *page) Outcome(o scanner.Outcome) error {
	p.gaps[0].add(o, p.english)
	p.gaps[1].add(o, p.japanese)
	p.hosts.add(o.Target)
	p.checklist.outcome(o)
	return nil
}

func (p *page) Close(s scanner.Summary) error {
	labels := p.labels()
	t, err := template.New("").Funcs(template.FuncMap{"label": func(id string) template.HTML { return labels[id] }, "plain": p.plain}).Parse(headTemplate + pageTemplate)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(p.w)
	mends := p.mends.sorted()
	whole := p.whole(s)
	if err := t.ExecuteTemplate(w, "begin", whole); err != nil {
		return err
	}
	by := map[*mend][]scanner.Finding{}
	for _, f := range p.findings {
		by[f.mend.into] = append(by[f.mend.into], f.Finding)
	}
	for _, m := range mends {
		if err := p.group(t, w, m, by[m]); err != nil {
			return err
		}
	}
	if err := t.ExecuteTemplate(w, "end", whole); err != nil {
		return err
	}
	return w.Flush()
}

// group writes what one thing mends.
func (p *page) group(t *template.Template, w io.Writer, m *mend, list []scanner.Finding) error {
	var remedy template.HTML // once for all of them
	if m.Count > 1 {
		remedy = span(m.remedy("en"), m.remedy("ja"))
	}
	gone := "page-gone"
	if m.isNote() {
		gone = "findings"
	}
	err := t.ExecuteTemplate(w, "mend", map[string]any{
		"Class": class(m.Severity), "Severity": p.Say("severity-" + string(m.Severity)),
		"Title": span(m.title("en"), m.title("ja")), "Remedy": remedy, "Where": span(m.where("en"), m.where("ja")),
		"Gone": span(p.english.Count(gone, m.Count, nil), p.japanese.Count(gone, m.Count, nil)),
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b scanner.Finding) int { return worth(b) - worth(a) })
	told := map[string]int{}
	for _, f := range list {
		shown := p.finding(f)
		if m.Count > 1 {
			shown["Remedy"] = nil
		}
		rule := f.Signature.ID + "/" + f.Hit.Variant
		if told[rule]++; told[rule] > maxTold {
			shown["Description"], shown["Impact"], shown["Remedy"], shown["References"] = p.Say("page-told"), nil, nil, nil
		}
		if err := t.ExecuteTemplate(w, "finding", shown); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "</section>\n")
	return err
}

// finding is what the page shows of one.
func (p *page) finding(f scanner.Finding) map[string]any {
	rows := sides(f.Hit.Values)
	pictures := shots(f, bothPlain, inBoth)
	f.Hit.Values, f.Hit.Pictures = withoutSides(f.Hit.Values), nil
	en, ja := newEntry(f, "en"), newEntry(f, "ja")
	proofs := make([]map[string]any, len(en.Evidence))
	for i, one := range en.Evidence {
		proofs[i] = map[string]any{"Note": span(one.Note, ja.Evidence[i].Note), "Request": one.Request, "Response": one.Response}
	}
	references := []map[string]string{}
	for _, text := range slices.Concat(en.CVE, en.CWE, en.References) {
		references = append(references, map[string]string{"Text": text, "Link": webLink(text)})
	}
	if en.CVSS != "" {
		references = append(references, map[string]string{"Text": en.CVSS})
	}
	id := en.Rule
	if en.Matcher != "" {
		id += ":" + en.Matcher
	}
	return map[string]any{
		"Class": class(en.Severity), "Severity": p.Say("severity-" + string(en.Severity)), "Possible": en.Certainty == scanner.Possible,
		"CertaintyClass": string(en.Certainty), "Certainty": p.Say("certainty-" + string(en.Certainty)), "Name": span(en.Name, ja.Name), "URL": en.URL,
		"Description": span(en.Description, ja.Description), "Impact": span(en.Impact, ja.Impact), "Values": span(en.Values, ja.Values), "Sides": rows, "Pictures": pictures,
		"Remedy": span(en.Remediation, ja.Remediation), "Curl": en.Curl, "Proofs": proofs, "References": references, "ID": id + "  " + en.Fingerprint,
		"Since": p.watched.since(f),
	}
}

// class is the name of a severity in the style sheet.
func class(s signature.Severity) string {
	if slices.Contains(grades, s) {
		return string(s)
	}
	return "unknown"
}

// span is a text in both languages, of which the style sheet shows one.
func span(english, japanese string) template.HTML {
	if english == "" && japanese == "" {
		return ""
	}
	if english == japanese {
		return template.HTML(template.HTMLEscapeString(english))
	}
	return template.HTML(`<span lang="en">` + template.HTMLEscapeString(english) + `</span><span lang="ja">` + template.HTMLEscapeString(japanese) + `</span>`)
}

// Say is a text by its id, in both languages.
func (p *page) Say(id string) template.HTML {
	return span(p.english.Say(id, nil), p.japanese.Say(id, nil))
}

// plain is a text by its id where there can be no markup: in both languages, one after the other.
func (p *page) plain(id string) string {
	english, japanese := p.english.Say(id, nil), p.japanese.Say(id, nil)
	if english == japanese {
		return english
	}
	return english + " / " + japanese
}

// labels are the texts of the template.
func (p *page) labels() map[string]template.HTML {
	labels := map[string]template.HTML{}
	for _, id := range []string{"certainty", "curl", "impact", "values"} {
		labels[id] = p.Say("column-" + id)
	}
	for _, id := range []string{"bad", "checklist", "checklist-note", "disclaimer", "findings", "glossary", "search", "severities", "severity", "title", "unchecked", "no-longer-checked"} {
		labels[id] = p.Say("page-" + id)
	}
	labels["coverage"], labels["evidence"], labels["first"] = p.Say("coverage"), p.Say("evidence"), p.Say("first")
	for _, name := range []string{valueBefore, valueAfter} {
		labels[name] = span(p.english.Name("value", name), p.japanese.Name("value", name))
	}
	labels["pictures"] = inBoth(message.New("Pictures of the page"))
	labels["references"], labels["todo"] = p.Say("references"), p.Say("todo")
	labels["not-looked-at"] = span(strings.TrimSuffix(p.english.Say("not-looked-at", nil), ":"), strings.TrimSuffix(p.japanese.Say("not-looked-at", nil), ":"))
	labels["ports"] = span(strings.TrimSuffix(p.english.Say("ports", nil), ":"), strings.TrimSuffix(p.japanese.Say("ports", nil), ":"))
	return labels
}

// hashOf is a source of a content security policy: the one script or style that may be used.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// policy lets a page use its own style, its own script and the pictures in it where it has any, and nothing else.
func policy(style, script string, pictures bool) string {
	list := []string{"default-src 'none'", "style-src " + hashOf(style)}
	if script != "" {
		list = append(list, "script-src "+hashOf(script))
	}
	if pictures {
		list = append(list, "img-src data:")
	}
	return strings.Join(append(list, "base-uri 'none'", "form-action 'none'"), "; ")
}
