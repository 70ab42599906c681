package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
)

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"--git-dir", dir, "-c", "core.quotepath=off"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s in %s: %w: %s", args[0], dir, err, stderr.String())
	}
	return string(out), nil
}

// tree is the ids of a commit's files by path.
func tree(ctx context.Context, dir, commit string) (map[string]string, error) {
	text, err := git(ctx, dir, "ls-tree", "-r", "-z", commit)
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

const symlink = "120000" // git's mode of symbolic links

// contents calls see with the content of each of some files, in order.
func contents(ctx context.Context, dir string, ids []string, see func(id string, body []byte)) error {
	cmd := exec.CommandContext(ctx, "git", "--git-dir", dir, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(strings.Join(ids, "\n") + "\n")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	in := bufio.NewReaderSize(out, 1<<20)
	for _, id := range ids {
		head, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("git cat-file in %s: %w", dir, err)
		}
		fields := strings.Fields(head)
		if len(fields) != 3 || fields[0] != id {
			return fmt.Errorf("git cat-file in %s: %q", dir, head)
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil {
			return err
		}
		body := make([]byte, size+1)
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		see(id, body[:size])
	}
	return cmd.Wait()
}
