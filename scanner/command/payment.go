package command

import (
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/payment"
)

// payment is what --payment and --payment-page say: the file that the first names, or payment.yaml if there is one.
func (e *environment) payment(s *settings) (scanner.Payment, error) {
	var p scanner.Payment
	var err1, err2 error
	p.Pages, err1 = s.addresses("payment-page", s.file.PaymentPage)
	p.Approved, err2 = e.readPayment(s.text("payment", s.file.Payment))
	return p, errors.Join(err1, err2)
}

func (e *environment) readPayment(name string) (*payment.File, error) {
	name, text, err := e.readKnown("payment", name, payment.DefaultFile, message.New("what payment pages may run is read from %s", payment.DefaultFile))
	if text == nil || err != nil {
		return nil, err
	}
	e.taken.payment(name, text)
	return payment.Read(name, text)
}

func (e *environment) paymentCommand() *cli.Command {
	return acceptCommand(&cli.Command{
		Name: "payment", Usage: "say what payment pages may run, for scan --payment",
		Description: "EXAMPLES\n   sotomi payment accept scan.jsonl\n   sotomi scan --payment-page /checkout https://shop.example",
	}, &cli.Command{
		Usage: "add what is on the payment pages of a scan that was saved with -o jsonl to what they may run",
		Description: "Scripts, form targets, frames, hosts, workers and headers are added to payment.yaml, whose entries and comments stay. Without --by nobody has approved them yet, and the evidence pack says so: look at each entry first. A script whose contents may change has integrity own-deploy (the shop's own build, which gives each version a name of its own) or vendor; change that where it is not meant.\n\n" +
			"EXAMPLES\n   sotomi payment accept scan.jsonl\n   sotomi payment accept scan.jsonl --by Sato --purpose checkout --owner \"web team\" --until 2099-03-31",
		Flags: []cli.Flag{
			stringFlag("by", categoryReport, "who approves them, as `NAME` (default: nobody yet)", ""),
			stringFlag("purpose", categoryReport, "why the pages need them, as `TEXT`", ""),
			stringFlag("owner", categoryReport, "who answers for what is no known service's, as `NAME`", ""),
			stringFlag("until", categoryReport, "the last `DAY` of the approval, such as 2027-03-31 (default: no end)", ""),
			stringFlag("payment", categoryReport, "add them to `FILE`", payment.DefaultFile),
		},
	}, e.acceptPayment)
}

// paymentPages keeps the payment pages of a scan.
type paymentPages struct {
	scanner.Discard
	list []*payment.Page
}

// Finding keeps the page that it tells of.
func (p *paymentPages) Finding(f scanner.Finding) error {
	if f.Hit.Page != nil {
		p.list = append(p.list, f.Hit.Page)
	}
	return nil
}

// acceptPayment adds what is on the payment pages of scans to the file of what they may run.
func (e *environment) acceptPayment(c *cli.Context) error {
	pages := &paymentPages{}
	for _, name := range c.Args().Slice() {
		if err := replayFile(name, pages); err != nil {
			return err
		}
	}
	if len(pages.list) == 0 {
		e.notice(message.New("the scan has no payment page; --payment-page names one"))
	}
	name := c.String("payment")
	text, err := readToAdd(name)
	if err != nil {
		return err
	}
	text, added, err := payment.Add(name, text, pages.list, payment.Acceptance{
		Owner: c.String("owner"), Purpose: c.String("purpose"), By: c.String("by"), Until: c.String("until"), Now: time.Now().UTC(),
	})
	if err != nil {
		return err
	}
	for _, p := range pages.list {
		if p.HTMLOnly() {
			e.notice(message.New("%s was read without Chromium: what scripts bring in is not in the list", p.URL))
		}
	}
	if added.Scripts+added.Others > 0 {
		if err := writeWhole(name, text); err != nil {
			return err
		}
	}
	if added.Unjustified > 0 {
		e.notice(message.New("scripts without a purpose or an approval: %d; write them into %s", added.Unjustified, name))
	}
	_, err = fmt.Fprintln(e.stdout, message.Printable(e.words.Text(message.New("%s: scripts added: %d, other entries: %d", name, added.Scripts, added.Others))))
	return err
}
