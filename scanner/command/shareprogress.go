package command

import (
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/cluster"
	"sotomi/scanner/message"
)

// sayProgress shows how far the scan is: as a bar on a terminal, else as a line now and then. The result stops it.
func (w *sharing) sayProgress(c *cluster.Coordinator) (stop func()) {
	done := make(chan struct{})
	bar := w.e.progress()
	each := lineEach
	if bar != nil {
		each = barEach
	}
	var group errgroup.Group
	group.Go(func() error {
		ticker := time.NewTicker(each)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return nil
			case <-ticker.C:
				w.progress(c, bar)
			}
		}
	})
	return func() {
		close(done)
		_ = group.Wait() // it has no error
		if bar != nil {
			_ = bar.Close(scanner.Summary{}) // it takes its line away
		}
	}
}

const (
	barEach  = 250 * time.Millisecond
	lineEach = time.Minute
)

// progress says how far the scan is, and how long it will take as far as that can be known.
func (w *sharing) progress(c *cluster.Coordinator, bar scanner.Sink) {
	w.mu.Lock()
	p := scanner.Progress{TargetsDone: w.done, TargetsTotal: w.job.targets.Len(), Requests: w.requests, Findings: w.findings}
	p.Took = w.took + time.Since(w.begun)
	if done := w.done - w.before; done > 0 {
		p.Left = time.Duration(float64(time.Since(w.begun)) / float64(done) * float64(p.TargetsTotal-p.TargetsDone))
	}
	w.mu.Unlock()
	if bar != nil {
		_ = bar.Progress(p) // it is for people only
		return
	}
	workers := 0
	for _, each := range c.Status().Workers {
		if !each.Left {
			workers++
		}
	}
	line := message.New("%d of %d targets, requests: %d, findings: %d, machines: %d", p.TargetsDone, p.TargetsTotal, p.Requests, p.Findings, workers)
	if p.Left > 0 {
		line = message.New("%s; about %s left", line, p.Left.Round(time.Minute))
	}
	w.e.notice(line)
}
