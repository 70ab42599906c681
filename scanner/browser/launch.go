package browser

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/chromedp"

	"sotomi/scanner/message"
)

// lookFlags make a browser that looks like a visitor's, and does nothing but show pages.
func lookFlags(profile string) []string {
	flags := append(quietFlags(),
		"remote-debugging-pipe", "headless", "user-data-dir="+profile, "window-size=1280,900", "lang=ja", "accept-lang=ja,en-US,en",
		"hide-scrollbars", "mute-audio", "no-first-run", "no-default-browser-check", "no-service-autorun", "password-store=basic", "use-mock-keychain",
		// Nothing of its own.
		"disable-background-networking", "disable-breakpad", "disable-client-side-phishing-detection", "disable-default-apps",
		"disable-extensions", "disable-sync", "disable-field-trial-config", "metrics-recording-only", "safebrowsing-disable-auto-update",
		"disable-features=Translate,MediaRouter,OptimizationHints,AutofillServerCommunication,InterestFeedContentSuggestions,CertificateTransparencyComponentUpdater,NetworkTimeServiceQuerying",
		// Nothing around the proxy.
		"host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", "dns-prefetch-disable", "disable-quic", "force-webrtc-ip-handling-policy=disable_non_proxied_udp",
		// Nothing that asks a visitor, and nothing that tells the page that there is none.
		"deny-permission-prompts", "block-new-web-contents", "disable-prompt-on-repost", "disable-blink-features=AutomationControlled",
		// Timers run as in a window that is looked at, and a hostile page gets only so much memory.
		"disable-background-timer-throttling", "disable-backgrounding-occluded-windows", "disable-renderer-backgrounding", "disable-hang-monitor",
		"disable-dev-shm-usage", "site-per-process", "js-flags=--max-old-space-size=512",
	)
	args := make([]string, 0, len(flags)+1)
	for _, f := range flags {
		args = append(args, "--"+f)
	}
	return append(args, "about:blank")
}

// process is a browser that runs.
type process struct {
	conn    *chromedp.PipeConn
	cmd     *exec.Cmd
	profile string // its folder, which ends with it
	said    firstWords
}

// launch starts a browser in a profile of its own, with more flags. It runs until ctx ends, and must be waited for.
func launch(ctx context.Context, path string, more []string) (*process, error) {
	profile, err := os.MkdirTemp("", "sotomi-*")
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, path, append(more, lookFlags(profile)...)...), profile: profile}
	if err := p.start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(profile))
	}
	return p, nil
}

func (p *process) start() error {
	var files []*os.File
	closeAll := func() {
		for _, f := range files {
			_ = f.Close() // only copies
		}
	}
	for range 2 {
		r, w, err := os.Pipe()
		if err != nil {
			closeAll()
			return err
		}
		files = append(files, r, w)
	}
	in, toBrowser, fromBrowser, out := files[0], files[1], files[2], files[3]
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	p.cmd.WaitDelay = time.Second // its helpers may hold its output open
	p.cmd.Cancel = func() error { return kill(p.cmd) }
	if err := prepare(p.cmd, in, out); err != nil {
		closeAll()
		return err
	}
	if err := p.cmd.Start(); err != nil {
		closeAll()
		return err
	}
	files = []*os.File{in, out}
	closeAll()
	p.conn = chromedp.NewPipeConn(fromBrowser, toBrowser)
	return nil
}

// wait ends when the browser has, and takes its profile away. Its helpers may live on for a moment and write.
func (p *process) wait() error {
	err := p.cmd.Wait()
	_ = kill(p.cmd) // helpers that are left
	_ = p.conn.Close()
	for end := time.Now().Add(2 * time.Second); ; {
		if removed := os.RemoveAll(p.profile); removed == nil || time.Now().After(end) {
			return errors.Join(err, removed)
		}
		pause := time.NewTimer(20 * time.Millisecond)
		<-pause.C
	}
}

// failure is why a browser ended that should not have.
func (p *process) failure(err error) error {
	if words := p.said.String(); words != "" {
		return message.Errorf("the browser ended: %w: %s", err, message.Line(words))
	}
	return message.Errorf("the browser ended: %w", err)
}

// firstWords keep the beginning of what a program says.
type firstWords struct {
	mu   sync.Mutex
	text bytes.Buffer
}

const maxWords = 1000 // bytes

func (f *firstWords) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.text.Write(p[:min(len(p), max(0, maxWords-f.text.Len()))])
	return len(p), nil
}

func (f *firstWords) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.TrimSpace(f.text.String())
}
