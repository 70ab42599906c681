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

// Numbers are read as they are written.
func TestNumbers(t *testing.T) {
	for text, want := range map[string]string{"22": "22", "8000-8002,22": "22, 8000-8002", " 1 , 2,3 ,2": "1-3", "65535": "65535", "1-65535": "1-65535"} {
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
