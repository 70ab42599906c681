package command

import (
	"os"
	"path/filepath"

	"sotomi/scanner/message"
	"sotomi/scanner/report"
)

const evidencePack = "payment-evidence" // a format that writes a folder

// openEvidence opens the evidence pack about payment pages: a page and a workbook in a folder.
func (o *outputs) openEvidence(w output) error {
	if err := os.MkdirAll(w.path, 0o700); err != nil {
		return reason(err)
	}
	for _, file := range []struct {
		name   string
		format report.Format
	}{
		{"payment-evidence.html", report.NewPaymentHTML},
		{"payment-evidence.xlsx", report.NewPaymentXLSX},
	} {
		p, err := newOutputFile(filepath.Join(w.path, file.name), false)
		if err == nil && o.sharedFile(p) {
			p.abandon()
			err = message.Errorf("another report goes to this file")
		}
		if err != nil {
			return err
		}
		o.files = append(o.files, p)
		o.sinks = append(o.sinks, &fileSink{file.format(p, o.options), p})
	}
	return nil
}
