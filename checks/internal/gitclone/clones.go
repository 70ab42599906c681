// Package gitclone reads public repositories from bare clones, for the tools that make and measure data.
package gitclone

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// Clones are bare clones that lend each other their objects, so that a commit of any can be read in each. Without any, each
// clone has its own objects only.
type Clones struct {
	Dirs []string
}

// Command is git in one of the clones. It ends with the tool that runs it, which has nothing else to do meanwhile.
func (c Clones) Command(dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), "git", append([]string{"--git-dir", dir, "-c", "core.quotepath=off"}, args...)...)
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

// Tree is the ids of a commit's files by path, without symbolic links.
func (c Clones) Tree(dir, commit string) (map[string]string, error) {
	const symlink = "120000" // git's mode
	text, err := c.Output(dir, "ls-tree", "-r", "-z", commit)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for entry := range strings.SplitSeq(text, "\x00") {
		meta, name, ok := strings.Cut(entry, "\t")
		if fields := strings.Fields(meta); ok && fields[1] == "blob" && fields[0] != symlink {
			files[name] = fields[2]
		}
	}
	return files, nil
}

// Contents calls see with the content of each of some files, in order.
func (c Clones) Contents(dir string, ids []string, see func(i int, body []byte)) error {
	cmd := c.Command(dir, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(strings.Join(ids, "\n") + "\n")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	in := bufio.NewReaderSize(out, 1<<20)
	for i, id := range ids {
		body, err := ReadObject(in, id)
		if err != nil {
			return fmt.Errorf("git cat-file in %s: %w", dir, err)
		}
		see(i, body)
	}
	return cmd.Wait()
}

// ReadObject reads one object from the output of git cat-file --batch, which was asked for id.
func ReadObject(in *bufio.Reader, id string) ([]byte, error) {
	head, err := in.ReadString('\n')
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(head)
	if len(fields) != 3 || fields[0] != id {
		return nil, fmt.Errorf("object %s: %q", id, head)
	}
	size, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, err
	}
	body := make([]byte, size+1) // with the line's end
	if _, err := io.ReadFull(in, body); err != nil {
		return nil, err
	}
	return body[:size], nil
}
