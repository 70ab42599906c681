package browser

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"sotomi/scanner/message"
)

// ErrNone is that no browser is installed.
var ErrNone = message.Errorf("no Chromium or Chrome was found")

// browserStarts is the time in which a browser must say its version.
const browserStarts = 20 * time.Second

// browserNames are browsers that can be used, by what they are called in PATH or where their installers put them.
func browserNames() []string {
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"}
	switch runtime.GOOS {
	case "darwin":
		names = append(names, "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium")
	case "windows":
		names = append(names, `C:\Program Files\Google\Chrome\Application\chrome.exe`, `C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe`)
	}
	return names
}

// Find is the path of the browser: the one that is named, else one that is found. It is asked for its version, for some
// installations have a program of this name that only says how to get one. The error is ErrNone when there is none.
func Find(ctx context.Context, named string) (string, error) {
	names := browserNames()
	if named != "" {
		names = []string{named}
	}
	var failed error
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err == nil {
			if err = answers(ctx, path); err == nil {
				return path, nil
			}
		}
		if named != "" || !errors.Is(err, exec.ErrNotFound) && !errors.Is(err, os.ErrNotExist) {
			failed = message.Errorf("%s: %w", name, err)
		}
	}
	switch {
	case named != "":
		return "", message.Errorf("--chromium %w", failed)
	case failed != nil:
		return "", message.Errorf("the browser that was found does not run: %w", failed)
	}
	return "", ErrNone
}

// answers reports whether a program runs.
func answers(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, browserStarts)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "--version").CombinedOutput()
	if err == nil {
		return nil
	}
	if first, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n"); first != "" {
		return message.Errorf("%s (%w)", message.Line(first), err)
	}
	return err
}
