package command

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"sotomi/scanner/message"
)

// sharedFlags share a scan among machines.
func sharedFlags() []cli.Flag {
	return []cli.Flag{
		stringFlag("listen", categoryShare, "share the scan with other machines: let workers connect to `ADDRESS`, as host:port, and print the line that sotomi work takes", ""),
		stringFlag("advertise", categoryShare, "`ADDRESS` that workers connect to, where that is not the one of --listen, as host:port", ""),
		stringFlag("nats", categoryShare, "share the scan by the NATS cluster with JetStream at `URL` instead of listening", ""),
		stringFlag("creds", categoryShare, "`FILE` with the credentials for --nats", ""),
		boolFlag("workers-only", categoryShare, "look at nothing from this machine, only from workers"),
		&cli.Float64Flag{Name: "egress", Category: categoryShare, Usage: "most requests per second of this machine to all hosts together; 0 is no limit", EnvVars: env("egress")},
		stringFlag("egress-address", categoryShare, "`IP` from which the targets see this machine, for the report (default: that of this machine)", ""),
	}
}

// sharedNames are the flags that say where a scan runs, not what it is: a scan that is resumed may run elsewhere.
var sharedNames = []string{"listen", "advertise", "nats", "creds", "workers-only", "egress", "egress-address"}

// shared reports whether other machines take part.
func (s *settings) shared() bool { return s.c.String("listen") != "" || s.c.String("nats") != "" }

// shareable refuses what several machines cannot do.
func (j *job) shareable(s *settings) error {
	var mistakes []error
	if !s.shared() {
		for _, name := range sharedNames {
			if s.c.IsSet(name) {
				mistakes = append(mistakes, message.Errorf("--%s needs --listen or --nats", name))
			}
		}
		return errors.Join(mistakes...)
	}
	if s.c.String("listen") != "" && s.c.String("nats") != "" {
		mistakes = append(mistakes, message.Errorf("--listen and --nats are two ways to share a scan; leave one of them out"))
	}
	if s.c.String("listen") != "" {
		mistakes = append(mistakes, checkAdvertised(s.c.String("advertise")))
	}
	if j.outputs.has(requestsOutput) {
		mistakes = append(mistakes, message.Errorf("-o requests: a scan that several machines share has no log of requests"))
	}
	if s.c.Float64("egress") < 0 {
		mistakes = append(mistakes, message.Errorf("--egress must not be negative"))
	}
	return errors.Join(append(mistakes, checkEgress(s.c.String("egress-address")), checkCredentials(s.c.String("creds")))...)
}

func checkCredentials(file string) error {
	if err := checkWhole(file); err != nil {
		return message.Errorf("--creds %s: %w", file, reason(err))
	}
	return nil
}

// checkAdvertised checks a list of addresses that workers dial.
func checkAdvertised(list string) error {
	if list == "" {
		return nil
	}
	for address := range strings.SplitSeq(list, ",") {
		host, port, err := net.SplitHostPort(address)
		if n, e := strconv.ParseUint(port, 10, 16); err != nil || e != nil || host == "" || n == 0 {
			return message.Errorf("--advertise %q: want host:port", address)
		}
	}
	return nil
}

func checkEgress(address string) error {
	if _, err := netip.ParseAddr(address); address != "" && err != nil {
		return message.Errorf("--egress-address %q is not an IP address", address)
	}
	return nil
}
