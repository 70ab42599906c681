package command

import (
	"context"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// retestResult is what looking at one target again came to.
type retestResult struct {
	seen     scanner.Collector
	findings []scanner.Finding // of the list, with their retests
	further  int               // findings that the list does not have
}

// answers are those that a target gave, by path and query.
type answers struct {
	mu   sync.Mutex
	list map[string][]answer
}

// answer is what one says of what stands at its address.
type answer struct {
	url      *url.URL
	status   int
	withheld *scanner.StatusError // why it says nothing; nil when it does
	to       *url.URL             // where it leads; nil for nowhere
}

// add notes an answer under the address that was asked for first.
func (a *answers) add(ex *web.Exchange) {
	first := ex
	for first.Previous != nil {
		first = first.Previous
	}
	one := answer{first.URL, ex.Status, engine.Withheld(ex), ex.SendsTo()}
	if one.to == nil && first != ex {
		one.to = ex.URL
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.list == nil {
		a.list = map[string][]answer{}
	}
	uri := first.URL.RequestURI()
	a.list[uri] = append(a.list[uri], one)
}

// to are the answers to what an address asks for, on whatever origin.
func (a *answers) to(address string) []answer {
	u, err := url.Parse(address)
	if err != nil {
		return nil
	}
	return a.list[u.RequestURI()]
}

// look looks again at the findings of one target.
func (j *retestJob) look(ctx context.Context, t string, list []scanner.Finding) retestResult {
	var r retestResult
	var got answers
	err := j.scan(ctx, t, list, &got, &r.seen)
	isNew := j.recognise(t, list, &r)
	for _, f := range list {
		v := verdict{job: j, finding: f, seen: &r.seen, answers: &got, now: isNew[f.Fingerprint]}
		f.Retest = &scanner.Retest{Time: time.Now().UTC()}
		f.Retest.Result, f.Retest.Reason = v.judge(ctx, err)
		for _, o := range v.outcomes() {
			f.Retest.Requests += o.Requests
		}
		if len(v.now) > 0 {
			f.Hit, f.Time, f.Address = v.now[0].Hit, v.now[0].Time, v.now[0].Address
		}
		done := f.Retest.Result == scanner.RetestFixed || f.Retest.Result == scanner.RetestTargetGone
		if done && f.Suppressed == nil {
			f.Suppressed = &scanner.Suppression{Status: scanner.Fixed, Reason: "retest " + f.Retest.Time.Format(time.DateOnly), Source: j.name}
		}
		r.findings = append(r.findings, f)
	}
	return r
}

// scan runs the signatures of the findings on their target. Those that have nothing to look at where the target has moved to
// are run on the old address itself: that it moves may be what mends them.
func (j *retestJob) scan(ctx context.Context, t string, list []scanner.Finding, got *answers, seen *scanner.Collector) error {
	o, narrow := j.optionsFor(list)
	o.Answered = got.add
	if err := j.runOn(ctx, t, o, func(sig *signature.Signature) bool { return narrow[sig.ID] != nil }, seen); err != nil {
		return err
	}
	if !slices.ContainsFunc(seen.Targets, func(i scanner.TargetInfo) bool { return i.Asked != "" }) {
		return nil
	}
	idle := map[string]bool{}
	for _, out := range seen.Outcomes {
		idle[out.Signature] = out.Status == scanner.StatusNotApplicable
	}
	again := func(sig *signature.Signature) bool { return idle[sig.ID] }
	if !slices.ContainsFunc(j.set.Signatures, again) {
		return nil
	}
	var old scanner.Collector
	o.NoFollow = true
	if err := j.runOn(ctx, t, o, again, &old); err != nil {
		return err
	}
	seen.Outcomes = slices.DeleteFunc(seen.Outcomes, func(out scanner.Outcome) bool { return idle[out.Signature] })
	seen.Outcomes, seen.Findings = append(seen.Outcomes, old.Outcomes...), append(seen.Findings, old.Findings...)
	return nil
}

// optionsFor are those of the scan that looks again at findings of one target, and the addresses of these by their signatures.
func (j *retestJob) optionsFor(list []scanner.Finding) (o engine.Options, narrow map[string][]string) {
	o, narrow = j.options, narrowed(list)
	o.Narrow, o.Ports.Numbers = narrow, portsOfFindings(list)
	return o, narrow
}

// runOn runs some signatures on a target.
func (j *retestJob) runOn(ctx context.Context, t string, o engine.Options, wanted func(*signature.Signature) bool, seen *scanner.Collector) error {
	plan, err := j.plan(t, o, wanted)
	if plan == nil || err != nil {
		return err
	}
	_, err = plan.Run(ctx, seen)
	return err
}

// plan is the scan of a target by some signatures, nil when there are none.
func (j *retestJob) plan(t string, o engine.Options, wanted func(*signature.Signature) bool) (*engine.Plan, error) {
	var chosen []*signature.Signature
	for _, sig := range j.set.Signatures {
		if wanted(sig) {
			chosen = append(chosen, sig)
		}
	}
	targets, err := target.Parse([]string{t}, strings.NewReader(""), nil)
	if err != nil || len(chosen) == 0 {
		return nil, err
	}
	o.Targets, o.Signatures, o.Helpers = targets, chosen, j.set.Helpers(chosen)
	return engine.NewPlan(o)
}

// plans are the scans of all targets, for --dry-run.
func (j *retestJob) plans() ([]*engine.Plan, error) {
	var list []*engine.Plan
	targets, findings := byTarget(j.list)
	for _, t := range targets {
		o, narrow := j.optionsFor(findings[t])
		plan, err := j.plan(t, o, func(sig *signature.Signature) bool { return narrow[sig.ID] != nil })
		if err != nil {
			return nil, err
		}
		if plan != nil {
			list = append(list, plan)
		}
	}
	return list, nil
}

// narrowed are the addresses of findings by their signatures.
func narrowed(list []scanner.Finding) map[string][]string {
	addresses := map[string][]string{}
	for _, f := range list {
		addresses[f.Signature.ID] = append(addresses[f.Signature.ID], requestURI(f.Hit.URL))
	}
	return addresses
}

// recognise gives what was found now by the ids of the findings that it is, and counts what is none of the list. What was found at an address to
// which the target has moved is what was found at the old one.
func (j *retestJob) recognise(t string, list []scanner.Finding, r *retestResult) map[string][]scanner.Finding {
	same := map[string][]scanner.Finding{}
	prints := map[string]*scanner.Fingerprints{}
	for _, f := range r.seen.Findings {
		if prints[f.Target] == nil {
			prints[f.Target] = &scanner.Fingerprints{}
		}
		there := f
		there.Target, there.Hit.URL = t, onHostOf(f.Hit.URL, t)
		there.Fingerprint = prints[f.Target].Of(there)
		known := false
		for _, g := range list {
			if g.Signature.ID == f.Signature.ID && (f.Is(g.Fingerprint) || there.Is(g.Fingerprint)) {
				same[g.Fingerprint] = append(same[g.Fingerprint], f)
				known = true
			}
		}
		if known || slices.ContainsFunc(j.all, func(g scanner.Finding) bool { return f.Is(g.Fingerprint) || there.Is(g.Fingerprint) }) {
			continue
		}
		r.further++
		for _, g := range list { // in the same folder, it is what has become of the finding
			if g.Signature.ID == f.Signature.ID && folderOf(g.Hit.URL) == folderOf(f.Hit.URL) {
				same[g.Fingerprint] = append(same[g.Fingerprint], f)
			}
		}
	}
	return same
}

// onHostOf is an address on the host of a target.
func onHostOf(address, t string) string {
	u, err := url.Parse(address)
	to, err2 := url.Parse(t)
	if err != nil || err2 != nil {
		return address
	}
	u.Scheme, u.Host = to.Scheme, to.Host
	return u.String()
}

func requestURI(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.RequestURI()
}

// folderOf is where an address is; the folder of a port is the port.
func folderOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "tcp" {
		return address
	}
	return path.Dir(u.EscapedPath())
}

// verdict is on one finding.
type verdict struct {
	job     *retestJob
	finding scanner.Finding
	seen    *scanner.Collector
	answers *answers
	now     []scanner.Finding // what was found now and is the same
}

// outcomes are those of the finding's signature.
func (v *verdict) outcomes() []scanner.Outcome {
	var list []scanner.Outcome
	for _, o := range v.seen.Outcomes {
		if o.Signature == v.finding.Signature.ID {
			list = append(list, o)
		}
	}
	return list
}

// judge says what has become of the finding. It is fixed only when the site itself has said so.
func (v *verdict) judge(ctx context.Context, err error) (scanner.RetestResult, message.Message) {
	if len(v.now) > 0 {
		return scanner.RetestRemaining, message.New("found again at %s", v.now[0].Hit.URL)
	}
	outcomes := v.outcomes()
	switch {
	case err != nil:
		return scanner.RetestUnconfirmed, message.Of(err)
	case !slices.ContainsFunc(v.job.set.Signatures, func(sig *signature.Signature) bool { return sig.ID == v.finding.Signature.ID }):
		return scanner.RetestUnconfirmed, message.New("no signature that is loaded finds this; if it is one of yours, name its folder with --signatures")
	case len(outcomes) == 0:
		return scanner.RetestUnconfirmed, message.New("%s was not run", v.finding.Signature.ID)
	}
	if r, why, ok := v.byPort(outcomes); ok {
		return r, why
	}
	ran := false
	for _, o := range outcomes {
		switch o.Status {
		case scanner.StatusClean, scanner.StatusFound:
			ran = true
		case scanner.StatusUnreachable:
			if why := v.job.gone(ctx, v.finding.Target); !why.IsZero() {
				return scanner.RetestTargetGone, why
			}
			return scanner.RetestUnconfirmed, because(o)
		case scanner.StatusNotApplicable: // another site of the same target may tell
		default:
			return scanner.RetestUnconfirmed, because(o)
		}
	}
	if !ran {
		return scanner.RetestUnconfirmed, because(outcomes[0])
	}
	if v.job.tls.by(v.finding.Signature.ID) {
		return scanner.RetestFixed, message.New("TLS was spoken again, and it is not there")
	}
	return v.byAnswers()
}

// because is why an outcome tells nothing.
func because(o scanner.Outcome) message.Message {
	if o.Reason.IsZero() {
		return message.New("%s", string(o.Status))
	}
	return o.Reason
}

// byAnswers judges a finding by what its address was answered: its signature did not find it again.
func (v *verdict) byAnswers() (scanner.RetestResult, message.Message) {
	var told *answer
	var elsewhere message.Message
	for _, a := range v.answers.to(v.finding.Hit.URL) {
		switch {
		case a.withheld != nil:
			return scanner.RetestUnconfirmed, message.New("%s: %s", a.url.String(), a.withheld.Reason)
		case a.to != nil && !v.leadsHome(a):
			elsewhere = message.New("%s leads to %s", a.url.String(), a.to.String())
			if !v.looked(a.to) {
				return scanner.RetestUnconfirmed, elsewhere
			}
		case (a.status == 401 || a.status == 403) && v.refusesAll(a.status):
			return scanner.RetestUnconfirmed, message.New("%s is answered %d, as all of the site is", a.url.String(), a.status)
		default:
			told = &a
		}
	}
	switch {
	case told != nil:
		return scanner.RetestFixed, message.New("%s is answered %d", told.url.String(), told.status)
	case !elsewhere.IsZero():
		return scanner.RetestUnconfirmed, elsewhere
	}
	return scanner.RetestUnconfirmed, message.New("%s was not asked for again: nothing leads there any more, or its signature asks otherwise now", v.finding.Hit.URL)
}

// leadsHome reports whether an answer sends visitors to the own page of its site, as sites do with what they do not have, and
// that page is one to read.
func (v *verdict) leadsHome(a answer) bool {
	if a.to.Scheme != a.url.Scheme || !strings.EqualFold(a.to.Host, a.url.Host) || a.to.RequestURI() == a.url.RequestURI() {
		return false
	}
	home := v.answers.to(a.to.String())
	isHome := requestURI(v.finding.Target) == a.to.RequestURI() || a.to.RequestURI() == "/"
	return isHome && len(home) > 0 && !slices.ContainsFunc(home, func(h answer) bool { return h.status != 200 || h.withheld != nil || h.to != nil })
}

// looked reports whether the very address to which an answer leads was asked on a site of this retest.
func (v *verdict) looked(to *url.URL) bool {
	return slices.ContainsFunc(v.answers.to(v.finding.Hit.URL), func(a answer) bool { return a.url.String() == to.String() })
}

// refusesAll reports whether all answers are refusals.
func (v *verdict) refusesAll(status int) bool {
	for _, list := range v.answers.list {
		if slices.ContainsFunc(list, func(a answer) bool { return a.status != status }) {
			return false
		}
	}
	return true
}
