package scanner

import (
	"encoding/json"
	"slices"
	"testing"
)

// Of each port it is told what came of it.
func TestPortsMessage(t *testing.T) {
	got := (&Ports{
		Open:   []Port{{Number: 22, Protocol: "SSH"}, {Number: 443, Protocol: "HTTP", TLS: true}, {Number: 4001}},
		Closed: Numbers{1, 2, 3, 80}, Silent: Numbers{5432}, Unasked: Numbers{9000},
	}).Message().String()
	const want = "ports open: 22 SSH, 443 HTTP/TLS, 4001; ports closed: 1-3, 80; ports without an answer: 5432; ports not looked at: 9000"
	if got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
}

// A port of UDP is told from the one of TCP with the same number wherever ports are written or read.
func TestPortsOfUDP(t *testing.T) {
	p := Ports{Open: []Port{{Number: 623}, {Number: 623 + UDP, Protocol: "IPMI"}}, Silent: Numbers{161 + UDP, 162 + UDP}}
	if got, want := p.Message().String(), "ports open: 623, 623/udp IPMI; ports without an answer: 161-162/udp"; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
	text, err := json.Marshal(p)
	if want := `{"open":[{"port":623},{"port":623,"udp":true,"protocol":"IPMI"}],"silent":"161-162/udp"}`; err != nil || string(text) != want {
		t.Errorf("JSON = %s, %v; want %s", text, err, want)
	}
	var again Ports
	if err := json.Unmarshal(text, &again); err != nil || !slices.EqualFunc(again.Open, p.Open, func(a, b Port) bool { return a.Number == b.Number && a.Protocol == b.Protocol }) ||
		!slices.Equal(again.Silent, p.Silent) {
		t.Errorf("read again: %+v, %v", again, err)
	}
	for _, port := range []int{623, 623 + UDP} {
		u := PortURL("192.0.2.7", port)
		if back, ok := PortOf(u); !ok || back != port {
			t.Errorf("PortOf(%s) = %d, %t; want %d", u, back, ok, port)
		}
	}
	if p.Of(623+UDP) != PortOpen || p.Of(161) != PortUnasked {
		t.Error("a port of UDP is taken for one of TCP")
	}
}

// Numbers are read as they are written.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]string{"22": "22", "8000-8002,22": "22, 8000-8002", " 1 , 2,3 ,2": "1-3", "65535": "65535", "623/udp, 22,160-162/udp": "22, 160-162/udp, 623/udp", "1-65535": "1-65535"} {
		n, err := ParseNumbers(text)
		if err != nil || n.String() != want {
			t.Errorf("ParseNumbers(%q) = %s, %v; want %s", text, n, err, want)
		}
		again, err := ParseNumbers(n.String())
		if err != nil || !slices.Equal(again, n) {
			t.Errorf("%q is read as %s, %v", n, again, err)
		}
	}
	for _, text := range []string{"", "0", "65536", "99999999999999999999", "-1", "5-", "9-8", "http", "1;2", "1,,2"} {
		if n, err := ParseNumbers(text); err == nil {
			t.Errorf("ParseNumbers(%q) = %s", text, n)
		}
	}
}

// Ports are the same after they were kept as JSON.
func TestPortsAsJSON(t *testing.T) {
	p := Ports{Open: []Port{{Number: 22, Protocol: "SSH"}}, Closed: Numbers{1, 2, 3}, Everything: true}
	text, err := json.Marshal(p)
	if want := `{"open":[{"port":22,"protocol":"SSH"}],"closed":"1-3","everything":true}`; err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
	var got Ports
	if err := json.Unmarshal(text, &got); err != nil || got.Of(22) != PortOpen || got.Of(2) != PortClosed || got.Of(4) != PortUnasked || !got.Everything {
		t.Errorf("%+v, %v", got, err)
	}
}
