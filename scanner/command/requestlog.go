package command

import (
	"io"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/web"
)

// requestsOutput is the name of --output for the log of requests, which is no report of results.
const requestsOutput = "requests"

// formatNamed is a format of --output.
func formatNamed(name string) (report.Format, error) {
	if name == requestsOutput {
		return func(w io.Writer, _ report.Options) scanner.Sink { return report.NewRequestLog(w) }, nil
	}
	return report.ByName(name)
}

// log takes a request into the log, if there is one, without what must not be in it.
func (o *outputs) log(t web.Traffic) {
	if o.requests == nil {
		return
	}
	hide := func(text string) string { return message.Printable(evidence.Redact(o.secrets.Hide(text))) }
	t.URL = hide(t.URL)
	if t.Err != nil {
		t.Err = message.Errorf("%s", hide(t.Err.Error()))
	}
	o.requests.Log(scanner.Request(t))
}

// withoutRequests refuses the log of requests where none are sent.
func (o *outputs) withoutRequests() error {
	for _, w := range o.wanted {
		if w.name == requestsOutput {
			return message.Errorf("--output requests: only a scan sends requests")
		}
	}
	return nil
}
