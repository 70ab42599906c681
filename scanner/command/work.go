package command

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/cluster"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

const workHelp = `Helps with a scan that another machine shares: it looks at what that machine gives it and sends back what it sees. LINE is what sotomi scan --listen prints; it is a secret. @FILE holds it, which keeps it out of the list of processes. Settings, signatures of the user and the list of targets come from there, and secrets among them are on no disk here. This machine must have the same version of sotomi with the same data.

It ends when the scan does. When it is stopped, it hands back what it has begun; other machines go on with that.

EXAMPLES
   sotomi scan --listen 192.0.2.10:4222 @targets.txt -o jsonl=scan.jsonl    (on the first machine)
   sotomi work LINE                                                         (on each of the others)
   sotomi work --status @line.txt                                           (how far the scan is)

EXIT STATUS
   0    the scan is over, or this machine was stopped and has handed back what it had begun
   2    the line, the flags or the version do not fit
   3    the scan could not be reached any more`

// workConcurrency is how many hosts a worker looks at unless it is told otherwise.
const workConcurrency = 25

func (e *environment) work() *cli.Command {
	return leaf(&cli.Command{
		Name: "work", Usage: "help with a scan that another machine shares", ArgsUsage: "LINE", Description: workHelp,
		Flags: []cli.Flag{
			boolFlag("status", categoryShare, "say how far the scan is and which machines take part, and end"),
			boolFlag("json", categoryShare, "with --status: as JSON"),
			&cli.IntFlag{Name: "concurrency", Category: categoryHow, Usage: "hosts scanned at the same time", Value: workConcurrency, EnvVars: env("concurrency")},
			&cli.Float64Flag{Name: "egress", Category: categoryHow, Usage: "most requests per second of this machine to all hosts together; 0 is no limit", EnvVars: env("egress")},
			stringFlag("egress-address", categoryShare, "`IP` from which the targets see this machine, for the report (default: that of this machine)", ""),
			stringFlag("creds", categoryShare, "`FILE` with the credentials for a cluster that sotomi scan --nats uses", ""),
		},
		Action: func(c *cli.Context) error {
			line, err := joinLine(c.Args().Slice())
			if err != nil {
				return err
			}
			if c.Int("concurrency") < 1 || c.Float64("egress") < 0 {
				return message.Errorf("--concurrency must be greater than 0, and --egress must not be negative")
			}
			if err := checkEgress(c.String("egress-address")); err != nil {
				return err
			}
			if err := checkCredentials(c.String("creds")); err != nil {
				return err
			}
			o := cluster.WorkerOptions{Version: web.Version, Creds: c.String("creds")}
			if c.Bool("status") {
				return e.workStatus(c.Context, line, o, c.Bool("json"))
			}
			o.Address = egressAddress(c.String("egress-address"))
			return e.runWork(c.Context, line, o, localFlags{c.Int("concurrency"), c.Float64("egress")})
		},
	})
}

// joinLine is what the argument is or holds.
func joinLine(args []string) (string, error) {
	if len(args) != 1 {
		return "", message.Errorf("work takes one LINE, as sotomi scan --listen prints it; see sotomi work --help")
	}
	name, inFile := strings.CutPrefix(args[0], "@")
	if !inFile {
		return strings.TrimSpace(args[0]), nil
	}
	text, err := readSecretFile(name)
	if err != nil {
		return "", message.Errorf("work @%s: %w", name, reason(err))
	}
	return strings.TrimSpace(text), nil
}

// localFlags are what a worker decides itself: how much it does, never what.
type localFlags struct {
	concurrency int
	egress      float64 // requests a second to all hosts; 0 for no limit
}

func (e *environment) runWork(ctx context.Context, line string, o cluster.WorkerOptions, local localFlags) error {
	ctx, stop := interruptible(ctx)
	defer stop()
	o.Tasks = 5*local.concurrency - 4 // as many as a scan has under way; see engine.Plan.AtOnce
	worker, err := cluster.Join(ctx, line, o)
	if err != nil {
		return err
	}
	defer worker.Close()
	var x *executor
	var files *unpacked
	defer func() {
		if files != nil {
			files.remove()
		}
		if x != nil {
			x.client.Close()
		}
	}()
	err = worker.Run(ctx, programHash(e.dataInForce()), func(secret, bundle []byte) (cluster.Execute, error) {
		var err error
		if files, err = unpack(bundle); err != nil {
			return nil, err
		}
		if x, err = newExecutor(secret, files, local); err != nil {
			return nil, err
		}
		limitMemory(min(x.targets.Len(), local.concurrency))
		e.notice(message.New("this machine takes part in the scan; to stop it: Ctrl-C"))
		return x.execute, nil
	})
	switch {
	case ctx.Err() != nil:
		e.notice(message.New("stopped; what was begun is handed back"))
		return nil
	case err != nil && x != nil:
		return &statusError{scanner.ExitIncomplete, message.New("the scan is out of reach: %s", message.Of(err))}
	case err != nil:
		return err
	}
	e.notice(message.New("the scan is over"))
	return nil
}

// newExecutor makes what does the tasks, of what the coordinator sent.
func newExecutor(secret []byte, files *unpacked, local localFlags) (*executor, error) {
	var o order
	if err := json.Unmarshal(secret, &o); err != nil {
		return nil, message.Errorf("the settings of the scan cannot be read") // without what is in them
	}
	plan, client, targets, err := o.plan(files, local)
	if err != nil {
		return nil, err
	}
	x := &executor{plan: plan, client: client, targets: targets, secrets: o.Secrets}
	if files.folder != "" {
		x.named = o.named(files)
	}
	return x, nil
}

// workStatus says how far a scan is.
func (e *environment) workStatus(ctx context.Context, line string, o cluster.WorkerOptions, asJSON bool) error {
	s, err := cluster.AskStatus(ctx, line, o)
	if err != nil {
		return err
	}
	if asJSON {
		encoder := json.NewEncoder(e.stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(s)
	}
	say := func(m message.Message) { fmt.Fprintln(e.stdout, message.Printable(e.words.Text(m))) }
	say(message.New("targets done since the coordinator started: %d of %d", s.Chunks, s.Total))
	say(message.New("hosts: %d waiting, %d under way, %d done, %d given up", s.Waiting, s.Running, s.Done, s.Lost))
	for _, w := range s.Workers {
		state := message.New("seen %s ago", w.Seen.Round(time.Second))
		if w.Left {
			state = message.New("has left")
		}
		say(message.New("%s (%s): %d under way, %d done, %s", w.Name, strings.Join(w.Addresses, ", "), w.Running, w.Done, state))
	}
	return nil
}
