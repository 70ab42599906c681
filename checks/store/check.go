package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// product is one that signatures name.
type product struct {
	probe    probe
	protocol string // by which the engine knows it; "" for one that tells nothing by itself

	atPort map[int]probe // instead of probe, at ports where it is spoken to in another way

	further         probe  // of what the same server has at a port of its own; nil for all but NFS
	furtherProtocol string // by which the engine knows that
}

// products by the name in a signature. The probes of mysql, ftp and clickhouse log in: their signatures are for scans that may.
var products = map[string]product{
	"redis":      {probe: Redis, protocol: "Redis"},
	"memcached":  {probe: Memcached, protocol: "Memcached"},
	"mongodb":    {probe: MongoDB, protocol: "MongoDB"},
	"postgresql": {probe: PostgreSQL, protocol: "PostgreSQL"},
	"mysql":      {probe: MySQLLogin, protocol: "MySQL"},
	"zookeeper":  {probe: ZooKeeper, protocol: "ZooKeeper"},
	"kafka":      {probe: Kafka, protocol: "Kafka"},
	"amqp":       {probe: AMQP, protocol: "AMQP"},
	"nats":       {probe: NATS, protocol: "NATS"},
	"mqtt":       {probe: MQTT, protocol: "MQTT"},
	"cassandra":  {probe: Cassandra, protocol: "Cassandra"},
	"rsync":      {probe: Rsync, protocol: "rsync"},
	"ldap":       {probe: LDAP, protocol: "LDAP"},
	"vnc":        {probe: VNC, protocol: "VNC"},
	"jdwp":       {probe: JDWP, protocol: "JDWP"},
	"ftp":        {probe: FTPLogin, protocol: "FTP"},
	"x11":        {probe: X11, protocol: "X11"},
	"smb":        {probe: SMB, protocol: "SMB", atPort: map[int]probe{139: SMBSession}},
	"rdp":        {probe: RDP, protocol: "RDP"},
	"sqlserver":  {probe: SQLServer, protocol: "SQL Server"},
	"telnet":     {probe: Telnet, protocol: "Telnet"},
	"nfs":        {probe: NFS, protocol: "RPC portmapper", further: NFS4, furtherProtocol: "NFS"},
	"clickhouse": {probe: ClickHouseLogin, protocol: "ClickHouse"},
	"ipmi":       {probe: IPMI, protocol: "IPMI"},
}

// elsewhere are probes of products that another port of the host tells about, too.
var elsewhere = map[string]func(ctx context.Context, dial Dialer, at func(port int) Dialer) (Record, error){"nfs": nfs}

// loggingIn are products whose probe logs in.
var loggingIn = []string{"mysql", "ftp", "clickhouse"}

// New is the check "store". Its parameter product is the name of a product above; the signature's ports are where it is
// looked for when nobody knows what speaks there.
func New(s *signature.Signature) (scanner.Check, error) {
	var with struct {
		Product string `yaml:"product"`
	}
	if err := s.With.Decode(&with); err != nil {
		return nil, err
	}
	p, ok := products[with.Product]
	switch {
	case !ok:
		return nil, s.With.Mistake("product %q: there are %s", with.Product, strings.Join(slices.Sorted(maps.Keys(products)), ", "))
	case slices.Contains(loggingIn, with.Product) && s.Safety != signature.SafetyIntrusive:
		return nil, s.With.Mistake("product %q: its check logs in, so safety must be intrusive", with.Product)
	}
	return &check{p, with.Product, s}, nil
}

type check struct {
	product
	name      string
	signature *signature.Signature
}

// Place says that it looks at ports.
func (c *check) Place() scanner.Place { return scanner.PlacePorts }

// Run looks at each port of a host where the product is, or may be.
func (c *check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	ports := p.Ports()
	named := p.Target.URL.Port() != ""
	mine := slices.DeleteFunc(slices.Clone(ports.Open), func(o scanner.Port) bool { return !c.mine(o, named) })
	if ports.Everything {
		for range mine {
			p.Suppress("the host answers like everything: it accepts connections at nearly all ports, or speaks more than one machine does")
		}
		p.Conclude("the host answers like everything: it accepts connections at nearly all ports, or speaks more than one machine does")
		return nil, nil
	}
	var hits []scanner.Hit
	var reasons []message.Message
	var firstErr error
	for _, open := range mine {
		if c.isFurther(open) && len(hits) > 0 {
			continue // the server was told of
		}
		r, err := c.ask(ctx, p, open)
		if errors.Is(err, ErrOther) && open.Protocol == "" {
			continue // something else has that port
		}
		if errors.Is(err, ErrCertificate) {
			reasons = append(reasons, message.New("port %s lets in only clients with a certificate", scanner.PortText(open.Number)))
			continue
		}
		if err != nil {
			if firstErr == nil {
				firstErr = outcome(err, open)
			}
			continue
		}
		v := judge(r, time.Now())
		switch {
		case v.Found:
			hits = append(hits, c.hits(p, open, r, v)...)
		case v.Failed && c.isFurther(open) && len(reasons) > 0: // its other port has told
		case v.Failed && firstErr == nil:
			firstErr = scanner.Undetermined("%s", v.Reason)
		case !v.Failed:
			reasons = append(reasons, v.Reason)
		}
	}
	if len(hits) > 0 || firstErr != nil {
		return hits, firstErr
	}
	if len(reasons) == 0 {
		reason, err := absence(ports, scanner.PortsOf(c.signature))
		if err != nil {
			return nil, err
		}
		reasons = append(reasons, reason)
	}
	p.Conclude("%s", message.Join("; ", reasons...))
	return nil, nil
}

// ask looks at one port: for the product, or for any of them where nothing says what may be there.
func (c *check) ask(ctx context.Context, p *scanner.Probe, open scanner.Port) (Record, error) {
	at := func(number int) Dialer {
		return func(ctx context.Context, useTLS bool) (net.Conn, error) {
			return p.Dial(ctx, number, number < scanner.UDP && (useTLS || number == open.Number && open.TLS))
		}
	}
	dial := at(open.Number)
	if c.isFurther(open) {
		return c.further(ctx, dial)
	}
	if c.expected(open) {
		probe := c.probe
		if other := c.atPort[open.Number]; other != nil {
			probe = other
		}
		if further := elsewhere[c.name]; further != nil {
			probe = func(ctx context.Context, dial Dialer) (Record, error) { return further(ctx, dial, at) }
		}
		r, err := probe(ctx, dial)
		r.TLS = r.TLS || open.TLS
		return r, err
	}
	it := p.Derived("store at port "+scanner.PortText(open.Number), func() any {
		return sync.OnceValue(func() recognised { return recognise(ctx, dial) })
	}).(func() recognised)()
	if it.name != c.name {
		return Record{}, cmp.Or(ctx.Err(), ErrOther)
	}
	it.record.TLS = it.record.TLS || open.TLS
	return it.record, nil
}

// recognised is what turned out to speak at a port, by its name in products; "" for none of them.
type recognised struct {
	name   string
	record Record
}

// patience is how long each product is given to make itself known at a port that may be anything.
const patience = 2 * time.Second

// waiting are products that speak when they are spoken to. All others make themselves known.
var waiting = []string{"redis", "mongodb", "memcached", "postgresql", "kafka", "zookeeper", "amqp", "mqtt", "cassandra", "ldap", "jdwp", "x11", "smb", "rdp", "sqlserver"}

// recognise tries one product after the other.
func recognise(ctx context.Context, dial Dialer) recognised {
	for _, name := range waiting {
		within, cancel := context.WithTimeout(ctx, patience)
		r, err := products[name].probe(within, dial)
		cancel()
		if err == nil {
			return recognised{name, r}
		}
		if ctx.Err() != nil {
			break
		}
	}
	return recognised{}
}

// expected reports whether the product speaks at an open port, or the port is its own and nobody knows what does.
func (c *check) expected(o scanner.Port) bool {
	unknown := o.Protocol == "" && o.Behaves != "echoes" || o.Protocol == scanner.ProtocolTLS
	return o.Protocol == c.protocol || c.isFurther(o) || unknown && scanner.PortsOf(c.signature).Has(o.Number)
}

// isFurther reports whether an open port is the one of its own that the server has beside.
func (c *check) isFurther(o scanner.Port) bool {
	return c.further != nil && o.Protocol == c.furtherProtocol
}

// mine reports whether an open port is asked: an expected one, and one that the user named of which nobody knows what it is.
func (c *check) mine(o scanner.Port, named bool) bool {
	unknown := o.Protocol == "" && o.Behaves != "echoes" || o.Protocol == scanner.ProtocolTLS
	return c.expected(o) || named && unknown
}

// outcome is how an error of a probe reads.
func outcome(err error, open scanner.Port) error {
	switch {
	case errors.Is(err, ErrOther):
		return scanner.Undetermined("port %s answers in a way that is not understood", scanner.PortText(open.Number))
	case errors.Is(err, ErrSilent):
		return scanner.Undetermined("port %s accepts connections and says nothing", scanner.PortText(open.Number))
	case errors.Is(err, ErrBusy):
		return scanner.Undetermined("the server at port %s takes no clients at the moment", scanner.PortText(open.Number))
	}
	return err
}

// absence says why the product was not seen at its ports.
func absence(ports *scanner.Ports, numbers scanner.Numbers) (message.Message, error) {
	a, err := ports.Absence(numbers)
	switch {
	case err != nil:
		return message.Message{}, err
	case len(a.Others)+len(a.Silent) == 0 || a.TellsNothing():
		return message.Message{}, scanner.NotApplicable("%s", a.Message())
	}
	return a.Message(), nil
}

// hits are one finding for each variant that the signature has words for, or one without.
func (c *check) hits(p *scanner.Probe, open scanner.Port, r Record, v verdict) []scanner.Hit {
	name := func(text string) string { return text }
	if p.HashNames {
		name = func(text string) string {
			sum := sha256.Sum256([]byte(text))
			return "sha256:" + hex.EncodeToString(sum[:6])
		}
	}
	number := scanner.PortText(open.Number)
	at := scanner.PortURL(p.Target.URL.Hostname(), open.Number)
	hit := scanner.Hit{
		URL: at.Scheme + "://" + at.Host, Certainty: v.Certainty, Matcher: number, Values: r.values(time.Now(), name),
		Evidence: []evidence.Evidence{shown(r, open)},
	}
	hit.Values["port"] = scanner.PortValue(open.Number)
	var hits []scanner.Hit
	for _, variant := range v.Variants {
		if _, ok := c.signature.Variants[variant]; ok {
			hit.Variant = variant
			hits = append(hits, hit)
		}
	}
	if len(hits) == 0 {
		return []scanner.Hit{hit}
	}
	return hits
}

// shown is what was said, as evidence.
func shown(r Record, open scanner.Port) evidence.Evidence {
	var sent, received []string
	for _, line := range r.Lines {
		sent = append(sent, line.Sent)
		received = append(received, line.Received)
	}
	return evidence.Evidence{
		Request: strings.Join(sent, "\n"), Response: evidence.Redact(message.Printable(strings.Join(received, "\n"))), Address: open.Address,
		Note: message.New("What the server answers to everybody. It was asked for its counters and for names only, never for what is stored in it."),
	}
}
