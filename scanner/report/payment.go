package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/browser"
	"sotomi/scanner/message"
	"sotomi/scanner/payment"
)

// Signatures about payment pages, whose findings and outcomes the evidence pack tells.
const (
	paymentInventory = "payment-page-inventory"
	paymentApproved  = "payment-page-approved"
	paymentSkimmer   = "payment-page-skimmer"
)

// evidencePack is what a scan tells of payment pages, as tables: PCI DSS 4.0.1, 6.4.3 and 11.6.1, and what they rest on.
type evidencePack struct {
	scanner.Discard
	language string
	words    message.Language
	start    scanner.Start
	pages    []packPage
	changes  []scanner.Finding
	outcomes []scanner.Outcome // that are no answer
	judged   bool              // something was compared with payment.yaml
	earlier  *PaymentDays      // with this scan; nil without a history
}

// packTime is how times are written, in UTC.
const packTime = "2006-01-02 15:04"

// packPage is a payment page of a target.
type packPage struct {
	target string
	*payment.Page
	Shots []shot
}

// packTable is one table of the pack, the same in each of its formats.
type packTable struct {
	Title, Note string // Note is "" for none
	Columns     []string
	Rows        [][]string
}

func newEvidencePack(o Options) *evidencePack {
	return &evidencePack{language: o.Language, words: message.In(o.Language), earlier: o.PaymentDays.clone()}
}

func (p *evidencePack) Start(s scanner.Start) error {
	p.start = s
	if p.earlier != nil {
		return p.earlier.Start(s)
	}
	return nil
}

func (p *evidencePack) Finding(f scanner.Finding) error {
	if p.earlier != nil {
		if err := p.earlier.Finding(f); err != nil {
			return err
		}
	}
	switch {
	case f.Hit.Page != nil:
		p.pages = append(p.pages, packPage{f.Target, f.Hit.Page, p.shots(f)})
	case f.Signature.ID == paymentApproved || f.Signature.ID == paymentSkimmer:
		p.changes = append(p.changes, f)
	}
	return nil
}

func (p *evidencePack) Outcome(o scanner.Outcome) error {
	if p.earlier != nil {
		if err := p.earlier.Outcome(o); err != nil {
			return err
		}
	}
	if o.Signature == paymentApproved && isCompared(o.Status) {
		p.judged = true
	}
	if slices.Contains([]string{paymentInventory, paymentApproved, paymentSkimmer}, o.Signature) && o.Status != scanner.StatusClean && o.Status != scanner.StatusFound {
		p.outcomes = append(p.outcomes, o)
	}
	return nil
}

func (p *evidencePack) inWords(format string, a ...any) string {
	return message.Line(p.words.Text(message.New(format, a...)))
}

func (p *evidencePack) columns(headings ...message.Message) []string {
	list := make([]string, len(headings))
	for i, heading := range headings {
		list[i] = p.words.Text(heading)
	}
	return list
}

// title is that of the pack.
func (p *evidencePack) title() string { return p.inWords("Payment pages: evidence") }

// notes are what a reader has to know before the tables.
func (p *evidencePack) notes() []string {
	return []string{
		p.inWords("Scan of %s with sotomi %s.", dayOf(p.start.Time, p.language), p.start.Version),
		p.inWords("PCI DSS 4.0.1 requires 6.4.3 and 11.6.1. Self-assessment questionnaire A left both out on 31 March 2025, and asks in their place that the site is not susceptible to attacks from scripts. Which questionnaire applies, your acquirer says."),
		p.inWords("A look from outside shows what visitors get on the day of the look. It shows no pages behind a log-in without --session, and nothing of what happens on the server."),
	}
}

// end closes the scan for the days that are listed.
func (p *evidencePack) end(s scanner.Summary) error {
	if p.earlier != nil {
		return p.earlier.Close(s)
	}
	return nil
}

// tables are the pack.
func (p *evidencePack) tables() []packTable {
	return []packTable{p.requirements(), p.looks(), p.days(), p.scripts(), p.gone(), p.parts(), p.headers(), p.listeners(), p.changed(), p.unseen()}
}

func (p *evidencePack) visits(list []browser.Visit) string {
	if len(list) == len(browser.Visits()) {
		return p.inWords("every visit")
	}
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = p.words.Text(payment.VisitText(v))
	}
	return strings.Join(texts, ", ")
}

func (p *evidencePack) looks() packTable {
	t := packTable{
		Title:   p.inWords("Pages looked at"),
		Columns: p.columns(message.New("Target"), message.New("Page"), message.New("Why it counts"), message.New("Looked at (UTC)"), message.New("Visits"), message.New("With")),
	}
	for _, page := range p.pages {
		var visits []string
		for _, v := range page.Looks {
			text := fmt.Sprintf("%s: %d", p.words.Text(payment.VisitText(v.Visit)), v.Status)
			if v.Final != "" {
				text += " " + v.Final
			}
			visits = append(visits, text)
		}
		with := "Chromium"
		if page.HTMLOnly() {
			with = p.inWords("HTML only")
		}
		t.Rows = append(t.Rows, []string{page.target, page.URL, p.words.Text(payment.WhyText(page.Why)), page.Time.Format(packTime), strings.Join(visits, "\n"), with})
	}
	return t
}

// keptText is how integrity is kept, in words.
func (p *evidencePack) keptText(k payment.Integrity) string {
	switch k {
	case payment.ByHash:
		return p.inWords("hash, compared in each scan")
	case payment.ByShape:
		return p.inWords("code and hosts, compared in each scan")
	case payment.BySRI:
		return p.inWords("integrity attribute")
	case payment.ByCSP:
		return p.inWords("Content-Security-Policy")
	case payment.ByVendor:
		return p.inWords("its vendor")
	case payment.ByDeploy:
		return p.inWords("own deployment; contents compared under the same name")
	}
	return ""
}

// keptBy is how the integrity of what an approval is of is kept, "" without one.
func keptBy(a *payment.Approval) payment.Integrity {
	if a == nil {
		return ""
	}
	return a.Kept
}

func (p *evidencePack) scripts() packTable {
	t := packTable{
		Title: p.inWords("Scripts: inventory and justification"),
		Columns: p.columns(message.New("Page"), message.New("Script"), message.New("Whose"), message.New("Kind"), message.New("Brought in by"), message.New("SHA-384"), message.New("Bytes"), message.New("Integrity attribute"), message.New("Verdict of the policy"), message.New("Integrity kept by"),
			message.New("Owner"), message.New("Purpose"), message.New("Approved"), message.New("Until"), message.New("Seen on")),
	}
	if p.earlier != nil {
		t.Columns = append(t.Columns, p.columns(message.New("First seen (UTC)"), message.New("Last changed (UTC)"))...)
	}
	for _, page := range p.pages {
		for i := range page.Scripts {
			s := &page.Scripts[i]
			name, whose := s.URL, p.words.Text(payment.PartyText(s.Party))
			if name == "" {
				name = s.Text
			}
			a := s.Approval
			if a == nil {
				a = &payment.Approval{}
			}
			row := []string{
				page.URL, name, whose, s.Kind, strings.Join(s.Initiators, "\n"), s.SHA384, strconv.Itoa(s.Size), s.Integrity, s.CSP, p.keptText(a.Kept),
				a.Owner, a.Purpose, a.Approved.String(), a.Until, p.visits(s.Visits),
			}
			if p.earlier != nil {
				first, changed := p.earlier.times(page.Page, s)
				row = append(row, first, changed)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// gone are the things that payment.yaml lists and that are not there.
func (p *evidencePack) gone() packTable {
	t := packTable{
		Title:   p.inWords("Listed, no longer on the page"),
		Columns: p.columns(message.New("Page"), message.New("Kind"), message.New("In payment.yaml"), message.New("Owner"), message.New("Purpose"), message.New("Approved"), message.New("How sure")),
	}
	kinds := map[string]message.Message{"script": message.New("script"), "form": message.New("form"), "frame": message.New("frame"), "header": message.New("header")}
	for _, page := range p.pages {
		for _, g := range page.Gone {
			sure := p.inWords("certain")
			switch {
			case g.Unsure:
				sure = p.inWords("not in the HTML; a script may bring it in, which only Chromium shows")
			case page.HTMLOnly():
				sure = p.inWords("as far as the HTML tells")
			}
			t.Rows = append(t.Rows, []string{page.URL, p.words.Text(kinds[g.Kind]), g.What, g.Approval.Owner, g.Approval.Purpose, g.Approval.Approved.String(), sure})
		}
	}
	return t
}

// parts are all but scripts.
func (p *evidencePack) parts() packTable {
	t := packTable{
		Title:   p.inWords("Style sheets, forms, frames, hosts, workers and storage"),
		Columns: p.columns(message.New("Page"), message.New("Kind"), message.New("Address"), message.New("Whose"), message.New("Details"), message.New("Seen on")),
	}
	for _, page := range p.pages {
		add := func(kind, address string, party payment.Party, details string, visits []browser.Visit) {
			whose := ""
			if party != "" {
				whose = p.words.Text(payment.PartyText(party))
			}
			t.Rows = append(t.Rows, []string{page.URL, kind, address, whose, details, p.visits(visits)})
		}
		for i := range page.Styles {
			s := &page.Styles[i]
			add(p.inWords("style sheet"), s.URL, s.Party, strings.TrimSpace(s.SHA384+" "+p.keptText(keptBy(s.Approval))), s.Visits)
		}
		for i := range page.Forms {
			f := &page.Forms[i]
			details := ""
			if f.Card {
				details = p.inWords("fields for card data")
			}
			add(p.inWords("form"), f.Action, f.Party, details, f.Visits)
		}
		for i := range page.Frames {
			f := &page.Frames[i]
			details := ""
			if f.Hidden {
				details = p.inWords("takes no room")
			}
			add(p.inWords("frame"), f.URL, f.Party, details, f.Visits)
		}
		for _, h := range page.Hosts {
			add(p.inWords("host"), h.Name, h.Party, strings.Join(h.Kinds, ", "), h.Visits)
		}
		for _, w := range page.Workers {
			t.Rows = append(t.Rows, []string{page.URL, p.inWords("worker"), w.URL, "", w.Kind, ""})
		}
		for _, k := range page.Storage {
			t.Rows = append(t.Rows, []string{page.URL, p.inWords("storage"), k.Origin, "", k.Area + ": " + k.Key, ""})
		}
	}
	return t
}

func (p *evidencePack) headers() packTable {
	t := packTable{Title: p.inWords("Headers, as received"), Columns: p.columns(message.New("Page"), message.New("Header"), message.New("Value"), message.New("Seen on"))}
	for _, page := range p.pages {
		for _, h := range page.Headers {
			t.Rows = append(t.Rows, []string{page.URL, h.Name, h.Value, p.visits(h.Visits)})
		}
	}
	return t
}

func (p *evidencePack) listeners() packTable {
	t := packTable{Title: p.inWords("Who is told what is typed into fields for card data and passwords"), Columns: p.columns(message.New("Page"), message.New("Field"), message.New("Event"), message.New("Listens on"), message.New("Script"))}
	for _, page := range p.pages {
		for _, l := range page.Listeners {
			script := l.Script
			if script == "" {
				script = l.SHA384
			}
			field := l.Field.Name
			if field == "" {
				field = l.Field.ID
			}
			t.Rows = append(t.Rows, []string{page.URL, field, l.Event, l.On, script})
		}
	}
	return t
}

func (p *evidencePack) changed() packTable {
	t := packTable{
		Title:   p.inWords("What was not approved, and what looks like code that steals card data"),
		Columns: p.columns(message.New("Severity"), message.New("Page"), message.New("What"), message.New("Details"), message.New("Fingerprint")),
	}
	for _, f := range p.changes {
		f.Hit.Pictures = nil // those of its page are shown below
		e := newEntry(f, p.language)
		details := e.Values
		for _, one := range e.Evidence {
			if one.Request == "" { // what changed, or the script itself
				details += "\n" + one.Response
			}
		}
		t.Rows = append(t.Rows, []string{p.words.Say("severity-"+string(f.Severity), nil), e.URL, e.Name, details, e.Fingerprint})
	}
	return t
}

func (p *evidencePack) unseen() packTable {
	t := packTable{Title: p.inWords("What could not be seen"), Columns: p.columns(message.New("Target"), message.New("Page"), message.New("What"))}
	for _, page := range p.pages {
		for _, text := range page.Unseen {
			t.Rows = append(t.Rows, []string{page.target, page.URL, p.words.Text(payment.UnseenText(text))})
		}
	}
	for _, o := range p.outcomes {
		t.Rows = append(t.Rows, []string{o.Target, "", fmt.Sprintf("%s: %s (%s)", o.Signature, p.words.Text(o.Reason), p.words.Say("status-"+string(o.Status), nil))})
	}
	return t
}
