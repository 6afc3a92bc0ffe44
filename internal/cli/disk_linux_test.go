package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// disk mounts a small disk.
func disk(t *testing.T, flags uintptr, size string) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root may mount a small disk")
	}
	dir := filepath.Join(t.TempDir(), "disk")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, "size="+size); err != nil {
		t.Skip("cannot mount a small disk here:", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill fills a disk except for leave bytes. The function that it returns frees the space again.
func fill(t *testing.T, dir string, leave int64) (empty func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	var room syscall.Statfs_t
	if err := syscall.Statfs(dir, &room); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, int64(room.Bavail)*room.Bsize-leave)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(f.Name()); err != nil {
			t.Fatal(err)
		}
	}
}

// pause stops the process at a moment when it has no temporary file in dir, until resume is called.
func (p *process) pause(dir string) (resume func()) {
	p.t.Helper()
	send := func(sig syscall.Signal) {
		if err := p.cmd.Process.Signal(sig); err != nil {
			p.t.Fatal(err)
		}
	}
	for {
		send(syscall.SIGSTOP)
		var status syscall.WaitStatus
		for !status.Stopped() {
			if _, err := syscall.Wait4(p.cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil && !errors.Is(err, syscall.EINTR) {
				p.t.Fatal(err)
			}
		}
		if !p.writes(dir) {
			return func() { send(syscall.SIGCONT) }
		}
		send(syscall.SIGCONT)
		p.await("Epoch ") // so that it runs
	}
}

// writes reports whether the process has a temporary file in dir, with or without a name.
func (p *process) writes(dir string) bool {
	p.t.Helper()
	temporary, err := filepath.Glob(filepath.Join(dir, ".*.tmp"))
	if err != nil {
		p.t.Fatal(err)
	}
	open, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "fd", "*"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, fd := range open {
		file, err := os.Readlink(fd)
		if err != nil {
			p.t.Fatal(err)
		}
		if strings.HasPrefix(file, dir+"/") && strings.HasSuffix(file, " (deleted)") {
			temporary = append(temporary, file)
		}
	}
	return len(temporary) > 0
}

// TestFullDisk checks that the files of an earlier run stay if a full disk prevents the new run from
// starting. If the disk is full later, the training runs to its end, and the error names the files
// that could not be written.
func TestFullDisk(t *testing.T) {
	long(t)
	out := disk(t, 0, "8m")
	args := []string{"train", "demo:cats-and-dogs?n=12", "--size", "24", "--epochs", "2", "--batch", "3", "--out", out}
	succeed(t, args...)
	before := snapshot(t, out)
	empty := fill(t, out, 0)
	o := run(t, append(args, "--overwrite", "--seed", "7")...)
	if o.code != exitFailure {
		t.Errorf("exit code %d", o.code)
	}
	contains(t, "the message", o.stderr, "run.json", "no space left on device")
	empty()
	sameTree(t, before, snapshot(t, out))

	for name := range before {
		if err := os.Remove(filepath.Join(out, name)); err != nil {
			t.Fatal(err)
		}
	}
	leave := int64(len(before["batch.png"])+len(before["curves.png"])) + 64<<10 // enough for plots and records, but not for a model
	if int64(len(before["model.keras"])) < leave {
		t.Fatalf("a model of %d bytes fits into %d", len(before["model.keras"]), leave)
	}
	fill(t, out, leave)
	o = run(t, append(args, "--seed", "8")...)
	if o.code != exitFailure {
		t.Errorf("exit code %d", o.code)
	}
	contains(t, "the message", o.stderr, "best.keras", "checkpoint.keras", "model.keras", "no space left on device")
	contains(t, "the output", o.stdout, "Epoch 2/2", "training continues")
	if r := decode[record](t, read(t, out, "run.json")); r.Status != failed || r.Epochs != 2 || !strings.Contains(r.Error, "model.keras") {
		t.Errorf("run.json has %+v", r)
	}
	for name := range snapshot(t, out) {
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".keras") {
			t.Errorf("%s was left behind", name)
		}
	}
}

// TestDiskFullForAWhile checks that a training continues while the disk is full, and writes all files
// once there is room. The exit code still reports the failure.
func TestDiskFullForAWhile(t *testing.T) {
	slow(t)
	dir := disk(t, 0, "8m")
	out := filepath.Join(dir, "out")
	p := start(t, "train", "demo:cats-and-dogs?n=12", "--model", network("two.json"), "--epochs", "200", "--batch", "3", "--out", out)
	p.await("Epoch 3/")
	resume := p.pause(out)
	empty := fill(t, dir, 0)
	resume()
	p.await("BackupAndRestore: ")
	empty()
	code, rest := p.end()
	if code != exitFailure {
		t.Errorf("exit code %d", code)
	}
	contains(t, "the output", rest, "Epoch 200/200", "Files in", "model.keras", "history.csv")
	contains(t, "the message", p.stderr.String(), "checkpoint.keras", "no space left on device")
	if r := decode[record](t, read(t, out, "run.json")); r.Status != failed || r.Epochs != 200 || r.Results == nil || r.StoppedBy != "epochs" {
		t.Errorf("run.json has %+v", r)
	}
	if n := strings.Count(read(t, out, "history.csv"), "\n"); n != 201 {
		t.Errorf("history.csv has %d lines", n)
	}
}

// TestFullOutput checks that a command fails if its result cannot be written.
func TestFullOutput(t *testing.T) {
	long(t)
	workIn(t)
	model := filepath.Join(trained(t), "model.keras")
	put(t, ".", map[string][]byte{"cat.0.png": pngs(t, 2)["cat.0.png"]})
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here:", err)
	}
	defer full.Close()
	for _, args := range [][]string{
		{"predict", model, "cat.0.png"}, {"evaluate", model, "demo:cats-and-dogs?n=4"}, {"data", "cat.0.png", "--label", "prefix"}, {"summary", model},
		{"show", "cat.0.png"}, {"completion", "bash"}, {"predict", model, "cat.0.png", "--json"},
		{"--version"}, {"--help"}, {"train", "--help"},
	} {
		var stderr strings.Builder
		cmd := exec.Command(binary(t), args...)
		cmd.Stdout, cmd.Stderr = full, &stderr
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitFailure {
			t.Errorf("lince %s: %v", strings.Join(args, " "), err)
		}
		contains(t, "the message", stderr.String(), "lince: error: ", "no space left on device")
	}
	reading, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	var stderr strings.Builder
	cmd := exec.Command(binary(t), "predict", model, "cat.0.png", "--json")
	cmd.Stdout, cmd.Stderr = reading, &stderr
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitFailure {
		t.Errorf("an output that is open for reading: %v", err)
	}
	contains(t, "the message", stderr.String(), "lince: error: ", "bad file descriptor")
}

// TestReadOnlyOut checks the error for an output folder on a read-only file system.
func TestReadOnlyOut(t *testing.T) {
	out := disk(t, syscall.MS_RDONLY, "64k")
	for _, dir := range []string{out, filepath.Join(out, "new")} {
		o := run(t, "train", "demo:cats-and-dogs?n=12", "--out", dir)
		if o.code != exitFailure {
			t.Errorf("exit code %d", o.code)
		}
		contains(t, "the message", o.stderr, "cannot write to the output folder "+dir+": read-only file system; use another one with --out")
	}
}

// TestMemoryOfForgedHeader checks that a forged image size does not make a process allocate memory
// for it.
func TestMemoryOfForgedHeader(t *testing.T) {
	long(t)
	workIn(t)
	put(t, "set", pngs(t, 8))
	put(t, "set", map[string][]byte{"cat.90.jpg": forgedJPEG(t)})
	peak := func(args ...string) int64 {
		// Linux counts the peak of this process as the child's until the child calls exec. Reset it (proc(5)).
		debug.FreeOSMemory()
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
			t.Skip(err)
		}
		cmd := exec.Command(binary(t), args...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !strings.Contains(string(out), "cat.90.jpg") {
			t.Errorf("the output does not name the file:\n%s", out)
		}
		return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	}
	if p := peak("train", "set", "--model", network("two.json"), "--epochs", "1", "--out", "out"); p > 256<<20 {
		t.Errorf("training took %d MiB", p>>20)
	}
	if p := peak("predict", "out/model.keras", "set"); p > 256<<20 {
		t.Errorf("predicting took %d MiB", p>>20)
	}
}
