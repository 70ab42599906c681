package report

import (
	"sotomi/scanner"
	"sotomi/scanner/message"
)

// portList are the hosts whose ports were looked at, as many as reports list.
type portList []scanner.TargetInfo

func (l *portList) add(t scanner.TargetInfo) {
	if t.Ports != nil && len(*l) < maxPlaces {
		*l = append(*l, t)
	}
}

// lines are what came of the ports of each host.
func (l portList) lines(words message.Language) []string {
	var list []string
	for _, t := range l {
		list = append(list, message.Line(t.Target)+": "+message.Line(words.Text(t.Ports.Message())))
	}
	return list
}
