package cli

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// terminal is a lince that runs in a pseudo-terminal.
type terminal struct {
	t       *testing.T
	cmd     *exec.Cmd
	keys    *os.File
	mu      sync.Mutex
	changed *sync.Cond
	screen  bytes.Buffer // everything written to it
	closed  bool
}

// inTerminal starts lince in a terminal with 80 columns.
func inTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	fd := int(keys.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here:", err)
	}
	p := &terminal{t: t, cmd: exec.Command(binary(t), args...), keys: keys}
	p.changed = sync.NewCond(&p.mu)
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = tty, tty, tty
	p.cmd.Env = append(os.Environ(), "TERM=xterm-256color")
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = tty.Close() // the process has it
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = keys.Close() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := keys.Read(b)
			p.mu.Lock()
			p.screen.Write(b[:n])
			p.closed = p.closed || err != nil
			p.changed.Broadcast()
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return p
}

// await waits until text has been written.
func (p *terminal) await(text string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for !strings.Contains(p.screen.String(), text) {
		if p.closed {
			p.t.Fatalf("the terminal never had %q:\n%s", text, p.screen.String())
		}
		p.changed.Wait()
	}
}

// interrupt presses ^C.
func (p *terminal) interrupt() {
	p.t.Helper()
	if _, err := p.keys.WriteString("\x03"); err != nil {
		p.t.Fatal(err)
	}
}

// end waits for the end, and returns the exit code and everything that was written.
func (p *terminal) end() (int, string) {
	p.t.Helper()
	_ = p.cmd.Wait() // the exit code is checked
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.closed {
		p.changed.Wait()
	}
	return p.cmd.ProcessState.ExitCode(), p.screen.String()
}

// block makes other processes wait when they open a file, until release is called. The kernel ends
// the wait after /proc/sys/fs/lease-break-time, which is 45 seconds by default.
func block(t *testing.T, path string) (release func()) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_WRLCK); err != nil {
		_ = f.Close()
		t.Skip("there are no leases here:", err)
	}
	return func() { _ = f.Close() } // closing ends the lease
}

// TestInterruptWhileChecking checks that ^C before the training leaves no files, and that the message
// says so, although the check of the images does not end.
func TestInterruptWhileChecking(t *testing.T) {
	long(t)
	dir := workIn(t)
	put(t, "set", pngs(t, 12))
	files := snapshot(t, dir)
	const before = "lince: interrupted before the training began; nothing was written\r\n"
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"train", "set"}, before},
		{[]string{"train", "set", "--out", "some/new/folder"}, before},
		{[]string{"evaluate", trained(t) + "/model.keras", "set", "--out", "some/new/folder"}, "lince: interrupted\r\n"},
		{[]string{"data", "set", "--check"}, "lince: interrupted\r\n"},
	} {
		release := block(t, "set/cat.0.png")
		p := inTerminal(t, c.args...)
		p.await("Checking images")
		p.interrupt()
		code, screen := p.end()
		release()
		if code != exitInterrupted {
			t.Errorf("exit code %d", code)
		}
		contains(t, "the terminal", screen, "\n\r"+c.want)
		sameTree(t, files, snapshot(t, dir))
	}
}

// TestFoldsInTerminal checks that a terminal shows the steps of a fold on a line that is removed, and that ^C says which fold it is.
func TestFoldsInTerminal(t *testing.T) {
	workIn(t)
	p := inTerminal(t, "train", "demo:cats-and-dogs?n=12", "--model", network("two.json"), "--epochs", "999", "--batch", "6", "--folds", "2", "--out", "out")
	p.await("\rFold 1 of 2  \x1b[1m")
	p.interrupt()
	code, screen := p.end()
	_, end, _ := strings.Cut(screen, "^C")
	if code != exitInterrupted || !strings.HasSuffix(strings.TrimRight(end, "\r\n"), "\rlince: interrupted in fold 1 of 2\r\n  to resume: lince train --resume out") || strings.Contains(read(t, "out", logName), "━") {
		t.Errorf("exit code %d, the end is %q, the log %q", code, end, read(t, "out", logName))
	}
}

// many returns 8*copies images. The tutorial's network needs several seconds for 320.
func many(t *testing.T, copies int) map[string][]byte {
	t.Helper()
	set := map[string][]byte{}
	for name, b := range pngs(t, 8) {
		for i := range copies {
			set[fmt.Sprintf("%s.%s.%d.png", name[:3], name[4:5], i)] = b
		}
	}
	return set
}

// TestInterruptFirstEpoch checks that ^C in the first epoch ends the line of the progress bar and
// writes all files.
func TestInterruptFirstEpoch(t *testing.T) {
	long(t)
	workIn(t)
	put(t, "set", many(t, 40))
	p := inTerminal(t, "train", "set", "--batch", "1", "--test-size", "20", "--out", "out")
	p.await(" 1/280")
	p.interrupt()
	code, screen := p.end()
	if code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	contains(t, "the terminal", screen, "━", "accuracy: ", "Interrupted: saving the results", "lince: interrupted in epoch 1 of 3, after step", "of 280; the results so far are in out")
	for _, f := range runFiles {
		if _, err := os.Stat("out/" + f.name); always(f) && err != nil {
			t.Error(err)
		}
	}
	if r := decode[record](t, read(t, "out", "run.json")); r.Partial == nil || r.Partial.Steps < 1 || r.Epochs != 0 || r.Results == nil {
		t.Errorf("run.json has %+v", r)
	}
	if read(t, "out", "best.keras") != read(t, "out", "model.keras") {
		t.Error("no epoch was completed, but best.keras is not model.keras")
	}
}

// TestInterruptTwice checks that a second ^C stops the prediction of the validation images, and that
// files written before it stay.
func TestInterruptTwice(t *testing.T) {
	long(t)
	workIn(t)
	put(t, "set", many(t, 400))
	// The tutorial's network needs many seconds to predict 3170 images.
	p := inTerminal(t, "train", "set", "--batch", "1", "--test-size", "3170", "--out", "out")
	p.await(" 1/30")
	p.interrupt()
	p.await("Interrupted: saving the results")
	p.await("Predicting validation")
	p.interrupt()
	code, screen := p.end()
	if code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	contains(t, "the terminal", screen, "lince: interrupted ", "the validation images were not predicted; all other results are in out")
	if strings.Contains(screen, "Files in") {
		t.Errorf("it continued:\n%s", screen)
	}
	if r := decode[record](t, read(t, "out", "run.json")); r.Status != interrupted || r.Results != nil {
		t.Errorf("run.json has %+v", r)
	}
	succeed(t, "summary", "out/model.keras")
}

// TestShowInTerminal checks that show draws in color in a terminal.
func TestShowInTerminal(t *testing.T) {
	long(t)
	workIn(t)
	put(t, ".", map[string][]byte{"cat.0.png": pngs(t, 2)["cat.0.png"]})
	code, screen := inTerminal(t, "show", "cat.0.png").end()
	if code != exitOK {
		t.Errorf("exit code %d", code)
	}
	contains(t, "the terminal", screen, "▀", "\x1b[38;5;", "uint8")
	code, screen = inTerminal(t, "show", "cat.0.png", "--plain").end()
	if code != exitOK || strings.Contains(screen, "\x1b[") {
		t.Errorf("exit code %d, plain is\n%s", code, screen)
	}
}
