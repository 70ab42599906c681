package target

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

// sniffed is how much of a list is looked at to tell its format, in bytes.
const sniffed = 4 << 10

// format reads a list that is not one target per line. Its error may be a placed one.
type format func(r io.Reader, add func(entry)) error

// The most bytes of what is held in memory at once.
const (
	maxYAML   = 8 << 20  // the whole list
	maxRecord = 1 << 20  // a line of CSV, with the lines in its quotes
	maxHost   = 16 << 20 // all that nmap says of a host
)

// allowance is an error when more than so many bytes are read at once.
type allowance struct {
	r          io.Reader
	most, left int64
	problem    message.Message
}

func newAllowance(r io.Reader, most int64, problem message.Message) *allowance {
	return &allowance{r: r, most: most, left: most, problem: problem}
}

// renew begins with what is read next.
func (a *allowance) renew() { a.left = a.most }

func (a *allowance) Read(p []byte) (int, error) {
	if a.left <= 0 {
		return 0, message.Errorf("%s", a.problem)
	}
	n, err := a.r.Read(p[:min(int64(len(p)), a.left)])
	a.left -= int64(n)
	return n, err
}

// placed is a mistake in a line of a list.
type placed struct {
	line int
	err  error
}

func (p *placed) Error() string { return p.err.Error() }
func (p *placed) Unwrap() error { return p.err }

// formatOf is the format of a list by the ending of its name or its first character, nil for one target per line:
//
//	.yaml .yml   a list of {target, owner, contact, label, environment}
//	.csv         the same as columns, named in the first line
//	<            the XML that nmap writes (-oX): the open ports of hosts that may be web servers
//	{            JSON lines of httpx (-json) or naabu (-json)
func formatOf(name string, r *bufio.Reader) format {
	switch strings.ToLower(path.Ext(name)) {
	case ".yaml", ".yml":
		return readYAML
	case ".csv":
		return readCSV
	}
	begin, _ := r.Peek(sniffed)
	begin = bytes.TrimLeft(bytes.TrimPrefix(begin, []byte("\ufeff")), " \t\r\n")
	switch {
	case bytes.HasPrefix(begin, []byte("<")):
		return readNmap
	case bytes.HasPrefix(begin, []byte("{")):
		return readJSONLines
	}
	return nil
}

// formatted reads a list in a format.
func (p *reader) formatted(name string, file int32, r io.Reader, read format) {
	before, any := len(p.errs), false
	err := read(r, func(e entry) {
		any = true
		if !p.full() {
			p.add(e, file)
		}
	})
	var at *placed
	switch {
	case errors.As(err, &at):
		p.errs = append(p.errs, message.Errorf("%s:%d: %w", name, at.line, at.err))
	case err != nil:
		p.errs = append(p.errs, message.Errorf("%s: %w", name, err))
	case !any && len(p.errs) == before:
		p.errs = append(p.errs, message.Errorf("%s has no targets", name))
	}
}

func readYAML(r io.Reader, add func(entry)) error {
	d := yaml.NewDecoder(newAllowance(r, maxYAML, message.New("larger than %d MiB; lists with one target per line and CSV may be larger", maxYAML>>20)))
	var doc yaml.Node
	if err := d.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil
		}
		return err
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.SequenceNode {
		return &placed{max(doc.Line, 1), message.Errorf("this must be a list of targets, each with target: and, where wanted, owner:, contact:, label:, environment:")}
	}
	for _, node := range doc.Content[0].Content {
		e := entry{line: int32(node.Line)}
		if node.Kind == yaml.ScalarNode {
			e.text = strings.TrimSpace(node.Value)
			add(e)
			continue
		}
		if node.Kind != yaml.MappingNode {
			return &placed{node.Line, message.Errorf("this must be a target or a mapping with target:")}
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			to := e.field(key.Value)
			switch {
			case to == nil:
				return &placed{key.Line, message.Errorf("there is no field %q; there are %s", key.Value, strings.Join(fields, ", "))}
			case value.Kind != yaml.ScalarNode:
				return &placed{value.Line, message.Errorf("%s must be text", key.Value)}
			}
			*to = strings.TrimSpace(value.Value)
		}
		if e.text == "" {
			return &placed{node.Line, message.Errorf("target: is missing")}
		}
		add(e)
	}
	return nil
}

// fields are what a list may say of a target.
var fields = []string{"target", "owner", "contact", "label", "environment"}

func (e *entry) field(name string) *string {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "target":
		return &e.text
	case "owner":
		return &e.about.Owner
	case "contact":
		return &e.about.Contact
	case "label":
		return &e.about.Label
	case "environment":
		return &e.about.Environment
	}
	return nil
}

func readCSV(r io.Reader, add func(entry)) error {
	left := newAllowance(r, maxRecord, message.New("a record is longer than %d bytes", maxRecord))
	in := csv.NewReader(left)
	in.FieldsPerRecord, in.TrimLeadingSpace = -1, true
	head, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return csvError(err)
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	if !slices.ContainsFunc(head, func(name string) bool { return strings.EqualFold(strings.TrimSpace(name), "target") }) {
		return &placed{1, message.Errorf("the first line must name the columns: target and, where wanted, owner, contact, label, environment")}
	}
	for {
		left.renew()
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return csvError(err)
		}
		line, _ := in.FieldPos(0)
		e := entry{line: int32(line)}
		for i, value := range record {
			if i >= len(head) {
				return &placed{line, message.Errorf("the line has more columns than the first one")}
			}
			if to := e.field(head[i]); to != nil { // other columns are the user's own
				*to = strings.TrimSpace(value)
			}
		}
		switch {
		case e.text != "" && !strings.HasPrefix(e.text, "#"):
			add(e)
		case e.text == "" && e.about != About{}:
			return &placed{line, message.Errorf("the target is missing")}
		}
	}
}

func csvError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return &placed{parse.Line, parse.Err}
	}
	return err
}

// nmapHost is a host of nmap's XML (nmap.dtd, version 1.05).
type nmapHost struct {
	Status struct {
		State string `xml:"state,attr"`
	} `xml:"status"`
	Addresses []struct {
		Address string `xml:"addr,attr"`
		Type    string `xml:"addrtype,attr"`
	} `xml:"address"`
	Names []struct {
		Name string `xml:"name,attr"`
		Type string `xml:"type,attr"`
	} `xml:"hostnames>hostname"`
	Ports []nmapPort `xml:"ports>port"`
}

type nmapPort struct {
	Protocol string `xml:"protocol,attr"`
	Number   string `xml:"portid,attr"`
	State    struct {
		State string `xml:"state,attr"`
	} `xml:"state"`
	Service struct {
		Name   string `xml:"name,attr"`
		Method string `xml:"method,attr"` // table: guessed from the number; probed: the server was asked
	} `xml:"service"`
}

// otherServices are names in nmap's table of ports that are no web servers.
var otherServices = []string{
	"domain", "ftp", "ftps", "imap", "imaps", "ldap", "ldapssl", "microsoft-ds", "ms-wbt-server", "msrpc", "mysql", "netbios-ssn", "pop3", "pop3s",
	"postgresql", "rsync", "smtp", "smtps", "ssh", "submission", "telnet", "vnc",
}

// web reports whether a port may be that of a web server.
func (p nmapPort) web() bool {
	switch {
	case p.Protocol != "tcp" || p.State.State != "open":
		return false
	case p.Service.Method == "probed":
		return strings.Contains(p.Service.Name, "http") || p.Service.Name == "" || p.Service.Name == "unknown"
	}
	return !slices.Contains(otherServices, p.Service.Name)
}

// host is the name that the user gave to nmap, else the address.
func (h nmapHost) host() string {
	for _, n := range h.Names {
		if n.Type == "user" {
			return n.Name
		}
	}
	for _, a := range h.Addresses {
		if a.Type != "mac" {
			return a.Address
		}
	}
	return ""
}

// maxDepth is deeper than any element of nmap lies.
const maxDepth = 100

func readNmap(r io.Reader, add func(entry)) error {
	left := newAllowance(r, maxHost, message.New("more than %d MiB about one host", maxHost>>20))
	d := xml.NewDecoder(left)
	root, depth := "", 0
	for {
		left.renew()
		token, err := d.Token()
		line, _ := d.InputPos()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &placed{line, err}
		}
		start, ok := token.(xml.StartElement)
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		}
		switch {
		case !ok:
		case depth > maxDepth:
			return &placed{line, message.Errorf("of XML lists only those of nmap (-oX) can be read")}
		case root == "":
			if root = start.Name.Local; root != "nmaprun" {
				return &placed{line, message.Errorf("of XML lists only those of nmap (-oX) can be read")}
			}
		case start.Name.Local == "host":
			var h nmapHost
			if err := d.DecodeElement(&h, &start); err != nil {
				return &placed{line, err}
			}
			depth-- // its end was read
			for _, p := range h.Ports {
				if name := h.host(); name != "" && p.web() {
					add(entry{text: net.JoinHostPort(name, p.Number), line: int32(line)})
				}
			}
		}
	}
}

// webServer is a line of httpx, which has a URL, or of naabu, which has host and port.
type webServer struct {
	URL    string          `json:"url"`
	Host   string          `json:"host"`
	IP     string          `json:"ip"`
	Port   json.RawMessage `json:"port"`
	Failed bool            `json:"failed"`
}

func readJSONLines(r io.Reader, add func(entry)) error {
	lines := bufio.NewScanner(r)
	const longest = 16 << 20 // httpx may write whole answers
	lines.Buffer(nil, longest)
	n := 1
	for ; lines.Scan(); n++ {
		text := bytes.TrimSpace(bytes.TrimPrefix(lines.Bytes(), []byte("\ufeff")))
		if len(text) == 0 {
			continue
		}
		var s webServer
		if err := json.Unmarshal(text, &s); err != nil {
			return &placed{n, message.JSON(text, err)}
		}
		e := entry{line: int32(n), text: s.URL}
		if e.text == "" {
			e.text = s.address()
		}
		switch {
		case s.Failed:
		case e.text == "":
			return &placed{n, message.Errorf("the line names neither a url nor a host and port")}
		default:
			add(e)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return &placed{n, message.Errorf("the line is longer than %d bytes", longest)}
	}
	return lines.Err()
}

// address is host:port, "" when the line has none.
func (s webServer) address() string {
	host := s.Host
	if host == "" {
		host = s.IP
	}
	var older struct{ Port int } // naabu before 2.1
	port, err := strconv.Atoi(strings.Trim(string(s.Port), `"`))
	if err != nil && json.Unmarshal(s.Port, &older) == nil {
		port = older.Port
	}
	if host == "" || port == 0 {
		return ""
	}
	return net.JoinHostPort(host, strconv.Itoa(port))
}
