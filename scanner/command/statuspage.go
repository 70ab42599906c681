package command

import (
	"context"
	"maps"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/history"
	"sotomi/scanner/report"
	"sotomi/scanner/watch"
)

// statusPage writes how things stand after a run as one HTML file: what is open and since when, what is not looked at any
// more, and when the next run is. It does nothing without a path.
func (e *environment) statusPage(ctx context.Context, path string, from *history.File, run history.Run, next time.Time) error {
	if path == "" {
		return nil
	}
	known, err := from.Known(ctx)
	if err != nil {
		return err
	}
	findings, err := watch.Findings(known)
	if err != nil {
		return err
	}
	watched := &report.Watched{Next: next, Since: func(f scanner.Finding) time.Time {
		for _, id := range f.Fingerprints() {
			if k, ok := known.Findings[id]; ok {
				return k.First
			}
		}
		return time.Time{}
	}}
	for _, id := range slices.Sorted(maps.Keys(known.Findings)) {
		k := known.Findings[id]
		if f := findings[id]; k.State == history.StateUnchecked && f.Suppressed == nil {
			watched.Unchecked = append(watched.Unchecked, f)
		}
	}
	saved, err := from.Report(ctx, run.ID)
	if err != nil {
		return err
	}
	file, err := newOutputFile(path, false)
	if err != nil {
		return err
	}
	page := report.NewHTML(file, report.Options{Language: e.lang, Watched: watched})
	return report.Replay(saved, withoutSecrets([]scanner.Sink{&withPictures{&fileSink{page, file}, findings}}, nil)[0])
}

// withPictures puts pictures into findings that were known before the run, of which the history has only the newest.
type withPictures struct {
	scanner.Sink
	known map[string]scanner.Finding // by fingerprint
}

func (s *withPictures) Finding(f scanner.Finding) error {
	if f.Hit.Pictures == nil {
		f.Hit.Pictures = s.known[f.Fingerprint].Hit.Pictures
	}
	return s.Sink.Finding(f)
}
