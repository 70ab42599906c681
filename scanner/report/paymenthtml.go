package report

import (
	"bufio"
	_ "embed" // of the page
	"html/template"
	"io"
	"strings"

	"sotomi/scanner"
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

func (p *paymentPage) Close(scanner.Summary) error {
	t, err := template.New("").Parse(headTemplate + paymentTemplate)
	if err != nil {
		return err
	}
	style := pageStyle + paymentStyle
	language := "en"
	if p.language == "ja" {
		language = "ja"
	}
	w := bufio.NewWriter(p.w)
	err = t.Execute(w, map[string]any{
		"Language": language, "Title": p.title(), "Notes": p.notes(), "Tables": p.tables(), "Nothing": p.inWords("Nothing."),
		"Style":  template.CSS(style),
		"Policy": strings.Join([]string{"default-src 'none'", "style-src " + hashOf(style), "base-uri 'none'", "form-action 'none'"}, "; "),
	})
	if err != nil {
		return err
	}
	return w.Flush()
}
