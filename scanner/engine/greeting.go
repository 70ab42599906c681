package engine

import (
	"errors"
	"regexp"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// protocolSign is how a port begins that speaks something else than HTTP.
type protocolSign struct {
	name    string
	pattern *regexp.Regexp // of the first bytes
}

// overTLS is the name of the protocol of a port that is HTTP all the same.
const overTLS = "TLS"

// protocolSigns are by the specification of each protocol, and where that leaves it open by the source of the server named.
var protocolSigns = []protocolSign{
	// RFC 4253 section 4.2
	{"SSH", regexp.MustCompile(`^SSH-`)},
	// RFC 6143 section 7.1.1
	{"VNC", regexp.MustCompile(`^RFB 0`)},
	// RFC 1939
	{"POP3", regexp.MustCompile(`^\+OK`)},
	// RFC 3501 section 7.1
	{"IMAP", regexp.MustCompile(`^\* (?:OK|PREAUTH|BYE)`)},
	// RFC 5321
	{"SMTP", regexp.MustCompile(`(?i)^(?:220|421|554)[ -][^\r\n]*(?:e?smtp|mail|postfix|exim|sendmail)`)},
	// RFC 959
	{"FTP", regexp.MustCompile(`(?i)^(?:220|421|530)[ -][^\r\n]*ftp`)},
	{"SMTP/FTP", regexp.MustCompile(`^220[ -]`)},
	// networking.c: protocol errors, protected mode
	{"Redis", regexp.MustCompile(`^-(?:ERR|DENIED|NOAUTH)`)},
	// doc/protocol.txt
	{"Memcached", regexp.MustCompile(`^ERROR\r\n`)},
	// AMQP 0-9-1 section 4.2.2
	{"AMQP", regexp.MustCompile(`^AMQP`)},
	// protocol 10 handshake, or an error packet
	{"MySQL", regexp.MustCompile(`(?s)^...\x00(?:\x0a[0-9]|\xff|\x0a$)`)},
	// ErrorResponse, also of protocol 2
	{"PostgreSQL", regexp.MustCompile(`^E(?:\x00\x00|FATAL)`)},
	// TPKT, RFC 1006
	{"RDP", regexp.MustCompile(`^\x03\x00\x00`)},
	// LDAPMessage, RFC 4511
	{"LDAP", regexp.MustCompile(`(?s)^0(?:.|\x84....)\x02\x01`)},
	// netkit-rsh, Solaris, AIX, HP-UX: the first byte says that it will not be
	{"rlogin/rsh", regexp.MustCompile(`^\x01(?:(?:in\.)?(?:rlogind|rshd|remshd|rexecd): |Where are you\?|getnameinfo: |[Pp]ermission denied)`)},
	// RFC 854
	{"Telnet", regexp.MustCompile(`^\xff[\xfb-\xfe]`)},
	{"RTSP", regexp.MustCompile(`^RTSP/`)},
	{"SIP", regexp.MustCompile(`^SIP/2`)},
	{"rsync", regexp.MustCompile(`^@RSYN`)},
	// OpenWire: WireFormatInfo.java
	{"ActiveMQ", regexp.MustCompile(`(?s)^....\x01ActiveMQ`)},
	{"NATS", regexp.MustCompile(`^INFO (?:\{|$)`)},
	{"NNTP", regexp.MustCompile(`^20[01] [^\r\n]*(?i:nntp|news|inn)`)},
	// TcpTransport.java
	{"Elasticsearch transport", regexp.MustCompile(`^(?:This is not an? HTTP port|ES\x00)`)},
	{"ZooKeeper", regexp.MustCompile(`^(?:Zookeeper version|This ZooKeeper instance)`)},
	{"ClickHouse", regexp.MustCompile(`^.{0,16}DB::(?:Net)?Exception`)},
	// SETTINGS, RFC 9113 section 3.4
	{"h2c (HTTP/2)", regexp.MustCompile(`(?s)^\x00..\x04[\x00\x01]`)},
	// an alert or a handshake, RFC 8446 section 5.1
	{overTLS, regexp.MustCompile(`^[\x15\x16]\x03[\x00-\x04]`)},
}

// answerSigns are answers that are HTTP only to say that the port is not. The whole body is the sentence.
var answerSigns = []protocolSign{
	// transport/session_workflow.cpp
	{"MongoDB", regexp.MustCompile(`^It looks like you are trying to access MongoDB over HTTP on the native driver port\.\s*$`)},
	// TCPHandler.cpp
	{"ClickHouse", regexp.MustCompile(`^Port \d+ is for clickhouse-client program\.?\s+You must use port \d+ for HTTP\.?\s*$`)},
	// net/http/server.go
	{overTLS, regexp.MustCompile(`^Client sent an HTTP request to an HTTPS server\.\s*$`)},
	// ngx_http_special_response.c: the title
	{overTLS, regexp.MustCompile(`^(?:400 )?The plain HTTP request was sent to HTTPS port$`)},
	// Apache: modules/ssl/ssl_engine_kernel.c
	{overTLS, regexp.MustCompile(`^Bad Request Your browser sent a request that this server could not understand\. Reason: You're speaking plain HTTP to an SSL-enabled server port\.`)},
	// Tomcat: JSSE and OpenSSL engines
	{overTLS, regexp.MustCompile(`^Bad Request\s+This combination of host and port requires TLS\.\s*$`)},
}

// notHTTP is what a port speaks that is no web server. It is an error of a request.
type notHTTP struct {
	protocol string
	says     string // instead of the protocol, when that is not known
}

func (e *notHTTP) Error() string { return e.Message().String() }

// Message is the error in words.
func (e *notHTTP) Message() message.Message {
	switch {
	case e.protocol == overTLS:
		return message.New("the port speaks TLS, not plain HTTP")
	case e.protocol != "":
		return message.New("the port speaks %s, not HTTP", e.protocol)
	}
	return message.New("the port does not speak HTTP; it says %q", e.says)
}

// spoken is what a port speaks whose first request failed in this way, nil when that is HTTP or not known.
func spoken(err error) *notHTTP {
	var known *notHTTP
	if errors.As(err, &known) {
		return known
	}
	var e *web.Error
	if !errors.As(err, &e) || len(e.Greeting) == 0 || strings.HasPrefix(string(e.Greeting), "HTTP/") {
		return nil
	}
	greeting := latin1(e.Greeting)
	for _, s := range protocolSigns {
		if s.pattern.MatchString(greeting) {
			return &notHTTP{protocol: s.name}
		}
	}
	if e.Kind != web.KindProtocol {
		return nil // it may have been interrupted
	}
	const most = 40
	line, _, _ := strings.Cut(greeting[:min(len(greeting), most)], "\n")
	return &notHTTP{says: strings.TrimRight(line, "\r")}
}

// latin1 is a text in which every byte is a character: patterns are of characters, greetings may be anything.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

// saysNotHTTP is the error of an answer that is HTTP only to say that the port is not, nil for all others.
func saysNotHTTP(ex *web.Exchange) error {
	if other := answerSays(ex); other != "" {
		return &web.Error{Kind: web.KindProtocol, URL: ex.URL.String(), Err: &notHTTP{protocol: other}}
	}
	return nil
}

// answerSays is what an answer says that the port speaks instead of HTTP, "" for all others.
func answerSays(ex *web.Exchange) string {
	const most = 2 << 10 // bytes of such an answer
	if len(ex.Body) > most || ex.Status != 200 && ex.Status != 400 {
		return ""
	}
	seen := textOf(ex)
	for _, s := range answerSigns {
		if s.pattern.MatchString(seen.text) || seen.title != "" && ex.Status == 400 && s.pattern.MatchString(seen.title) {
			return s.name
		}
	}
	return ""
}

// end is the outcome of all signatures on a port that speaks no HTTP. One that only signatures named is none of theirs.
func (e *notHTTP) end(named bool) *scanner.StatusError {
	if !named {
		return &scanner.StatusError{Status: scanner.StatusNotApplicable, Reason: e.Message()}
	}
	return &scanner.StatusError{Status: scanner.StatusFailed, Reason: e.Message()}
}
