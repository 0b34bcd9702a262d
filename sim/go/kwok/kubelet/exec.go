package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/creack/pty"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// ExecInContainer runs one of the programs, and nothing else of this machine. It is called by remotecommand.
func (p *pods) ExecInContainer(ctx context.Context, where, _, _ string, words []string, in io.Reader,
	out, said io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	namespace, podName, _ := strings.Cut(where, "/")
	if _, err := p.find(namespace, podName); err != nil {
		return err
	}
	program, err := p.program(words)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, program, words[1:]...)
	command.Dir = p.workDir
	command.Env = append(os.Environ(), "SIM_POD_NAMESPACE="+namespace, "SIM_POD_NAME="+podName)
	if tty {
		return ended(onTerminal(command, in, out, resize))
	}
	command.Stdout, command.Stderr = out, said
	if in != nil {
		// Not command.Stdin: its copying would be waited for, and a client may never end its input.
		pipe, err := command.StdinPipe()
		if err != nil {
			return err
		}
		go func() {
			defer pipe.Close()
			io.Copy(pipe, in)
		}()
	}
	return ended(command.Run())
}

// program is the file of a command's first word. In a container's words where there is none of that name.
func (p *pods) program(words []string) (string, error) {
	entries, err := os.ReadDir(p.programs)
	if err != nil {
		return "", err
	}
	if len(words) == 0 {
		return "", errors.New("no command")
	}
	known := func(entry os.DirEntry) bool { return entry.Name() == words[0] && entry.Type().IsRegular() }
	if !slices.ContainsFunc(entries, known) {
		return "", fmt.Errorf("exec: %q: executable file not found in $PATH", words[0])
	}
	return filepath.Join(p.programs, words[0]), nil
}

func onTerminal(command *exec.Cmd, in io.Reader, out io.Writer, resize <-chan remotecommand.TerminalSize) error {
	terminal, err := pty.Start(command)
	if err != nil {
		return err
	}
	defer terminal.Close()
	go func() {
		for size := range resize {
			pty.Setsize(terminal, &pty.Winsize{Rows: size.Height, Cols: size.Width})
		}
	}()
	if in != nil {
		go io.Copy(terminal, in)
	}
	io.Copy(out, terminal) // ends with an error of its own when the program does
	return command.Wait()
}

// ended makes the exit code of a program one that remotecommand passes on.
func ended(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return utilexec.ExitErrorWrapper{ExitError: exit}
	}
	return err
}
