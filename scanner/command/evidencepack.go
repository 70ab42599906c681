package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"sotomi/scanner/history"
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

// withEarlier gives the evidence pack, if one is wanted, the looks of all runs of a history before one; 0 for all that ended.
func (o *outputs) withEarlier(ctx context.Context, f *history.File, before int64) error {
	if f == nil || !slices.ContainsFunc(o.wanted, func(w output) bool { return w.name == evidencePack }) {
		return nil
	}
	runs, err := f.Runs(ctx)
	if err != nil {
		return err
	}
	days := &report.PaymentDays{}
	for _, run := range slices.Backward(runs) {
		if before != 0 && run.ID >= before {
			continue
		}
		r, err := f.Report(ctx, run.ID)
		if err == nil {
			err = report.Replay(r, days)
		}
		if err != nil && !errors.Is(err, report.ErrIncomplete) {
			return message.Errorf("run %d: %w", int(run.ID), err)
		}
	}
	o.options.PaymentDays = days
	return nil
}
