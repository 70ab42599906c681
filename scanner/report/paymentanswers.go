package report

import (
	"sotomi/scanner/message"
	"sotomi/scanner/payment"
)

// requirements answers 6.4.3 and 11.6.1 line by line.
func (p *evidencePack) requirements() packTable {
	t := packTable{
		Title:   p.inWords("PCI DSS 4.0.1: what this scan answers"),
		Note:    p.inWords("A line counts as answered as far as a look from outside can answer it; an assessor decides."),
		Columns: p.columns(message.New("Requirement"), message.New("Asked for"), message.New("Answer"), message.New("By what")),
	}
	c := p.count()
	row := func(id, asked, answer, by string) { t.Rows = append(t.Rows, []string{id, asked, answer, by}) }
	row("6.4.3", p.inWords("A method confirms that each script on the payment page is authorised."),
		p.answer(c.scripts > 0 && c.approved == c.scripts, c.approved > 0),
		p.inWords("payment.yaml: %d of %d scripts with the day and the person of the approval", c.approved, c.scripts))
	row("6.4.3", p.inWords("A method assures the integrity of each script."),
		p.answer(c.scripts > 0 && c.compared == c.scripts, c.compared+c.trusted > 0),
		p.inWords("compared in each scan, or by the browser: %d of %d scripts; left to a vendor or to the own deployment: %d", c.compared, c.scripts, c.trusted))
	row("6.4.3", p.inWords("An inventory of all scripts is kept, with a written business or technical justification for each."),
		p.answer(c.scripts > 0 && c.justified == c.scripts && !c.htmlOnly, c.scripts > 0),
		p.inWords("the table of scripts below: %d scripts, %d with a purpose", c.scripts, c.justified))
	if c.htmlOnly {
		row("6.4.3", p.inWords("Scripts that other scripts bring in are part of the inventory."), p.answer(false, false), p.inWords("There was no Chromium: only what the HTML names is listed."))
	}
	row("11.6.1", p.inWords("A mechanism detects changes of the headers that protect and of the scripts of payment pages, as the visitor's browser receives them."),
		p.answer(p.judged && c.pages > 0 && !c.htmlOnly, p.judged && c.pages > 0),
		p.inWords("sotomi scan with payment.yaml; pages looked at: %d; findings: %d", c.pages, len(p.changes)))
	row("11.6.1", p.inWords("The mechanism evaluates the headers and the pages as received."),
		p.answer(c.pages > 0 && !c.htmlOnly, c.pages > 0), p.inWords("the tables of headers and of scripts below, on a first visit, a later one, one from a search engine and one with a phone"))
	often, by := p.weekly()
	row("11.6.1", p.inWords("It runs at least every seven days, or as often as the targeted risk analysis says."), often, by)
	row("11.6.1", p.inWords("Personnel are alerted."), p.answer(false, false), p.inWords("A report alerts nobody. sotomi watch does, by notify in sotomi.yaml; the exit status of sotomi scan does it in a pipeline."))
	return t
}

// answer is whether a line is answered.
func (p *evidencePack) answer(whole, partly bool) string {
	switch {
	case whole:
		return p.inWords("answered")
	case partly:
		return p.inWords("partly answered")
	}
	return p.inWords("not answered")
}

// packCounts are the numbers that the answers rest on.
type packCounts struct {
	pages, scripts, approved, justified int
	compared, trusted                   int // scripts by how their integrity is kept
	htmlOnly                            bool
}

func (p *evidencePack) count() packCounts {
	c := packCounts{pages: len(p.pages)}
	for _, page := range p.pages {
		c.htmlOnly = c.htmlOnly || page.HTMLOnly()
		for i := range page.Scripts {
			a := page.Scripts[i].Approval
			c.scripts++
			if a == nil {
				continue
			}
			if a.Approved != nil {
				c.approved++
			}
			if a.Purpose != "" {
				c.justified++
			}
			switch a.Kept {
			case payment.ByVendor, payment.ByDeploy:
				c.trusted++
			case payment.ByHash, payment.ByShape, payment.BySRI, payment.ByCSP:
				c.compared++
			}
		}
	}
	return c
}
