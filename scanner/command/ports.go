package command

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/triage"
	"sotomi/signatures"
)

// Words of --ports beside numbers.
const (
	portsUsual  = "default"
	portsTop100 = "top100"
	portsNone   = "none"
)

// top100 are the ports that are open most often on the Internet.
const top100 = "7,9,13,21-23,25-26,37,53,79-81,88,106,110-111,113,119,135,139,143-144,179,199,389,427,443-445,465,513-515,543-544,548,554,587,631,646,873,990,993,995," +
	"1025-1029,1110,1433,1720,1723,1755,1900,2000-2001,2049,2121,2717,3000,3128,3306,3389,3986,4899,5000,5009,5051,5060,5101,5190,5357,5432,5631,5666,5800,5900," +
	"6000-6001,6646,7070,8000,8008-8009,8080-8081,8443,8888,9100,9999-10000,32768,49152-49157"

// ports are those that are looked at on bare hosts.
func (s *settings) ports(rules *triage.Rules) (engine.Ports, error) {
	p := engine.Ports{Unlisted: rules.Unlisted}
	text := s.text("ports", s.file.Ports)
	for word := range strings.SplitSeq(text, ",") {
		switch word = strings.TrimSpace(word); word {
		case portsNone:
			p.None = true
		case portsUsual:
			p.Usual = true
			continue
		case portsTop100:
			word = top100
		}
		if p.None {
			continue
		}
		numbers, err := scanner.ParseNumbers(word)
		if err != nil {
			return p, message.Errorf("--ports: %w; there are also default, top100, none", err)
		}
		p.Numbers = append(p.Numbers, numbers...)
	}
	for _, n := range p.Numbers {
		if n >= scanner.UDP && !engine.AsksUDP(n) {
			return p, message.Errorf("--ports: nothing is known to ask at port %s; of UDP there is %s", scanner.PortText(n), engine.UDPPorts().String())
		}
	}
	if p.None && text != portsNone {
		return p, message.Errorf("--ports %s: none stands alone", text)
	}
	slices.Sort(p.Numbers)
	p.Numbers = slices.Compact(p.Numbers)
	return p, nil
}

// ports are those that are looked at on bare hosts. It says so when they are more than the time for a host is enough for.
func (e *environment) ports(s *settings, rules *triage.Rules) (engine.Ports, error) {
	p, err := s.ports(rules)
	rate, limit := pick(s, "rate", s.c.Float64, s.file.Rate), pick(s, "host-timeout", s.c.Duration, s.file.HostTimeout)
	if err != nil || rate <= 0 || limit <= 0 {
		return p, err
	}
	if needed := time.Duration(float64(len(p.Numbers)) / rate * float64(time.Second)).Round(time.Minute); needed > limit {
		e.notice(message.New("--ports: %d ports of a host take about %s at --rate %v, and --host-timeout is %s; what is not done by then is named", len(p.Numbers), needed, rate, limit))
	}
	return p, nil
}

// readExpected reads the file that --expected names, or expected.yaml if there is one, and says so.
func (e *environment) readExpected(r *triage.Rules, name string) error {
	name, text, err := e.readKnown("expected", name, triage.DefaultExpectedFile, message.New("which ports may be open is read from %s", triage.DefaultExpectedFile))
	if text == nil || err != nil {
		return err
	}
	e.taken.expected(name, text)
	return r.ReadExpected(name, text)
}

func (e *environment) portsCommand() *cli.Command {
	return acceptCommand(&cli.Command{
		Name: "ports", Usage: "say which ports may be open, for scan --expected",
		Description: "EXAMPLES\n   sotomi ports accept scan.jsonl\n   sotomi scan 192.0.2.0/28",
	}, &cli.Command{
		Usage: "add the open ports of a scan that was saved with -o jsonl to those that may be open",
		Description: "The ports are added to expected.yaml, whose entries and comments stay. What was found at them beyond that they are open, such as a store without a password or an open console, is added with them by the id of its signature, and named: take such entries out again where that is not meant.\n\n" +
			"EXAMPLES\n   sotomi ports accept scan.jsonl\n   sotomi ports accept scan.jsonl --reason \"agreed with the team of the network\" --until 2099-03-31",
		Flags: []cli.Flag{
			stringFlag("reason", categoryReport, "why the ports may be open, as `TEXT` (default: what speaks there, and the day of the scan)", ""),
			stringFlag("until", categoryReport, "the last `DAY` on which they may be open, such as 2027-03-31 (default: no end)", ""),
			stringFlag("expected", categoryReport, "add them to `FILE`", triage.DefaultExpectedFile),
		},
	}, e.acceptPorts)
}

// acceptCommand is a command about what may be there, and its accept, which adds what scans have found to it.
func acceptCommand(about, accept *cli.Command, add cli.ActionFunc) *cli.Command {
	accept.Name, accept.ArgsUsage = "accept", "SCAN.jsonl..."
	accept.Action = func(c *cli.Context) error {
		if c.NArg() == 0 {
			return message.Errorf("%s accept needs a file, such as scan.jsonl", about.Name)
		}
		return add(c)
	}
	about.OnUsageError, about.Flags, about.Subcommands = usageError, []cli.Flag{langFlag()}, []*cli.Command{leaf(accept)}
	about.Action = func(c *cli.Context) error {
		return message.Errorf("%s has no command %q; there is accept", about.Name, c.Args().First())
	}
	return about
}

// namesPorts reports whether a signature looks at a port as one of its own.
func namesPorts() (func(id string, port int) bool, error) {
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		return nil, err
	}
	return func(id string, port int) bool {
		return slices.ContainsFunc(set.Signatures, func(s *signature.Signature) bool { return s.ID == id && scanner.PortsOf(s).Has(port) })
	}, nil
}

// acceptPorts adds the open ports of scans to the file of those that may be open.
func (e *environment) acceptPorts(c *cli.Context) error {
	names, err := namesPorts()
	if err != nil {
		return err
	}
	open := &triage.OpenPorts{Names: names}
	for _, name := range c.Args().Slice() {
		if err := replayFile(name, open); err != nil {
			return err
		}
	}
	name := c.String("expected")
	text, err := readToAdd(name)
	if err != nil {
		return err
	}
	text, added, err := triage.AddExpected(name, text, open, c.String("reason"), c.String("until"), time.Now().UTC())
	if err != nil {
		return err
	}
	for _, host := range open.Traps {
		e.notice(message.New("%s answers like everything; none of its ports was added", host))
	}
	for _, p := range added {
		if len(p.Findings) > 0 {
			e.notice(message.New("port %s of %s was added with what was found there: %s", scanner.PortText(p.Port), p.Host, strings.Join(p.Findings, ", ")))
		}
	}
	if len(added) > 0 {
		if err := writeWhole(name, text); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(e.stdout, message.Printable(e.words.Text(message.New("%s: ports added: %d", name, len(added)))))
	return err
}
