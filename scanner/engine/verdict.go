package engine

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// finish turns what the steps came to into outcomes, knowing how the site ended.
func (r *siteRun) finish(ctx context.Context, end *scanner.StatusError) targetResult {
	if end == nil {
		r.site.health.close()
	}
	siteEnd, from := r.site.health.ended()
	if end == nil {
		end = siteEnd
	}
	if ctx.Err() != nil {
		end = interrupted
	}
	stops := map[int]*scanner.StatusError{}
	var stopOf func(i int) *scanner.StatusError
	stopOf = func(i int) *scanner.StatusError {
		if stop, ok := stops[i]; ok {
			return stop
		}
		st, e := r.plan.steps[i], r.resultOf(i)
		stop := st.end
		switch {
		case stop != nil:
		case e == nil && end != nil:
			stop = end
		case e == nil:
			stop = scanner.End(scanner.StatusCrashed, "it was planned and never run")
		case e.missing != "":
			stop = r.lacking(st, e.missing, stopOf)
		default:
			stop = r.endOf(ctx, e, siteEnd, from)
		}
		stops[i] = stop
		return stop
	}
	for _, i := range r.steps {
		out := stepOutcome{step: int32(i), end: stopOf(i)}
		if e := r.resultOf(i); e != nil {
			out.requests, out.took = int32(e.requests), e.took
			r.result.findings = append(r.result.findings, e.findings...)
			r.result.suppressed += e.suppress
		}
		r.result.outcomes = append(r.result.outcomes, out)
	}
	r.site.mu.Lock()
	defer r.site.mu.Unlock()
	r.result.tally = r.site.tally
	return r.result
}

// lacking is the end of a step whose fact nobody established: there is none here, unless one that looks for it could not
// tell.
func (r *siteRun) lacking(st *step, fact string, stopOf func(int) *scanner.StatusError) *scanner.StatusError {
	looked := false
	for _, g := range st.givers {
		giver := r.plan.steps[g].signature
		if _, here := slices.BinarySearch(r.steps, g); !here || giver.Gives != fact {
			continue
		}
		looked = true
		if stop := stopOf(g); !stop.Status.Complete() {
			return scanner.End(stop.Status, "%s was looked for by %s: %s", fact, giver.ID, stop.Reason)
		}
	}
	if !looked {
		return scanner.End(scanner.StatusNotApplicable, "no selected signature looks for %s", fact)
	}
	return scanner.End(scanner.StatusNotApplicable, "no %s here", fact)
}

// stop is the end of a step that ran.
func (r *siteRun) endOf(ctx context.Context, e *stepResult, siteEnd *scanner.StatusError, from int) *scanner.StatusError {
	stop := checkEnd(ctx, r.site.target, e, siteEnd, r.plan.options.StepTimeout)
	if silent(stop) && siteEnd != nil && from > 0 && e.lastOrder >= from {
		return siteEnd // it read the filter's page and took it for the site's
	}
	return stop
}

func silent(s *scanner.StatusError) bool {
	return s.Status == scanner.StatusClean || s.Status == scanner.StatusNotApplicable
}

// stopOfCheck is the end of a check that ran. One that saw nothing in an answer of which it got a part cannot tell.
func checkEnd(ctx context.Context, t target.Target, e *stepResult, siteEnd *scanner.StatusError, timeout time.Duration) *scanner.StatusError {
	stop := reportedEnd(ctx, t, e, siteEnd, timeout)
	if e.broken && silent(stop) {
		return scanner.End(scanner.StatusFailed, "an answer breaks off, or cannot be decoded")
	}
	return stop
}

func reportedEnd(ctx context.Context, t target.Target, e *stepResult, siteEnd *scanner.StatusError, timeout time.Duration) *scanner.StatusError {
	var stop *scanner.StatusError
	switch {
	case len(e.findings) > 0 && e.err == nil:
		return found
	case len(e.findings) > 0:
		return &scanner.StatusError{Status: scanner.StatusFound, Reason: message.New("then %s", e.err)}
	case e.err == nil && e.reason.IsZero():
		return clean
	case e.err == nil:
		return &scanner.StatusError{Status: scanner.StatusClean, Reason: e.reason}
	case e.crashed:
		errors.As(e.err, &stop)
		return stop
	case ctx.Err() != nil:
		return interrupted
	case e.deadline:
		return scanner.End(scanner.StatusFailed, "not done after %s", timeout)
	case errors.As(e.err, &stop):
		return stop
	}
	var failure *web.Error
	if errors.As(e.err, &failure) && failure.Kind == web.KindUnreachable && elsewhere(t, failure.URL) != "" {
		return scanner.End(scanner.StatusNotApplicable, "port %s closed", elsewhere(t, failure.URL))
	}
	switch web.KindOf(e.err) {
	case web.KindUnreachable:
		return &scanner.StatusError{Status: scanner.StatusUnreachable, Reason: reasonOf(e.err)}
	case web.KindThrottled:
		return &scanner.StatusError{Status: scanner.StatusThrottled, Reason: reasonOf(e.err)}
	case web.KindTimeout, web.KindClosed, web.KindTLS, web.KindProtocol:
		if siteEnd != nil {
			return siteEnd
		}
		return &scanner.StatusError{Status: scanner.StatusFailed, Reason: reasonOf(e.err)}
	case web.KindScope, web.KindCanceled:
	}
	return &scanner.StatusError{Status: scanner.StatusFailed, Reason: message.Of(e.err)}
}

// elsewhere is the port of an address that is not the target's, "" when it is.
func elsewhere(t target.Target, address string) string {
	u, err := url.Parse(address)
	if err != nil || target.Port(u) == target.Port(t.URL) {
		return ""
	}
	return target.Port(u)
}

// findings gives hits the signature's words.
func findings(s *signature.Signature, t target.Target, hits []scanner.Hit) []scanner.Finding {
	list := make([]scanner.Finding, 0, len(hits))
	seen := map[string]int{}
	for _, h := range hits {
		if h.Certainty == "" {
			h.Certainty = scanner.Confirmed
		}
		if h.URL == "" {
			h.URL = t.URL.String()
		}
		_, severity := s.For(h.Variant)
		f := scanner.Finding{Signature: s, Severity: cmp.Or(severity, signature.SeverityUnknown), Target: t.String(), Hit: h}
		f.Fingerprint = fingerprint(f, seen)
		list = append(list, f)
	}
	return list
}
