package report

import (
	"html/template"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Watched is what is known of sites that are scanned again and again.
type Watched struct {
	Since     func(scanner.Finding) time.Time // when a finding was first found; zero when nobody knows
	Next      time.Time                       // the next scan; zero when nobody knows
	Unchecked []scanner.Finding               // found before, and not looked at by this scan
}

// since says when a finding was first found.
func (w *Watched) since(f scanner.Finding) template.HTML {
	if w == nil {
		return ""
	}
	at := w.Since(f)
	if at.IsZero() {
		return ""
	}
	return inBoth(message.New("open since %s", at.UTC().Format(time.DateOnly)))
}

// next says when the next scan is.
func (w *Watched) next() template.HTML {
	if w == nil || w.Next.IsZero() {
		return ""
	}
	return inBoth(message.New("next scan: %s", w.Next.UTC().Format("2006-01-02 15:04 UTC")))
}

// unchecked are the findings that nobody knows whether they are still there.
func (w *Watched) unchecked() []template.HTML {
	if w == nil {
		return nil
	}
	var list []template.HTML
	for _, f := range w.Unchecked {
		en, ja := newEntry(f, "en"), newEntry(f, "ja")
		list = append(list, span(en.Name+" – "+en.URL, ja.Name+" – "+ja.URL))
	}
	return list
}

func inBoth(m message.Message) template.HTML {
	return span(message.In("en").Text(m), message.In("ja").Text(m))
}
