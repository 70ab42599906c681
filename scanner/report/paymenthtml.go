package report

import (
	"bufio"
	_ "embed" // of the page
	"html/template"
	"io"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

//go:embed page/payment.html
var paymentTemplate string

// paymentStyle lets wide tables scroll by themselves.
const paymentStyle = ".wide-table { overflow-x: auto; } .checklist { font-size: .85rem; } .checklist th { text-align: left; border: 1px solid var(--line); padding: .35rem .6rem; background: var(--wash); } " +
	".checklist td { min-width: 6rem; max-width: 28rem; } .checklist td + td + td { width: auto; } main, header { max-width: 96rem; }\n"

// NewPaymentHTML writes the evidence pack about payment pages as one page that needs nothing else.
func NewPaymentHTML(w io.Writer, o Options) scanner.Sink {
	return &paymentPage{evidencePack: newEvidencePack(o), w: w}
}

type paymentPage struct {
	*evidencePack
	w io.Writer
}

func (p *paymentPage) Close(s scanner.Summary) error {
	if err := p.end(s); err != nil {
		return err
	}
	t, err := template.New("").Parse(headTemplate + paymentTemplate)
	if err != nil {
		return err
	}
	style := pageStyle + paymentStyle
	language := "en"
	if p.language == "ja" {
		language = "ja"
	}
	pictured := slices.ContainsFunc(p.pages, func(page packPage) bool { return len(page.Shots) > 0 })
	w := bufio.NewWriter(p.w)
	err = t.Execute(w, map[string]any{
		"Language": language, "Title": p.title(), "Notes": p.notes(), "Tables": p.tables(), "Nothing": p.inWords("Nothing."),
		"Style":  template.CSS(style),
		"Policy": policy(style, "", pictured), "Pictured": pictured, "Pages": p.pages, "Pictures": p.inWords("Pictures of the pages"),
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// shots are the pictures of a page in the language of the pack.
func (p *evidencePack) shots(f scanner.Finding) []shot {
	say := func(m message.Message) string { return p.inWords("%s", m) }
	return shots(f, say, func(m message.Message) template.HTML { return template.HTML(template.HTMLEscapeString(say(m))) })
}
