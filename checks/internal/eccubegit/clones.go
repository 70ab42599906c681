package eccubegit

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Clones are bare clones that lend each other their objects, so that a commit of any can be read in each.
type Clones struct {
	Dirs []string
}

// Command is git in one of the clones.
func (c Clones) Command(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("git", append([]string{"--git-dir", dir, "-c", "core.quotepath=off"}, args...)...)
	var objects []string
	for _, d := range c.Dirs {
		if abs, err := filepath.Abs(filepath.Join(d, "objects")); err == nil {
			objects = append(objects, abs)
		}
	}
	cmd.Env = append(os.Environ(), "GIT_ALTERNATE_OBJECT_DIRECTORIES="+strings.Join(objects, string(os.PathListSeparator)))
	return cmd
}

// Output is what git writes.
func (c Clones) Output(dir string, args ...string) (string, error) {
	cmd := c.Command(dir, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s in %s: %w: %s", args[0], dir, err, stderr.String())
	}
	return string(out), nil
}

// Has reports whether one of the clones has a commit or tag.
func (c Clones) Has(dir, commit string) bool {
	return c.Command(dir, "cat-file", "-e", commit+"^{commit}").Run() == nil
}
