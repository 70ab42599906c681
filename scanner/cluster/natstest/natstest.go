// Package natstest runs NATS for tests as companies and providers run it.
package natstest

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// Cloud is a cluster of NATS in operator mode, as a company or a provider runs it, with one account for the scan.
type Cloud struct {
	t        *testing.T
	Operator string            // its JWT
	System   string            // the account of the servers
	JWTs     map[string]string // of accounts, by their names
	account  nkeys.KeyPair
	URLs     []string
}

// Unlimited leaves an account its room.
var Unlimited = func(*jwt.AccountClaims) {}

// NewAccount makes an operator and its account; limits changes what the account may do.
func NewAccount(t *testing.T, limits func(*jwt.AccountClaims)) *Cloud {
	t.Helper()
	operator, system := newKey(t, nkeys.PrefixByteOperator), newKey(t, nkeys.PrefixByteAccount)
	c := &Cloud{t: t, account: newKey(t, nkeys.PrefixByteAccount), System: public(t, system), JWTs: map[string]string{}}
	for key, name := range map[nkeys.KeyPair]string{system: "SYS", c.account: "SCANS"} {
		claims := jwt.NewAccountClaims(public(t, key))
		claims.Name = name
		if key == c.account {
			claims.Limits.JetStreamLimits = jwt.JetStreamLimits{MemoryStorage: 1 << 30, DiskStorage: 4 << 30, Streams: -1, Consumer: -1}
			limits(claims)
		}
		c.JWTs[public(t, key)] = encoded(t, claims, operator)
	}
	c.Operator = encoded(t, jwt.NewOperatorClaims(public(t, operator)), operator)
	return c
}

// Start starts one server within this process.
func Start(t *testing.T, limits func(*jwt.AccountClaims)) *Cloud {
	t.Helper()
	c := NewAccount(t, limits)
	resolver := &server.MemAccResolver{}
	for account, text := range c.JWTs {
		if err := resolver.Store(account, text); err != nil {
			t.Fatal(err)
		}
	}
	claims, err := jwt.DecodeOperatorClaims(c.Operator)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.NewServer(&server.Options{
		TrustedOperators: []*jwt.OperatorClaims{claims}, AccountResolver: resolver, SystemAccount: c.System, Host: "127.0.0.1", Port: server.RANDOM_PORT,
		JetStream: true, StoreDir: t.TempDir(), JetStreamMaxMemory: 2 << 30, JetStreamMaxStore: 8 << 30, NoLog: true, NoSigs: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	c.URLs = []string{s.ClientURL()}
	return c
}

// URL names all servers.
func (c *Cloud) URL() string { return strings.Join(c.URLs, ",") }

// Creds makes a user of the account, and gives its file of credentials.
func (c *Cloud) Creds(p jwt.Permissions) string {
	c.t.Helper()
	key := newKey(c.t, nkeys.PrefixByteUser)
	claims := jwt.NewUserClaims(public(c.t, key))
	claims.Permissions = p
	seed, err := key.Seed()
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := jwt.FormatUserConfig(encoded(c.t, claims, c.account), seed)
	if err != nil {
		c.t.Fatal(err)
	}
	file := filepath.Join(c.t.TempDir(), "user.creds")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		c.t.Fatal(err)
	}
	return file
}

// Add makes a stream of somebody else on the account.
func (c *Cloud) Add(name string) {
	c.t.Helper()
	js, done := c.jetStream()
	defer done()
	if _, err := js.CreateStream(c.t.Context(), jetstream.StreamConfig{Name: name}); err != nil {
		c.t.Fatal(err)
	}
}

// Left are the streams of the account; none where it has no JetStream.
func (c *Cloud) Left() (streams []string) {
	c.t.Helper()
	js, done := c.jetStream()
	defer done()
	ctx, cancel := context.WithCancel(c.t.Context())
	defer cancel()
	for name := range js.StreamNames(ctx).Name() {
		streams = append(streams, name)
	}
	return streams
}

func (c *Cloud) jetStream() (js jetstream.JetStream, done func()) {
	c.t.Helper()
	nc, err := nats.Connect(c.URL(), nats.UserCredentials(c.Creds(jwt.Permissions{})))
	if err != nil {
		c.t.Fatal(err)
	}
	js, err = jetstream.New(nc)
	if err != nil {
		c.t.Fatal(err)
	}
	return js, nc.Close
}

func newKey(t *testing.T, kind nkeys.PrefixByte) nkeys.KeyPair {
	t.Helper()
	key, err := nkeys.CreatePair(kind)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func public(t *testing.T, key nkeys.KeyPair) string {
	t.Helper()
	text, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encoded(t *testing.T, claims jwt.Claims, by nkeys.KeyPair) string {
	t.Helper()
	text, err := claims.Encode(by)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// PermissionsOf reads what docs/many-machines.md says that a user must be permitted: pub for what it may publish to, sub for what it
// may subscribe to.
func PermissionsOf(t *testing.T, who string) jwt.Permissions {
	t.Helper()
	text, err := os.ReadFile("../../docs/many-machines.md") // of a package that is as deep as scanner/cluster
	if err != nil {
		t.Fatal(err)
	}
	var p jwt.Permissions
	_, command, _ := strings.Cut(string(text), "--name sotomi-"+who)
	command, _, _ = strings.Cut(command, "\nnsc ")
	command, _, _ = strings.Cut(command, "```")
	for _, m := range regexp.MustCompile(`--allow-(pub|sub) '([^']+)'`).FindAllStringSubmatch(command, -1) {
		to := &p.Pub.Allow
		if m[1] == "sub" {
			to = &p.Sub.Allow
		}
		to.Add(strings.Split(m[2], ",")...)
	}
	if len(p.Pub.Allow) == 0 || len(p.Sub.Allow) == 0 {
		t.Fatalf("no permissions of %s", who)
	}
	return p
}
