package report

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/browser"
	"sotomi/scanner/message"
)

// browserPrints is the time in which a browser must print.
const browserPrints = 5 * time.Minute

// Chromium is the browser that prints PDF: the one that is named, else one that is found.
func Chromium(ctx context.Context, named string) (string, error) {
	path, err := browser.Find(ctx, named)
	switch {
	case err == nil || named != "":
		return path, err
	case errors.Is(err, browser.ErrNone):
		return "", message.Errorf("pdf needs Chromium or Chrome, and none was found; install one, name it with --chromium, or take -o html")
	}
	return "", message.Errorf("pdf needs Chromium or Chrome: %w; name another with --chromium, or take -o html", err)
}

// NewPDF prints the page of NewHTML through an installed browser, with every finding opened.
func NewPDF(w io.Writer, o Options) scanner.Sink {
	p := &pdf{to: w, browser: o.Chromium, language: o.Language}
	p.Sink = NewHTML(&p.html, o)
	return p
}

type pdf struct {
	scanner.Sink // the page
	html         spool
	to           io.Writer
	browser      string
	language     string
}

// Close prints what the page is at the end of the scan.
func (p *pdf) Close(s scanner.Summary) error {
	if err := p.Sink.Close(s); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "sotomi-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "report.html")
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(p.html.copyTo(out), out.Close()); err != nil {
		return err
	}
	printed, err := p.print(file, folder)
	if err != nil {
		return message.Errorf("%s printed no PDF: %w", p.browser, err)
	}
	_, err = io.Copy(p.to, bytes.NewReader(printed))
	return err
}

// print makes the PDF of a file. Sink has no context to end it with, so it has a time of its own.
func (p *pdf) print(file, folder string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), browserPrints)
	defer cancel()
	return browser.Print(ctx, p.browser, file, filepath.Join(folder, "profile"))
}
