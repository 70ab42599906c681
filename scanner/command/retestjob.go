package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// retestJob is a retest ready to start.
type retestJob struct {
	name     string            // of the file
	all      []scanner.Finding // in the file
	list     []scanner.Finding // to be looked at
	work     *report.List      // the workbook that the list came from; nil for a scan
	unknown  int               // rows of it that are no findings of ours
	set      *signature.Set
	limit    failOn
	settings *settings

	options engine.Options // of each target's scan, but for what is the target's
	client  *web.Client
	outputs *outputs
	start   scanner.Start
	tls     handshakes
	proxied bool              // names are looked up by a proxy
	resolve map[string]string // of --resolve
}

// retestJob reads everything. All mistakes are found here, before anything is sent.
func (e *environment) retestJob(ctx context.Context, s *settings, name string) (*retestJob, error) {
	j := &retestJob{name: name, settings: s}
	src, err := s.sources(checks.WithImported(signatures.FS), false)
	if err != nil {
		return nil, err
	}
	if j.set, err = signature.Load(src); err != nil {
		return nil, err
	}
	var err2, err5 error
	err1 := e.readRetestList(j)
	j.limit, err2 = parseFailOn("fail-on", s.text("fail-on", s.file.FailOn))
	err3 := j.readOptions()
	var err7 error
	j.options.Payment, err7 = e.payment(s)
	client, err4 := s.client()
	j.outputs, err5 = e.outputs(ctx, wantedOutputs{list: s.list("output", nil), chromium: s.text("chromium", s.file.Chromium)})
	err6 := variableMistakes(e.app(), s.variables, false)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, errors.Join(s.mistakes...)); err != nil {
		return nil, err
	}
	j.outputs.stdout = allNeeded(j.outputs.stdout)
	j.outputs.ofRetest(j.work)
	if err := j.outputs.spare(name); err != nil {
		return nil, err
	}
	return j, e.connect(j, client)
}

// readOptions reads the flags that a scan of a target needs.
func (j *retestJob) readOptions() error {
	s := j.settings
	safety, err1 := signature.ParseSafety(s.text("safety", s.file.Safety))
	wordlist, err2 := s.wordlist(safety)
	visitors, err3 := s.visitors()
	pages, err4 := s.pages()
	timeout, err5 := s.hostTimeout()
	j.options = engine.Options{
		Checks: checks.All, Safety: safety, Wordlist: wordlist, Visitors: visitors, Pages: pages, HostTimeout: timeout, Chromium: s.text("chromium", s.file.Chromium),
		CrawlPages: s.crawlPages(), HashNames: s.yes("hash-names", s.file.HashNames), Concurrency: 1,
	}
	return errors.Join(err1, err2, err3, err4, err5)
}

// connect makes the client and what is known before the first packet.
func (e *environment) connect(j *retestJob, options web.Options) error {
	s := j.settings
	j.proxied, j.resolve = options.Proxy != nil, options.Resolve
	options.Secrets = s.secrets                                                 // of headers, proxy and visitors, which all have been read
	j.outputs.secrets, j.outputs.live = evidence.GivenSecrets(s.secrets), false // one of them may be the file that was read
	options.Log = func(t web.Traffic) {
		j.outputs.log(t)
		j.tls.note(t)
	}
	var err error
	if j.client, err = web.NewClient(options); err != nil {
		return err
	}
	ids := map[string]bool{}
	for _, f := range j.list {
		ids[f.Signature.ID] = true
	}
	j.options.Client, j.options.InFlight, j.options.Version = j.client, options.InFlight, web.Version
	j.start = scanner.Start{
		Version: web.Version, SignatureSet: fmt.Sprintf("%d, %s", len(j.set.Signatures), j.set.Hash), Time: time.Now().UTC(), Targets: []string{j.name},
		Signatures: len(ids), Data: e.dataInForce(),
	}
	return nil
}

// readRetestList reads the findings, and leaves those that --only names.
func (e *environment) readRetestList(j *retestJob) error {
	only := j.settings.words("only", nil)
	if err := e.readFindings(j); err != nil {
		return err
	}
	j.list = j.all
	if len(only) == 0 {
		return nil
	}
	var mistakes []error
	var chosen []scanner.Finding
	for _, word := range only {
		if !slices.ContainsFunc(j.all, func(f scanner.Finding) bool { return f.Is(word) || f.Signature.ID == word }) {
			mistakes = append(mistakes, message.Errorf("--only %q is neither the id of a finding in %s nor its signature", word, j.name))
		}
	}
	for _, f := range j.all {
		if slices.ContainsFunc(only, func(word string) bool { return f.Is(word) || f.Signature.ID == word }) {
			chosen = append(chosen, f)
		}
	}
	j.list = chosen
	return errors.Join(mistakes...)
}

// readFindings reads the findings of the file, whatever it is.
func (e *environment) readFindings(j *retestJob) error {
	f, err := openFile(j.name)
	if err != nil {
		return message.Errorf("%s: %w", j.name, reason(err))
	}
	defer f.Close()
	head := make([]byte, 4)
	n, err := io.ReadFull(f, head)
	if err == nil || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return message.Errorf("%s: %w", j.name, reason(err))
	}
	if string(head[:n]) == zipMagic {
		return e.readWorkbook(j, f)
	}
	var scan scanner.Collector
	err = report.Replay(f, withoutSecrets([]scanner.Sink{&scan}, nil)[0])
	if errors.Is(err, report.ErrIncomplete) {
		e.notice(message.New("%s: %v", j.name, report.ErrIncomplete))
		err = nil
	}
	j.all = scan.Findings
	if err != nil {
		return message.Errorf("%s: %w", j.name, err)
	}
	return nil
}

const zipMagic = "PK\x03\x04" // which workbooks begin with

// readWorkbook reads the findings of a list.
func (e *environment) readWorkbook(j *retestJob, f io.Reader) error {
	work, err := report.OpenList(f)
	if err != nil {
		return message.Errorf("%s: %w", j.name, err)
	}
	rows, unknown, err := work.Findings()
	if err != nil {
		return message.Errorf("%s: %w", j.name, err)
	}
	j.work, j.unknown = work, unknown
	for _, row := range rows {
		sig := j.named(row)
		if sig == nil {
			sig = &signature.Signature{ID: row.Signature, Info: signature.Info{Name: row.Name, JA: signature.Words{Name: row.Name}}}
		}
		certainty := scanner.Confirmed
		if row.Possible {
			certainty = scanner.Possible
		}
		j.all = append(j.all, scanner.Finding{
			Signature: sig, Severity: cmp.Or(row.Severity, sig.Info.Severity, signature.SeverityUnknown), Target: row.Target, Fingerprint: row.ID,
			Hit: scanner.Hit{URL: cmp.Or(row.URL, row.Target), Certainty: certainty},
		})
	}
	if unknown > 0 {
		e.notice(message.New("%s: rows without the id of a finding stay as they are (rows: %d)", j.name, unknown))
	}
	return nil
}

// named is the signature that a row is of: the one it names or, in a list of an older sotomi, the only one with the name of the
// weakness. nil when there is none.
func (j *retestJob) named(row report.Listed) *signature.Signature {
	var found *signature.Signature
	for _, sig := range j.set.Signatures {
		switch {
		case row.Signature == sig.ID:
			return sig
		case row.Signature != "" || !hasName(sig, row.Name):
		case found != nil:
			return nil
		default:
			found = sig
		}
	}
	return found
}

// hasName reports whether a signature or one of its variants calls its findings so.
func hasName(sig *signature.Signature, name string) bool {
	if name == sig.Info.Name || name == sig.Info.JA.Name {
		return true
	}
	for _, v := range sig.Variants {
		if name != "" && (name == v.Name || name == v.JA.Name) {
			return true
		}
	}
	return false
}
