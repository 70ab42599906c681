package main

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"

	"sotomi/checks/internal/eccubegit"
	"sotomi/checks/internal/gitclone"
)

// clone reads objects of one git clone and keeps them.
type clone struct {
	all   gitclone.Clones
	dir   string
	mu    sync.Mutex
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	blobs map[string][]byte
}

func openClone(all gitclone.Clones, dir string) (*clone, error) {
	c := &clone{all: all, dir: dir, cmd: all.Command(dir, "cat-file", "--batch"), blobs: map[string][]byte{}}
	in, err := c.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.in, c.out = in, bufio.NewReaderSize(out, 1<<20)
	return c, c.cmd.Start()
}

func (c *clone) close() {
	_ = c.in.Close()
	_ = c.cmd.Wait() // it ends with its input
}

// blob is the content of an object.
func (c *clone) blob(id string) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b, ok := c.blobs[id]; ok {
		return b, nil
	}
	if _, err := fmt.Fprintln(c.in, id); err != nil {
		return nil, err
	}
	body, err := gitclone.ReadObject(c.out, id)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.dir, err)
	}
	c.blobs[id] = body
	return body, nil
}

// treeOf is the files of a release, by its tag or as package eccubegit says.
func (c *clone) treeOf(r *release) (map[string]string, error) {
	if r.tag != "" {
		return c.all.Tree(c.dir, r.tag)
	}
	at := slices.IndexFunc(eccubegit.States, func(s eccubegit.State) bool { return s.Name == r.name })
	if at < 0 {
		return nil, fmt.Errorf("%s has no tag", r.name)
	}
	s := eccubegit.States[at]
	files, err := c.all.Tree(c.dir, s.Commit)
	if err != nil || s.Versions == "" {
		return files, err
	}
	other := map[string]string{}
	if s.Versions != "-" {
		if other, err = c.all.Tree(c.dir, s.Versions); err != nil {
			return nil, err
		}
	}
	for name := range files {
		if from, own := s.Manifests(name); from == "" {
			delete(files, name)
		} else if !own {
			files[name] = other[name]
		}
	}
	return files, nil
}

// tags are all tags of the clone.
func (c *clone) tags() (map[string]bool, error) {
	out, err := c.all.Output(c.dir, "tag")
	if err != nil {
		return nil, err
	}
	tags := map[string]bool{}
	for t := range strings.FieldsSeq(out) {
		tags[t] = true
	}
	return tags, nil
}
