package command

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
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
	if err := e.endScan(kept, earlier, summary, err); err != nil {
		return err
	}
	e.sayNotices(j.notices)
	return e.status(summary, j.gate)
}

// endScan ends the journal of a scan that ended with err, and says what the user is to hear of that.
func (e *environment) endScan(kept *journal, earlier *earlier, summary scanner.Summary, err error) error {
	var before *notBegunError
	unbegun := errors.As(err, &before)
	err = errors.Join(err, e.endJournal(kept, err != nil && (!unbegun || earlier != nil) || summary.Interrupted || summary.OutOfTime))
	switch {
	case unbegun:
		return before.cause
	case err != nil && summary.Interrupted:
		return &statusError{scanner.ExitInterrupted, message.New("interrupted; the report could not be written: %v", err)}
	case err != nil:
		return &statusError{scanner.ExitIncomplete, message.New("the report could not be written: %v", err)}
	}
	return nil
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
	if err := checkWhole(o.CAFile); err != nil {
		return o, message.Errorf("--ca: %w", err)
	}
	if err := checkWhole(o.ClientCert); err != nil {
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
