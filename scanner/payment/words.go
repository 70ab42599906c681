package payment

import (
	"slices"

	"sotomi/scanner/browser"
	"sotomi/scanner/message"
)

// What could not be seen of a page, as Page.Unseen has it.
const (
	NoBrowser   = "There was no Chromium: only the HTML was read, and nothing that a script does was seen."
	NotReached  = "No field for card data and no payment provider is on the page: what comes after it was not reached as a guest. --session shows more."
	LedAway     = "The page led to another one, which was looked at in its place."
	LacksMost   = "The page lacks most of what payment.yaml lists: it may be that of an empty cart, or in front of a log-in."
	VisitFailed = "The page could not be opened on one of the visits."
)

// UnseenText is what could not be seen of a page, in words that have a translation where they are ours.
func UnseenText(text string) message.Message {
	for _, m := range []message.Message{message.New(NoBrowser), message.New(NotReached), message.New(LedAway), message.New(LacksMost), message.New(VisitFailed)} {
		if m.Format == text {
			return m
		}
	}
	return message.New("%s", text)
}

// WhyText says why a page counts as a payment page.
func WhyText(w Why) message.Message {
	switch w {
	case WhyNamed:
		return message.New("named by the user")
	case WhyCard:
		return message.New("it has fields for card data")
	case WhyProvider:
		return message.New("it loads a payment provider")
	case WhyAddress:
	}
	return message.New("its address is that of a cart or a checkout")
}

// VisitText says how a page was looked at.
func VisitText(v browser.Visit) message.Message {
	switch v {
	case browser.VisitLater:
		return message.New("later visit")
	case browser.VisitSearch:
		return message.New("visit from a search engine")
	case browser.VisitPhone:
		return message.New("visit with a phone")
	case browser.VisitFirst:
	}
	return message.New("first visit")
}

// PartyText says whose something is.
func PartyText(p Party) message.Message {
	switch p {
	case Own:
		return message.New("own")
	case Provider:
		return message.New("payment provider")
	case Service:
		return message.New("known service")
	case Other:
	}
	return message.New("other third party")
}

// HostsOf are the hosts of a party that the page uses, in order.
func (p *Page) HostsOf(party Party) []string {
	var hosts []string
	add := func(of Party, host string) {
		if of == party && host != "" {
			hosts = union(hosts, []string{host})
		}
	}
	for i := range p.Scripts {
		add(p.Scripts[i].Party, hostOf(p.Scripts[i].URL))
	}
	for i := range p.Forms {
		add(p.Forms[i].Party, hostOf(p.Forms[i].Action))
	}
	for i := range p.Frames {
		add(p.Frames[i].Party, hostOf(p.Frames[i].URL))
	}
	for i := range p.Hosts {
		add(p.Hosts[i].Party, p.Hosts[i].Name)
	}
	slices.Sort(hosts)
	return hosts
}

// HasProvider reports whether the page uses a known payment provider.
func (p *Page) HasProvider() bool { return len(p.HostsOf(Provider)) > 0 }
