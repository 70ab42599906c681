package engine

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// speaking is a port that answers what it is sent with a text, and closes. Those that greet do not wait for anything.
func speaking(t *testing.T, text string, greets bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	group.Go(func() error {
		for {
			c, err := l.Accept()
			if err != nil {
				return nil //nolint:nilerr // the test is over
			}
			group.Go(func() error {
				defer c.Close()
				if greets {
					_, _ = c.Write([]byte(text))
				}
				if n, err := c.Read(make([]byte, 4096)); n > 0 && err == nil && !greets {
					_, _ = c.Write([]byte(text))
				}
				return nil
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		_ = group.Wait()
	})
	return l.Addr().String()
}

// What ports say that speak no HTTP. From: the servers' sources and the RFCs that protocolSigns names.
var otherPorts = map[string]struct {
	says   string
	greets bool
	want   string
}{
	"ssh":        {"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n", true, "the port speaks SSH, not HTTP"},
	"smtp":       {"220 mail.example ESMTP Postfix\r\n", true, "the port speaks SMTP, not HTTP"},
	"ftp":        {"220 (vsFTPd 3.0.5)\r\n", true, "the port speaks FTP, not HTTP"},
	"pop3":       {"+OK Dovecot ready.\r\n", true, "the port speaks POP3, not HTTP"},
	"imap":       {"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n", true, "the port speaks IMAP, not HTTP"},
	"mysql":      {"J\x00\x00\x00\x0a8.0.36\x00\x08\x00\x00\x00abcdefgh\x00\xff\xf7", true, "the port speaks MySQL, not HTTP"},
	"mariadb":    {"E\x00\x00\x00\xffj\x04Host '192.0.2.1' is not allowed to connect to this MariaDB server", true, "the port speaks MySQL, not HTTP"},
	"vnc":        {"RFB 003.008\n", true, "the port speaks VNC, not HTTP"},
	"telnet":     {"\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27", true, "the port speaks Telnet, not HTTP"},
	"redis":      {"-ERR wrong number of arguments for 'get' command\r\n", false, "the port speaks Redis, not HTTP"},
	"memcached":  {"ERROR\r\nERROR\r\n", false, "the port speaks Memcached, not HTTP"},
	"amqp":       {"AMQP\x00\x00\x09\x01", false, "the port speaks AMQP, not HTTP"},
	"postgresql": {"EFATAL:  unsupported frontend protocol 18245.21536: server supports 3.0 to 3.0\n\x00", false, "the port speaks PostgreSQL, not HTTP"},
	"ldap":       {"0$\x02\x01\x00x\x1f\x0a\x01\x02\x04\x00\x04\x00\x8a\x161.3.6.1.4.1.1466.20036", false, "the port speaks LDAP, not HTTP"},
	"rtsp":       {"RTSP/1.0 400 Bad Request\r\n\r\n", false, "the port speaks RTSP, not HTTP"},
	"transport":  {"This is not an HTTP port", false, "the port speaks Elasticsearch transport, not HTTP"},
	"h2c":        {"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64", true, "the port speaks h2c (HTTP/2), not HTTP"},
	"unknown":    {"hello there, this is a game server\r\nmore", true, `the port does not speak HTTP; it says "hello there, this is a game server"`},

	// Answers that are HTTP to say that the port is not.
	"mongodb":    {"HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 85\r\n\r\nIt looks like you are trying to access MongoDB over HTTP on the native driver port.\r\n", false, "the port speaks MongoDB, not HTTP"},
	"clickhouse": {"HTTP/1.0 400 Bad Request\r\n\r\nPort 9000 is for clickhouse-client program\r\nYou must use port 8123 for HTTP.\r\n", false, "the port speaks ClickHouse, not HTTP"},
}

// A port that speaks something else is said to, whichever way it was named, and nothing of it is clean.
func TestPortsThatSpeakNoHTTP(t *testing.T) {
	for name, c := range otherPorts {
		for _, form := range []string{"", "http://"} {
			t.Run(name+form, func(t *testing.T) {
				address := speaking(t, c.says, c.greets)
				got, summary := outcomes(t, withQuietCheck(Options{Client: resolving(t, nil), Targets: mustTargets(t, form+address)}))
				if len(got) != 1 || !strings.HasSuffix(got[0], " failed "+c.want) {
					t.Errorf("outcomes %q, want failed: %s", got, c.want)
				}
				if scanner.ExitStatus(summary, "high", false) != scanner.ExitIncomplete {
					t.Errorf("exit status %d", scanner.ExitStatus(summary, "high", false))
				}
			})
		}
	}
}

// A port of TLS that is written with http:// is asked by TLS; where that is not possible, it is said what it speaks.
func TestTLSPortWrittenAsPlainHTTP(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	t.Cleanup(secure.Close)
	client, err := web.NewClient(web.Options{
		Rate: -1, Retries: -1, Insecure: true,
		Resolve: map[string]string{"h.test:80": secure.Listener.Addr().String(), "nginx.test:80": speaking(t, nginxPlainToTLS, false), "alert.test:80": speaking(t, "\x15\x03\x01\x00\x02\x02\x46", false)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	for target, want := range map[string]string{
		"http://" + secure.Listener.Addr().String(): "a https://" + secure.Listener.Addr().String() + " clean ",
		"http://h.test":     "a http://h.test failed the port speaks TLS, not plain HTTP",
		"http://nginx.test": "a http://nginx.test failed the port speaks TLS, not plain HTTP",
		"http://alert.test": "a http://alert.test failed the port speaks TLS, not plain HTTP",
	} {
		got, _ := outcomes(t, withQuietCheck(Options{Client: client, Targets: mustTargets(t, target)}))
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", target, got, want)
		}
	}
}

// From: ngx_http_special_response.c.
const nginxPlainToTLS = "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" +
	"<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>\r\n" +
	"<center>The plain HTTP request was sent to HTTPS port</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

// Sites that write about such answers, and servers whose HTTP is merely broken, are sites and broken servers.
func TestSitesThatQuoteOtherPorts(t *testing.T) {
	for name, page := range map[string]string{
		"mongodb":    "<html><title>MongoDB</title><p>It looks like you are trying to access MongoDB over HTTP on the native driver port.</p><p>This means that you opened port 27017 in a browser.</p></html>",
		"clickhouse": "Port 9000 is for clickhouse-client program\nYou must use port 8123 for HTTP.\nThat is what the server says, and here is why.",
		"apache":     "<html><title>Help</title><p>You're speaking plain HTTP to an SSL-enabled server port.</p></html>",
		"nginx":      "<html><title>400 The plain HTTP request was sent to HTTPS port</title><p>How to mend it</p></html>",
	} {
		ex := answered(200, "/", page)
		ex.Header = http.Header{}
		if err := saysNotHTTP(ex); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	broken := &web.Error{Kind: web.KindProtocol, Err: fmt.Errorf("malformed"), Greeting: []byte("HTTP/1.1 200 OK\r\nbroken header\r\n")}
	if got := spoken(broken); got != nil {
		t.Errorf("a server of broken HTTP is said to speak %v", got)
	}
	if got := spoken(&web.Error{Kind: web.KindClosed, Err: fmt.Errorf("closed"), Greeting: []byte("gibberish")}); got != nil {
		t.Errorf("what an interrupted connection said is taken for %v", got)
	}
}

// A port that only signatures name has nothing of theirs when something else speaks there.
func TestFurtherPortThatSpeaksElse(t *testing.T) {
	if got := (&notHTTP{protocol: "SSH"}).end(false); got.Status != scanner.StatusNotApplicable {
		t.Errorf("end = %v", got)
	}
}
