package port

import (
	"slices"
	"strconv"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Variants of signatures of ports.
const (
	variantUnlisted = "unlisted" // the user said which ports of the host may be open, and this is none of them
	variantWeb      = "web"      // it speaks HTTP
	variantMail     = "mail"     // it speaks what mail is carried by
)

// claims reports whether an open port is one of these, or speaks one of these protocols. HTTP says nothing of what is there, so
// it counts at these ports alone; and what speaks something else at one of them is not what was meant: an echo, or what gives
// an HTTP request another answer than HTTP where nothing but that is meant.
func claims(open scanner.Port, ports []int, protocols []string) bool {
	here := slices.Contains(ports, open.Number)
	switch open.Protocol {
	case "":
		if open.Number >= scanner.UDP {
			return false // what is meant answers what it is asked over UDP in its own way
		}
		web := len(protocols) == 1 && protocols[0] == scanner.ProtocolHTTP
		return here && open.Behaves != "echoes" && (!web || open.Behaves != "closes" && open.Behaves != "unknown")
	case scanner.ProtocolTLS:
		return here
	case scanner.ProtocolHTTP:
		return here && slices.Contains(protocols, scanner.ProtocolHTTP)
	}
	return slices.Contains(protocols, open.Protocol)
}

// other reports whether an open port that no signature is about is worth a word. Web servers at their own ports are what sites
// are for, and one at a port that the user named is looked at as a site.
func other(open scanner.Port, named bool) bool {
	usual := open.Number == 80 || open.Number == 443
	return !open.Claimed && (open.Unlisted || open.Protocol != scanner.ProtocolHTTP || !usual && !named)
}

// variant is which words and severity a port gets, "" for those of the signature itself.
func variant(open scanner.Port, others, below bool) string {
	switch {
	case open.Unlisted && below:
		return variantUnlisted
	case others && open.Protocol == scanner.ProtocolHTTP:
		return variantWeb
	case others && slices.Contains([]string{"SMTP", "IMAP", "POP3"}, open.Protocol):
		return variantMail
	}
	return ""
}

// absence is why no port is open that a signature is about. The error says that this is not known, or that nothing can be said of
// it: silence over UDP is no closed port.
func absence(ports *scanner.Ports, numbers scanner.Numbers) (message.Message, error) {
	a, err := ports.Absence(numbers)
	switch {
	case err != nil:
		return message.Message{}, err
	case len(a.Unasked) == len(numbers) || a.TellsNothing():
		return message.Message{}, scanner.NotApplicable("%s", a.Message())
	}
	return a.Message(), nil
}

// note is what a connection showed.
func note(open scanner.Port) message.Message {
	switch {
	case open.Protocol == scanner.ProtocolTLS:
		return message.New("the port accepts connections and speaks TLS; what speaks inside it is not known")
	case open.Protocol != "" && open.TLS:
		return message.New("the port accepts connections and speaks %s inside TLS", open.Protocol)
	case open.Protocol != "":
		return message.New("the port accepts connections and speaks %s", open.Protocol)
	case open.Behaves == "silent":
		return message.New("the port accepts connections and says nothing; its protocol is not known")
	case open.Behaves == "closes":
		return message.New("the port accepts connections and closes them without a word; its protocol is not known")
	case open.Behaves == "echoes":
		return message.New("the port accepts connections and repeats what it is sent; its protocol is not known")
	}
	return message.New("the port accepts connections; its protocol is not known")
}

// greeting is the first line of what a port said, as text: bytes that are none are written as \x00.
func greeting(said []byte) string {
	var b strings.Builder
	for _, c := range said {
		if c == '\r' || c == '\n' {
			break
		}
		if c < ' ' || c > '~' {
			b.WriteString(`\x` + strconv.FormatUint(uint64(c)|0x100, 16)[1:])
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
