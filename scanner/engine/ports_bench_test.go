package engine

import (
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// BenchmarkClosedPorts is the time that a thousand closed ports of one host take without a limit.
func BenchmarkClosedPorts(b *testing.B) {
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1, Timeout: time.Second})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	numbers := scanner.Numbers{}
	for n := 1; n <= 1000; n++ {
		numbers = append(numbers, n) // whatever runs there is asked too
	}
	for b.Loop() {
		host, err := client.Host("127.0.0.1")
		if err != nil {
			b.Fatal(err)
		}
		l := &portLook{host: host, random: scanner.RandFor("ports", target.Target{URL: target.TCP("127.0.0.1", "")})}
		if r := l.look(b.Context(), numbers); len(r.Closed) < 900 {
			b.Fatalf("only %d are closed", len(r.Closed))
		}
		host.Close()
	}
}
