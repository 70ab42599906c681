package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

func (e *environment) demo() *cli.Command {
	return leaf(&cli.Command{
		Name: "demo", Usage: "start a lab on this machine, scan it, show the report",
		Description: "Starts four small servers on loopback (a search server without a password, a shop that publishes its .git folder, " +
			"one that lists its files, and a safe one), scans them and shows the report. Nothing is installed, and nothing leaves this machine.\n\n" +
			"EXAMPLES\n   sotomi demo\n   sotomi demo --lang ja\n   sotomi demo -o text -o jsonl=demo.jsonl",
		Flags: []cli.Flag{
			outputFlag(),
			chromiumFlag(),
		},
		Action: func(c *cli.Context) error {
			if err := noArguments(c); err != nil {
				return err
			}
			return e.runDemo(c.Context, &settings{c: c})
		},
	})
}

func (e *environment) runDemo(ctx context.Context, s *settings) error {
	outs, err := e.outputs(ctx, wantedOutputs{list: s.list("output", nil), chromium: s.c.String("chromium")})
	if err != nil {
		return err
	}
	set, err := signature.Load(signature.Sources{Embedded: checks.WithImported(signatures.FS)})
	if err != nil {
		return err
	}
	// The lab uses plain HTTP, which is safe on loopback: not a finding that the safe site should have.
	selected, err := set.Select(signature.Filter{Exclude: []string{"plain-http"}})
	if err != nil {
		return err
	}
	ctx, stop := interruptible(ctx)
	defer stop()
	lab, err := startDemoLab(ctx)
	if err != nil {
		return err
	}
	defer lab.stop()
	for _, s := range lab.sites {
		fmt.Fprintf(e.stderr, "%s  %s\n", s.address, e.words.Text(s.what))
	}
	fmt.Fprintln(e.stderr)
	targets, err := target.Parse(lab.addresses(), nil, nil)
	if err != nil {
		return err
	}
	client, err := web.NewClient(web.Options{Rate: -1, Log: outs.log}) // the lab is our own
	if err != nil {
		return err
	}
	defer client.Close()
	if err := outs.open(); err != nil {
		return err
	}
	defer outs.finish()
	summary, err := engine.Run(ctx, engine.Options{
		Client: client, Signatures: selected, Checks: checks.All, Targets: targets, Sinks: outs.sinks,
		Version: web.Version, SignatureSet: signatureSet(), Data: e.dataInForce(),
	})
	if err != nil {
		return &statusError{scanner.ExitIncomplete, message.Of(err)}
	}
	status := scanner.ExitStatus(summary, signature.SeverityHigh, false)
	if status == scanner.ExitInterrupted {
		return &statusError{status, message.Message{Format: report.Ending{Status: status}.Line(e.lang)}}
	}
	goodbye := message.New("On real sites this scan would have ended with exit status %d (see sotomi scan --help).", status)
	fmt.Fprintf(e.stderr, "\n%s\n", e.words.Text(goodbye))
	return nil
}

// demoLab is a few servers on loopback.
type demoLab struct {
	sites   []demoSite
	servers []*http.Server
	running errgroup.Group
}

type demoSite struct {
	address string
	what    message.Message
}

func startDemoLab(ctx context.Context) (*demoLab, error) {
	lab := &demoLab{}
	for _, site := range []struct {
		what    message.Message
		handler http.Handler
	}{
		{message.New("a search server without a password"), sigtest.Elasticsearch("personal")},
		{message.New("a shop that publishes its .git folder"), demoShop(map[string]string{"/.git/HEAD": "ref: refs/heads/main\n", "/.git/config": "[core]\n\tbare = false\n"})},
		{message.New("a shop that lists its uploads"), demoListing()},
		{message.New("the same shop without mistakes"), demoShop(nil)},
	} {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			lab.stop()
			return nil, message.Errorf("demo: %w", err)
		}
		server := &http.Server{Handler: site.handler, ReadHeaderTimeout: 5 * time.Second}
		lab.servers = append(lab.servers, server)
		lab.sites = append(lab.sites, demoSite{"http://" + l.Addr().String(), site.what})
		lab.running.Go(func() error {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
	}
	return lab, nil
}

func (lab *demoLab) addresses() []string {
	list := make([]string, 0, len(lab.sites))
	for _, s := range lab.sites {
		list = append(list, s.address)
	}
	return list
}

func (lab *demoLab) stop() {
	for _, s := range lab.servers {
		_ = s.Close() // nobody waits for responses any more
	}
	_ = lab.running.Wait() // a server that failed has shown as unreachable
}
