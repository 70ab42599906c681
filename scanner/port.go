package scanner

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// UDP is added to the number of a port of UDP, so that ports of both kinds stand in one list.
const UDP = 1 << 16

// PortText is a port as users write it: 22, 623/udp.
func PortText(port int) string {
	if port >= UDP {
		return strconv.Itoa(port-UDP) + udpSuffix
	}
	return strconv.Itoa(port)
}

const udpSuffix = "/udp"

// PortValue is a port as findings have it: 22, "623/udp".
func PortValue(port int) any {
	if port >= UDP {
		return PortText(port)
	}
	return port
}

// PortURL is the address of a port of a host: tcp://HOST:22, udp://HOST:623.
func PortURL(host string, port int) *url.URL {
	if port >= UDP {
		return target.Origin("udp", host, strconv.Itoa(port-UDP))
	}
	return target.TCP(host, strconv.Itoa(port))
}

// PortOf is the port that an address from PortURL names. ok is false for all others.
func PortOf(u *url.URL) (port int, ok bool) {
	n, ok := portNumber(u.Port())
	switch u.Scheme {
	case "tcp":
		return n, ok
	case "udp":
		return n + UDP, ok
	}
	return 0, false
}

// PortsOf are the ports that a signature names, of TCP and of UDP.
func PortsOf(s *signature.Signature) Numbers {
	list := Numbers(slices.Clone(s.Ports))
	for _, n := range s.UDP {
		list = append(list, n+UDP)
	}
	slices.Sort(list)
	return list
}

// PortState is what came of connecting to a port.
type PortState string

// What came of connecting to a port.
const (
	PortOpen    PortState = "open"
	PortClosed  PortState = "closed"  // the host refuses connections
	PortSilent  PortState = "silent"  // no answer: something drops what is sent there, or what is there does not know what it was asked
	PortUnasked PortState = "unasked" // it was not looked at
)

// Names of what speaks at a port, as far as more than one package has to know them. Others are in the engine's table.
const (
	ProtocolHTTP = "HTTP"
	ProtocolTLS  = "TLS" // and what speaks inside it is not known
)

// Port is a port that accepts connections, or of UDP one that answers.
type Port struct {
	Number   int    `json:"port"`               // of UDP with UDP added
	Protocol string `json:"protocol,omitempty"` // what speaks there, such as Redis; "" when that is not known
	TLS      bool   `json:"tls,omitempty"`      // inside TLS
	Behaves  string `json:"behaves,omitempty"`  // how one whose protocol is not known behaves: silent, closes, echoes, unknown; "" for others
	Address  string `json:"address,omitempty"`  // IP:port

	Greeting []byte `json:"-"` // what it said first, or answered; at most 128 bytes
	Claimed  bool   `json:"-"` // a signature of its own is about it
	Told     bool   `json:"-"` // another signature of this scan has confirmed more there than that it is open
	Unlisted bool   `json:"-"` // the user said which ports of the host may be open, and this is none of them
}

// portJSON is a port without its methods.
type portJSON Port

// MarshalJSON writes a port of UDP as its number and "udp": true.
func (p Port) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Number int  `json:"port"`
		UDP    bool `json:"udp,omitempty"`
		portJSON
	}{p.Number % UDP, p.Number >= UDP, portJSON(p)})
}

// UnmarshalJSON reads what MarshalJSON has written.
func (p *Port) UnmarshalJSON(text []byte) error {
	var read struct {
		*portJSON
		UDP bool `json:"udp"`
	}
	read.portJSON = (*portJSON)(p)
	err := json.Unmarshal(text, &read)
	if read.UDP {
		p.Number += UDP
	}
	return err
}

// Ports are those of one host that a scan looked at.
type Ports struct {
	Open    []Port  `json:"open,omitempty"` // ascending
	Closed  Numbers `json:"closed,omitempty"`
	Silent  Numbers `json:"silent,omitempty"`
	Unasked Numbers `json:"unasked,omitempty"` // that were to be looked at, and were not

	Everything bool `json:"everything,omitempty"` // the host accepts connections at nearly all ports, or answers as too many products to be one machine

	End *StatusError `json:"-"` // why some are unasked, or why what is silent tells nothing; nil when all were looked at
}

// Of is what came of a port.
func (p *Ports) Of(number int) PortState {
	switch {
	case slices.ContainsFunc(p.Open, func(o Port) bool { return o.Number == number }):
		return PortOpen
	case p.Closed.Has(number):
		return PortClosed
	case p.Silent.Has(number):
		return PortSilent
	}
	return PortUnasked
}

// Absence is what came of ports at which nothing was found that was looked for.
type Absence struct{ Closed, Silent, Others, Unasked Numbers }

// Absence sorts ports by what came of them. The error is that of the host, when it is not known what some of them do.
func (p *Ports) Absence(numbers Numbers) (Absence, error) {
	var a Absence
	for _, n := range numbers {
		list := map[PortState]*Numbers{PortClosed: &a.Closed, PortSilent: &a.Silent, PortOpen: &a.Others, PortUnasked: &a.Unasked}[p.Of(n)]
		*list = append(*list, n)
	}
	if p.End != nil && len(a.Unasked)+len(a.Silent) > 0 {
		return a, p.End
	}
	return a, nil
}

// TellsNothing reports whether there is no answer at any of the ports, and one of them is of UDP, where silence is no closed port.
func (a Absence) TellsNothing() bool {
	return a.silentUDP() && len(a.Closed)+len(a.Others)+len(a.Unasked) == 0
}

func (a Absence) silentUDP() bool {
	return slices.ContainsFunc(a.Silent, func(n int) bool { return n >= UDP })
}

// Message is the absence in words.
func (a Absence) Message() message.Message {
	var list []message.Message
	if len(a.Closed) > 0 {
		list = append(list, message.New("port %s closed", a.Closed.String()))
	}
	if len(a.Silent) > 0 {
		list = append(list, message.New("no answer at port %s", a.Silent.String()))
	}
	if len(a.Others) > 0 {
		list = append(list, message.New("something else speaks at port %s", a.Others.String()))
	}
	if len(a.Unasked) > 0 {
		list = append(list, message.New("port %s was not looked at", a.Unasked.String()))
	}
	if a.silentUDP() {
		list = append(list, message.New("over UDP no answer may be a closed port, a filter or a lost packet"))
	}
	return message.Join("; ", list...)
}

// Answers reports whether the host is there: some port is open or refuses connections.
func (p *Ports) Answers() bool { return len(p.Open)+len(p.Closed) > 0 }

// Message is what came of every port that was to be looked at.
func (p *Ports) Message() message.Message {
	var open []string
	for _, o := range p.Open {
		text := PortText(o.Number)
		switch {
		case o.Protocol == ProtocolTLS || o.Protocol != "" && !o.TLS:
			text += " " + o.Protocol
		case o.Protocol != "":
			text += " " + o.Protocol + "/TLS"
		}
		open = append(open, text)
	}
	var list []message.Message
	add := func(format, text string) {
		if text != "" {
			list = append(list, message.New(format, text))
		}
	}
	if p.Everything {
		list = append(list, message.New("the host answers like everything, so none of this is believed"))
	}
	add("ports open: %s", strings.Join(open, ", "))
	add("ports closed: %s", p.Closed.String())
	add("ports without an answer: %s", p.Silent.String())
	add("ports not looked at: %s", p.Unasked.String())
	return message.Join("; ", list...)
}

// Numbers are ports, ascending: those of UDP have UDP added and come last.
type Numbers []int

// Has reports whether a number is one of them.
func (n Numbers) Has(number int) bool {
	_, ok := slices.BinarySearch(n, number)
	return ok
}

// String is the numbers as ranges: 21-23, 80.
func (n Numbers) String() string {
	var b strings.Builder
	for i := 0; i < len(n); {
		j := i
		for j+1 < len(n) && n[j+1] == n[j]+1 {
			j++
		}
		if i > 0 {
			b.WriteString(", ")
		}
		text := PortText(n[j])
		if j > i {
			text = strconv.Itoa(n[i]%UDP) + "-" + text
		}
		b.WriteString(text)
		i = j + 1
	}
	return b.String()
}

// MarshalText writes the numbers as ranges: a host has 65,535 ports.
func (n Numbers) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what MarshalText has written.
func (n *Numbers) UnmarshalText(text []byte) error {
	list, err := ParseNumbers(string(text))
	*n = list
	return err
}

// ParseNumbers reads numbers and ranges of ports, separated by commas: 22, 8000-8100, 623/udp.
func ParseNumbers(text string) (Numbers, error) {
	var list Numbers
	for part := range strings.SplitSeq(text, ",") {
		text, udp := strings.CutSuffix(strings.TrimSpace(part), udpSuffix)
		from, to, isRange := strings.Cut(text, "-")
		first, ok1 := portNumber(from)
		last, ok2 := first, ok1
		if isRange {
			last, ok2 = portNumber(to)
		}
		if !ok1 || !ok2 || last < first {
			return nil, message.Errorf("%q is no port (1 to 65535) and no range such as 8000-8100", strings.TrimSpace(part))
		}
		if udp {
			first, last = first+UDP, last+UDP
		}
		for ; first <= last; first++ {
			list = append(list, first)
		}
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

func portNumber(text string) (int, bool) {
	n := 0
	for _, c := range strings.TrimSpace(text) {
		if c < '0' || c > '9' || n > 65535 {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, n > 0 && n <= 65535
}
