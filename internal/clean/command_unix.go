//go:build unix

package clean

import (
	"context"
	"os/exec"
	"syscall"
)

// shell runs a line in a process group of its own. When ctx ends the whole group
// is killed: a pipeline has several processes, and each may have more.
func shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		killGroup(cmd)
		return nil
	}

	return cmd
}

// killGroup kills whatever of the group is left. The group keeps its number
// while it has a member, so that none but ours can be meant.
func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
