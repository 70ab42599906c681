package command

import (
	"net/url"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// witnesses are looked at beside the ports of findings: where they answer, the host is there, and a port that gives no answer has
// been closed to the outside.
var witnesses = scanner.Numbers{80, 443}

// findingPort is the port that a finding at ports is about. ok is false for all others.
func findingPort(f scanner.Finding) (number int, ok bool) {
	u, err := url.Parse(f.Hit.URL)
	if err != nil {
		return 0, false
	}
	return scanner.PortOf(u)
}

// portsOfFindings are those that are looked at again on a host, none where no finding is at a port.
func portsOfFindings(list []scanner.Finding) scanner.Numbers {
	var numbers scanner.Numbers
	for _, f := range list {
		if number, ok := findingPort(f); ok {
			numbers = append(numbers, number)
		}
	}
	if len(numbers) == 0 {
		return nil
	}
	numbers = append(numbers, witnesses...)
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// byPort judges a finding at a port by what came of that port; ok is false when nothing is known of it.
func (v *verdict) byPort(outcomes []scanner.Outcome) (r scanner.RetestResult, why message.Message, ok bool) {
	number, ok := findingPort(v.finding)
	at := slices.IndexFunc(v.seen.Targets, func(t scanner.TargetInfo) bool { return t.Ports != nil && t.Ports.Of(number) != scanner.PortUnasked })
	if !ok || at < 0 {
		return "", message.Message{}, false
	}
	r, why = portVerdict(v.seen.Targets[at].Ports, number, outcomes)
	return r, why, true
}

// portVerdict says what has become of a finding at a port that its signature did not find again.
func portVerdict(ports *scanner.Ports, number int, outcomes []scanner.Outcome) (scanner.RetestResult, message.Message) {
	switch ports.Of(number) {
	case scanner.PortClosed:
		return scanner.RetestFixed, message.New("port %s is closed now", scanner.PortText(number))
	case scanner.PortSilent:
		if ports.Answers() && ports.End == nil {
			return scanner.RetestFixed, message.New("port %s gives no answer any more, and other ports of the host do", scanner.PortText(number))
		}
	case scanner.PortOpen:
		untold := slices.IndexFunc(outcomes, func(o scanner.Outcome) bool {
			return !o.Status.Complete() && o.Status != scanner.StatusNotApplicable
		})
		switch {
		case ports.Everything:
			return scanner.RetestUnconfirmed, message.New("the host answers like everything, so none of this is believed")
		case untold < 0:
			return scanner.RetestFixed, message.New("port %s is open, and this is not there any more: %s", scanner.PortText(number), because(outcomes[0]))
		default:
			return scanner.RetestUnconfirmed, because(outcomes[untold])
		}
	case scanner.PortUnasked:
	}
	return scanner.RetestUnconfirmed, because(outcomes[0])
}
