//go:build unix

package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/lince-ml/lince/data"
)

// process is a running lince.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout io.ReadCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

// start runs lince in the working folder.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startCommand(t, exec.Command(binary(t), args...))
}

// startCommand runs a command that runs lince. The command is at most about 40 epochs ahead of what
// the test has read, because it blocks when the pipe is full.
func startCommand(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd}
	p.cmd.Stderr = &p.stderr
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = read.Close() })
	shrink(t, write)
	p.cmd.Stdout, p.stdout = write, read
	p.out = bufio.NewReaderSize(read, 512)
	defer func() { _ = write.Close() }()
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // so that it no longer uses the folder of the test
	})
	return p
}

// await reads lines until one begins with prefix.
func (p *process) await(prefix string) {
	p.t.Helper()
	for {
		line, err := p.out.ReadString('\n')
		if strings.HasPrefix(line, prefix) {
			return
		}
		if err != nil {
			p.t.Fatalf("there is no line %q...: %v\n%s", prefix, err, p.stderr.String())
		}
	}
}

func (p *process) interrupt() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		p.t.Fatal(err)
	}
}

// end waits for the end, and returns the exit code and the rest of the output.
func (p *process) end() (code int, rest string) {
	p.t.Helper()
	b, err := io.ReadAll(p.out)
	if err != nil {
		p.t.Fatal(err)
	}
	var failed *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &failed) {
		p.t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode(), string(b)
}

// TestInterrupt checks that a training ends on ^C after the current step, writes all files, and
// reports how far it got.
func TestInterrupt(t *testing.T) {
	long(t)
	workIn(t)
	p := start(t, "train", "demo:cats-and-dogs?n=40", "--model", network("two.json"), "--epochs", "100000", "--out", "out")
	p.await("Epoch 3/")
	p.interrupt()
	code, rest := p.end()
	if code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	r := decode[record](t, read(t, "out", "run.json"))
	if r.Status != interrupted || r.Epochs < 2 || r.Epochs == 100000 || r.Results == nil {
		t.Errorf("run.json has %+v", r)
	}
	reached := fmt.Sprintf("after epoch %d of 100000", r.Epochs)
	if r.Partial != nil {
		reached = fmt.Sprintf("in epoch %d of 100000, after step %d of 2", r.Epochs+1, r.Partial.Steps)
	}
	if want := "lince: interrupted " + reached + "; the results so far are in out\n  to resume: lince train --resume out\n"; p.stderr.String() != want {
		t.Errorf("standard error has %q, want %q", p.stderr.String(), want)
	}
	contains(t, "the output", rest, "Interrupted: saving the results", "Predicting validation  10/10", "Files in out")
	for _, f := range runFiles {
		if _, err := os.Stat(filepath.Join("out", f.name)); always(f) && err != nil {
			t.Error(err)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(read(t, "out", "history.csv"))).ReadAll()
	if err != nil || len(rows) != r.Epochs+1 {
		t.Errorf("history.csv has %d lines for %d epochs, %v", len(rows), r.Epochs, err)
	}
	// The model can be trained further.
	succeed(t, "train", "demo:cats-and-dogs?n=40", "--model", filepath.Join("out", "model.keras"), "--epochs", "1", "--out", "on")
}

// canceling is a writer that presses ^C when a text is written to it.
type canceling struct {
	at     string
	cancel func()
}

// Write implements io.Writer.
func (c *canceling) Write(b []byte) (int, error) {
	if strings.Contains(string(b), c.at) {
		c.cancel()
	}
	return len(b), nil
}

// TestInterruptBeforeSaving checks that ^C just before a command writes its files leaves none.
func TestInterruptBeforeSaving(t *testing.T) {
	dir := workIn(t)
	put(t, "set", pngs(t, 12))
	model := trained(t) + "/model.keras"
	files := snapshot(t, dir)
	for _, c := range []struct {
		at, want string
		args     []string
	}{
		{"Training: ", "lince: interrupted before the training began; nothing was written\n", []string{"train", "set", "--out", "some/new/folder"}},
		{"/step - ", "lince: interrupted\n", []string{"evaluate", model, "set", "--out", "some/new/folder"}},
		{"Predicting", "lince: interrupted\n", []string{"predict", model, "set", "--csv", "out.csv"}},
	} {
		var parsed commands
		parser, err := newParser(&parsed, io.Discard, io.Discard, func(int) {})
		if err != nil {
			t.Fatal(err)
		}
		k, err := parser.Parse(c.args)
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		e := &env{args: c.args, ctx: ctx, hard: t.Context(), stdout: io.Discard, stderr: &stderr, text: &canceling{c.at, cancel}, found: new(data.Findings), leaving: &leaving{}}
		if code := e.conclude(k.Run(e)); code != exitInterrupted || !strings.HasSuffix(stderr.String(), c.want) {
			t.Errorf("%v: exit code %d, %q", c.args, code, stderr.String())
		}
		sameTree(t, files, snapshot(t, dir))
	}
}
