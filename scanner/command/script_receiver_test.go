package command

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptReceiver keeps what it is sent.
type scriptReceiver struct {
	mu       sync.Mutex
	messages []string
}

func (r *scriptReceiver) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, req.Header.Get("Authorization")+"\n"+string(body))
}

// receiverKey is the key of a script's receiver by name.
type receiverKey string

func startReceiver(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: receiver NAME")
	}
	r := &scriptReceiver{}
	server := httptest.NewServer(r)
	ts.Defer(server.Close)
	scriptReceivers.Store(receiverKey(ts.Getenv("WORK")+args[0]), r)
	ts.Setenv(args[0], server.URL)
}

// scriptReceivers are those of all scripts, by their folder and name.
var scriptReceivers sync.Map

func receivedMessage(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: received NAME TEXT")
	}
	v, ok := scriptReceivers.Load(receiverKey(ts.Getenv("WORK") + args[0]))
	if !ok {
		ts.Fatalf("there is no receiver %q", args[0])
	}
	r := v.(*scriptReceiver)
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := slices.ContainsFunc(r.messages, func(m string) bool { return strings.Contains(m, args[1]) }); got == neg {
		ts.Fatalf("%s received %q", args[0], r.messages)
	}
}

var variable = regexp.MustCompile(`\$[a-z]+`)

func substitute(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: subst FILE")
	}
	text := variable.ReplaceAllStringFunc(ts.ReadFile(args[0]), func(name string) string { return ts.Getenv(name[1:]) })
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// mailbox is a receiver of messages on loopback.
type mailbox struct {
	mu       sync.Mutex
	messages []string
	act      func() // before the next answer; nil for nothing
	url      string
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		m.mu.Lock()
		m.messages = append(m.messages, string(body))
		act := m.act
		m.act = nil
		m.mu.Unlock()
		if act != nil {
			act()
			<-r.Context().Done() // the sender is dead and gets no answer
		}
	}))
	t.Cleanup(s.Close)
	m.url = s.URL
	return m
}

// take is what came, which is then forgotten.
func (m *mailbox) take() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.messages
	m.messages = nil
	return list
}

// before makes the receiver do something when it is sent the next message.
func (m *mailbox) before(act func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.act = act
}
