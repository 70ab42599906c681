package engine

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Every open port is told for what it speaks, and one of which that is not known for how it behaves; none is left out.
func TestOpenPortsAreIdentified(t *testing.T) {
	type want struct {
		protocol string
		tls      bool
		behaves  string
	}
	cases := map[string]struct {
		port  int
		serve func(net.Conn)
		want  want
	}{
		"ssh":                       {22, greets("SSH-2.0-OpenSSH_9.6\r\n"), want{"SSH", false, ""}},
		"ssh_elsewhere":             {2222, greets("SSH-2.0-OpenSSH_9.6\r\n"), want{"SSH", false, ""}},
		"redis":                     {6379, replies("+PONG\r\n"), want{"Redis", false, ""}},
		"redis_with_password":       {6379, replies("-NOAUTH Authentication required.\r\n"), want{"Redis", false, ""}},
		"redis_elsewhere":           {7001, replies("-ERR unknown command\r\n"), want{"Redis", false, ""}},
		"redis_that_shuns_browsers": {7001, shunsBrowsers, want{"Redis", false, ""}},
		"redis_in_tls":              {6380, inTLS(t, replies("+PONG\r\n")), want{"Redis", true, ""}},
		"postgresql":                {5432, replies("N"), want{"PostgreSQL", false, ""}},
		"http":                      {8500, ofHTTP, want{"HTTP", false, ""}},
		"http_on_port_of_redis":     {6379, ofHTTP, want{"HTTP", false, ""}},
		"https":                     {8501, inTLS(t, ofHTTP), want{"HTTP", true, ""}},
		"tls_that_says_nothing":     {8502, inTLS(t, saysNothing), want{"TLS", true, ""}},
		"imap_in_tls":               {993, inTLS(t, greets("* OK ready\r\n")), want{"IMAP", true, ""}},
		"another_on_port_of_ssh":    {22, greets("220 mail.example ESMTP Postfix\r\n"), want{"SMTP", false, ""}},
		"echo":                      {7000, repeatsAll, want{"", false, behavesEchoes}},
		"echo_on_port_of_redis":     {6379, repeatsAll, want{"", false, behavesEchoes}},
		"echo_on_port_of_ldap":      {389, repeatsAll, want{"", false, behavesEchoes}},
		"echo_on_port_of_sql":       {1433, repeatsAll, want{"", false, behavesEchoes}},
		"echo_on_port_of_x11":       {6000, repeatsAll, want{"", false, behavesEchoes}},
		"silent":                    {7002, saysNothing, want{"", false, behavesSilent}},
		"silent_on_port_of_mongo":   {27017, saysNothing, want{"", false, behavesSilent}},
		"closes":                    {7003, endsAtOnce, want{"", false, behavesCloses}},
		"closes_on_port_of_kafka":   {9092, endsAtOnce, want{"", false, behavesCloses}},
		"unknown":                   {7004, greets("hello, who is there?\r\n"), want{"", false, behavesUnknown}},
		"same_byte_for_all":         {5432, replies("A"), want{"", false, behavesUnknown}},
		"zeros_on_port_of_neo4j":    {7687, replies("\x00\x00\x00\x00"), want{"", false, behavesUnknown}}, // none of the versions that are offered
		"another_on_port_of_oracle": {1521, replies("\x00\x20\x00\x00\x03\x00\x00\x00"), want{"", false, behavesUnknown}},
		"echo_on_port_of_rpc":       {135, repeatsAll, want{"", false, behavesEchoes}},
		"echo_on_port_of_oracle":    {1521, repeatsAll, want{"", false, behavesEchoes}},
		"echo_on_port_of_netbios":   {139, repeatsAll, want{"", false, behavesEchoes}},
		"mongodb_says_so":           {7005, replies("HTTP/1.0 200 OK\r\nContent-Length: 85\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n"), want{"MongoDB", false, ""}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPortServers(t)
			p.listen(c.port, c.serve)
			r := p.look(3*time.Second, c.port) // long enough for a busy machine to answer in half of it
			if len(r.Open) != 1 {
				t.Fatalf("open = %v", r.Open)
			}
			if got := (want{r.Open[0].Protocol, r.Open[0].TLS, r.Open[0].Behaves}); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if n := p.conns[c.port]; n > 3 {
				t.Errorf("%d connections, want at most 3", n)
			}
		})
	}
}

// A thousand closed ports get one connection each, of which no more are open at once than the cap.
func TestClosedPortsCostOneConnection(t *testing.T) {
	p := newPortServers(t)
	var ports []int
	for n := 1; n <= 1000; n++ {
		ports = append(ports, n)
	}
	p.closed(ports...)
	client := p.client(time.Second)
	host, err := client.Host(p.host)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	l := &portLook{host: host, random: scanner.RandFor("ports", target.Target{URL: target.TCP(p.host, "")})}
	if r := l.look(t.Context(), ports); len(r.Closed) != len(ports) || r.End != nil || r.Everything {
		t.Errorf("closed = %s, end %v, everything %t", r.Closed, r.End, r.Everything)
	}
	if got := client.Requests(); got != int64(len(ports)) {
		t.Errorf("%d connections to %d ports", got, len(ports))
	}
}

// A host that accepts connections at all of 400 ports answers like everything: it is not asked for long, and with few
// connections at once.
func TestPortsOfATrapAreNotBelieved(t *testing.T) {
	p := newPortServers(t)
	var ports []int
	for n := 1; n <= 400; n++ {
		p.listen(n, greets("SSH-2.0-OpenSSH_9.6\r\n"))
		ports = append(ports, n)
	}
	r := p.look(time.Second, ports...)
	if !r.Everything || len(r.Open) != 400 {
		t.Errorf("everything = %t with %d open ports", r.Everything, len(r.Open))
	}
	unidentified := 0
	for _, o := range r.Open {
		if o.Protocol == "" {
			unidentified++
		}
	}
	if unidentified < 200 {
		t.Errorf("of only %d ports nothing was asked", unidentified)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.most > 2*portWorkers { // the server may see the end of a connection late
		t.Errorf("%d connections were open at once", p.most)
	}
}

// A host with many services is a trap only when ports are open that nobody would name.
func TestManyServicesAreNoTrap(t *testing.T) {
	p := newPortServers(t)
	var ports []int
	for n := 1; n <= 25; n++ {
		p.listen(n, greets(fmt.Sprintf("SSH-2.0-%d\r\n", n)))
		ports = append(ports, n)
	}
	if r := p.look(time.Second, ports...); r.Everything || len(r.Open) != 25 {
		t.Errorf("everything = %t with %d open ports", r.Everything, len(r.Open))
	}
	q := newPortServers(t)
	for n := 1; n <= 25; n++ {
		q.listen(n, saysNothing)
	}
	random := scanner.RandFor("ports", target.Target{URL: target.TCP(q.host, "")})
	for range controlPorts {
		q.listen(lowestRandom+random.IntN(1<<16-lowestRandom), saysNothing)
	}
	if r := q.look(200*time.Millisecond, ports...); !r.Everything {
		t.Errorf("a host that is open at random ports is believed")
	}
}

// When the time of a host is over, what was found is told, and so is what was not looked at.
func TestPortsOutOfTime(t *testing.T) {
	p := newPortServers(t)
	p.listen(22, greets("SSH-2.0-OpenSSH_9.6\r\n"))
	p.closed(23, 24)
	host, err := p.client(time.Second).Host(p.host)
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	l := &portLook{host: host, random: scanner.RandFor("ports", target.Target{URL: target.TCP(p.host, "")})}
	l.look(t.Context(), scanner.Numbers{22})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	known := l.states
	r := l.lookFor(t.Context(), ended, scanner.Numbers{22, 23, 24})
	if r.End == nil || r.End.Status != scanner.StatusFailed || !slices.Equal(r.Unasked, scanner.Numbers{22, 23, 24}) || len(known) != 1 {
		t.Errorf("end %v, not looked at: %s", r.End, r.Unasked)
	}
}

// portCheck finds every open port.
type portCheck struct{ scanner.Check }

func (portCheck) Place() scanner.Place { return scanner.PlacePorts }

func (portCheck) Run(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	var hits []scanner.Hit
	for _, o := range p.Ports().Open {
		hits = append(hits, scanner.Hit{Values: scanner.Values{"port": o.Number, "protocol": o.Protocol}})
	}
	return hits, nil
}

// pageCheck finds the page of a site.
type pageCheck struct{}

func (pageCheck) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	ex, err := p.Get(ctx, "/")
	if err != nil {
		return nil, err
	}
	return []scanner.Hit{{Values: scanner.Values{"status": ex.Status}}}, nil
}

// portClaim finds every open port of which nothing more has been told.
type portClaim struct{ portCheck }

func (portClaim) Claims(scanner.Port) bool { return true }

func (portClaim) Run(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	var hits []scanner.Hit
	for _, o := range p.Ports().Open {
		if !o.Told {
			hits = append(hits, scanner.Hit{Values: scanner.Values{"port": o.Number}})
		}
	}
	return hits, nil
}

// portStore is sure of what it finds at one port, and less so at the next.
type portStore struct{ portCheck }

func (portStore) Run(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	hit := func(port, certainty string) scanner.Hit {
		return scanner.Hit{URL: "tcp://" + p.Target.URL.Hostname() + ":" + port, Certainty: scanner.Certainty(certainty), Matcher: port}
	}
	return []scanner.Hit{hit("6379", "confirmed"), hit("6380", "possible")}, nil
}

// A check that claims ports runs after all that may say more of them, and is told at which ports they were sure of something,
// whatever their signatures are called.
func TestPortsAreToldOnce(t *testing.T) {
	p := newPortServers(t)
	for _, number := range []int{22, 6379, 6380} {
		p.listen(number, func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-x\r\n") })
	}
	for range 20 {
		targets, err := target.Parse([]string{"tcp://" + p.host}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		sink := &scanner.Collector{}
		_, err = Run(t.Context(), Options{
			Client: p.client(time.Second), Targets: targets, Sinks: []scanner.Sink{sink}, Ports: Ports{Numbers: scanner.Numbers{22, 6379, 6380}},
			Signatures: []*signature.Signature{{ID: "a-port", Check: "claim"}, {ID: "b-store", Check: "store"}, {ID: "c-port", Check: "claim"}},
			Checks: scanner.Table{
				"claim": func(*signature.Signature) (scanner.Check, error) { return portClaim{}, nil },
				"store": func(*signature.Signature) (scanner.Check, error) { return portStore{}, nil },
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range sink.Findings {
			got = append(got, fmt.Sprintf("%s %v", f.Signature.ID, cmp.Or(f.Hit.Matcher, fmt.Sprint(f.Hit.Values["port"]))))
		}
		slices.Sort(got)
		if want := []string{"a-port 22", "a-port 6380", "b-store 6379", "b-store 6380", "c-port 22", "c-port 6380"}; !slices.Equal(got, want) {
			t.Fatalf("findings = %q, want %q", got, want)
		}
	}
}

// scan scans targets with a signature for ports and one for pages, and gives "SIGNATURE TARGET STATUS REASON" and findings.
func (p *portServers) scan(t *testing.T, o Ports, args ...string) []string {
	t.Helper()
	targets, err := target.Parse(args, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	sink := &scanner.Collector{}
	_, err = Run(t.Context(), Options{
		Client: p.client(time.Second), Targets: targets, Sinks: []scanner.Sink{sink}, Ports: o,
		Signatures: []*signature.Signature{{ID: "ports", Check: "ports", Ports: []int{80, 443, 6379, 9999}}, {ID: "pages", Check: "pages"}},
		Checks: scanner.Table{
			"ports": func(*signature.Signature) (scanner.Check, error) { return portCheck{}, nil },
			"pages": func(*signature.Signature) (scanner.Check, error) { return pageCheck{}, nil },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, f := range sink.Findings {
		list = append(list, fmt.Sprintf("%s %s %v", f.Signature.ID, f.Target, f.Hit.Values["port"]))
	}
	for _, o := range sink.Outcomes {
		list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", o.Signature, o.Target, o.Status, o.Reason)))
	}
	slices.Sort(list)
	return list
}

// A bare host is looked at for ports, an address with a port for that one only, a URL for none; checks of ports never run on
// sites, nor the others on ports.
func TestWhereIsLookedForPorts(t *testing.T) {
	p := newPortServers(t)
	p.listen(6379, replies("+PONG\r\n"))
	p.listen(8000, ofHTTP)
	p.closed(80, 443, 9999, 7777)
	cases := map[string]struct {
		ports Ports
		args  []string
		want  []string
	}{
		"bare_host": {Ports{}, []string{"h.test"}, []string{
			"pages https://h.test not-applicable no web server: the host refuses connections there, and has other ports open",
			"ports tcp://h.test 6379", "ports tcp://h.test found",
		}},
		"none": {Ports{None: true}, []string{"h.test"}, []string{
			"pages https://h.test unreachable connection refused", "ports tcp://h.test not-applicable ports were not looked at (--ports none)",
		}},
		"numbers": {Ports{Numbers: scanner.Numbers{7777, 8000}}, []string{"h.test"}, []string{
			"pages https://h.test not-applicable no web server: the host refuses connections there, and has other ports open",
			"ports tcp://h.test 8000", "ports tcp://h.test found",
		}},
		"all_closed": {Ports{Numbers: scanner.Numbers{80, 443, 7777}}, []string{"h.test"}, []string{
			"pages https://h.test unreachable connection refused", "ports tcp://h.test clean",
		}},
		"host_and_port": {Ports{}, []string{"h.test:6379"}, []string{
			"pages https://h.test:6379 not-applicable the port speaks Redis, not HTTP",
			"ports tcp://h.test:6379 6379", "ports tcp://h.test:6379 found",
		}},
		"closed_port": {Ports{}, []string{"h.test:7777"}, []string{
			"pages https://h.test:7777 unreachable connection refused", "ports tcp://h.test:7777 unreachable connection refused",
		}},
		"service": {Ports{None: true}, []string{"redis://h.test"}, []string{"ports tcp://h.test:6379 6379", "ports tcp://h.test:6379 found"}},
		"service_and_port": {Ports{}, []string{"h.test:6379", "redis://h.test/0"}, []string{
			"pages https://h.test:6379 not-applicable the port speaks Redis, not HTTP",
			"ports tcp://h.test:6379 6379", "ports tcp://h.test:6379 found",
		}},
		"url": {Ports{}, []string{"http://h.test:8000/"}, []string{"pages http://h.test:8000 <nil>", "pages http://h.test:8000 found"}},
		"web_port": {Ports{}, []string{"h.test:8000"}, []string{
			"pages http://h.test:8000 <nil>", "pages http://h.test:8000 found", "ports tcp://h.test:8000 8000", "ports tcp://h.test:8000 found",
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := p.scan(t, c.ports, c.args...); !slices.Equal(got, c.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// Ports cannot be seen through a proxy, and nothing is clean then.
func TestPortsThroughAProxy(t *testing.T) {
	proxy := httptest.NewServer(http.NotFoundHandler())
	defer proxy.Close()
	u, err := target.ParseURL(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	client, err := web.NewClient(web.Options{Rate: -1, Proxy: u})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s := newSite(client, target.Target{URL: target.TCP("h.test", "")}, siteSettings{})
	end := (&Plan{options: Options{Client: client, Ports: Ports{Numbers: scanner.Numbers{80}}}}).lookAtPorts(t.Context(), s)
	if end == nil || end.Status != scanner.StatusFailed {
		t.Errorf("end = %v, want failed", end)
	}
}
