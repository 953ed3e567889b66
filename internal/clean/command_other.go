//go:build !unix

package clean

import (
	"context"
	"os/exec"
)

// shell runs a line. Without process groups only the shell itself can be killed.
func shell(ctx context.Context, line string) *exec.Cmd {
	return exec.CommandContext(ctx, "cmd", "/C", line)
}

func killGroup(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = cmd.Process.Kill()
	}
}
