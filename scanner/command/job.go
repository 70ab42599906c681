package command

import (
	"errors"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/evidence"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/triage"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// job is a scan ready to start.
type job struct {
	plan    *engine.Plan
	client  *web.Client
	outputs *outputs
	rules   *triage.Rules
	gate    *gate
	notices *triage.Notices

	web     web.Options    // of client
	options engine.Options // of plan
	set     *signature.Set

	targets      *target.List
	signatureSet string
	data         []scanner.Data
}

// job makes a scan of the settings. All mistakes are found here, before anything is sent.
func (e *environment) job(s *settings, args []string) (*job, error) {
	j := &job{}
	if err := e.readJob(j, s, args); err != nil {
		return nil, err
	}
	o := &j.options
	if err := errors.Join(
		onTargets("page", o.Pages, j.targets, o.Signatures), onTargets("payment-page", o.Payment.Pages, j.targets, o.Signatures), j.outputs.checkAbout(j.targets),
	); err != nil {
		return nil, err
	}
	if s.yes("skip-broken", s.file.SkipBroken) {
		e.skipBroken(j.set, o.Signatures)
	}
	for _, r := range j.set.Renamed {
		e.notice(r.Message())
	}
	j.report(s)
	j.web.Secrets = s.secrets // of headers, proxy and visitors, which all have been read
	j.web.Log, j.web.Exclude = j.outputs.log, j.targets.ExcludedAddress
	var err error
	if j.client, err = web.NewClient(j.web); err != nil {
		return nil, err
	}
	watchers := []scanner.Sink{j.rules.Sink(j.gate), j.notices}
	if bar := e.progress(); bar != nil {
		watchers = append(watchers, bar)
	}
	o.Client, o.Watchers = j.client, withoutSecrets(watchers, s.secrets)
	if j.plan, err = engine.NewPlan(*o); err != nil {
		j.client.Close()
		return nil, err
	}
	return j, nil
}

// readJob reads what the settings say of a scan. The error tells all mistakes.
func (e *environment) readJob(j *job, s *settings, args []string) error {
	o := &j.options
	mistakes := []error{e.readGate(j, s)}
	var err error
	note := func() { mistakes = append(mistakes, err) }
	o.MaxTime, err = s.maxTime()
	note()
	o.Safety, err = signature.ParseSafety(s.text("safety", s.file.Safety))
	note()
	j.targets, err = e.targetsFor(s, args)
	note()
	j.web, err = s.client()
	note()
	o.Visitors, err = s.visitors()
	note()
	j.set, o.Signatures, err = s.load(checks.WithImported(signatures.FS), s.yes("skip-broken", s.file.SkipBroken))
	note()
	j.outputs, err = e.outputs(s.c.Context, wantedOutputs{
		list: s.reports(), per: s.text("per", s.file.Per), verbose: s.yes("verbose", s.file.Verbose), goesOn: s.c.String("resume") != "", chromium: s.text("chromium", s.file.Chromium),
	})
	if err == nil {
		err = j.outputs.withEarlier(s.c.Context, s.past, 0)
	}
	note()
	o.Pages, err = s.pages()
	note()
	o.HostTimeout, err = s.hostTimeout()
	note()
	o.Wordlist, err = s.wordlist(o.Safety)
	note()
	o.Ports, err = e.ports(s, j.rules)
	note()
	o.Payment, err = e.payment(s)
	note()
	minSeverity, err := s.minSeverity()
	note()
	mistakes = append(mistakes, variableMistakes(e.app(), s.variables, false)) // all that placeholders name is known by now
	if err := errors.Join(append(mistakes, s.mistakes...)...); err != nil {
		return err
	}
	j.outputs.minSeverity = minSeverity
	j.data, j.signatureSet = e.dataInForce(), setName(j.set)
	filter := s.filter(signature.SafetyIntrusive)
	o.Wanted = func(f scanner.Finding) bool { return filter.Wants(f.Signature, f.Severity) }
	o.Helpers, o.Checks, o.Targets, o.Memory = j.set.Helpers(o.Signatures), checks.All, j.targets, s.memory
	o.Version, o.SignatureSet, o.Renamed, o.Data, o.Settings = web.Version, j.signatureSet, j.set.Renamed, j.data, s.recorded(o.Safety, o.Signatures)
	o.Concurrency, o.InFlight, o.CrawlPages = s.number("concurrency", s.file.Concurrency), j.web.InFlight, s.crawlPages()
	o.NoFollow, o.HashNames, o.Chromium = s.yes("no-follow", s.file.NoFollow), s.yes("hash-names", s.file.HashNames), s.text("chromium", s.file.Chromium)
	return nil
}

// report tells the reports what they must know of the scan.
func (j *job) report(s *settings) {
	outs := j.outputs
	outs.stdout, outs.secrets, outs.baseline = allNeeded(outs.stdout), evidence.GivenSecrets(s.secrets), s.c.String("write-baseline")
	outs.options.Fails, outs.options.NewSignatures, outs.options.Signatures = j.gate.failOn.reachedBy, j.gate.newSignatures, byID(j.options.Signatures)
	j.notices = j.rules.Notices()
}
