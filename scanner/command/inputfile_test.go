//go:build unix

package command

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"sotomi/scanner"
)

// hang is when a command that reads a file counts as one that waits for something else.
const hang = 30 * time.Second

// runProcess runs the program to its end: exit status and what it said on both outputs.
func runProcess(t *testing.T, stdin string, args ...string) (status int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sotomi", args...)
	var all bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = t.TempDir(), strings.NewReader(stdin), &all, &all
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), all.String()
}

// readers are the arguments of all commands that read FILE.
func readers(t *testing.T) map[string][]string {
	t.Helper()
	saved := filepath.Join(t.TempDir(), "scan.jsonl")
	if status, said := runProcess(t, "", "scan", "--only", "git-exposed", "-o", "jsonl="+saved, "http://127.0.0.1:1"); status != scanner.ExitIncomplete {
		t.Fatalf("%d, %s", status, said)
	}
	id := "v1:0123456789abcdef0123456789abcdef"
	scan := func(args ...string) []string {
		return append([]string{"scan", "--no-default-signatures", "http://127.0.0.1:1"}, args...)
	}
	return map[string][]string{
		"convert": {"convert", "FILE"}, "diff": {"diff", "FILE", "FILE"}, "baseline": {"baseline", "create", "FILE"},
		"import": {"data", "import", "FILE"}, "suppress": {"suppress", id, "--reason", "x", "--until", "2099-01-01", "--ignore", "FILE"},
		"lint": {"signatures", "lint", "-s", "FILE"}, "list": scan("@FILE"), "resume": {"scan", "--resume", "FILE"}, "settings": scan("--config", "FILE"),
		"signatures": scan("-s", "FILE"), "known": scan("--baseline", "FILE"), "ignore": scan("--ignore", "FILE"), "vex": scan("--vex", "FILE"),
		"session": scan("--session", "a=FILE"), "header": scan("-H", "X-A: @FILE"), "headers": scan("-H", "@FILE"), "authorities": scan("--ca", "FILE"),
		"certificate": scan("--client-cert", "FILE"),
		"retest":      {"retest", "FILE"}, "history": {"history", "list", "--config", "FILE"}, "watch": {"watch", "--once", "--config", "FILE"},
		"expected": scan("--expected", "FILE"), "ports": {"ports", "accept", "FILE"}, "more ports": {"ports", "accept", saved, "--expected", "FILE"},
		"payment": scan("--payment", "FILE"), "pages": {"payment", "accept", "FILE"}, "more pages": {"payment", "accept", saved, "--payment", "FILE"},
		"account": {"scan", "--only", "git-exposed", "http://127.0.0.1:1", "--nats", "nats://127.0.0.1:1", "--creds", "FILE", "-o", "jsonl=scan.jsonl"},
		"worker":  {"work", "a line", "--creds", "FILE"}, "line": {"work", "@FILE"},
	}
}

// TestNoCommandReadsWhatIsNoFile: where a file is expected a pipe or a device keeps no command waiting, and fills no memory.
func TestNoCommandReadsWhatIsNoFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("SKIPPED: no pipe can be made: %v", err)
	}
	for name, args := range readers(t) {
		for _, file := range []string{pipe, "/dev/zero"} {
			t.Run(name+"_"+filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				status, said := runProcess(t, "", replaced(args, file)...)
				refused := strings.Contains(said, "this is a pipe or a device, not a file") || strings.Contains(said, "not a regular file")
				if status != scanner.ExitUsage || !refused || !strings.Contains(said, file) {
					t.Errorf("%d, %s", status, said)
				}
			})
		}
	}
}

func replaced(args []string, file string) []string {
	var list []string
	for _, arg := range args {
		list = append(list, strings.ReplaceAll(arg, "FILE", file))
	}
	return list
}

// What is read as a whole is bounded, also when the file says that it is larger than all memory.
func TestNoCommandReadsAFileWithoutEnd(t *testing.T) {
	name := filepath.Join(t.TempDir(), "huge.yaml")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<42); err != nil { // takes no room on the disk
		t.Skipf("SKIPPED: no large file can be made: %v", err)
	}
	for command, args := range readers(t) {
		if command == "import" {
			continue // it refuses whatever it cannot verify, and reads that much only
		}
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			if status, said := runProcess(t, "", replaced(args, name)...); status != scanner.ExitUsage || !strings.Contains(said, name) {
				t.Errorf("%d, %s", status, said)
			}
		})
	}
}

// What the shell opens can be read: standard input by its name, <(command), and the empty device.
func TestWhatTheShellOpensIsRead(t *testing.T) {
	list := "http://127.0.0.1:1\n"
	for _, args := range [][]string{{"@/dev/stdin"}, {"-"}, {"@/dev/fd/0"}, {"--config", os.DevNull, "-"}, {"--ignore", os.DevNull, "-"}} {
		status, said := runProcess(t, list, append([]string{"scan", "--dry-run", "--only", "git-exposed"}, args...)...)
		if status != scanner.ExitClean {
			t.Errorf("%v: %d, %s", args, status, said)
		}
	}
}

var namesFile = regexp.MustCompile("[`=]FILE`")

// Whoever adds a flag that reads a file has it tried here.
func TestReadersHaveEveryFlagThatReadsAFile(t *testing.T) {
	tried := map[string]bool{"write-baseline": true, "state": true} // these write
	for _, args := range readers(t) {
		for _, arg := range args {
			tried[strings.TrimPrefix(arg, "--")] = true
		}
	}
	var walk func([]*cli.Command)
	walk = func(commands []*cli.Command) {
		for _, c := range commands {
			for _, f := range c.Flags {
				if d, ok := f.(cli.DocGenerationFlag); ok && namesFile.MatchString(d.GetUsage()) && !tried[f.Names()[0]] {
					t.Errorf("%s --%s is not tried with a pipe", c.Name, f.Names()[0])
				}
			}
			walk(c.Subcommands)
		}
	}
	walk((&environment{}).app().Commands)
}
