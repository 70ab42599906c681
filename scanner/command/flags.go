package command

import (
	"github.com/urfave/cli/v2"
)

// Categories of flags, the headings of --help.
const (
	categoryWhat    = "WHAT TO LOOK FOR"
	categoryReport  = "REPORT AND EXIT STATUS"
	categoryHow     = "CONNECTIONS AND REQUESTS"
	categoryWho     = "VISITORS"
	categoryShare   = "SEVERAL MACHINES"
	categoryGeneral = "GENERAL"
)

// env is the name of a flag's environment variable.
func env(name string) []string {
	b := []byte("SOTOMI_" + name)
	for i, c := range b {
		switch {
		case c == '-':
			b[i] = '_'
		case c >= 'a' && c <= 'z':
			b[i] = c - 'a' + 'A'
		}
	}
	return []string{string(b)}
}

func stringsFlag(name, category, usage string, aliases ...string) cli.Flag {
	return &cli.StringSliceFlag{Name: name, Aliases: aliases, Category: category, Usage: usage, EnvVars: env(name)}
}

func stringFlag(name, category, usage, value string) cli.Flag {
	return &cli.StringFlag{Name: name, Category: category, Usage: usage, Value: value, EnvVars: env(name)}
}

func intFlag(name, usage string, value int) cli.Flag {
	return &cli.IntFlag{Name: name, Category: categoryHow, Usage: usage, Value: value, EnvVars: env(name)}
}

func boolFlag(name, category, usage string, aliases ...string) cli.Flag {
	return &cli.BoolFlag{Name: name, Aliases: aliases, Category: category, Usage: usage, EnvVars: env(name)}
}

// langFlag is on every command; takeLanguage reads it.
func langFlag() cli.Flag {
	return stringFlag("lang", categoryGeneral, "`LANG` of reports, messages and help: en, ja (default: that of the environment)", "")
}

// chromiumFlag is beside outputFlag.
func chromiumFlag() cli.Flag {
	return stringFlag("chromium", categoryReport, "`PATH` of the Chromium or Chrome that shows payment pages, takes pictures for sotomi watch and prints -o pdf; none shows no pages (default: the one in PATH)", "")
}

// outputFlag is on every command that writes reports.
func outputFlag() cli.Flag {
	return stringsFlag("output", categoryReport, "report as `FORMAT[=PATH]`: text, jsonl, html, pdf, markdown, csv, xlsx, sarif, junit, gitlab, defectdojo, cyclonedx, letters=FOLDER for a letter to each owner, payment-evidence=FOLDER for what PCI DSS 6.4.3 and 11.6.1 ask about payment pages, and requests, which logs every request that is sent; PATH - is standard output; repeatable; html and pdf keep all findings in memory until the scan ends, the others do not; pdf needs Chromium (default: text)", "o")
}

// perFlag is on every command that writes reports.
func perFlag() cli.Flag {
	return stringFlag("per", categoryReport, "write each report in a file once for each `target|owner|label`, whose name takes the place of {target}, {owner} or {label} in the file's name, as in -o html=report-{target}.html; owners and labels come from a list of targets as YAML or CSV", "")
}

// minSeverityFlag is on every command that writes reports for people.
func minSeverityFlag() cli.Flag {
	return stringFlag("min-severity", categoryReport, "text, html, markdown, pdf and letters show no findings below `SEVERITY`, but count them; the exit status and other formats stay as they are", "")
}

func scanFlags() []cli.Flag {
	return append(signatureFlags(),
		stringFlag("safety", categoryWhat, "highest `LEVEL` of requests to send: passive (what a browser sends that follows links), active (also guessed addresses and other unusual but harmless requests), intrusive (also what could change state or name third parties to the site)", "active"),
		stringFlag("wordlist", categoryWhat, "also guess what the pages do not name, by `LIST`: wordpress (the 200 plug-ins and themes with the gravest known weaknesses, where WordPress was seen; not with --safety passive)", ""),
		stringFlag("ports", categoryWhat, "the ports of bare hosts and CIDR blocks that are looked at, as a `LIST` with commas: default (about 80 that must not face the net), top100, numbers and ranges such as 22,8000-8100, 1-65535 or, of UDP, 623/udp; or none; of host:port and redis://host only the port that they name; not with --safety passive", portsUsual),
		boolFlag("skip-broken", categoryWhat, "leave out files of --signatures that have mistakes, and name them, instead of refusing to scan"),

		outputFlag(), perFlag(), chromiumFlag(),
		stringFlag("fail-on", categoryReport, "lowest `SEVERITY` of a finding that makes the exit status 1: critical, high, medium, low, info, none; SEVERITY:confirmed leaves possible findings out", "high"),
		stringFlag("baseline", categoryReport, "findings in the baseline `FILE` are known and do not count for the exit status; sotomi baseline create makes one", ""),
		stringFlag("write-baseline", categoryReport, "write a baseline of this scan to `FILE`", ""),
		stringFlag("fail-on-new", categoryReport, "--fail-on for scans with --baseline, where only new findings count: lowest `SEVERITY` of one that makes the exit status 1 (default: that of --fail-on)", ""),
		boolFlag("fail-on-new-signatures", categoryReport, "also findings of signatures that the baseline does not know make the exit status 1"),
		stringFlag("ignore", categoryReport, "findings that the YAML `FILE` lists are suppressed until a day (default: .sotomi-ignore.yaml in the working directory)", ""),
		stringFlag("expected", categoryReport, "the YAML `FILE` lists the ports that may be open, by host; others of these hosts are findings (default: expected.yaml in the working directory)", ""),
		paymentFlag(),
		stringsFlag("vex", categoryReport, "findings that the OpenVEX `FILE` calls not affected or fixed are suppressed; repeatable"),
		minSeverityFlag(),
		stringFlag("on-incomplete", categoryReport, "`fail|warn`: whether the exit status is 3 when something could not be checked; a scan without any answer always is", "fail"),
		boolFlag("strict", categoryReport, "also signatures that sotomi cannot run make the exit status 3"),
		boolFlag("verbose", categoryReport, "show every outcome, also the clean ones", "v"),
		boolFlag("hash-names", categoryReport, "show names that may be personal, such as names of indices, as hashes"),
		boolFlag("dry-run", categoryReport, "print what would be sent, and send nothing"),
		stringFlag("resume", categoryReport, "finish the scan whose journal is `FILE`, which is kept beside the first report in a file, as FILE.journal, until all is done; flags and targets of that scan hold unless they are given again", ""),
		stringFlag("config", categoryReport, "read settings from `FILE` (default: sotomi.yaml in the working directory)", ""),

		&cli.Float64Flag{Name: "rate", Category: categoryHow, Usage: "requests per second to one host; 0 is no limit", Value: 20, EnvVars: env("rate")},
		intFlag("concurrency", "hosts scanned at the same time", 25),
		intFlag("in-flight", "requests to one host at the same time", 6),
		&cli.DurationFlag{Name: "timeout", Category: categoryHow, Usage: "longest wait for a response", Value: defaultTimeout, EnvVars: env("timeout")},
		&cli.DurationFlag{Name: "host-timeout", Category: categoryHow, Usage: "longest time for one host; 0 is no limit", Value: defaultHostTimeout, EnvVars: env("host-timeout")},
		&cli.DurationFlag{Name: "max-time", Category: categoryHow, Usage: "longest time for the whole scan; what is not done by then is said; 0 is no limit", EnvVars: env("max-time")},
		intFlag("retries", "retries after a connection error", 1),
		intFlag("crawl-pages", "pages of each site to read for links", 30),
		boolFlag("no-follow", categoryHow, "do not follow a site that has moved to https, or to its name with or without www"),
		stringFlag("proxy", categoryHow, "`URL` of an HTTP or SOCKS5 proxy (HTTP_PROXY and similar variables are ignored)", ""),
		stringsFlag("header", categoryHow, "send the header `\"NAME: VALUE\"` to the targets and nowhere else, also cookies (\"Cookie: a=b\"); @FILE holds several; repeatable", "H"),
		stringsFlag("exclude-host", categoryHow, "leave out and never ask `HOST`, also where a list or a block has it or a name leads to it: a name or an address, in which * is any text, or a CIDR block; repeatable"),
		stringsFlag("resolve", categoryHow, "`HOST:PORT:ADDRESS`: connect to ADDRESS instead of looking the host up; repeatable"),
		stringFlag("ca", categoryHow, "also trust the certificates in this PEM `FILE`", ""),
		stringFlag("client-cert", categoryHow, "client certificate and its key, in one PEM `FILE`", ""),
		boolFlag("insecure", categoryHow, "do not verify certificates"),
		stringFlag("user-agent", categoryHow, "User-Agent header; put in a way to reach you", ""),

		stringsFlag("session", categoryWho, "`NAME=FILE`: cookies (Netscape format) or headers of a logged-in test account, under a name for reports; cache checks compare two; repeatable"),
		stringsFlag("page", categoryWho, "`PATH` or URL of a page to compare between sessions; repeatable"),
		paymentPageFlag(),
	)
}

// paymentFlag and paymentPageFlag are on every command that looks at payment pages.
func paymentFlag() cli.Flag {
	return stringFlag("payment", categoryReport, "the YAML `FILE` lists what payment pages may run and send to; all else on them are findings; sotomi payment accept writes one (default: payment.yaml in the working directory)", "")
}

func paymentPageFlag() cli.Flag {
	return stringsFlag("payment-page", categoryWhat, "`PATH` or URL of a page where people pay; repeatable (default: those that are recognised)")
}

// signatureFlags choose signatures, for scan and the signatures commands.
func signatureFlags() []cli.Flag {
	return []cli.Flag{
		stringsFlag("signatures", categoryWhat, "more signatures or public templates from `DIR`; repeatable", "s"),
		boolFlag("no-default-signatures", categoryWhat, "leave the embedded signatures out"),
		stringsFlag("template-root", categoryWhat, "`DIR` with payload files of public templates; repeatable"),
		stringsFlag("only", categoryWhat, "run only these signatures (id, tag), report only findings of these severities: a comma-separated list of `ID|TAG|SEVERITY`; repeatable"),
		stringsFlag("exclude", categoryWhat, "the reverse of --only, and wins over it: a comma-separated list of `ID|TAG|SEVERITY`; repeatable"),
		stringFlag("profile", categoryWhat, "run only signatures that speak to the checklists of `PROFILE`: jp-ec (Japanese online shops: the card industry's guideline 6.0, IPA's 14 requirements and How to Secure Your Websites)", ""),
	}
}
