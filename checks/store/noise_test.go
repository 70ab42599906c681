package store

import (
	"context"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"
)

// probes are all there are.
func probes() map[string]probe {
	all := map[string]probe{"mysql greeting": MySQL, "ftp greeting": FTP, "nfs 4": NFS4, "smb session": SMBSession}
	for name, p := range products {
		all[name] = p.probe
	}
	return all
}

// answering is a Dialer whose connections are answered by a function. Connections in TLS are refused.
func answering(work *sync.WaitGroup, speak func(net.Conn)) Dialer {
	return func(_ context.Context, useTLS bool) (net.Conn, error) {
		if useTLS {
			return nil, errors.New("no TLS here")
		}
		client, server := net.Pipe()
		work.Go(func() {
			speak(server)
			_ = server.Close()
		})
		return client, nil
	}
}

// TestNoise: what is no store, or plays one badly, is never taken for one, and holds nobody up.
func TestNoise(t *testing.T) {
	says := func(greeting, answer string) func(net.Conn) {
		return func(c net.Conn) {
			if greeting != "" {
				_, _ = io.WriteString(c, greeting)
			}
			for b := make([]byte, 4096); ; {
				if _, err := c.Read(b); err != nil {
					return
				}
				if answer != "" {
					_, _ = io.WriteString(c, answer)
				}
			}
		}
	}
	for name, speak := range map[string]func(net.Conn){
		"closes": func(net.Conn) {},
		"silent": says("", ""),
		"echoes": func(c net.Conn) {
			b := make([]byte, 4096)
			for {
				n, err := c.Read(b)
				if err != nil {
					return
				}
				_, _ = c.Write(b[:n])
			}
		},
		"web":          says("", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
		"secure_shell": says("SSH-2.0-OpenSSH_9.6\r\n", ""),
		"mail":         says("220 mail.example.com ESMTP Postfix\r\n", "502 5.5.2 Error: command not recognized\r\n"),
		"TLS":          says("", "\x15\x03\x01\x00\x02\x02\x46"),
		"pongs":        says("", "+PONG\r\n"),
		"OK":           says("", "OK\r\n"),
		"version":      says("", "VERSION 1.6\r\n"),
		"zeros":        says(strings.Repeat("\x00", 4096), strings.Repeat("\x00", 4096)),
		"ones":         says(strings.Repeat("\xff", 4096), strings.Repeat("\xff", 4096)),
		"a_megabyte_of_noise": func(c net.Conn) {
			random := rand.NewChaCha8([32]byte{1})
			for b := make([]byte, 4096); ; {
				_, _ = random.Read(b) // it never fails
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		},
		"one_endless_line": func(c net.Conn) {
			for {
				if _, err := io.WriteString(c, strings.Repeat("x", 4096)); err != nil {
					return
				}
			}
		},
		"drips": func(c net.Conn) {
			_, _ = c.Read(make([]byte, 4096))
			for {
				time.Sleep(time.Second) //nolint:forbidigo // the clock is that of the bubble
				if _, err := c.Write([]byte("R")); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for product, probe := range probes() {
				t.Run(product, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						var work sync.WaitGroup
						start := time.Now()
						r, err := probe(t.Context(), answering(&work, speak))
						if err == nil {
							t.Errorf("taken for %+v", r)
						}
						if took := time.Since(start); took > 8*answerTime {
							t.Errorf("it took %s", took)
						}
						work.Wait()
					})
				})
			}
		})
	}
}

// TestAnotherProductsAnswers: what real servers say to one probe is taken for nothing by all others.
func TestAnotherProductsAnswers(t *testing.T) {
	family := func(name string) string {
		name, _, _ = strings.Cut(name, " ")
		return name
	}
	for from, answers := range recordedAnswers {
		for name, probe := range probes() {
			if family(name) == family(from) {
				continue
			}
			for _, answer := range answers {
				if r, err := probe(t.Context(), play([]byte(answer))); err == nil {
					t.Errorf("%s takes the answer of %s for %+v", name, from, r)
				}
			}
		}
	}
}

// TestProbesEndWithTheScan: a probe that waits for an answer ends when the scan does.
func TestProbesEndWithTheScan(t *testing.T) {
	for product, probe := range probes() {
		t.Run(product, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var work sync.WaitGroup
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				start := time.Now()
				_, err := probe(ctx, answering(&work, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }))
				if took := time.Since(start); took > time.Second || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("it took %s: %v", took, err)
				}
				work.Wait()
			})
		})
	}
}

// played is a server that says the same on every connection, whatever it is told.
type played struct{ rest []byte }

func (p *played) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
func (p *played) Write(b []byte) (int, error)      { return len(b), nil }
func (p *played) Close() error                     { return nil }
func (p *played) LocalAddr() net.Addr              { return nil }
func (p *played) RemoteAddr() net.Addr             { return nil }
func (p *played) SetDeadline(time.Time) error      { return nil }
func (p *played) SetReadDeadline(time.Time) error  { return nil }
func (p *played) SetWriteDeadline(time.Time) error { return nil }

func play(text []byte) Dialer {
	return func(context.Context, bool) (net.Conn, error) { return &played{text}, nil }
}

// TestAnswersOutOfOrder: pieces of a protocol that do not follow from what was asked prove nothing.
func TestAnswersOutOfOrder(t *testing.T) {
	for answer, product := range map[string]string{
		"Z\x00\x00\x00\x05I":                                       "postgresql", // ready, but nobody was let in
		"S\x00\x00\x00\x16server_version\x0015\x00":                "postgresql",
		"+PONG\r\n:5\r\n:5\r\n":                                    "redis", // numbers to everything
		"+PONG\r\n$3\r\nfoo\r\n:5\r\n":                             "redis", // no INFO
		"VERSION 1.6\r\nEND\r\n":                                   "memcached",
		"\x00\x00\x00\x06\x00\x00\x00\x07\x00\x00":                 "kafka", // no requests are taken
		"RFB 003.008\n\x02\xf0\xf1":                                "vnc",   // kinds of proof that nobody knows
		"JDWP-HandshakeJDWP-Handshake":                             "jdwp",
		"INFO {\"version\":\"1\"}\r\n":                             "nats", // no server
		"@RSYNCD: x\n":                                             "rsync",
		" \x02\x00\x09":                                            "mqtt",
		"\x30\x0c\x02\x01\x07\x65\x07\x0a\x01\x00\x04\x00\x04\x00": "ldap", // to a question that was not asked
		"Zookeeper version: 3\nNode count: many\n":                 "zookeeper",
		"\x00\x06sotomi\x01\x01\xaa\xa6\x03":                       "clickhouse", // what was sent
		"\x03\x00\x00\x13\x0e\xd0\x00\x00\x00\x00\x00\x02\x00\x08\x00\x02\x00\x00\x00": "rdp", // chooses what was not offered
		"\x00\x00\x00\x05\xfeSMB@": "smb",
		"\x06\x00\xff\x06\x00\x00\x11\xbe\x40\x00\x00\x10\x00\x00\x11\xbe\x00\x00\x00\x00\x81\x00\x00\x00\x00\x00\x00\x00": "ipmi", // to a ping
		"\x06\x00\xff\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x09\x20\x18\xc8\x81\x54\x38\x8e\x04\x61":                     "ipmi", // what was sent
		"l\x00\x0b\x00\x00\x00\x00\x00\x00\x00\x00\x00":                                                                    "x11",
	} {
		if r, err := products[product].probe(t.Context(), play([]byte(answer))); err == nil {
			t.Errorf("%s: %q is taken for %+v", product, answer, r)
		}
	}
}

// claims are beginnings of answers that announce more than ever comes.
var claims = map[string]string{
	"redis":          "+PONG\r\n$4000000\r\n",
	"memcached":      "\x81\x0b\xff\xff\x00\x00\x00\x00\x00\x3f\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
	"mongodb":        "\xff\xff\x3f\x00\x00\x00\x00\x00\x01\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00\x00",
	"postgresql":     "S\x00\x00\xff\xff",
	"mysql":          "\xff\xff\x0f\x00\x0a",
	"mysql greeting": "\xff\xff\x0f\x00\x0a",
	"kafka":          "\x00\x3f\xff\xff\x00\x00\x00\x07\x00\x00\x7f\xff\xff\xff",
	"amqp":           "\x01\x00\x00\x00\x00\xff\xff\x00\x0a\x00\x0a",
	"cassandra":      "\x83\x00\x00\x01\x06\x00\x03\xff\xff\x7f\xff",
	"ldap":           "\x30\x84\x00\x3f\xff\xff\x02\x01\x01\x64",
	"vnc":            "RFB 003.008\n\xff",
	"x11":            "\x01\x00\x0b\x00\x00\x00\xff\xff",
	"smb":            "\x00\x00\xff\xff\xfeSMB",
	"smb session":    "\x82\x00\x00\x00\x00\x00\xff\xff\xfeSMB",
	"sqlserver":      "\x04\x01\x0f\xff\x00\x00\x01\x00",
	"nfs":            "\x80\x3f\xff\xffsoto",
	"nfs 4":          "\x80\x00\x00\x44" + rpcAccepted + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x18\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x00\xff\xff\xff\xff",
	"ipmi":           "\x06\x00\xff\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\x81\x1c\x63\x20\x54\x38",
	"clickhouse":     "\x00\xff\x1f",
	"jdwp":           "JDWP-Handshake\x00\x00\xff\xff\x00\x00so\x80\x00\x00",
}

// TestClaimedLengths: memory grows with what came, not with what a server says is to come.
func TestClaimedLengths(t *testing.T) {
	for name, answer := range claims {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := probes()[name](t.Context(), play([]byte(answer)))
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("taken for a whole answer")
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 256<<10 {
				t.Errorf("%d bytes for an answer of %d", grown, len(answer))
			}
		})
	}
}

func FuzzProbes(f *testing.F) {
	all := probes()
	names := slices.Sorted(maps.Keys(all))
	for i, name := range names {
		f.Add(byte(i), []byte(claims[name]))
		for _, answer := range recordedAnswers[name] {
			f.Add(byte(i), []byte(answer))
		}
	}
	f.Fuzz(func(t *testing.T, which byte, answer []byte) {
		r, err := all[names[int(which)%len(names)]](t.Context(), play(answer))
		if err == nil && r.Access == "" {
			t.Errorf("neither a record nor an error: %+v", r)
		}
		if len(r.Names) > mostNames {
			t.Errorf("%d names", len(r.Names))
		}
		texts := append(slices.Clone(r.Names), r.Version, r.Product)
		for _, fact := range r.Facts {
			texts = append(texts, fact)
		}
		for _, text := range texts {
			if utf8.RuneCountInString(text) > nameLength+1 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && r != '…' }) {
				t.Errorf("%q is kept", text)
			}
		}
		for what, n := range r.Counts {
			if n < 0 {
				t.Errorf("%d %s", n, what)
			}
		}
	})
}
