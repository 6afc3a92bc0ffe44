package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// firstBar matches the progress bar after the first step of an epoch.
var firstBar = regexp.MustCompile(`(^|[^0-9])1/[0-9]+`)

// firstStep measures the time from the start of the binary to the end of the first training step on
// the demo's images. At that moment the progress bar in a terminal shows one step.
func firstStep(_ []string, threads int) (values, error) {
	path, folder, err := binary()
	defer func() { _ = os.RemoveAll(folder) }() // temporary
	if err != nil {
		return nil, err
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = terminal.Close() }() // nothing was written
	fd := int(terminal.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, err
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, err
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	c := exec.Command(path, "train", "demo:cats-and-dogs", "--out", filepath.Join(folder, "run"), "--threads", strconv.Itoa(threads))
	c.Stdin, c.Stdout, c.Stderr = tty, tty, tty
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	start := time.Now()
	if err := c.Start(); err != nil {
		return nil, err
	}
	_ = tty.Close() // the process has its own copy
	defer func() { _ = c.Process.Kill(); _ = c.Wait() }()
	var screen bytes.Buffer
	for buf := make([]byte, 4096); !firstBar.Match(afterEpoch(screen.Bytes())); {
		k, err := terminal.Read(buf)
		if err != nil {
			return nil, fmt.Errorf("no progress bar appeared: %w: %s", err, lastLines(screen.String()))
		}
		screen.Write(buf[:k])
	}
	return values{"first step": time.Since(start).Seconds()}, nil
}

// afterEpoch returns the text after the line "Epoch 1/...".
func afterEpoch(screen []byte) []byte {
	_, after, _ := bytes.Cut(screen, []byte("Epoch 1/"))
	_, bar, _ := bytes.Cut(after, []byte("\n"))
	return bar
}
