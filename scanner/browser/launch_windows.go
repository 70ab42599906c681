package browser

import (
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
)

// prepare gives a browser its pipes as handles that it is told of.
func prepare(cmd *exec.Cmd, in, out *os.File) error {
	r, w := syscall.Handle(in.Fd()), syscall.Handle(out.Fd())
	for _, h := range []syscall.Handle{r, w} {
		if err := syscall.SetHandleInformation(h, syscall.HANDLE_FLAG_INHERIT, syscall.HANDLE_FLAG_INHERIT); err != nil {
			return err
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{AdditionalInheritedHandles: []syscall.Handle{r, w}}
	flag := "--remote-debugging-io-pipes=" + strconv.FormatUint(uint64(r), 10) + "," + strconv.FormatUint(uint64(w), 10)
	cmd.Args = slices.Insert(cmd.Args, 1, flag)
	return nil
}

// kill ends a browser; its helpers end with it.
func kill(cmd *exec.Cmd) error { return cmd.Process.Kill() }
