//go:build !windows

package browser

import (
	"os"
	"os/exec"
	"syscall"
)

// prepare gives a browser its pipes as descriptors 3 and 4, and a process group with all its helpers.
func prepare(cmd *exec.Cmd, in, out *os.File) error {
	cmd.ExtraFiles = []*os.File{in, out}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return nil
}

// kill ends a browser and its helpers.
func kill(cmd *exec.Cmd) error {
	return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
