package command

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/triage"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

const scanHelp = `TARGET is a URL, a host (sotomi tries https, then http, and the ports that signatures name, and looks which ports of the host are open), host:port, the address of a service such as redis://host, tcp://host for the ports alone, a CIDR block, @FILE with a list, or - for a list from standard input. A list has one target per line, or it is YAML or CSV with target, owner, contact, label and environment, XML of nmap (-oX), or JSON lines of httpx or naabu. Flags may stand before or after the targets.

Flags can also be set in sotomi.yaml, under their names without the leading dashes, and by environment variables such as SOTOMI_FAIL_ON. Flags win over variables, variables over the file. Of a flag that takes one value, the last one counts.

Secrets need not stand in a flag or in sotomi.yaml: in --header, --proxy and the files of --session, ${NAME} is the value of an environment variable, and a value that is env:NAME or @FILE as a whole is what that variable or file holds. It is sent as it is and shown nowhere; to send ${ itself, write $${.

EXAMPLES
   sotomi scan https://shop.example
   sotomi scan shop.example --lang ja
   sotomi scan @targets.txt -o text -o jsonl=scan.jsonl
   sotomi scan 192.0.2.0/28 --only elasticsearch,directory-listing
   sotomi scan -s nuclei-templates/http/exposures https://shop.example
   sotomi scan --fail-on medium https://staging.example
   sotomi scan --session alice=a.txt --session bob=b.txt --page /mypage https://shop.example

EXIT STATUS
   0    everything was checked, no finding at or above --fail-on
   1    a finding at or above --fail-on; with --baseline, one that is not in it
   2    mistake in flags, configuration or signatures; nothing was sent
   3    something could not be checked
   130  interrupted; the results so far are written`

func (e *environment) scan() *cli.Command {
	return leaf(&cli.Command{
		Name: "scan", Usage: "scan sites from outside", ArgsUsage: "TARGET...", Description: scanHelp,
		Flags: append(scanFlags(), sharedFlags()...),
		Action: func(c *cli.Context) error {
			earlier, err := e.readEarlier(c)
			if err != nil {
				return err
			}
			s, err := e.readSettings(c)
			if err != nil {
				return err
			}
			return e.runScan(c.Context, s, c.Args().Slice(), earlier)
		},
	})
}

// runScan scans, or goes on with an earlier scan unless that is nil.
func (e *environment) runScan(ctx context.Context, s *settings, args []string, earlier *earlier) error {
	var err error
	switch {
	case len(args) == 0 && earlier != nil:
		args, err = earlier.targets()
	case len(args) == 0:
		args = s.file.Targets
	}
	if err != nil {
		return err
	}
	if s.shared() {
		s.taken = newTaken()
		e.taken = s.taken
	}
	j, err := e.job(s, args)
	if err != nil {
		return err
	}
	defer j.client.Close()
	if err := j.shareable(s); err != nil {
		return err
	}
	plan := e.journalPlan(s, j)
	if earlier != nil {
		if err := earlier.sameScan(plan); err != nil {
			return err
		}
	}
	if s.c.Bool("dry-run") {
		return e.dryRun(ctx, j.plan)
	}
	if err := j.outputs.open(); err != nil { // may wait for the reader of a named pipe
		return err
	}
	if s.shared() && j.outputs.journal == "" {
		j.outputs.journal = sharedJournal // what workers send must be kept somewhere
	}
	kept, err := e.openJournal(earlier, j, plan, s.secrets)
	if err != nil {
		j.outputs.finish()
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	limitMemory(min(j.targets.Len(), s.number("concurrency", s.file.Concurrency)))
	reports := j.rules.Sinks(withoutSecrets(j.outputs.sinks, s.secrets))
	var summary scanner.Summary
	if s.shared() {
		summary, err = e.share(ctx, &sharing{settings: s, job: j, args: args, journal: kept, earlier: earlier}, reports)
	} else {
		summary, err = j.plan.Run(ctx, reports...)
	}
	j.outputs.finish()
	err = errors.Join(err, e.endJournal(kept, err != nil || summary.Interrupted || summary.OutOfTime))
	switch {
	case err != nil && summary.Interrupted:
		return &statusError{scanner.ExitInterrupted, message.New("interrupted; the report could not be written: %v", err)}
	case err != nil:
		return &statusError{scanner.ExitIncomplete, message.New("the report could not be written: %v", err)}
	}
	e.sayNotices(j.notices)
	return e.status(summary, j.gate)
}

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

	targets      *target.List
	signatureSet string
	data         []scanner.Data
	visitors     []engine.Visitor
	pages        []*url.URL
}

// job makes a scan of the settings. All mistakes are found here, before anything is sent.
func (e *environment) job(s *settings, args []string) (*job, error) {
	j := &job{}
	err0 := e.readGate(j, s)
	maxTime, err11 := s.maxTime()
	safety, err1 := signature.ParseSafety(s.text("safety", s.file.Safety))
	minSeverity, err2 := s.minSeverity()
	targets, err3 := e.targetsFor(s, args)
	clientOptions, err4 := s.client()
	visitors, err5 := s.visitors()
	skipBroken := s.yes("skip-broken", s.file.SkipBroken)
	set, selected, err6 := s.load(checks.WithImported(signatures.FS), skipBroken)
	outs, err7 := e.outputs(s.c.Context, wantedOutputs{
		list: s.reports(), per: s.text("per", s.file.Per), verbose: s.yes("verbose", s.file.Verbose), goesOn: s.c.String("resume") != "", chromium: s.text("chromium", s.file.Chromium),
	})
	pages, err8 := s.pages()
	hostTimeout, err9 := s.hostTimeout()
	err10 := variableMistakes(e.app(), s.variables, false)
	wordlist, err12 := s.wordlist(safety)
	ports, err13 := e.ports(s, j.rules)
	payments, err14 := e.payment(s)
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err0, err11, err12, err13, err14, errors.Join(s.mistakes...)); err != nil {
		return nil, err
	}
	if err := errors.Join(onTargets("page", pages, targets, selected), onTargets("payment-page", payments.Pages, targets, selected), outs.checkAbout(targets)); err != nil {
		return nil, err
	}
	if skipBroken {
		e.skipBroken(set, selected)
	}
	for _, r := range set.Renamed {
		e.notice(r.Message())
	}
	clientOptions.Secrets = s.secrets // of headers, proxy and visitors, which all have been read
	outs.stdout, outs.secrets, clientOptions.Log, clientOptions.Exclude = allNeeded(outs.stdout), evidence.GivenSecrets(s.secrets), outs.log, targets.ExcludedAddress
	client, err := web.NewClient(clientOptions)
	if err != nil {
		return nil, err
	}
	j.targets, j.visitors, j.pages = targets, visitors, pages
	j.data, j.signatureSet = e.dataInForce(), setName(set)
	outs.options.Fails, outs.options.NewSignatures = j.gate.failOn.reachedBy, j.gate.newSignatures
	outs.options.Signatures, outs.minSeverity, outs.baseline = byID(selected), minSeverity, s.c.String("write-baseline")
	j.client, j.outputs, j.notices = client, outs, j.rules.Notices()
	watchers := []scanner.Sink{j.rules.Sink(j.gate), j.notices}
	if bar := e.progress(); bar != nil {
		watchers = append(watchers, bar)
	}
	filter := s.filter(signature.SafetyIntrusive)
	j.web, j.options = clientOptions, engine.Options{
		Client: client, Signatures: selected, Helpers: set.Helpers(selected), Checks: checks.All,
		Wanted:   func(f scanner.Finding) bool { return filter.Wants(f.Signature, f.Severity) },
		NoFollow: s.yes("no-follow", s.file.NoFollow), Targets: targets, Safety: safety,
		Version: web.Version, SignatureSet: j.signatureSet, Renamed: set.Renamed, Data: j.data, Settings: s.recorded(safety, selected),
		Concurrency: s.number("concurrency", s.file.Concurrency), InFlight: clientOptions.InFlight, CrawlPages: s.crawlPages(),
		Visitors: visitors, Pages: pages, Payment: payments, Chromium: s.text("chromium", s.file.Chromium), HashNames: s.yes("hash-names", s.file.HashNames), Wordlist: wordlist, HostTimeout: hostTimeout, MaxTime: maxTime, Ports: ports,
		Watchers: withoutSecrets(watchers, s.secrets), Memory: s.memory,
	}
	j.plan, err = engine.NewPlan(j.options)
	if err != nil {
		client.Close()
		return nil, err
	}
	return j, nil
}

// crawlPages is how many pages are looked at for links, as the engine wants it: -1 for none.
func (s *settings) crawlPages() int {
	if n := s.number("crawl-pages", s.file.CrawlPages); n != 0 {
		return n
	}
	return -1
}

// client is the options for requests.
func (s *settings) client() (web.Options, error) {
	rate := pick(s, "rate", s.c.Float64, s.file.Rate)
	if !(rate >= 0) || math.IsInf(rate, 0) { // also not a number
		return web.Options{}, message.Errorf("--rate %v must be a number of requests per second, or 0 for no limit", rate)
	}
	if rate == 0 {
		rate = -1
	}
	retries := s.number("retries", s.file.Retries)
	if retries == 0 {
		retries = -1
	}
	o := web.Options{
		Rate: rate, InFlight: s.number("in-flight", s.file.InFlight), Timeout: pick(s, "timeout", s.c.Duration, s.file.Timeout), Retries: retries,
		CAFile: s.text("ca", s.file.CA), ClientCert: s.text("client-cert", s.file.ClientCert), Insecure: s.yes("insecure", s.file.Insecure),
		UserAgent: s.text("user-agent", s.file.UserAgent),
	}
	if s.taken != nil {
		o.May, o.Total = mayLeave, s.c.Float64("egress")
	}
	if s.number("retries", s.file.Retries) < 0 || s.number("crawl-pages", s.file.CrawlPages) < 0 {
		return o, message.Errorf("--retries and --crawl-pages must not be negative")
	}
	if o.InFlight < 1 || o.Timeout <= 0 || s.number("concurrency", s.file.Concurrency) < 1 {
		return o, message.Errorf("--in-flight, --concurrency and --timeout must be greater than 0")
	}
	if web.CheckHeader("User-Agent", o.UserAgent) != nil {
		return o, message.Errorf("--user-agent has a control character")
	}
	if err := checkPEM(o.CAFile); err != nil {
		return o, message.Errorf("--ca: %w", err)
	}
	if err := checkPEM(o.ClientCert); err != nil {
		return o, message.Errorf("--client-cert: %w", err)
	}
	var err1, err2, err3 error
	o.Proxy, err1 = s.proxy()
	o.Header, err2 = s.header()
	o.Resolve, err3 = parseResolve(s.list("resolve", s.file.Resolve))
	return o, errors.Join(err1, err2, err3)
}

func parseResolve(list []string) (map[string]string, error) {
	m := map[string]string{}
	for _, entry := range list {
		host, rest, ok := strings.Cut(entry, ":")
		if strings.HasPrefix(entry, "[") {
			host, rest, ok = strings.Cut(entry, "]:")
			host = strings.TrimPrefix(host, "[")
		}
		port, address, ok2 := strings.Cut(rest, ":")
		if n, err := strconv.ParseUint(port, 10, 16); !ok || !ok2 || host == "" || err != nil || n == 0 || !isAddress(address) {
			return nil, message.Errorf("--resolve %q is not of the form HOST:PORT:ADDRESS, such as shop.example:443:192.0.2.7", entry)
		}
		at := strings.ToLower(net.JoinHostPort(host, port))
		if other, twice := m[at]; twice && other != address {
			return nil, message.Errorf("--resolve gives %s two addresses: %s and %s", at, other, address)
		}
		m[at] = address
	}
	return m, nil
}

// isAddress reports whether text is an IP address, with or without a port.
func isAddress(text string) bool {
	if _, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(text)
	return err == nil
}

// wordlist is the list of names to guess, "" for none.
func (s *settings) wordlist(safety signature.Safety) (string, error) {
	name := s.text("wordlist", s.file.Wordlist)
	if name != "" && name != scanner.WordlistWordPress {
		return "", message.Errorf("--wordlist %q: there is %s", name, scanner.WordlistWordPress)
	}
	if name != "" && safety == signature.SafetyPassive {
		return "", message.Errorf("--wordlist %s guesses addresses, which --safety passive does not send", name)
	}
	return name, nil
}

// hostTimeout is the longest that one host may take, 0 for no limit.
func (s *settings) hostTimeout() (time.Duration, error) {
	d := pick(s, "host-timeout", s.c.Duration, s.file.HostTimeout)
	if d < 0 {
		return 0, message.Errorf("--host-timeout must not be negative")
	}
	return d, nil
}
