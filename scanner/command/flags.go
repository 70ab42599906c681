package command

import (
	"github.com/urfave/cli/v2"
)

// Categories of --help.
const (
	categoryWhat   = "What is looked for"
	categoryReport = "Report and exit status"
	categoryHow    = "How sites are asked"
	categoryWho    = "Visitors"
)

// setting is a flag that the configuration file and the environment know by the same name.
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

func scanFlags() []cli.Flag {
	return append(signatureFlags(),
		stringFlag("safety", categoryWhat, "the most that may be sent: passive (what a browser could send), active (odd but harmless), intrusive", "active"),

		stringsFlag("output", categoryReport, "report as `FORMAT[=PATH]`: text, jsonl; repeatable, PATH - is standard output (default: text)", "o"),
		stringFlag("lang", categoryReport, "language of the text report: en, ja (default: from LC_ALL, LC_MESSAGES, LANG)", ""),
		stringFlag("fail-on", categoryReport, "`SEVERITY` from which findings end with status 1: critical, high, medium, low, info, none", "high"),
		boolFlag("allow-incomplete", categoryReport, "end with status 0 although something could not be checked"),
		boolFlag("verbose", categoryReport, "show every outcome", "v"),
		boolFlag("hash-names", categoryReport, "show names that may be personal, such as those of indices, as hashes"),
		boolFlag("dry-run", categoryReport, "print what would be sent; send nothing"),
		stringFlag("config", categoryReport, "read settings from `FILE` (default: sotomi.yaml in the working folder)", ""),

		&cli.Float64Flag{Name: "rate", Category: categoryHow, Usage: "requests a second to one host; 0 is no limit", Value: 20, EnvVars: env("rate")},
		intFlag("concurrency", "hosts scanned at once", 25),
		intFlag("in-flight", "requests to one host at once", 6),
		&cli.DurationFlag{Name: "timeout", Category: categoryHow, Usage: "the longest an answer may take", Value: defaultTimeout, EnvVars: env("timeout")},
		intFlag("retries", "further attempts after a connection error", 1),
		intFlag("crawl-pages", "pages of one site that are read for their links", 30),
		stringFlag("proxy", categoryHow, "`URL` of an HTTP or SOCKS5 proxy (HTTP_PROXY and the like are not looked at)", ""),
		stringsFlag("header", categoryHow, "header `\"NAME: VALUE\"` sent to the targets named, and nowhere else; repeatable", "H"),
		stringsFlag("resolve", categoryHow, "`HOST:PORT:ADDRESS`: connect to this address instead; repeatable"),
		stringFlag("ca", categoryHow, "trust the certificates in this PEM `FILE` as well", ""),
		stringFlag("client-cert", categoryHow, "show this certificate; the PEM `FILE` holds its key too", ""),
		boolFlag("insecure", categoryHow, "do not verify certificates"),
		stringFlag("user-agent", categoryHow, "what the scanner calls itself; add a way to reach you", ""),

		stringsFlag("session", categoryWho, "`NAME=FILE`: cookies (Netscape format) or headers of a logged-in test account; repeatable, A and B for cache checks"),
		stringsFlag("page", categoryWho, "`PATH` of a page that sessions are compared on; repeatable"),
	)
}

// signatureFlags choose signatures, for scan and the signatures commands.
func signatureFlags() []cli.Flag {
	return []cli.Flag{
		stringsFlag("signatures", categoryWhat, "further signatures or public templates from `DIR`; repeatable", "s"),
		boolFlag("no-default-signatures", categoryWhat, "without the embedded signatures"),
		stringsFlag("template-root", categoryWhat, "`DIR` where payload files of public templates are looked for; repeatable"),
		stringsFlag("only", categoryWhat, "only these `ID|TAG|SEVERITY`, commas between; repeatable"),
		stringsFlag("exclude", categoryWhat, "not these `ID|TAG|SEVERITY`, commas between; repeatable"),
	}
}
