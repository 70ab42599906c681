// Command mutants measures whether the tests hold the judgements: it changes one line of a judging file at a time and runs
// the tests of that package. A mutant that every test lets pass is a survivor: a rule that no test states.
//
//	go run ./checks/internal/mutants [-only TEXT]
//
// The mutants are listed in lists/*.txt. The files of the tree are never changed: the go command reads the changed copy
// through -overlay. Exit status 1 means that fewer than nine of ten were killed in one of the lists, or that a mutant no
// longer fits the code.
package main

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

//go:embed lists/*.txt
var lists embed.FS

// Enough of each list must be killed.
const enough = 90 // per cent

// testTimeout ends the tests of a mutant that never return, which counts as killed.
const testTimeout = 3 * time.Minute

func main() {
	only := flag.String("only", "", "run the mutants whose line in the list contains this text")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, only string) error {
	names, err := fs.Glob(lists, "lists/*.txt")
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		text, err := fs.ReadFile(lists, name)
		if err != nil {
			return err
		}
		mutants, err := parse(path.Base(name), string(text), only)
		if err != nil {
			return err
		}
		if len(mutants) > 0 {
			errs = append(errs, runList(ctx, out, strings.TrimSuffix(path.Base(name), ".txt"), mutants))
		}
	}
	return errors.Join(errs...)
}

// runList runs the mutants of one list and prints those that survive, and how many were killed.
func runList(ctx context.Context, out io.Writer, name string, mutants []mutant) error {
	var (
		mu     sync.Mutex
		killed int
		errs   []error
		group  errgroup.Group
	)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, m := range mutants {
		group.Go(func() error {
			err := m.test(ctx)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				fmt.Fprintf(out, "survived  %s: %s\n", m.place(), m.note)
			case errors.Is(err, errKilled):
				killed++
			default:
				errs = append(errs, fmt.Errorf("%s: %w", m.place(), err))
			}
			return nil
		})
	}
	_ = group.Wait() // no test of a mutant has an error of its own
	fmt.Fprintf(out, "%s: %d of %d mutants killed (%d %%)\n", name, killed, len(mutants), 100*killed/len(mutants))
	if 100*killed < enough*len(mutants) {
		errs = append(errs, fmt.Errorf("%s: fewer than %d %% were killed", name, enough))
	}
	return errors.Join(errs...)
}

var errKilled = errors.New("killed")

// test runs the tests of the mutant's package on the changed file. It returns nil when the mutant survives and errKilled
// when a test fails; any other error means that the mutant says nothing.
func (m mutant) test(ctx context.Context) error {
	text, err := os.ReadFile(m.file)
	if err != nil {
		return err
	}
	if n := strings.Count(string(text), m.old); n != 1 {
		return fmt.Errorf("%q stands %d times in the file, not once", m.old, n)
	}
	folder, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	changed := filepath.Join(folder, filepath.Base(m.file))
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), m.old, m.new, 1)), 0o600); err != nil {
		return err
	}
	absolute, err := filepath.Abs(m.file)
	if err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {absolute: changed}})
	if err != nil {
		return err
	}
	file := filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return err
	}
	packages := append([]string{"./" + path.Dir(m.file)}, m.also...)
	if output, err := goCommand(ctx, append([]string{"build", "-overlay", file}, packages...)...); err != nil {
		return fmt.Errorf("does not compile: %s", output)
	}
	// The tests of the vet command are left out: a mutant must be killed by what it does.
	arguments := append([]string{"test", "-short", "-failfast", "-vet=off", "-timeout", testTimeout.String(), "-overlay", file}, packages...)
	if _, err := goCommand(ctx, arguments...); err != nil {
		return errKilled
	}
	return nil
}

func goCommand(ctx context.Context, arguments ...string) (string, error) {
	output, err := exec.CommandContext(ctx, "go", arguments...).CombinedOutput()
	return strings.TrimSpace(string(output)), err
}
