package engine

import (
	"cmp"
	"context"
	"errors"
	"net/http"
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
	r.close()
	siteEnd, from := r.site.health.ended()
	if end == nil {
		end = siteEnd
	}
	if ctx.Err() != nil {
		end = cutShort(ctx)
	}
	ends := map[int]*scanner.StatusError{}
	var endOf func(i int) *scanner.StatusError
	endOf = func(i int) *scanner.StatusError {
		if known, ok := ends[i]; ok {
			return known
		}
		st, result := r.plan.steps[i], r.resultOf(i)
		own := st.end
		switch {
		case own != nil:
		case result == nil && end != nil:
			own = end
		case result == nil:
			own = scanner.End(scanner.StatusCrashed, "internal error: this check never ran")
		case result.missing != "":
			own = r.lacking(st, result.missing, siteEnd, endOf)
		default:
			own = r.endOfStep(ctx, result, siteEnd, from)
		}
		ends[i] = own
		return own
	}
	for _, i := range r.steps {
		out := stepOutcome{step: int32(i), end: endOf(i)}
		if result := r.resultOf(i); result != nil {
			out.requests, out.took = int32(result.requests), result.took
			r.result.findings = append(r.result.findings, result.findings...)
			r.result.suppressed += result.suppressed
			if out.end.Status.Complete() { // else it may have seen something that is not the site
				r.result.info.Memory = append(r.result.info.Memory, result.remembered...)
			}
		}
		r.result.outcomes = append(r.result.outcomes, out)
	}
	r.site.mu.Lock()
	defer r.site.mu.Unlock()
	r.result.tally = r.site.tally
	return r.result
}

// lacking decides how a step ends whose required fact is missing: not applicable, or as the step that looks for the fact
// did if that one could not tell. What ended the whole site is said in the same words of all steps.
func (r *siteRun) lacking(st *step, fact string, siteEnd *scanner.StatusError, endOf func(int) *scanner.StatusError) *scanner.StatusError {
	looked := false
	for _, g := range st.givers {
		giver := r.plan.steps[g].signature
		if _, here := slices.BinarySearch(r.steps, g); !here || giver.Gives != fact {
			continue
		}
		looked = true
		switch end := endOf(g); {
		case end == siteEnd || r.site.shut(end):
			return end
		case !end.Status.Complete():
			return scanner.End(end.Status, "%s was looked for by %s: %s", fact, giver.ID, end.Reason)
		}
	}
	if !looked {
		return scanner.End(scanner.StatusNotApplicable, "no selected signature looks for %s", fact)
	}
	return scanner.End(scanner.StatusNotApplicable, "no %s here", fact)
}

// endOfStep is how a step ends that ran, given how its site ended. Answers from the given one on are not believed.
func (r *siteRun) endOfStep(ctx context.Context, result *stepResult, siteEnd *scanner.StatusError, from int) *scanner.StatusError {
	end := endOfCheck(ctx, r.site.target, result, siteEnd, r.plan.options.StepTimeout)
	if silent(end) && result.filter != "" {
		return blockedBy(result.filter)
	}
	if silent(end) && siteEnd != nil && from > 0 && result.lastOrder >= from {
		return siteEnd // it read the filter's page and took it for the site's
	}
	if silent(end) && result.err == nil && !result.conclusive && result.seen&sawSite == 0 {
		if unseen := r.site.unseen(result.seen); unseen != nil {
			return unseen
		}
	}
	if silent(end) && result.fault+result.refusal > 0 {
		switch faults, refusals := r.site.health.comeAndGo(); {
		case faults && result.fault > 0:
			return erraticEnd(result.fault)
		case refusals && result.refusal > 0:
			return erraticEnd(result.refusal)
		}
	}
	if end == clean && result.requests > 0 && r.site.health.onePageForAll() {
		return onePageForAll
	}
	return end
}

var onePageForAll = scanner.End(scanner.StatusClean, "every address is answered with the site's own page")

// erraticEnd is how a step ends that saw nothing in answers of which one was an error or a refusal that comes and goes: what
// else the server has to say there is unknown.
func erraticEnd(status int) *scanner.StatusError {
	end := scanner.StatusFailed
	switch {
	case status == http.StatusServiceUnavailable:
		end = scanner.StatusThrottled
	case closes(status):
		end = scanner.StatusBlocked
	}
	return scanner.End(end, "the server answered %d to some requests, but not when asked again", status)
}

// silent reports whether an end says that nothing was seen.
func silent(end *scanner.StatusError) bool {
	return end.Status == scanner.StatusClean || end.Status == scanner.StatusNotApplicable
}

// endOfCheck is how a check ends that ran. A check that found nothing in a truncated response fails instead of being clean.
func endOfCheck(ctx context.Context, t target.Target, result *stepResult, siteEnd *scanner.StatusError, timeout time.Duration) *scanner.StatusError {
	end := reportedEnd(ctx, t, result, siteEnd, timeout)
	if result.broken && silent(end) {
		return scanner.End(scanner.StatusFailed, "a response was cut off or could not be decoded")
	}
	if result.cut > 0 && end == clean {
		return scanner.End(scanner.StatusClean, "only the first %d bytes of a response were looked at", result.cut)
	}
	return end
}

// reportedEnd is what the check itself said, as a status.
func reportedEnd(ctx context.Context, t target.Target, result *stepResult, siteEnd *scanner.StatusError, timeout time.Duration) *scanner.StatusError {
	var end *scanner.StatusError
	switch {
	case len(result.findings) > 0 && result.err == nil && result.conclusive && !result.reason.IsZero():
		return &scanner.StatusError{Status: scanner.StatusFound, Reason: result.reason}
	case len(result.findings) > 0 && result.err == nil:
		return found
	case len(result.findings) > 0:
		return &scanner.StatusError{Status: scanner.StatusFound, Reason: message.New("then %s", result.err)}
	case result.err == nil && result.reason.IsZero():
		return clean
	case result.err == nil:
		return &scanner.StatusError{Status: scanner.StatusClean, Reason: result.reason}
	case result.crashed:
		errors.As(result.err, &end)
		return end
	case ctx.Err() != nil:
		return cutShort(ctx)
	case result.deadline:
		return scanner.End(scanner.StatusFailed, "not done after %s", timeout)
	case errors.As(result.err, &end):
		return end
	}
	var failure *web.Error
	if errors.As(result.err, &failure) && failure.Kind == web.KindUnreachable && otherPort(t, failure.URL) != "" {
		return scanner.End(scanner.StatusNotApplicable, "port %s closed", otherPort(t, failure.URL))
	}
	switch web.KindOf(result.err) {
	case web.KindUnreachable:
		return &scanner.StatusError{Status: scanner.StatusUnreachable, Reason: reasonOf(result.err)}
	case web.KindThrottled:
		return &scanner.StatusError{Status: scanner.StatusThrottled, Reason: reasonOf(result.err)}
	case web.KindTimeout, web.KindClosed, web.KindTLS, web.KindProtocol:
		if siteEnd != nil {
			return siteEnd
		}
		return &scanner.StatusError{Status: scanner.StatusFailed, Reason: reasonOf(result.err)}
	case web.KindScope, web.KindCanceled:
	}
	return &scanner.StatusError{Status: scanner.StatusFailed, Reason: message.Of(result.err)}
}

// otherPort is the port of an address when it is not the target's, else "".
func otherPort(t target.Target, address string) string {
	u, err := url.Parse(address)
	if err != nil || target.Port(u) == target.Port(t.URL) {
		return ""
	}
	return target.Port(u)
}

// findings gives hits the signature's words.
func findings(s *signature.Signature, t target.Target, hits []scanner.Hit) []scanner.Finding {
	list := make([]scanner.Finding, 0, len(hits))
	var fingerprints scanner.Fingerprints
	for _, h := range hits {
		if h.Certainty == "" {
			h.Certainty = scanner.Confirmed
		}
		if h.URL == "" {
			h.URL = t.URL.String()
		}
		_, severity := s.For(h.Variant)
		f := scanner.Finding{Signature: s, Severity: cmp.Or(severity, signature.SeverityUnknown), Target: t.String(), Hit: h}
		f.Fingerprint = fingerprints.Of(f)
		list = append(list, f)
	}
	return list
}
